/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.Locale;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;

/**
 * What a region is known to have lost: the bytes behind the shortest length that its file was seen
 * with, and the last page that could not be had.
 *
 * <p>Nothing is sampled: the file is asked when somebody wants to know, or has met a bus error. A
 * file that was cut and made longer again between two questions is not noticed.
 */
final class LostBacking {
  private static final String NEXT_STEP =
      "copy what is left, free the region, and restore its file from a backup";

  private final RegionLabel region;

  // Guarded by this.
  private long cutAt = Long.MAX_VALUE;
  private @Nullable String fault;

  LostBacking(RegionLabel region) {
    this.region = region;
  }

  /** In words; empty if nothing is known to be lost. */
  synchronized Optional<String> inWords(long byteSize) {
    return cutAt < byteSize ? Optional.of(cut(byteSize)) : Optional.ofNullable(fault);
  }

  /** Notes that the file has no more of the region than so many bytes. */
  synchronized void cutAt(long backedBytes) {
    cutAt = Math.min(cutAt, backedBytes);
  }

  /** Throws if bytes of a range are lost, as far as is known. */
  synchronized void require(String operation, long offset, long length, long byteSize)
      throws MemoryException {
    if (length > 0 && cutAt < byteSize && offset + length > cutAt) {
      throw MemoryException.of(
          operation, length, region + " at " + offset, cut(byteSize), NEXT_STEP);
    }
  }

  private String cut(long byteSize) {
    return String.format(
        Locale.ROOT, "its file was cut short: bytes from %d on, of %d, are lost", cutAt, byteSize);
  }

  /** Marks the region after a bus error, and says why there was one. */
  MemoryException faulted(String operation, long byteSize, InternalError error) {
    try {
      require(operation, 0, byteSize, byteSize);
    } catch (MemoryException cut) {
      cut.addSuppressed(error);
      return cut;
    }
    synchronized (this) {
      fault = "SIGBUS: a page could not be read or written: " + operation;
    }
    return MemoryException.of(
        operation,
        byteSize,
        region.toString(),
        "SIGBUS: a page could not be read or written, for want of disk space or by an error of the"
            + " device",
        MemoryException.NO_ERRNO,
        "make room or mend the device (see the kernel's log), then force the region",
        error);
  }

  /** All of the region was written: each page could be had. */
  synchronized void forced() {
    fault = null;
  }

  /** What is behind a smaller size is nobody's loss any more. */
  synchronized void resized(long byteSize) {
    if (cutAt >= byteSize) {
      cutAt = Long.MAX_VALUE;
    }
  }
}
