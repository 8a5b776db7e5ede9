/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.output;

import org.dmalloc.report.Json;
import org.jspecify.annotations.Nullable;

/** A result as JSON: records are objects with their components in order, collections arrays. */
public record JsonResult(@Nullable Object value) implements Printable {
  @Override
  public String text() {
    return Json.print(value);
  }

  @Override
  public String toString() {
    return text();
  }
}
