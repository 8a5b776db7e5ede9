/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;

/**
 * An operation in steps, which tells how far it is. An interrupt or an exception of the listener
 * cancels it between two of them.
 *
 * @param name the operation, for messages
 * @param target what it works on, for messages
 * @param outcome what is there when it was cancelled, in words; empty for an operation that no
 *     interrupt cancels
 */
public record LongOperation(
    String name, String target, long byteSize, ProgressListener progress, String outcome) {
  /** What is there when an allocation was cancelled, in words. */
  public static final String NOTHING_CREATED = "nothing was created";

  /**
   * The step of a region's growth that takes long. One that nobody follows runs to its end.
   *
   * @param progress {@link ProgressListener#NONE} for nobody
   */
  public static LongOperation ofGrowth(
      String name, String target, long byteSize, ProgressListener progress) {
    return new LongOperation(name, target, byteSize, progress, outcomeOfGrowth(progress));
  }

  /** What is there when a growth was cancelled, in words; empty for one that nobody follows. */
  public static String outcomeOfGrowth(ProgressListener progress) {
    return progress.equals(ProgressListener.NONE) ? "" : "the region is as it was";
  }

  /** An operation that runs to its end. */
  public static LongOperation uninterruptible(String name, String target, long byteSize) {
    return new LongOperation(name, target, byteSize, ProgressListener.NONE, "");
  }

  /** Cancels the operation if the thread is interrupted, and leaves the flag set. */
  public void checkNotInterrupted(long done) throws MemoryException {
    if (!outcome.isEmpty() && Thread.currentThread().isInterrupted()) {
      throw MemoryException.interrupted(name, byteSize, target, done, outcome);
    }
  }

  /** Tells the listener, and cancels the operation if it throws. */
  public void report(long done) throws MemoryException {
    try {
      progress.progressed(Math.min(done, byteSize), byteSize);
    } catch (RuntimeException e) {
      throw MemoryException.of(
          name,
          byteSize,
          target,
          "cancelled by its progress listener after " + done + " bytes",
          MemoryException.NO_ERRNO,
          outcome,
          e);
    }
  }
}
