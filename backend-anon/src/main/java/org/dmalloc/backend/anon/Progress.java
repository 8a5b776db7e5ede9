/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;

/** Passes progress on to a caller's listener, and turns what the listener throws into a cancel. */
final class Progress implements ProgressListener {
  private final String operation;
  private final String target;
  private final ProgressListener listener;

  Progress(String operation, String target, ProgressListener listener) {
    this.operation = operation;
    this.target = target;
    this.listener = listener;
  }

  /** Work that reports here. */
  @FunctionalInterface
  interface Work {
    void run() throws MemoryException;
  }

  /** Thrown through the work in place of what the listener threw. */
  private static final class Cancelled extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Cancelled(RuntimeException cause) {
      super(cause);
    }
  }

  /**
   * Runs the work.
   *
   * @throws MemoryException what the work throws, or, if the listener threw, one with that as its
   *     cause
   */
  void run(Work work) throws MemoryException {
    try {
      work.run();
    } catch (Cancelled e) {
      throw MemoryException.of(
          operation,
          -1,
          target,
          "cancelled by its progress listener: " + e.getCause(),
          MemoryException.NO_ERRNO,
          "",
          e.getCause());
    }
  }

  @Override
  public void progressed(long doneBytes, long totalBytes) {
    try {
      listener.progressed(doneBytes, totalBytes);
    } catch (RuntimeException e) {
      throw new Cancelled(e);
    }
  }
}
