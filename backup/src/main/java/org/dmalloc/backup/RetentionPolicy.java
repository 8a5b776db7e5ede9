/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which checkpoints stay in a backup, by age. The newest always does. The others go: what they
 * changed is merged into the next one that stays.
 *
 * @param rules from the youngest to the oldest; what is older than all of them goes
 */
public record RetentionPolicy(List<Rule> rules) {
  private static final Pattern RULE = Pattern.compile("(all|\\d+[smhd]):(\\d+[smhd]|ever)");
  private static final Map<Character, Long> SECONDS =
      Map.of('s', 1L, 'm', 60L, 'h', 3600L, 'd', 86_400L);
  private static final Duration EVER = Duration.ofDays(365_000);

  /** All of the last hour, one an hour for a day, one a day for 30 days. */
  public static final RetentionPolicy DEFAULT = parse("all:1h,1h:1d,1d:30d");

  /** Every checkpoint stays for good. */
  public static final RetentionPolicy EVERYTHING =
      new RetentionPolicy(List.of(new Rule(Duration.ZERO, EVER)));

  /**
   * How many stay up to an age.
   *
   * @param every of each interval of this length, counted from 1970 in UTC, the last checkpoint
   *     stays; zero for all
   * @param age up to which the rule holds
   */
  public record Rule(Duration every, Duration age) {
    /**
     * Checks the durations.
     *
     * @throws IllegalArgumentException if the interval is negative or the age not positive
     */
    public Rule {
      if (every.isNegative() || age.isNegative() || age.isZero()) {
        throw new IllegalArgumentException(
            "one checkpoint every " + every + " up to an age of " + age + "; give positive ones");
      }
    }
  }

  /**
   * Checks the order.
   *
   * @throws IllegalArgumentException if there is no rule, or one holds for younger checkpoints than
   *     the one before it
   */
  public RetentionPolicy {
    rules = List.copyOf(rules);
    if (rules.isEmpty()) {
      throw new IllegalArgumentException("a retention policy without rules; give one, as in 1h:7d");
    }
    for (int i = 1; i < rules.size(); i++) {
      if (rules.get(i).age().compareTo(rules.get(i - 1).age()) <= 0) {
        throw new IllegalArgumentException(
            "the rule for ages up to "
                + rules.get(i).age()
                + " comes after that for "
                + rules.get(i - 1).age()
                + "; order them by age");
      }
    }
  }

  /**
   * Reads a policy as text: rules {@code INTERVAL:AGE}, separated by commas, each a number with
   * {@code s}, {@code m}, {@code h} or {@code d}; the interval may be {@code all}, the last age
   * {@code ever}. {@code all:1h,1h:1d,1d:30d} is {@link #DEFAULT}.
   *
   * @throws IllegalArgumentException if it is none
   */
  public static RetentionPolicy parse(String text) {
    List<Rule> rules = new ArrayList<>();
    for (String each : text.split(",", -1)) {
      Matcher rule = RULE.matcher(each.strip().toLowerCase(Locale.ROOT));
      if (!rule.matches()) {
        throw new IllegalArgumentException(
            "retention '" + each + "'; give INTERVAL:AGE, as in all:1h,1h:1d,1d:30d");
      }
      Duration every = rule.group(1).equals("all") ? Duration.ZERO : duration(rule.group(1));
      rules.add(new Rule(every, rule.group(2).equals("ever") ? EVER : duration(rule.group(2))));
    }
    return new RetentionPolicy(rules);
  }

  private static Duration duration(String text) {
    int unitAt = text.length() - 1;
    try {
      long seconds =
          Math.multiplyExact(
              Long.parseLong(text, 0, unitAt, 10), SECONDS.getOrDefault(text.charAt(unitAt), 0L));
      Duration duration = Duration.ofSeconds(seconds);
      if (duration.isZero() || duration.compareTo(EVER) > 0) {
        throw new IllegalArgumentException("retention of " + text + "; give 1s to 365000d");
      }
      return duration;
    } catch (ArithmeticException | NumberFormatException e) {
      throw new IllegalArgumentException("retention of " + text + "; give 1s to 365000d", e);
    }
  }

  /** The text that {@link #parse} reads. */
  @Override
  public String toString() {
    List<String> texts = new ArrayList<>();
    for (Rule rule : rules) {
      String every = rule.every().isZero() ? "all" : text(rule.every());
      texts.add(every + ":" + (rule.age().equals(EVER) ? "ever" : text(rule.age())));
    }
    return String.join(",", texts);
  }

  private static String text(Duration duration) {
    long seconds = duration.toSeconds();
    return seconds % 86_400 == 0
        ? seconds / 86_400 + "d"
        : seconds % 3600 == 0
            ? seconds / 3600 + "h"
            : seconds % 60 == 0 ? seconds / 60 + "m" : seconds + "s";
  }
}
