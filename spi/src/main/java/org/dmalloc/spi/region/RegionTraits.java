/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.nio.file.Path;
import java.util.Set;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Durability;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SwapPolicy;
import org.jspecify.annotations.Nullable;

/**
 * What a region is when it is made, as it really is rather than as it was asked for; see {@link
 * org.dmalloc.api.RegionInfo} for the components.
 *
 * @param fileKey tells its file from all others of this machine, also from later ones; null if it
 *     has none that can be opened again
 */
public record RegionTraits(
    @Nullable String name,
    Sharing sharing,
    AccessMode access,
    AccessPattern pattern,
    PageSize pageSize,
    boolean locked,
    Durability durability,
    Reservation reservation,
    Set<SwapPolicy> policies,
    @Nullable Path path,
    String backing,
    @Nullable String owner,
    @Nullable String fileKey,
    long carriedAs) {

  /**
   * The traits of a region made just as requested, with the sharing and backing that it really has.
   */
  public static RegionTraits of(
      RegionRequest request, Sharing sharing, @Nullable Path path, String backing) {
    return new RegionTraits(
        request.name(),
        sharing,
        AccessMode.READ_WRITE,
        watched(request.pattern()),
        request.pageSize(),
        request.locked(),
        request.durability(),
        request.reservation(),
        request.policies(),
        path,
        backing,
        request.owner(),
        null,
        request.carriedAs());
  }

  /**
   * The traits of a region opened just as requested, with the sharing and backing that it really
   * has.
   */
  public static RegionTraits of(OpenRequest request, Sharing sharing, Path path, String backing) {
    return new RegionTraits(
        request.name(),
        sharing,
        request.access(),
        watched(request.pattern()),
        request.pageSize(),
        request.locked(),
        request.durability(),
        Reservation.RESERVED,
        Set.of(),
        path,
        backing,
        request.owner(),
        null,
        request.carriedAs());
  }

  /** A backend that watches says so by {@link #withPattern}. */
  private static AccessPattern watched(AccessPattern pattern) {
    return pattern == AccessPattern.AUTO ? AccessPattern.NORMAL : pattern;
  }

  /** A copy with another durability. */
  public RegionTraits withDurability(Durability newDurability) {
    return new RegionTraits(
        name,
        sharing,
        access,
        pattern,
        pageSize,
        locked,
        newDurability,
        reservation,
        policies,
        path,
        backing,
        owner,
        fileKey,
        carriedAs);
  }

  /** A copy with another reservation. */
  public RegionTraits withReservation(Reservation newReservation) {
    return new RegionTraits(
        name,
        sharing,
        access,
        pattern,
        pageSize,
        locked,
        durability,
        newReservation,
        policies,
        path,
        backing,
        owner,
        fileKey,
        carriedAs);
  }

  /** A copy with another pattern. */
  public RegionTraits withPattern(AccessPattern newPattern) {
    return new RegionTraits(
        name,
        sharing,
        access,
        newPattern,
        pageSize,
        locked,
        durability,
        reservation,
        policies,
        path,
        backing,
        owner,
        fileKey,
        carriedAs);
  }

  /** A copy over a file that can be opened again. */
  public RegionTraits withFileKey(@Nullable String newFileKey) {
    return new RegionTraits(
        name,
        sharing,
        access,
        pattern,
        pageSize,
        locked,
        durability,
        reservation,
        policies,
        path,
        backing,
        owner,
        newFileKey,
        carriedAs);
  }
}
