/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.backup.archive.ChainReader;

/** Tells a listener how far reading is; an interrupt or its exception ends the work. */
final class WatchedRead implements ChainReader.Progress {
  private final String operation;
  private final String target;
  private final long totalBytes;
  private final String outcome;
  private final ProgressListener listener;
  private long doneBytes;

  /**
   * Begins.
   *
   * @param outcome what is there after it was cancelled
   */
  WatchedRead(
      String operation, String target, long totalBytes, String outcome, ProgressListener listener) {
    this.operation = operation;
    this.target = target;
    this.totalBytes = totalBytes;
    this.outcome = outcome;
    this.listener = listener;
  }

  @Override
  public void read(long bytes) throws MemoryException {
    doneBytes = Math.min(totalBytes, doneBytes + bytes); // some are read twice after a merge
    if (Thread.currentThread().isInterrupted()) {
      throw MemoryException.interrupted(operation, totalBytes, target, doneBytes, outcome);
    }
    try {
      listener.progressed(doneBytes, totalBytes);
    } catch (RuntimeException e) {
      throw MemoryException.of(
          operation,
          totalBytes,
          target,
          "cancelled by its listener after " + doneBytes + " bytes",
          MemoryException.NO_ERRNO,
          outcome,
          e);
    }
  }
}
