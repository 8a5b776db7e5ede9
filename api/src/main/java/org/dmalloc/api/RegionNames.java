/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** The rule for names of stored regions. */
public final class RegionNames {
  /** The longest name, in bytes of UTF-8: escaped, it still fits a file name everywhere. */
  public static final int MAX_BYTES = 80;

  private RegionNames() {}

  /**
   * Returns the name if a region may have it: 1 to {@value #MAX_BYTES} bytes of UTF-8, no control
   * characters, no unpaired surrogates, and not a number alone, which would be taken for an id.
   *
   * @throws IllegalArgumentException if not; the message says why
   */
  public static String check(String name) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("region name is empty; give 1 to 80 bytes of UTF-8");
    }
    int byteCount = name.getBytes(StandardCharsets.UTF_8).length;
    if (byteCount > MAX_BYTES) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "region name '%.20s…' has %d bytes of UTF-8; the most is %d",
              name,
              byteCount,
              MAX_BYTES));
    }
    if (name.codePoints().anyMatch(c -> Character.isISOControl(c) || isSurrogate(c))) {
      throw new IllegalArgumentException(
          "region name has a control character or half a surrogate pair; use printable characters");
    }
    if (name.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new IllegalArgumentException(
          "region name '" + name + "' is a number and would be taken for an id; add a letter");
    }
    return name;
  }

  /**
   * Returns the name if a person may give it to a new region: {@linkplain #check allowed}, and
   * every character of it {@linkplain VisibleText#isVisible can be seen}, so that it can be told
   * from others and typed. Providers take any name that is allowed; this is for shells.
   *
   * @throws IllegalArgumentException if not; the message shows which character
   */
  public static String checkNew(String name) {
    check(name);
    name.codePoints()
        .filter(c -> !VisibleText.isVisible(c))
        .findFirst()
        .ifPresent(
            c -> {
              throw new IllegalArgumentException(
                  String.format(
                      Locale.ROOT,
                      "region name has a character that cannot be seen, U+%04X; use visible ones",
                      c));
            });
    return name;
  }

  private static boolean isSurrogate(int codePoint) {
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
  }
}
