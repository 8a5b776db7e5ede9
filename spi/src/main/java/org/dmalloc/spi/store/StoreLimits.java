/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import org.dmalloc.spi.region.ConfigurationReader;

/**
 * What may be stored in a directory, by whichever process; {@link Long#MAX_VALUE} stands for no
 * limit.
 *
 * @param bytes of all named regions
 * @param regions the number of these
 */
public record StoreLimits(long bytes, long regions) {
  public static final StoreLimits NONE = new StoreLimits(Long.MAX_VALUE, Long.MAX_VALUE);

  /** The key of {@link #bytes}. */
  public static final String BYTES = "store.limit.bytes";

  /** The key of {@link #regions}. */
  public static final String REGIONS = "store.limit.regions";

  static StoreLimits of(ConfigurationReader reader) {
    return new StoreLimits(
        reader.bytes(BYTES, Long.MAX_VALUE), reader.count(REGIONS, Long.MAX_VALUE));
  }

  boolean isNone() {
    return equals(NONE);
  }
}
