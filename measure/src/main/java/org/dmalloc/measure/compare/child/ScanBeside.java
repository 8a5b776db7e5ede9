/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** An operation that is measured while another runs on a thread of its own. */
final class ScanBeside implements Operation {
  private final Operation measured;
  private final Operation scan;
  private @Nullable Thread thread;
  private volatile boolean stopped;
  private volatile long scannedPages;
  private volatile @Nullable Throwable failure;

  ScanBeside(Operation measured, Operation scan) {
    this.measured = measured;
    this.scan = scan;
  }

  @Override
  public void begin() {
    stopped = false;
    scannedPages = 0;
    Thread started =
        Thread.ofPlatform().name("dmalloc-scan").daemon(true).unstarted(this::scanUntilStopped);
    thread = started;
    started.start();
  }

  private void scanUntilStopped() {
    try {
      long pages = 0;
      while (!stopped) {
        pages += scan.run(0);
        scannedPages = pages;
      }
    } catch (Throwable t) {
      // Thrown on by end(), on the thread that measures.
      failure = t;
    }
  }

  @Override
  public int run(double share) throws IOException {
    return measured.run(share);
  }

  @Override
  public long besidePages() {
    return scannedPages;
  }

  @Override
  public void end() throws IOException {
    stopped = true;
    Thread started = thread;
    if (started != null) {
      try {
        started.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while the scan ended", e);
      }
    }
    Throwable thrown = failure;
    if (thrown != null) {
      throw new IOException("scan: " + thrown, thrown);
    }
  }
}
