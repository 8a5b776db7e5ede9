/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;

/** Brings all pages of a range in, in steps between which it can be cancelled. */
final class Prefault {
  /** Between two checks of the interrupt flag: 8 to 60 ms on ext4, 20 ms anonymous. */
  private static final long STEP_BYTES = 64L << 20;

  private Prefault() {}

  /** Is asked before each step, and may end the operation. */
  @FunctionalInterface
  interface StepCheck {
    void before(long byteSize) throws MemoryException;
  }

  /**
   * Brings all pages of a range in: for reading, or for writing at once, which also takes what the
   * file system needs for the first store.
   *
   * @param outcome what is there when it was cancelled, in words
   * @throws MemoryException if there is no space or memory for a page, the check or the listener
   *     throws, or the thread is interrupted; its interrupt flag stays set
   */
  static void populate(
      Mapping mapping,
      AccessMode access,
      long offset,
      long length,
      StepCheck check,
      ProgressListener progress,
      String outcome)
      throws MemoryException {
    Madvise call = access == AccessMode.READ_ONLY ? Madvise.POPULATE_READ : Madvise.POPULATE_WRITE;
    MemorySegment range = mapping.range(offset, length);
    LongOperation operation =
        new LongOperation("prefault", mapping.target(), length, progress, outcome);
    for (long done = 0; done < range.byteSize(); ) {
      operation.checkNotInterrupted(done);
      long step = Math.min(STEP_BYTES, range.byteSize() - done);
      check.before(step);
      mapping.advise(call, range.asSlice(done, step));
      done += step;
      operation.report(done);
    }
  }
}
