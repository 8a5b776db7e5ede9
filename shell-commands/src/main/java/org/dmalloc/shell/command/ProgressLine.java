/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.io.PrintStream;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.VisibleText;
import org.dmalloc.shell.syntax.ByteSize;
import org.jspecify.annotations.Nullable;

/**
 * One line on a terminal that is overwritten as the work goes on: {@code fill orders: 42 %, 430 MiB
 * of 1 GiB, 512 MiB/s}. Work of less than a second shows nothing.
 */
public final class ProgressLine implements ProgressListener, AutoCloseable {
  private static final long FIRST_NANOS = 1_000_000_000L;
  private static final long STEP_NANOS = 100_000_000L;
  static final String CLEAR = "\r\u001b[K";

  /** Disables line wrap, because a line that wraps cannot be cleared. */
  private static final String NO_WRAP = "\u001b[?7l";

  private static final String WRAP = "\u001b[?7h";

  private final String what;
  private final @Nullable PrintStream terminal;
  private final BooleanSupplier inFront;
  private final LongSupplier nanoTime;
  private final long startNanos;
  private long nextNanos;
  private boolean shown;

  /**
   * Starts the work.
   *
   * @param terminal null to show nothing
   * @param inFront whether this command still owns the line: after an interrupt a shell goes on
   *     without a wait, and its prompt must not be wiped away
   */
  public ProgressLine(
      String what, @Nullable PrintStream terminal, BooleanSupplier inFront, LongSupplier nanoTime) {
    this.what = what;
    this.terminal = terminal;
    this.inFront = inFront;
    this.nanoTime = nanoTime;
    this.startNanos = nanoTime.getAsLong();
    this.nextNanos = startNanos + FIRST_NANOS;
  }

  @Override
  public synchronized void progressed(long doneBytes, long totalBytes) {
    if (due()) {
      double seconds = (nanoTime.getAsLong() - startNanos) / 1e9;
      if (totalBytes < 0) { // nobody knows how much it will be
        show(
            what
                + ": "
                + ByteSize.format(doneBytes)
                + ", "
                + ByteSize.format((long) (doneBytes / seconds))
                + "/s");
        return;
      }
      show(
          String.format(
              Locale.ROOT,
              "%s: %d %%, %s of %s, %s/s",
              what,
              totalBytes <= 0 ? 100 : (long) (100.0 * doneBytes / totalBytes),
              ByteSize.format(doneBytes),
              ByteSize.format(totalBytes),
              ByteSize.format((long) (doneBytes / seconds))));
    }
  }

  /** Immediately shows a step that is known to take long. */
  public synchronized void now(String step) {
    show(what + ": " + step);
  }

  private boolean due() {
    long now = nanoTime.getAsLong();
    if (terminal == null || now - nextNanos < 0) {
      return false;
    }
    nextNanos = now + STEP_NANOS;
    return true;
  }

  private void show(String line) {
    if (terminal != null && inFront.getAsBoolean()) {
      terminal.print(CLEAR + NO_WRAP + VisibleText.of(line) + WRAP);
      terminal.flush();
      shown = true;
    }
  }

  @Override
  public synchronized void close() {
    if (shown && terminal != null && inFront.getAsBoolean()) {
      terminal.print(CLEAR);
      terminal.flush();
    }
    shown = false;
  }

  public double seconds() {
    return (nanoTime.getAsLong() - startNanos) / 1e9;
  }
}
