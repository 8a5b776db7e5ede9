/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.output;

import java.util.List;
import java.util.stream.Collectors;
import org.dmalloc.api.VisibleText;
import org.dmalloc.report.Lines;

/**
 * What was done, in a line or a few, which may have names and paths in them as they are.
 *
 * @param text the lines, all of whose characters can be seen
 */
public record Message(String text) implements Printable {
  /** Makes one line. */
  public static Message of(String line) {
    return new Message(VisibleText.of(line));
  }

  /** Makes lines. */
  public static Message of(List<String> lines) {
    return new Message(lines.stream().map(VisibleText::of).collect(Collectors.joining("\n")));
  }

  /** Takes text that is laid out in lines already. */
  public Message {
    text = VisibleText.ofLines(text);
  }

  @Override
  public Printable fitting(int width) {
    return new Message(Lines.wrap(text, width));
  }

  @Override
  public String line() {
    return text;
  }

  @Override
  public String toString() {
    return text;
  }
}
