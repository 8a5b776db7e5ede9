/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ResourceKind;
import org.dmalloc.api.ResourceUse;
import org.jspecify.annotations.Nullable;

/**
 * What the owners of a provider's regions have, against their quotas. Safe for any number of
 * threads.
 */
public final class OwnerBookings {
  private final Map<String, Share> shares = new TreeMap<>();

  /** What one owner has. */
  private record Share(long bytes, long regions) {
    static final Share NONE = new Share(0, 0);

    Share plus(long moreBytes, int moreRegions) {
      return new Share(bytes + moreBytes, regions + moreRegions);
    }
  }

  /**
   * Books bytes on an owner.
   *
   * @param regions how many regions these make: 1, or 0 for growth
   * @param owner null for none
   * @param configuration the words with which a message ends, such as {@code "in its
   *     configuration"}
   * @throws MemoryException if a quota is reached; the message names it, and nothing is booked
   */
  public synchronized void book(
      String operation,
      long byteSize,
      int regions,
      String target,
      @Nullable String owner,
      RegionQuotas quotas,
      String configuration)
      throws MemoryException {
    String name = Objects.requireNonNullElse(owner, "");
    Share has = shares.getOrDefault(name, Share.NONE);
    String whose = name.isEmpty() ? "of regions without an owner" : "of owner " + name;
    QuotaRefusal.check(
        new QuotaRefusal.Request(operation, byteSize, target, byteSize),
        new QuotaRefusal.Quota(
            whose, "bytes", has.bytes, quotas.bytesOf(name), quotas.keyOf(name), configuration));
    QuotaRefusal.check(
        new QuotaRefusal.Request(operation, byteSize, target, regions),
        new QuotaRefusal.Quota(
            whose,
            "regions",
            has.regions,
            quotas.ownerRegions(),
            RegionQuotas.OWNER_REGIONS,
            configuration));
    shares.put(name, has.plus(byteSize, regions));
  }

  /** Takes a booking back; negative amounts add, without asking the quotas. */
  public synchronized void release(long byteSize, int regions, @Nullable String owner) {
    String name = Objects.requireNonNullElse(owner, "");
    Share left = shares.getOrDefault(name, Share.NONE).plus(-byteSize, -regions);
    if (left.equals(Share.NONE)) {
      shares.remove(name);
    } else {
      shares.put(name, left);
    }
  }

  /** What owners with regions have of their quotas. */
  public synchronized List<ResourceUse> uses(String provider, RegionQuotas quotas) {
    List<ResourceUse> uses = new ArrayList<>();
    shares.forEach(
        (owner, has) -> {
          add(
              uses,
              new Limited(ResourceKind.OWNER_BYTES, provider, owner),
              has.bytes,
              quotas.bytesOf(owner),
              quotas.keyOf(owner));
          add(
              uses,
              new Limited(ResourceKind.OWNER_REGIONS, provider, owner),
              has.regions,
              quotas.ownerRegions(),
              RegionQuotas.OWNER_REGIONS);
        });
    return uses;
  }

  /** What is limited: the first three components of a {@link ResourceUse}. */
  public record Limited(ResourceKind kind, String subject, @Nullable String owner) {}

  /** Adds a use if there is a limit. */
  public static void add(
      List<ResourceUse> uses, Limited what, long used, long limit, String configurationKey) {
    if (limit < Long.MAX_VALUE) {
      uses.add(
          new ResourceUse(
              what.kind, what.subject, what.owner, Math.max(0, used), limit, configurationKey));
    }
  }
}
