/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.output;

import org.apache.felix.service.command.Converter;
import org.dmalloc.api.VisibleText;
import org.jspecify.annotations.NullUnmarked;

/** Converts a {@link Printable} for Gogo's shells. */
@NullUnmarked // Gogo's interface says "not mine" by null
public final class PrintableConverter implements Converter {
  @Override
  public Object convert(Class<?> desiredType, Object in) {
    return null;
  }

  @Override
  public CharSequence format(Object target, int level, Converter escape) {
    if (!(target instanceof Printable printable)) {
      return null;
    }
    // A last safeguard for all results; text that is escaped already does not change.
    return VisibleText.ofLines(level == Converter.INSPECT ? printable.text() : printable.line());
  }
}
