/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.region.RegionLedger;
import org.jspecify.annotations.Nullable;

/**
 * A provider's configuration; {@link AnonymousConfiguration} describes it to administrators.
 *
 * @param name the provider's name
 * @param limitBytes the most that open regions may have in all
 * @param policies swap policies of regions whose request names none
 * @param sectionTimeout how long close and resize wait for open access sections
 * @param memoryCheck what to do about a request to fill more memory than there is
 */
record AnonymousSettings(
    String name,
    long limitBytes,
    Set<SwapPolicy> policies,
    Duration sectionTimeout,
    MemoryCheck memoryCheck) {

  static final String LIMIT = "limit.bytes";
  static final String POLICIES = "policies";
  static final String SECTION_TIMEOUT = "section.timeout.millis";
  static final String MEMORY_CHECK = "memory.check";
  private static final String RANKING = "service.ranking";

  private static final Pattern SIZE = Pattern.compile("(\\d{1,18})([kmgt]?)");

  /** The settings of a provider that nobody configured. */
  static AnonymousSettings defaults(String name) {
    return new AnonymousSettings(
        name,
        Long.MAX_VALUE,
        Set.of(),
        Duration.ofNanos(RegionLedger.DEFAULT_SECTION_TIMEOUT_NANOS),
        MemoryCheck.REFUSE);
  }

  /**
   * Reads a component's properties; what is absent has its default.
   *
   * @param pid the configuration's name, for messages
   * @param properties as given by the configuration, by key
   * @throws IllegalArgumentException if a value is bad; the message names PID, key and value
   */
  static AnonymousSettings of(String pid, Map<String, ?> properties) {
    Reader reader = new Reader(pid, properties);
    AnonymousSettings defaults = defaults(reader.name());
    reader.checkRanking();
    return new AnonymousSettings(
        defaults.name,
        reader.limitBytes(defaults.limitBytes),
        reader.policies(),
        Duration.ofMillis(reader.sectionTimeoutMillis(defaults.sectionTimeout.toMillis())),
        reader.memoryCheck(defaults.memoryCheck));
  }

  /** Reads one configuration. Values may be strings or of the right type: both are in use. */
  private record Reader(String pid, Map<String, ?> properties) {
    String name() {
      Object value = properties.get(MemoryProvider.BACKEND);
      if (value instanceof String name && !name.isBlank()) {
        return name;
      }
      throw bad(MemoryProvider.BACKEND, value, "give a name, unique among all backends");
    }

    long limitBytes(long absent) {
      String text = text(LIMIT);
      if (text == null) {
        return absent;
      }
      Matcher size = SIZE.matcher(text.toLowerCase(Locale.ROOT));
      if (size.matches()) {
        try {
          long unit =
              switch (size.group(2)) {
                case "k" -> 1L << 10;
                case "m" -> 1L << 20;
                case "g" -> 1L << 30;
                case "t" -> 1L << 40;
                default -> 1;
              };
          long bytes = Math.multiplyExact(Long.parseLong(size.group(1)), unit);
          if (bytes > 0) {
            return bytes;
          }
        } catch (ArithmeticException tooLarge) {
          throw bad(LIMIT, text, "give less than 8388608t, or leave it out for no limit");
        }
      }
      throw bad(LIMIT, text, "give bytes such as 1073741824 or 1g, or leave it out for no limit");
    }

    Set<SwapPolicy> policies() {
      EnumSet<SwapPolicy> policies = EnumSet.noneOf(SwapPolicy.class);
      for (String name : texts(POLICIES)) {
        policies.add(constant(POLICIES, name, SwapPolicy.class));
      }
      try {
        return RegionRequest.ofSize(1).withPolicies(policies).policies();
      } catch (IllegalArgumentException contradiction) {
        throw bad(POLICIES, policies, String.valueOf(contradiction.getMessage()));
      }
    }

    long sectionTimeoutMillis(long absent) {
      String text = text(SECTION_TIMEOUT);
      if (text == null) {
        return absent;
      }
      if (text.matches("[1-9]\\d{0,9}")) {
        return Long.parseLong(text);
      }
      throw bad(SECTION_TIMEOUT, text, "give milliseconds, at least 1");
    }

    MemoryCheck memoryCheck(MemoryCheck absent) {
      String text = text(MEMORY_CHECK);
      return text == null ? absent : constant(MEMORY_CHECK, text, MemoryCheck.class);
    }

    /** The framework would take a ranking of another type for 0, and say nothing. */
    void checkRanking() {
      Object ranking = properties.get(RANKING);
      if (ranking != null && !(ranking instanceof Integer)) {
        throw bad(
            RANKING,
            ranking,
            "give an Integer, which in a .config file is service.ranking=I\"10\"");
      }
    }

    private <E extends Enum<E>> E constant(String key, String text, Class<E> type) {
      for (E constant : type.getEnumConstants()) {
        if (constant.name().equals(text.toUpperCase(Locale.ROOT))) {
          return constant;
        }
      }
      throw bad(key, text, "give one of " + Arrays.toString(type.getEnumConstants()));
    }

    /** The value as text; null where it is absent or blank, as a form without an entry sends it. */
    private @Nullable String text(String key) {
      Object value = properties.get(key);
      if (value == null || value.toString().isBlank()) {
        return null;
      }
      if (value instanceof String || value instanceof Number) {
        return value.toString().strip();
      }
      throw bad(key, value, "give a single value");
    }

    private List<String> texts(String key) {
      Object value = properties.get(key);
      return switch (value) {
        case null -> List.of();
        case String[] array -> List.of(array);
        case Collection<?> many -> many.stream().map(String::valueOf).toList();
        case String line ->
            Arrays.stream(line.split(",", -1))
                .map(String::strip)
                .filter(s -> !s.isEmpty())
                .toList();
        default -> throw bad(key, value, "give names, separated by commas");
      };
    }

    private IllegalArgumentException bad(String key, @Nullable Object value, String nextStep) {
      return new IllegalArgumentException("%s: %s=%s; %s".formatted(pid, key, value, nextStep));
    }
  }
}
