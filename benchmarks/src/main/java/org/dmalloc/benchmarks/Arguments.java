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
 * The command line of a program: the options that its help lists, each with a value where the help
 * names one. Of an option given twice the last value counts.
 */
public final class Arguments {
  private static final Pattern OPTION = Pattern.compile("(?m)^ +(--[a-z-]+)( [A-Z]+)? {2,}");
  private static final Pattern SIZE = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)([kmgt]?)");

  private final Map<String, String> values = new HashMap<>();

  /**
   * Reads a command line.
   *
   * @param help a line for each option: its name, a word in capitals if it takes a value, and after
   *     two blanks or more what it does
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

  /**
   * What is called by a name.
   *
   * @throws IllegalArgumentException if nothing is; the message lists the names
   */
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

  /** Whether an option was given. */
  public boolean has(String option) {
    return values.containsKey(option);
  }

  /** The value of an option. */
  public String text(String option, String otherwise) {
    return values.getOrDefault(option, otherwise);
  }

  /** The path that an option names; null without it. */
  public @Nullable Path path(String option) {
    String value = values.get(option);
    return value == null ? null : Path.of(value);
  }

  /**
   * The whole number that an option gives.
   *
   * @throws IllegalArgumentException if it is none from 0 to {@link Integer#MAX_VALUE}
   */
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
   * The size that an option gives, in bytes, rounded down to whole pages of 4096.
   *
   * @throws IllegalArgumentException if it is none
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
