/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;

/** A heap has no room for a block, and its region cannot grow. Nothing was changed. */
public final class HeapFullException extends MemoryException {
  private static final long serialVersionUID = 1L;

  private final long freeBytes;
  private final long largestFreeBytes;

  /**
   * Says what is free.
   *
   * @param byteSize what was asked for
   * @param target the heap
   * @param reason why the region does not grow
   * @param nextStep what the reader can do
   * @param cause what the region's growth threw; null if it was not tried
   */
  public HeapFullException(
      long byteSize,
      String target,
      long freeBytes,
      long largestFreeBytes,
      String reason,
      String nextStep,
      @Nullable MemoryException cause) {
    super(
        "allocate",
        byteSize,
        target,
        "full: "
            + freeBytes
            + " bytes of pages are free, the largest run has "
            + largestFreeBytes
            + "; "
            + reason,
        cause == null ? NO_ERRNO : cause.errno(),
        nextStep,
        cause);
    this.freeBytes = freeBytes;
    this.largestFreeBytes = largestFreeBytes;
  }

  /** Bytes of free pages. */
  public long freeBytes() {
    return freeBytes;
  }

  /** Bytes of the largest run of free pages. */
  public long largestFreeBytes() {
    return largestFreeBytes;
  }
}
