/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;

/** An operation in steps, which tells how far it is and may be cancelled between them. */
final class LongOperation {
  private final String name;
  private final String target;
  private final long byteSize;
  private final ProgressListener progress;
  private final boolean interruptible;
  private final String outcome;

  /**
   * An operation that an interrupt or an exception of the listener cancels.
   *
   * @param outcome what is there when it was cancelled, in words
   */
  LongOperation(
      String name, String target, long byteSize, ProgressListener progress, String outcome) {
    this(name, target, byteSize, progress, true, outcome);
  }

  private LongOperation(
      String name,
      String target,
      long byteSize,
      ProgressListener progress,
      boolean interruptible,
      String outcome) {
    this.name = name;
    this.target = target;
    this.byteSize = byteSize;
    this.progress = progress;
    this.interruptible = interruptible;
    this.outcome = outcome;
  }

  /** An operation that runs to its end. */
  static LongOperation uninterruptible(String name, String target, long byteSize) {
    return new LongOperation(name, target, byteSize, ProgressListener.NONE, false, "");
  }

  /** Cancels the operation if the thread is interrupted, and leaves the flag set. */
  void checkNotInterrupted(long done) throws MemoryException {
    if (interruptible && Thread.currentThread().isInterrupted()) {
      throw MemoryException.interrupted(name, byteSize, target, done, outcome);
    }
  }

  /** Tells the listener, and cancels the operation if it throws. */
  void report(long done) throws MemoryException {
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
