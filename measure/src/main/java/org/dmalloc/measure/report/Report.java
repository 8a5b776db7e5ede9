/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.report;

import com.google.gson.JsonObject;

/** What was measured, in the forms that it is printed in. */
public interface Report {
  /**
   * The text form: conditions, tables, and how to read them.
   *
   * @param width of the terminal
   */
  String text(int width);

  /** The JSON form; times are in nanoseconds, sizes in bytes. */
  JsonObject json();

  /** One line, as part of something else. */
  String summary();
}
