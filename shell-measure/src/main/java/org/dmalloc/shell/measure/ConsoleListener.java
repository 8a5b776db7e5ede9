/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import org.dmalloc.measure.report.MeasurementListener;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.ProgressLine;

/** Prints the lines of a measurement, and shows its steps on the progress line. */
record ConsoleListener(Console console, String command, ProgressLine progress)
    implements MeasurementListener {
  @Override
  public void said(String line) {
    console.say(command + ": " + line);
  }

  @Override
  public void began(String step) {
    progress.now(step);
  }
}
