/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dmalloc.api.MemoryProvider;
import org.jspecify.annotations.Nullable;

/**
 * Reads a backend's configuration, whose values come as strings from some sources and typed from
 * others. What is absent or blank has its default; a bad value is an {@link
 * IllegalArgumentException} that names PID, key and value, and so fails the activation.
 *
 * @param pid the configuration's name, for messages
 * @param properties as given by the configuration, by key
 */
public record ConfigurationReader(String pid, Map<String, ?> properties) {
  public static final String LIMIT = "limit.bytes";

  public static final String SECTION_TIMEOUT = "section.timeout.millis";

  private static final String RANKING = "service.ranking";

  /** What the container adds to a component's properties. */
  private static final Set<String> OF_THE_CONTAINER =
      Set.of(
          "objectClass",
          "component.id",
          "component.name",
          "service.bundleid",
          "service.bundleLocation",
          "service.changecount",
          "service.description",
          "service.factoryPid",
          "service.id",
          "service.pid",
          "service.scope",
          "service.vendor");

  private static final List<String> PREFIXES_OF_OTHERS =
      List.of(".", "felix.", "jmx.", "org.apache.", "org.osgi.", "osgi.", "service.");

  private static final System.Logger LOG = System.getLogger(ConfigurationReader.class.getName());

  private static final Pattern SIZE = Pattern.compile("(\\d{1,18})([kmgt]?)");

  /** The provider's name; it must be there, as the component's own properties have it. */
  public String name() {
    Object value = properties.get(MemoryProvider.BACKEND);
    if (value instanceof String name && !name.isBlank()) {
      return name.strip();
    }
    throw bad(MemoryProvider.BACKEND, value, "give a name, unique among all backends");
  }

  /** The limit of bytes; see {@link #bytes}. */
  public long limitBytes(long absent) {
    return bytes(LIMIT, absent);
  }

  /** A size in bytes, as a number or with a unit k, m, g or t. */
  public long bytes(String key, long absent) {
    String text = text(key);
    return text == null ? absent : bytes(key, text, text);
  }

  /**
   * Reads a size that is a part of a value.
   *
   * @param entry the part of the value that messages show
   */
  public long bytes(String key, String sizeText, String entry) {
    Matcher size = SIZE.matcher(sizeText.toLowerCase(Locale.ROOT));
    if (size.matches()) {
      long unit =
          switch (size.group(2)) {
            case "k" -> 1L << 10;
            case "m" -> 1L << 20;
            case "g" -> 1L << 30;
            case "t" -> 1L << 40;
            default -> 1;
          };
      long count = Long.parseLong(size.group(1));
      if (count > Long.MAX_VALUE / unit) {
        throw bad(key, entry, "give less than 8388608t, or leave it out for no limit");
      }
      if (count > 0) {
        return count * unit;
      }
    }
    throw bad(key, entry, "give bytes such as 1073741824 or 1g, or leave it out for no limit");
  }

  /** A number of things. */
  public long count(String key, long absent) {
    String text = text(key);
    if (text == null) {
      return absent;
    }
    if (text.matches("[1-9]\\d{0,17}")) {
      return Long.parseLong(text);
    }
    throw bad(key, text, "give a number, at least 1, or leave it out for no limit");
  }

  /** Whether a value says {@code true}; absent is false. */
  public boolean isTrue(String key) {
    Object value = properties.get(key);
    String text = value == null ? "" : value.toString().strip().toLowerCase(Locale.ROOT);
    return switch (text) {
      case "", "false" -> false;
      case "true" -> true;
      default -> throw bad(key, value, "give true or false");
    };
  }

  /** Sizes by names: entries such as {@code cache=512m}, as an array, or separated by commas. */
  public Map<String, Long> bytesByName(String key) {
    Object value = properties.get(key);
    String[] entries =
        switch (value) {
          case null -> new String[0];
          case String[] several -> several;
          case Collection<?> several ->
              several.stream().map(String::valueOf).toArray(String[]::new);
          default -> value.toString().split(",", -1);
        };
    Map<String, Long> sizes = new HashMap<>();
    for (String entry : entries) {
      if (entry.isBlank()) {
        continue;
      }
      int equals = entry.lastIndexOf('=');
      if (equals < 1 || equals == entry.length() - 1) {
        throw bad(key, entry, "give name=512m");
      }
      sizes.put(
          entry.substring(0, equals).strip(),
          bytes(key, entry.substring(equals + 1).strip(), entry));
    }
    return sizes;
  }

  /** How long close and resize wait for open access sections. */
  public Duration sectionTimeout() {
    return millis(SECTION_TIMEOUT, Duration.ofNanos(RegionLedger.DEFAULT_SECTION_TIMEOUT_NANOS));
  }

  /** A time in milliseconds. */
  public Duration millis(String key, Duration absent) {
    String text = text(key);
    if (text == null) {
      return absent;
    }
    if (text.matches("[1-9]\\d{0,9}")) {
      return Duration.ofMillis(Long.parseLong(text));
    }
    throw bad(key, text, "give milliseconds, at least 1");
  }

  /** The keys of a provider: its own, and those that this class reads. */
  public static Set<String> keys(String... own) {
    Set<String> keys = new TreeSet<>(List.of(own));
    keys.addAll(
        List.of(
            LIMIT,
            RegionQuotas.LIMIT_REGIONS,
            RegionQuotas.OWNER_BYTES,
            RegionQuotas.OWNER_REGIONS,
            RegionQuotas.OWNERS,
            SECTION_TIMEOUT,
            RANKING,
            MemoryProvider.BACKEND,
            MemoryProvider.CAPABILITY));
    return Collections.unmodifiableSet(keys);
  }

  /**
   * Finds misspelt keys. One that is nearly a known key is a mistake like a bad value: what it was
   * to set would silently not hold. Any other unknown key is a warning, because a component's
   * properties become those of its service, where a container may want some of its own.
   *
   * @param known as {@link #keys} gives them
   * @throws IllegalArgumentException if a key is nearly a known one; the message names both
   */
  public void checkKeys(Set<String> known) {
    for (Map.Entry<String, ?> entry : properties.entrySet()) {
      String key = entry.getKey();
      if (known.contains(key) || OF_THE_CONTAINER.contains(key) || isOfAReference(key)) {
        continue;
      }
      String near = known.stream().filter(k -> isNear(key, k)).findFirst().orElse(null);
      if (near != null) {
        throw bad(key, entry.getValue(), "there is no such key; did you mean " + near + "?");
      }
      if (PREFIXES_OF_OTHERS.stream().noneMatch(key::startsWith)) {
        LOG.log(
            System.Logger.Level.WARNING,
            "{0}: the key {1} is not known, and changes nothing; known are {2}",
            pid,
            key,
            String.join(", ", known));
      }
    }
  }

  /** Declarative Services has two properties for each reference of a component. */
  private static boolean isOfAReference(String key) {
    return key.endsWith(".target") || key.endsWith(".cardinality.minimum");
  }

  /** Whether one may be a misspelling of the other. */
  private static boolean isNear(String key, String known) {
    String written = letters(key);
    String meant = letters(known);
    int longer = Math.max(written.length(), meant.length());
    return written.equals(meant)
        || longer - commonLetters(written, meant) <= Math.max(1, meant.length() / 5)
        || (written.length() >= 5 && meant.contains(written));
  }

  private static String letters(String key) {
    return key.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
  }

  /** The length of the longest common subsequence. */
  private static int commonLetters(String a, String b) {
    int[] before = new int[b.length() + 1];
    for (int i = 0; i < a.length(); i++) {
      int[] now = new int[b.length() + 1];
      for (int j = 0; j < b.length(); j++) {
        now[j + 1] = a.charAt(i) == b.charAt(j) ? before[j] + 1 : Math.max(before[j + 1], now[j]);
      }
      before = now;
    }
    return before[b.length()];
  }

  /** Refuses a ranking of another type, which the framework would take for 0 and say nothing. */
  public void checkRanking() {
    Object ranking = properties.get(RANKING);
    if (ranking != null && !(ranking instanceof Integer)) {
      throw bad(
          RANKING, ranking, "give an Integer, which in a .config file is service.ranking=I\"10\"");
    }
  }

  /** The constant that the value names, in upper or lower case. */
  public <E extends Enum<E>> E constant(String key, E absent) {
    String text = text(key);
    if (text == null) {
      return absent;
    }
    E[] constants = absent.getDeclaringClass().getEnumConstants();
    return Arrays.stream(constants)
        .filter(constant -> constant.name().equals(text.toUpperCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(() -> bad(key, text, "give one of " + Arrays.toString(constants)));
  }

  /** The value as text; null where it is absent or blank, as a form without an entry sends it. */
  public @Nullable String text(String key) {
    Object value = properties.get(key);
    if (value == null || value.toString().isBlank()) {
      return null;
    }
    if (value instanceof String || value instanceof Number) {
      return value.toString().strip();
    }
    throw bad(key, value, "give a single value");
  }

  public IllegalArgumentException bad(String key, @Nullable Object value, String nextStep) {
    return new IllegalArgumentException(pid + ": " + key + "=" + value + "; " + nextStep);
  }
}
