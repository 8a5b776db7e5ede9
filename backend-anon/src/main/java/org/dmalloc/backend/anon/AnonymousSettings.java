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
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.spi.machine.MemoryCheck;
import org.dmalloc.spi.region.ConfigurationReader;
import org.dmalloc.spi.region.RegionLedger;
import org.dmalloc.spi.region.RegionQuotas;

/**
 * A provider's configuration; {@link AnonymousConfiguration} describes it to administrators.
 *
 * @param name the provider's name
 * @param quotas what open regions may have
 * @param policies swap policies of regions whose request names none
 * @param sectionTimeout how long close and resize wait for open access sections
 * @param memoryCheck what to do about a request to fill more memory than there is
 */
record AnonymousSettings(
    String name,
    RegionQuotas quotas,
    Set<SwapPolicy> policies,
    Duration sectionTimeout,
    MemoryCheck memoryCheck) {

  static final String POLICIES = "policies";
  static final String MEMORY_CHECK = "memory.check";
  static final Set<String> KEYS = ConfigurationReader.keys(POLICIES, MEMORY_CHECK);

  /** The settings of a provider without a configuration. */
  static AnonymousSettings defaults(String name) {
    return new AnonymousSettings(
        name,
        RegionQuotas.NONE,
        Set.of(),
        Duration.ofNanos(RegionLedger.DEFAULT_SECTION_TIMEOUT_NANOS),
        MemoryCheck.REFUSE);
  }

  static AnonymousSettings of(String pid, Map<String, ?> properties) {
    ConfigurationReader reader = new ConfigurationReader(pid, properties);
    AnonymousSettings defaults = defaults(reader.name());
    reader.checkRanking();
    reader.checkKeys(KEYS);
    return new AnonymousSettings(
        defaults.name,
        RegionQuotas.of(reader),
        policies(reader),
        reader.sectionTimeout(),
        reader.constant(MEMORY_CHECK, defaults.memoryCheck));
  }

  private static Set<SwapPolicy> policies(ConfigurationReader reader) {
    EnumSet<SwapPolicy> policies = EnumSet.noneOf(SwapPolicy.class);
    for (String name : names(reader)) {
      try {
        policies.add(SwapPolicy.valueOf(name.toUpperCase(Locale.ROOT)));
      } catch (IllegalArgumentException e) {
        throw reader.bad(POLICIES, name, "give some of " + Arrays.toString(SwapPolicy.values()));
      }
    }
    try {
      return RegionRequest.ofSize(1).withPolicies(policies).policies();
    } catch (IllegalArgumentException contradiction) {
      throw reader.bad(POLICIES, policies, String.valueOf(contradiction.getMessage()));
    }
  }

  /** Several names come as an array, as a collection, or in one line with commas. */
  private static List<String> names(ConfigurationReader reader) {
    Object value = reader.properties().get(POLICIES);
    return switch (value) {
      case null -> List.of();
      case String[] array -> List.of(array);
      case Collection<?> many -> many.stream().map(String::valueOf).toList();
      case String line ->
          Arrays.stream(line.split(",", -1)).map(String::strip).filter(s -> !s.isEmpty()).toList();
      default -> throw reader.bad(POLICIES, value, "give names, separated by commas");
    };
  }
}
