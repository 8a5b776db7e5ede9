/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.output;

import org.apache.felix.service.command.Converter;
import org.dmalloc.api.VisibleText;
import org.jspecify.annotations.NullUnmarked;

/** Shows Gogo's shells how to print a {@link Printable}. */
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
    // A net below all results: what is visible, as it should be, stays as it is.
    return VisibleText.ofLines(level == Converter.INSPECT ? printable.text() : printable.line());
  }
}
