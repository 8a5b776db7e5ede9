/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.nio.file.Path;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.backing.BackingProvider;
import org.jspecify.annotations.Nullable;

/**
 * What a region is when it is made, as it really is rather than as it was asked for; see {@link
 * org.dmalloc.api.RegionInfo} for the components.
 *
 * @param fileKey tells its file from all others of this machine, also from later ones; null if it
 *     has none that can be opened again
 * @param carriedAs the number of the carrier's region, or {@link BackingProvider#NOT_CARRIED}
 */
public record RegionTraits(
    @Nullable String name,
    RegionOptions options,
    @Nullable Path path,
    String backing,
    @Nullable String fileKey,
    long carriedAs)
    implements RegionAttributes.Refinable<RegionTraits> {

  /**
   * The traits of a region made just as requested, with the sharing and backing that it really has.
   * A backend that watches for a pattern says so by {@link #withPattern}.
   */
  public static RegionTraits of(
      @Nullable String name,
      RegionOptions asked,
      Sharing sharing,
      @Nullable Path path,
      String backing) {
    RegionOptions real =
        withoutVainMaximum(name, asked.withSharing(sharing)).withProgress(ProgressListener.NONE);
    return new RegionTraits(
        name,
        real.pattern() == AccessPattern.AUTO ? real.withPattern(AccessPattern.NORMAL) : real,
        path,
        backing,
        null,
        BackingProvider.NOT_CARRIED);
  }

  /**
   * The same, without a maximum if the region keeps its size: as a read-only one, and a private
   * view of a stored one.
   *
   * @param asked with the region's real sharing
   */
  public static RegionOptions withoutVainMaximum(@Nullable String name, RegionOptions asked) {
    boolean keepsSize =
        asked.access() == AccessMode.READ_ONLY
            || (name != null && asked.sharing() == Sharing.PRIVATE);
    return keepsSize ? asked.withMaximum(RegionAttributes.NO_MAXIMUM) : asked;
  }

  @Override
  public RegionTraits with(RegionOptions newOptions) {
    return new RegionTraits(name, newOptions, path, backing, fileKey, carriedAs);
  }

  /** A copy over a file that can be opened again. */
  public RegionTraits withFileKey(@Nullable String newFileKey) {
    return new RegionTraits(name, options, path, backing, newFileKey, carriedAs);
  }

  /** A copy of a region that a carrier hands on under this number. */
  public RegionTraits carriedAs(long regionId) {
    return new RegionTraits(name, options, path, backing, fileKey, regionId);
  }
}
