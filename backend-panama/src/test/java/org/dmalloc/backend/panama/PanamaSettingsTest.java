/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.RegionRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PanamaSettingsTest {
  @TempDir Path directory;

  @Test
  void whatIsAbsentHasItsDefault() {
    PanamaSettings settings =
        PanamaSettings.of(
            with(Map.of("service.ranking", 20, "limit.bytes", " ")), directory.toString());
    assertEquals("panama", settings.name());
    assertEquals(directory, settings.store().directory());
    assertEquals(Long.MAX_VALUE, settings.quotas().bytes());
    assertEquals(AccessPattern.AUTO, settings.pattern());
    assertEquals(Duration.ofSeconds(10), settings.sectionTimeout());
  }

  @Test
  void valuesMayBeTextOrTyped() throws Exception {
    Path disk = Files.createDirectory(directory.resolve("disk2"));
    PanamaSettings settings =
        PanamaSettings.of(
            Map.of(
                "dmalloc.backend", "disk2",
                "directory", disk.toString(),
                "limit.bytes", "20g",
                "pattern", "random",
                "section.timeout.millis", 500L),
            "/nowhere");
    assertEquals("disk2", settings.name());
    assertEquals(disk, settings.store().directory());
    assertEquals(20L << 30, settings.quotas().bytes());
    assertEquals(AccessPattern.RANDOM, settings.pattern());
    assertEquals(Duration.ofMillis(500), settings.sectionTimeout());
    assertEquals(
        4096,
        PanamaSettings.of(with(Map.of("limit.bytes", 4096L)), directory.toString())
            .quotas()
            .bytes());
  }

  @Test
  void theDefaultDirectoryIsNotMadeBeforeItIsNeeded() throws Exception {
    Path later = directory.resolve("later");
    PanamaProvider provider =
        new PanamaProvider(PanamaSettings.of(with(Map.of()), later.toString()));
    assertTrue(provider.stored().isEmpty());
    assertTrue(Files.notExists(later));
    provider.allocate(RegionRequest.ofSize(1)).close();
    assertTrue(Files.isDirectory(later));
  }

  @ParameterizedTest
  @CsvSource({
    "limit.bytes, 0",
    "limit.bytes, -1",
    "limit.bytes, lots",
    "limit.bytes, 9999999999t",
    "pattern, zigzag",
    "section.timeout.millis, 0",
    "section.timeout.millis, soon",
    "service.ranking, 20",
    "directory, /no/such/directory",
  })
  void aBadValueIsNamedWithPidAndKey(String key, String value) {
    Map<String, Object> properties = new HashMap<>(with(Map.of()));
    properties.put("service.pid", "org.dmalloc.backend.panama~disk2");
    properties.put(key, value);
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> PanamaSettings.of(properties, directory.toString()));
    String message = String.valueOf(e.getMessage());
    assertTrue(
        message.startsWith("org.dmalloc.backend.panama~disk2: " + key + "=" + value + "; "),
        message);
  }

  @Test
  void aDirectoryThatIsAFileIsRefused() throws Exception {
    Path file = Files.createFile(directory.resolve("file"));
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> PanamaSettings.of(with(Map.of("directory", file.toString())), null));
    assertTrue(String.valueOf(e.getMessage()).contains("not a directory"), e.getMessage());
  }

  /** As the component has them: its own properties under those of the configuration. */
  private static Map<String, Object> with(Map<String, Object> configuration) {
    Map<String, Object> properties = new HashMap<>(configuration);
    properties.putIfAbsent("dmalloc.backend", "panama");
    return properties;
  }
}
