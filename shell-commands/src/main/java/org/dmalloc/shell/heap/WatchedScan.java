/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.heap;

import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.heap.HeapReport;

/**
 * A check or repair of a heap on a thread of its own. The users of the heap wait meanwhile, so that
 * thread waits for nobody: the one that began it shows how far it is, and ends it when it is
 * interrupted.
 */
final class WatchedScan {
  private static final long LOOK_MILLIS = 100;

  private volatile long doneBytes;
  private volatile long totalBytes;
  private volatile boolean cancelled;

  private WatchedScan() {}

  /** What goes through a heap. */
  @FunctionalInterface
  interface Scan {
    /** Runs it; the listener ends it by an exception. */
    HeapReport run(ProgressListener progress) throws MemoryException;
  }

  /** Runs it; when this throws it has ended. */
  static HeapReport run(Scan scan, ProgressListener progress)
      throws MemoryException, InterruptedException {
    WatchedScan watched = new WatchedScan();
    FutureTask<HeapReport> task = new FutureTask<>(() -> scan.run(watched::progressed));
    Thread thread = Thread.ofPlatform().name("dmalloc heap scan").daemon(true).start(task);
    try {
      while (true) {
        try {
          return task.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
          progress.progressed(watched.doneBytes, watched.totalBytes);
        }
      }
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof MemoryException refused) {
        throw refused;
      } else if (cause instanceof RuntimeException mistake) {
        throw mistake;
      } else if (cause instanceof Error error) {
        throw error;
      }
      throw new IllegalStateException(cause);
    } finally {
      watched.cancelled = true;
      awaitEnd(thread);
    }
  }

  private void progressed(long done, long total) {
    if (cancelled) {
      throw new CancellationException("interrupted");
    }
    totalBytes = total;
    doneBytes = done;
  }

  /** The region is closed next, and must not be in use. */
  private static void awaitEnd(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
