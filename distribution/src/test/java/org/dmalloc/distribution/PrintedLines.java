/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Compares what a page shows with what a command prints. Words, columns, their order and their
 * number must be equal; what the machine and the moment decide need not be:
 *
 * <ul>
 *   <li>points in time, and times with a unit ({@code 0.84 ms}, {@code 18 s});
 *   <li>rates ({@code 504 MB/s}), numbers with a fraction, percentages;
 *   <li>bytes and passes of a copy, and how it found what was written; the free bytes of a disk;
 *   <li>the file system's name, the home directory ({@code ~}), process and thread numbers;
 *   <li>widths: two or more spaces are as good as any other number of two or more, and those at the
 *       beginning of a line do not count.
 * </ul>
 *
 * Everything else is compared letter by letter, sizes, ids, counts and offsets too. A line that is
 * {@code …} stands for any lines.
 */
final class PrintedLines {
  private static final String SIZE = "\\d+(?:\\.\\d+)? (?:[KMGTPE]i)?B";

  /** What is replaced by its word before lines are compared; the order matters. */
  private static final List<Variation> VARIATIONS =
      List.of(
          new Variation("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z", "TIME"),
          new Variation(SIZE + "/s|\\d+(?:\\.\\d+)? MB/s", "RATE"),
          new Variation("\\d+(?:\\.\\d+)? (?:ns|µs|ms|s|min)\\b", "DURATION"),
          new Variation(
              SIZE + " copied in \\d+ passes \\([a-z]+\\)", "SIZE copied in N passes (METHOD)"),
          new Variation("\\d+ of \\d+ bytes are free", "N of N bytes are free"),
          new Variation("free " + SIZE + " or", "free SIZE or"),
          new Variation("\\b\\d+ writes", "N writes"),
          new Variation("\\b(?:ext[234]|xfs|btrfs|tmpfs|overlay|f2fs|zfs)\\b", "FILESYSTEM"),
          new Variation("\\d+\\.\\d+ (?:[KMGTPE]i)?B", "SIZE"),
          new Variation("\\d+(?:\\.\\d+)? %|under 1 %", "PERCENT"),
          new Variation("process \\d+", "process N"),
          new Variation("(?<![\\w.])\\d+\\.\\d+(?![\\w.])", "DECIMAL"));

  private record Variation(String regex, String word) {}

  private final List<Variation> variations;
  private final String home;

  /**
   * For one session.
   *
   * @param home the home directory in what is printed
   * @param others regular expressions of what else may vary
   */
  PrintedLines(String home, List<String> others) {
    this.home = home;
    this.variations = new ArrayList<>();
    others.forEach(regex -> variations.add(new Variation(regex, "VARIES")));
    variations.addAll(VARIATIONS);
  }

  /** The line as it is compared. */
  String normal(String line) {
    String text = line.replace(home, "~").replace("/home/me", "~").stripTrailing();
    for (Variation each : variations) {
      text =
          Pattern.compile(each.regex).matcher(text).replaceAll(Matcher.quoteReplacement(each.word));
    }
    return text.strip().replaceAll(" {2,}", "  ");
  }

  /** Whether the printed lines are what is documented. */
  boolean match(List<String> documented, List<String> printed) {
    return match(
        documented.stream().map(this::normal).toList(),
        0,
        printed.stream().map(this::normal).toList(),
        0);
  }

  private static boolean match(List<String> documented, int d, List<String> printed, int p) {
    if (d == documented.size()) {
      return p == printed.size();
    }
    if (documented.get(d).equals("…")) {
      for (int next = p; next <= printed.size(); next++) {
        if (match(documented, d + 1, printed, next)) {
          return true;
        }
      }
      return false;
    }
    return p < printed.size()
        && documented.get(d).equals(printed.get(p))
        && match(documented, d + 1, printed, p + 1);
  }
}
