/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.spi.machine.MemoryCheck;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnonymousSettingsTest {
  private static final String PID = "org.dmalloc.backend.anon";

  private static AnonymousSettings read(Object... keysAndValues) {
    Map<String, Object> properties = new HashMap<>();
    properties.put("dmalloc.backend", "anon");
    properties.put("service.ranking", 0);
    for (int i = 0; i < keysAndValues.length; i += 2) {
      properties.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return AnonymousSettings.of(PID, properties);
  }

  @Test
  void nothingConfiguredMeansTheDefaults() {
    assertEquals(AnonymousSettings.defaults("anon"), read());
    assertEquals(Long.MAX_VALUE, read().quotas().bytes());
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1",
    "1073741824, 1073741824",
    "64k, 65536",
    "512M, 536870912",
    "4g, 4294967296",
    "2t, 2199023255552",
    "' 7 ', 7"
  })
  void limitsHaveUnits(String text, long bytes) {
    assertEquals(bytes, read("limit.bytes", text).quotas().bytes());
  }

  @Test
  void valuesMayBeTypedOrText() {
    assertEquals(4096, read("limit.bytes", 4096L).quotas().bytes());
    assertEquals(Duration.ofMillis(250), read("section.timeout.millis", 250L).sectionTimeout());
    assertEquals(Duration.ofMillis(250), read("section.timeout.millis", "250").sectionTimeout());
    assertEquals(MemoryCheck.OFF, read("memory.check", "off").memoryCheck());
    Set<SwapPolicy> policies = Set.of(SwapPolicy.NEVER, SwapPolicy.HUGE_PAGES);
    assertEquals(policies, read("policies", "never, huge_pages").policies());
    assertEquals(policies, read("policies", new String[] {"NEVER", "HUGE_PAGES"}).policies());
    assertEquals(policies, read("policies", List.of("NEVER", "HUGE_PAGES")).policies());
    assertEquals(Set.of(), read("policies", "").policies());
    assertEquals(Long.MAX_VALUE, read("limit.bytes", "").quotas().bytes());
  }

  @ParameterizedTest
  @CsvSource({
    "limit.bytes, 0",
    "limit.bytes, -1",
    "limit.bytes, 1.5g",
    "limit.bytes, lots",
    "limit.bytes, 99999999999999999t",
    "limit.bytes, 9999999999999999999999",
    "policies, SOMETIMES",
    "section.timeout.millis, 0",
    "section.timeout.millis, soon",
    "memory.check, maybe",
    "dmalloc.backend, ' '",
    "service.ranking, 5"
  })
  void badValuesAreRefusedByPidKeyAndValue(String key, String value) {
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> read(key, value));
    String message = refusal.getMessage();
    assertTrue(message.startsWith(PID + ": " + key + "=" + value + "; "), message);
    assertEquals(1, message.lines().count());
  }

  @Test
  void contradictingPoliciesAreRefused() {
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> read("policies", "NEVER,EARLY"));
    assertTrue(refusal.getMessage().contains("exclude each other"), refusal.getMessage());
  }

  @Test
  void aBadValueFailsTheComponentOfItsPid() {
    Map<String, Object> properties =
        Map.of("dmalloc.backend", "anon-zero", "limit.bytes", "plenty");
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> new ZeroDeviceProvider(properties));
    assertTrue(
        refusal.getMessage().startsWith("org.dmalloc.backend.anon.zero: limit.bytes=plenty; "),
        refusal.getMessage());
  }

  @Test
  void configuredDefaultsHoldForRequestsThatNameNoPolicy() throws MemoryException {
    Map<String, Object> properties =
        Map.of("dmalloc.backend", "locker", "policies", "NEVER", "limit.bytes", "1m");
    PrivateMemoryProvider provider = new PrivateMemoryProvider(properties);
    assertEquals("locker", provider.name());
    assertEquals(1 << 20, provider.statistics().limitBytes());
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(4096))) {
      assertEquals(Set.of(SwapPolicy.NEVER), region.info().policies());
      assertEquals("locker", region.info().backend());
      assertTrue(region.info().locked());
    }
    RegionRequest early = RegionRequest.ofSize(4096).withPolicies(Set.of(SwapPolicy.EARLY));
    try (MemoryRegion region = provider.allocate(early)) {
      assertEquals(Set.of(SwapPolicy.EARLY), region.info().policies());
    }
  }
}
