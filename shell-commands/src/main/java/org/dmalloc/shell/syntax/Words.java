/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.syntax;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Enum constants as words of a command line: {@code NO_READ_AHEAD} is {@code no-read-ahead}. */
public final class Words {
  private Words() {}

  public static String of(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  public static List<String> all(Class<? extends Enum<?>> type) {
    return Arrays.stream(type.getEnumConstants()).map(Words::of).toList();
  }

  /**
   * The constant for a word, in either case and with {@code _} or {@code -}; {@code what} names the
   * word in the message.
   */
  public static <E extends Enum<E>> E parse(Class<E> type, String word, String what) {
    String normal = word.strip().toUpperCase(Locale.ROOT).replace('-', '_');
    return Arrays.stream(type.getEnumConstants())
        .filter(constant -> constant.name().equals(normal))
        .findFirst()
        .orElseThrow(() -> unknown(what, word, all(type)));
  }

  /** The constants for words separated by commas. */
  public static <E extends Enum<E>> Set<E> parseAll(
      Class<E> type, @Nullable String words, String what) {
    Set<E> constants = new LinkedHashSet<>();
    for (String word : words == null ? new String[0] : words.split(",", -1)) {
      constants.add(parse(type, word, what));
    }
    return constants;
  }

  /**
   * The known elements of comma-separated names, all for no names; {@code what} names a word in the
   * message.
   */
  public static <T> List<T> choose(
      String what, @Nullable String names, List<T> known, Function<T, String> nameOf) {
    if (names == null) {
      return known;
    }
    List<String> all = known.stream().map(nameOf).toList();
    List<T> chosen = new ArrayList<>();
    for (String name : names.split(",", -1)) {
      int index = all.indexOf(name.strip());
      if (index < 0) {
        throw unknown(what, name, all);
      }
      chosen.add(known.get(index));
    }
    return chosen;
  }

  /** The error for an unknown word, with the nearest known word and all of them. */
  public static UsageException unknown(String what, String word, Collection<String> known) {
    return UsageException.of(
        "%s '%s' is unknown; %sgive one of %s",
        what,
        word,
        nearest(word, known).map(n -> "did you mean " + n + "? Or ").orElse(""),
        String.join(", ", known));
  }

  /** The nearest known word to a mistyped one, if one is near. */
  public static Optional<String> nearest(String word, Collection<String> known) {
    int limit = Math.max(1, word.length() / 3);
    return known.stream()
        .filter(k -> distance(word, k) <= limit)
        .min(Comparator.comparingInt(k -> distance(word, k)));
  }

  /** Levenshtein's distance, with a swap of neighbours counted as one step. */
  private static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        boolean same = a.charAt(i - 1) == b.charAt(j - 1);
        d[i][j] =
            Math.min(d[i - 1][j - 1] + (same ? 0 : 1), 1 + Math.min(d[i - 1][j], d[i][j - 1]));
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], 1 + d[i - 2][j - 2]);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
