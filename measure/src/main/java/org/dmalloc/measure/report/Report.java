/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.report;

import com.google.gson.JsonObject;

/** A result, in the forms that it is printed in. */
public interface Report {
  /** The text form for a terminal of this width: conditions, tables, and how to read them. */
  String text(int width);

  /** The JSON form; times are in nanoseconds, sizes in bytes. */
  JsonObject json();

  /** One line, for use inside other text. */
  String summary();
}
