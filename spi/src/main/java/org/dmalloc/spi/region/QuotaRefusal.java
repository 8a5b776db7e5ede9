/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.Locale;
import org.dmalloc.api.MemoryException;

/** Refuses what a quota does not allow, with one message for all quotas. */
public final class QuotaRefusal {
  private QuotaRefusal() {}

  /**
   * What is asked for.
   *
   * @param operation what was tried, for the message
   * @param byteSize the bytes concerned, for the message; −1 if none
   * @param target the region or file concerned
   * @param asked how much of the quota it would take
   */
  public record Request(String operation, long byteSize, String target, long asked) {}

  /**
   * What may be had.
   *
   * @param whose words such as {@code of backend panama}
   * @param unit {@code bytes} or {@code regions}
   * @param used how much is used
   * @param limit {@link Long#MAX_VALUE} for none
   * @param key by which it is configured
   * @param configuration where, as the end of a sentence: {@code in its configuration}
   */
  public record Quota(
      String whose, String unit, long used, long limit, String key, String configuration) {}

  /** Throws if the quota does not allow the request. */
  public static void check(Request request, Quota quota) throws MemoryException {
    if (request.asked <= 0 || request.asked <= quota.limit - quota.used) {
      return;
    }
    throw MemoryException.of(
        request.operation,
        request.byteSize,
        request.target,
        String.format(
            Locale.ROOT,
            "limit %s reached: %d of %d %s are in use",
            quota.whose,
            quota.used,
            quota.limit,
            quota.unit),
        String.format(Locale.ROOT, "free regions or raise %s %s", quota.key, quota.configuration));
  }
}
