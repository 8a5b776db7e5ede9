/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.util.Locale;

/**
 * Text from elsewhere (names, owners, paths, configuration, messages of exceptions, headers of
 * files) as it can be printed: a character that cannot be seen, or that moves others, is written as
 * in JSON, {@code \n}, {@code \u001b}, {@code \u202e}. So no text can end a line, colour a
 * terminal, or pass for another text.
 *
 * <p>Escaped are controls, format characters (bidirectional marks, overrides and isolates, zero
 * widths, tags), line and paragraph separators, spaces other than {@code U+0020}, variation
 * selectors and other characters without a glyph, private and unassigned ones, and unpaired
 * surrogates. A backslash is doubled where it would else read as the beginning of such an escape,
 * so that two texts are never shown alike.
 */
public final class VisibleText {
  private static final String ESCAPE_LETTERS = "ntru\\";

  private VisibleText() {}

  /** The text in one line. */
  public static String of(String text) {
    return escape(text, false);
  }

  /** Lines laid out already, from parts that are visible: line ends and backslashes stay. */
  public static String ofLines(String text) {
    return escape(text, true);
  }

  /** Whether a code point shows as a glyph or is the plain space. */
  public static boolean isVisible(int codePoint) {
    return codePoint == ' '
        || switch (Character.getType(codePoint)) {
          case Character.CONTROL,
              Character.FORMAT,
              Character.LINE_SEPARATOR,
              Character.PARAGRAPH_SEPARATOR,
              Character.SPACE_SEPARATOR,
              Character.SURROGATE,
              Character.PRIVATE_USE,
              Character.UNASSIGNED ->
              false;
          default -> !hasNoGlyph(codePoint);
        };
  }

  /** Letters and marks that Unicode lets a font ignore; most others are format characters. */
  private static boolean hasNoGlyph(int c) {
    return c == 0x034f // combining grapheme joiner
        || c == 0x115f
        || c == 0x1160
        || c == 0x3164
        || c == 0xffa0 // Hangul fillers
        || c == 0x17b4
        || c == 0x17b5 // Khmer inherent vowels
        || (c >= 0x180b && c <= 0x180f) // Mongolian variation selectors
        || (c >= 0xfe00 && c <= 0xfe0f)
        || (c >= 0xe0100 && c <= 0xe01ef) // variation selectors
        || c == 0x2800; // the braille pattern without dots
  }

  private static String escape(String text, boolean laidOut) {
    if (text.codePoints().allMatch(c -> isVisible(c) && c != '\\')) {
      return text;
    }
    StringBuilder shown = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      int next = i + Character.charCount(c);
      if (c == '\\') {
        shown.append(!laidOut && beginsEscape(text, next) ? "\\\\" : "\\");
      } else if (isVisible(c) || (laidOut && c == '\n')) {
        shown.appendCodePoint(c);
      } else {
        appendEscape(text, i, next, shown);
      }
      i = next;
    }
    return shown.toString();
  }

  /** Whether a backslash before this place reads as an escape's, or its own escape follows. */
  private static boolean beginsEscape(String text, int next) {
    if (next >= text.length()) {
      return false;
    }
    int c = text.codePointAt(next);
    return ESCAPE_LETTERS.indexOf(c) >= 0 || !isVisible(c);
  }

  private static void appendEscape(String text, int from, int to, StringBuilder shown) {
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      switch (c) {
        case '\n' -> shown.append("\\n");
        case '\r' -> shown.append("\\r");
        case '\t' -> shown.append("\\t");
        default -> shown.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      }
    }
  }
}
