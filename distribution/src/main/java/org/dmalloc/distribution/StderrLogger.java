/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.io.PrintStream;
import java.util.function.BooleanSupplier;
import org.apache.felix.framework.Logger;
import org.dmalloc.api.VisibleText;
import org.jspecify.annotations.NullUnmarked;
import org.osgi.framework.Bundle;
import org.osgi.framework.ServiceReference;

/** Writes the framework's warnings to standard error, one line each: stdout is for results. */
@NullUnmarked // Felix's class says nothing about null
final class StderrLogger extends Logger {
  private final PrintStream err;

  private final BooleanSupplier silent;

  /**
   * Makes a logger.
   *
   * @param silent whether nothing is to be said any more
   */
  StderrLogger(PrintStream err, BooleanSupplier silent) {
    this.err = err;
    this.silent = silent;
  }

  @Override
  @SuppressWarnings("rawtypes") // as in Felix's method
  protected void doLog(
      Bundle bundle, ServiceReference reference, int level, String message, Throwable thrown) {
    if (silent.getAsBoolean()) {
      return;
    }
    StringBuilder line = new StringBuilder("dmalloc: ");
    if (bundle != null && bundle.getSymbolicName() != null) {
      line.append(bundle.getSymbolicName()).append(": ");
    }
    line.append(message);
    if (thrown != null) {
      line.append(": ").append(words(thrown));
    }
    err.println(oneLine(line.toString()));
  }

  @Override
  protected void doLog(int level, String message, Throwable thrown) {
    doLog(null, null, level, message, thrown);
  }

  /** What it says and what its causes say. */
  static String words(Throwable thrown) {
    StringBuilder words = new StringBuilder();
    for (Throwable t = thrown; t != null; t = t.getCause()) {
      words
          .append(words.isEmpty() ? "" : ": ")
          .append(t.getMessage() == null ? t.getClass().getName() : t.getMessage());
    }
    return words.toString();
  }

  /** What bundles say, with names and values in it that anybody chose. */
  static String oneLine(String text) {
    return VisibleText.of(text.strip());
  }
}
