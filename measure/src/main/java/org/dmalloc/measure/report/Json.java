/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.report;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import org.dmalloc.api.VisibleText;

/** Prints JSON for people and programs alike: indented, nulls kept, nothing escaped for HTML. */
public final class Json {
  private static final Gson GSON =
      new GsonBuilder().setPrettyPrinting().serializeNulls().disableHtmlEscaping().create();

  private Json() {}

  /** The text of a tree, with a newline at its end. */
  public static String print(JsonElement tree) {
    // Names and paths are escaped further than JSON must: a terminal may show this.
    return VisibleText.ofLines(GSON.toJson(tree)) + "\n";
  }
}
