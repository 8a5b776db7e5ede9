/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.report;

import java.util.ArrayList;
import java.util.List;

/** Breaks text into lines, so that the terminal does not. Widths are columns of a terminal. */
public final class Lines {
  /** Hangul letters, radicals to Yi, Hangul syllables, compatibility forms, full-width forms. */
  private static final List<int[]> WIDE =
      List.of(
          new int[] {0x1100, 0x115f},
          new int[] {0x2e80, 0x303e},
          new int[] {0x3041, 0xa4cf},
          new int[] {0xac00, 0xd7a3},
          new int[] {0xf900, 0xfaff},
          new int[] {0xfe30, 0xfe6f},
          new int[] {0xff00, 0xff60},
          new int[] {0xffe0, 0xffe6});

  private Lines() {}

  static int width(String text) {
    return text.codePoints().map(Lines::columns).sum();
  }

  /** As wcwidth(3): marks take no column, ideographs and emojis take two. */
  private static int columns(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.FORMAT -> 0;
      default -> isWide(codePoint) ? 2 : 1;
    };
  }

  /** East Asian Width W or F of Unicode, by whole blocks. */
  private static boolean isWide(int codePoint) {
    return Character.isIdeographic(codePoint)
        || Character.isEmojiPresentation(codePoint)
        || WIDE.stream().anyMatch(block -> block[0] <= codePoint && codePoint <= block[1]);
  }

  /** The index at which a text fills a width, after at least one character. */
  private static int end(String text, int room) {
    int at = text.offsetByCodePoints(0, 1);
    int used = columns(text.codePointAt(0));
    while (at < text.length()) {
      int next = text.codePointAt(at);
      used += columns(next);
      if (used > room) {
        break;
      }
      at += Character.charCount(next);
    }
    return at;
  }

  /**
   * Wraps lines for a terminal; a continuation is indented by two more. Words and lines that are
   * commands stay whole, because both are copied.
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

  /** Breaks at blanks; with {@code words}, long words after a slash or comma, or anywhere. */
  static List<String> fold(String text, int width, boolean words) {
    List<String> lines = new ArrayList<>();
    String rest = text;
    // A continuation is indented by two.
    for (int room = width; width(rest) > Math.max(1, room); room = words ? width : width - 2) {
      int end = end(rest, room);
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
