/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A part of a region, in bytes from its start. */
record RegionRange(long offset, long length) {
  /** The part that was asked for; null for all of it, whatever its size is inside the section. */
  static RegionRange of(@Nullable RegionRange asked, long byteSize, Object region) {
    if (asked == null) {
      return new RegionRange(0, byteSize);
    }
    check(asked.offset, asked.length, byteSize, region);
    return asked;
  }

  /** Throws {@link IndexOutOfBoundsException} unless the range lies inside the region. */
  static void check(long offset, long length, long byteSize, Object region) {
    if ((offset | length) < 0 || offset > byteSize - length) {
      throw new IndexOutOfBoundsException(
          String.format(
              Locale.ROOT,
              "range of %d bytes at %d lies outside %s of %d bytes",
              length,
              offset,
              region,
              byteSize));
    }
  }
}
