/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.io.PrintStream;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
    String source = bundle == null ? null : bundle.getSymbolicName();
    err.println(
        oneLine(
            "dmalloc: "
                + (source == null ? "" : source + ": ")
                + message
                + (thrown == null ? "" : ": " + words(thrown))));
  }

  @Override
  protected void doLog(int level, String message, Throwable thrown) {
    doLog(null, null, level, message, thrown);
  }

  /** The messages of the exception and its causes. */
  static String words(Throwable thrown) {
    return Stream.iterate(thrown, Objects::nonNull, Throwable::getCause)
        .map(t -> t.getMessage() == null ? t.getClass().getName() : t.getMessage())
        .collect(Collectors.joining(": "));
  }

  /** Escapes a bundle's text, which may contain names and values of any origin. */
  static String oneLine(String text) {
    return VisibleText.of(text.strip());
  }
}
