/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.dmalloc.spi.region.ConfigurationReader;

/**
 * The manager's configuration.
 *
 * @param quotas the limits of bytes
 * @param policy when regions move by themselves
 * @param spillIdle how long a region must be idle to be spilled
 * @param spillBudgetBytes the most resident bytes of memory without a file before regions that are
 *     not idle are spilled too
 * @param interval from one look at the policy to the next
 * @param evacuationTimeout how long a backend's stop waits for its regions to leave
 * @param sectionTimeout how long close and resize wait for open sections
 * @param strandedWait how long users of a region that no backend holds wait for one
 * @param leaks what becomes of what a bundle leaves open
 */
record Settings(
    Quotas quotas,
    MovePolicy policy,
    Duration spillIdle,
    long spillBudgetBytes,
    Duration interval,
    Duration evacuationTimeout,
    Duration sectionTimeout,
    Duration strandedWait,
    LeakPolicy leaks) {
  static final String PID = "org.dmalloc.manager";

  static final Set<String> KEYS =
      ConfigurationReader.keys(
          "bundle.limit.bytes",
          "bundle.limits",
          "policy",
          "spill.idle.millis",
          "spill.budget.bytes",
          "policy.interval.millis",
          "evacuation.timeout.millis",
          "stranded.wait.millis",
          "leaks");

  static final Settings DEFAULT = of(Map.of());

  /**
   * Reads the configuration.
   *
   * @throws IllegalArgumentException if a value is bad; the message names PID, key and value
   */
  static Settings of(Map<String, ?> properties) {
    ConfigurationReader reader = new ConfigurationReader(PID, properties);
    reader.checkKeys(KEYS);
    return new Settings(
        new Quotas(
            reader.limitBytes(Long.MAX_VALUE),
            bytes(reader, "bundle.limit.bytes"),
            bundleLimits(reader, properties)),
        reader.constant("policy", MovePolicy.RETURN),
        millis(reader, "spill.idle.millis", 60_000),
        bytes(reader, "spill.budget.bytes"),
        millis(reader, "policy.interval.millis", 5_000),
        millis(reader, "evacuation.timeout.millis", 60_000),
        reader.sectionTimeout(),
        millis(reader, "stranded.wait.millis", 5_000),
        reader.constant("leaks", LeakPolicy.KEEP));
  }

  private static Duration millis(ConfigurationReader reader, String key, long absent) {
    String text = reader.text(key);
    if (text == null) {
      return Duration.ofMillis(absent);
    }
    if (text.matches("[1-9]\\d{0,9}")) {
      return Duration.ofMillis(Long.parseLong(text));
    }
    throw reader.bad(key, text, "give milliseconds, at least 1");
  }

  /** Reads a size under another key than the reader's own. */
  private static long bytes(ConfigurationReader reader, String key) {
    String text = reader.text(key);
    return text == null ? Long.MAX_VALUE : size(reader, key, text, text);
  }

  private static long size(ConfigurationReader reader, String key, String text, String whole) {
    try {
      return new ConfigurationReader(PID, Map.of(ConfigurationReader.LIMIT, text))
          .limitBytes(Long.MAX_VALUE);
    } catch (IllegalArgumentException e) {
      IllegalArgumentException bad =
          reader.bad(key, whole, "give bytes such as 1073741824 or 1g, or leave it out");
      bad.initCause(e);
      throw bad;
    }
  }

  private static Map<String, Long> bundleLimits(
      ConfigurationReader reader, Map<String, ?> properties) {
    String key = "bundle.limits";
    Map<String, Long> limits = new HashMap<>();
    Object value = properties.get(key);
    String[] entries =
        switch (value) {
          case null -> new String[0];
          case String[] several -> several;
          default -> new String[] {value.toString()};
        };
    for (String entry : entries) {
      if (entry.isBlank()) {
        continue;
      }
      int equals = entry.indexOf('=');
      if (equals < 1 || equals == entry.length() - 1) {
        throw reader.bad(key, entry, "give symbolic.name=512m");
      }
      limits.put(
          entry.substring(0, equals).strip(),
          size(reader, key, entry.substring(equals + 1).strip(), entry));
    }
    return limits;
  }
}
