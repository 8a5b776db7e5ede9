/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.io.PrintStream;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/**
 * Prints warnings that bundles give to the platform's loggers as one line each on standard error.
 * Java's own handler prints two lines and does not escape control characters.
 */
final class PlatformLog extends Handler {
  private final PrintStream err;
  private final SimpleFormatter formatter = new SimpleFormatter();
  private String previous = "";

  PlatformLog(PrintStream err) {
    this.err = err;
    setLevel(Level.WARNING);
  }

  /** Replaces Java's own handler, unless the user has configured logging. */
  static void install(PrintStream err) {
    if (System.getProperty("java.util.logging.config.file") == null
        && System.getProperty("java.util.logging.config.class") == null) {
      LogManager.getLogManager().reset();
      Logger.getLogger("").addHandler(new PlatformLog(err));
    }
  }

  @Override
  public synchronized void publish(LogRecord entry) {
    if (!isLoggable(entry)) {
      return;
    }
    String message = formatter.formatMessage(entry);
    Throwable thrown = entry.getThrown();
    String line =
        "dmalloc: " + (thrown == null ? message : message + ": " + StderrLogger.words(thrown));
    if (!line.equals(previous)) { // such as the same from each backend
      previous = line;
      err.println(StderrLogger.oneLine(line));
    }
  }

  @Override
  public void flush() {
    err.flush();
  }

  @Override
  public void close() {
    // The launcher owns the stream.
  }
}
