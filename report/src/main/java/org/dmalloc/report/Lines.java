/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.report;

import java.util.ArrayList;
import java.util.List;

/** Text that is broken into lines, so that no terminal does it. Widths are in code points. */
public final class Lines {
  private Lines() {}

  /** How wide a text in one line is. */
  static int width(String text) {
    return text.codePointCount(0, text.length());
  }

  /**
   * Lines for a terminal: one that is too long goes on in the next, two further in than it began. A
   * word is left whole, and so is a line that is a command, because both are copied.
   */
  public static String wrap(String text, int width) {
    StringBuilder wrapped = new StringBuilder();
    for (String line : text.split("\n", -1)) {
      String words = line.stripLeading();
      String indent = line.substring(0, line.length() - words.length());
      boolean command = words.startsWith("./dmalloc ") || words.startsWith("→ ");
      List<String> lines = command ? List.of(words) : fold(words, width - indent.length(), false);
      wrapped.append(indent).append(String.join("\n  " + indent, lines)).append('\n');
    }
    return wrapped.substring(0, wrapped.length() - 1);
  }

  /** Breaks at blanks; a long word is broken behind a slash or comma, or anywhere, if it may be. */
  static List<String> fold(String text, int width, boolean words) {
    List<String> lines = new ArrayList<>();
    String rest = text;
    // What goes on stands two further in.
    for (int room = width; width(rest) > Math.max(1, room); room = words ? width : width - 2) {
      int end = rest.offsetByCodePoints(0, Math.max(1, room));
      int cut = rest.lastIndexOf(' ', end);
      if (cut <= 0 && words) {
        int mark = Math.max(rest.lastIndexOf('/', end - 1), rest.lastIndexOf(',', end - 1)) + 1;
        cut = mark > 0 ? mark : end;
      } else if (cut <= 0) {
        cut = rest.indexOf(' ');
      }
      if (cut < 0) {
        break;
      }
      lines.add(rest.substring(0, cut).stripTrailing());
      rest = rest.substring(cut).stripLeading();
    }
    lines.add(rest);
    return lines;
  }
}
