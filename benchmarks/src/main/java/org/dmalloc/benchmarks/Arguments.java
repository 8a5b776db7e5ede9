/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The command line of a program: the options of its help text, with values where the help names
 * them. The last value of a repeated option counts.
 */
public final class Arguments {
  private static final Pattern OPTION = Pattern.compile("(?m)^ +(--[a-z-]+)( [A-Z]+)? {2,}");
  private static final Pattern SIZE = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)([kmgt]?)");

  private final Map<String, String> values = new HashMap<>();

  /**
   * Reads a command line.
   *
   * @param help a line for each option: its name, a word in capitals if it takes a value, and after
   *     at least two blanks its description
   * @throws IllegalArgumentException for an option that the help does not list, or without its
   *     value
   */
  public Arguments(String help, List<String> words) {
    Map<String, Boolean> known =
        OPTION
            .matcher(help)
            .results()
            .collect(Collectors.toMap(found -> found.group(1), found -> found.group(2) != null));
    for (Iterator<String> left = words.iterator(); left.hasNext(); ) {
      String word = left.next();
      String option = word.equals("-h") ? "--help" : word;
      Boolean valued = known.get(option);
      if (valued == null) {
        throw new IllegalArgumentException("option " + option + "; see --help");
      }
      if (valued && !left.hasNext()) {
        throw new IllegalArgumentException(option + " needs a value; see --help");
      }
      values.put(option, valued ? left.next() : "");
    }
  }

  /** Throws {@link IllegalArgumentException} with all names if no element has this one. */
  public static <T> T named(String kind, String name, List<T> all, Function<T, String> nameOf) {
    return all.stream()
        .filter(each -> nameOf.apply(each).equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    String.format(
                        Locale.ROOT,
                        "%s %s; there are %s",
                        kind,
                        name,
                        String.join(", ", all.stream().map(nameOf).toList()))));
  }

  public boolean has(String option) {
    return values.containsKey(option);
  }

  public String text(String option, String otherwise) {
    return values.getOrDefault(option, otherwise);
  }

  /** The path of an option; null without it. */
  public @Nullable Path path(String option) {
    String value = values.get(option);
    return value == null ? null : Path.of(value);
  }

  /** A number option; {@link IllegalArgumentException} outside 0 to {@link Integer#MAX_VALUE}. */
  public int number(String option, int otherwise) {
    String text = values.get(option);
    if (text == null) {
      return otherwise;
    }
    try {
      long number = Long.parseLong(text);
      if (number < 0 || number > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            option + " " + text + "; give 0 to " + Integer.MAX_VALUE);
      }
      return (int) number;
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(option + " " + text + "; give a whole number", e);
    }
  }

  /**
   * A size option in bytes, rounded down to whole pages of 4096; {@link IllegalArgumentException}
   * if it is malformed.
   */
  public long size(String option, long otherwise) {
    String text = values.get(option);
    if (text == null) {
      return otherwise;
    }
    Matcher matcher = SIZE.matcher(text.toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new IllegalArgumentException(option + " " + text + "; give a size such as 512m");
    }
    int shift = 10 * " kmgt".indexOf(matcher.group(2).isEmpty() ? " " : matcher.group(2));
    return (long) (Double.parseDouble(matcher.group(1)) * (1L << shift)) / 4096 * 4096;
  }
}
