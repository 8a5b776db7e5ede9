/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;

/** The metadata of a heap contradict themselves, or are none. */
public final class HeapDamagedException extends MemoryException {
  private static final long serialVersionUID = 1L;

  private final long offset;
  private final String reason;

  /**
   * Says where and what.
   *
   * @param operation what was tried
   * @param target the region or heap
   * @param offset where, in bytes from the region's start; −1 if that is not known
   * @param reason what is wrong
   * @param nextStep what the reader can do
   */
  public HeapDamagedException(
      String operation,
      String target,
      long offset,
      String reason,
      String nextStep,
      @Nullable Throwable cause) {
    super(
        operation,
        -1,
        target,
        reason + (offset < 0 ? "" : " at offset " + offset),
        NO_ERRNO,
        nextStep,
        cause);
    this.offset = offset;
    this.reason = reason;
  }

  /** Where, in bytes from the region's start; −1 if that is not known. */
  public long offset() {
    return offset;
  }

  /** What is wrong, in words. */
  public String reason() {
    return reason;
  }
}
