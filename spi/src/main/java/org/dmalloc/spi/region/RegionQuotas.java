/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.Map;

/**
 * What a provider's open regions may have, in all and those of one owner; {@link Long#MAX_VALUE}
 * stands for no limit. The owner of a region is the one that its request {@linkplain
 * org.dmalloc.api.RegionAttributes#owner() names}; those that name none count as one owner.
 *
 * @param bytes of all regions
 * @param regions the number of all
 * @param ownerBytes of the regions of an owner that {@code byOwner} does not name
 * @param ownerRegions the number of one owner's regions
 * @param byOwner bytes of named owners
 */
public record RegionQuotas(
    long bytes, long regions, long ownerBytes, long ownerRegions, Map<String, Long> byOwner) {
  /** No limit. */
  public static final RegionQuotas NONE = ofBytes(Long.MAX_VALUE);

  /** The key of {@link #bytes}. */
  public static final String LIMIT = ConfigurationReader.LIMIT;

  /** The key of {@link #regions}. */
  public static final String LIMIT_REGIONS = "limit.regions";

  static final String OWNER_BYTES = "owner.limit.bytes";
  static final String OWNER_REGIONS = "owner.limit.regions";
  static final String OWNERS = "owner.limits";

  public RegionQuotas {
    byOwner = Map.copyOf(byOwner);
  }

  /** A limit of the bytes of all regions, and no other. */
  public static RegionQuotas ofBytes(long bytes) {
    return new RegionQuotas(bytes, Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE, Map.of());
  }

  /** Reads the keys that {@link ConfigurationReader#keys} has for every provider. */
  public static RegionQuotas of(ConfigurationReader reader) {
    return new RegionQuotas(
        reader.limitBytes(Long.MAX_VALUE),
        reader.count(LIMIT_REGIONS, Long.MAX_VALUE),
        reader.bytes(OWNER_BYTES, Long.MAX_VALUE),
        reader.count(OWNER_REGIONS, Long.MAX_VALUE),
        reader.bytesByName(OWNERS));
  }

  boolean limitsOwners() {
    return ownerBytes < Long.MAX_VALUE || ownerRegions < Long.MAX_VALUE || !byOwner.isEmpty();
  }

  long bytesOf(String owner) {
    return byOwner.getOrDefault(owner, ownerBytes);
  }

  /** The key of the limit of bytes that holds for an owner. */
  String keyOf(String owner) {
    return byOwner.containsKey(owner) ? OWNERS : OWNER_BYTES;
  }
}
