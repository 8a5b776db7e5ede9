/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.output;

import com.google.errorprone.annotations.FormatMethod;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.dmalloc.api.VisibleText;
import org.dmalloc.report.Lines;
import org.jspecify.annotations.Nullable;

/**
 * The result of a command in a line or a few. It escapes invisible characters, so names and paths
 * may be given as they are.
 */
public record Message(String text) implements Printable {
  public static Message of(String line) {
    return new Message(VisibleText.of(line));
  }

  /** Formats one line with the digits of {@link Locale#ROOT}. */
  @FormatMethod
  public static Message of(String format, @Nullable Object... values) {
    return of(String.format(Locale.ROOT, format, values));
  }

  public static Message of(List<String> lines) {
    return new Message(lines.stream().map(VisibleText::of).collect(Collectors.joining("\n")));
  }

  /** Takes text that has its line breaks already. */
  public Message {
    text = VisibleText.ofLines(text);
  }

  @Override
  public Printable fitting(int width) {
    return new Message(Lines.wrap(text, width));
  }

  @Override
  public String toString() {
    return text;
  }
}
