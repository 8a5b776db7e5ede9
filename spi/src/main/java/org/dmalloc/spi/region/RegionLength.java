/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

/**
 * How many bytes of a region are in use: all of them, until its owner says something else. A size
 * that becomes smaller cuts it.
 */
final class RegionLength {
  private final RegionBacking backing;
  private volatile long own;

  /** The length that the backing kept. */
  RegionLength(RegionBacking backing) {
    this.backing = backing;
    this.own = backing.ownLength();
  }

  long of(long byteSize) {
    long length = own;
    return length == RegionBacking.NO_LENGTH ? byteSize : Math.min(length, byteSize);
  }

  /** Called inside a section, so that no shrinking comes in between. */
  synchronized void set(long length, long byteSize, Object region) {
    if (length < 0 || length > byteSize) {
      throw new IllegalArgumentException(
          "length " + length + " of " + region + "; give 0 to " + byteSize);
    }
    if (length != own) {
      backing.keepLength(length);
      own = length;
    }
  }

  /** The backing has gone back to the length that it had. */
  synchronized void reload() {
    own = backing.ownLength();
  }

  /** The region has another size. */
  synchronized void resized(long newByteSize) {
    own = Math.min(own, newByteSize);
  }
}
