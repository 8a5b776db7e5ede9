/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.dmalloc.api.Sharing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileChannelSettingsTest {
  @TempDir Path directory;

  @Test
  void whatIsAbsentHasItsDefault() {
    Path state = directory.resolve("state");
    FileChannelSettings settings = read(Map.of(), state.toString());
    assertEquals("filechannel", settings.name());
    assertEquals(state, settings.store().directory());
    assertEquals(Long.MAX_VALUE, settings.quotas().bytes());
    assertEquals(Sharing.SHARED, settings.sharing());
    assertEquals(Duration.ofSeconds(10), settings.sectionTimeout());
    assertTrue(Files.notExists(state), "created when needed");
  }

  @Test
  void everyValueIsRead() {
    FileChannelSettings settings =
        read(
            Map.of(
                "dmalloc.backend", "disk2",
                "directory", directory.toString(),
                "limit.bytes", "1g",
                "sharing", "PRIVATE",
                "section.timeout.millis", "200",
                "service.ranking", 3),
            "/ignored");
    assertEquals("disk2", settings.name());
    assertEquals(directory, settings.store().directory());
    assertEquals(1L << 30, settings.quotas().bytes());
    assertEquals(Sharing.PRIVATE, settings.sharing());
    assertEquals(Duration.ofMillis(200), settings.sectionTimeout());
  }

  @Test
  void badValuesNamePidKeyAndValue() throws Exception {
    assertRefused("directory", directory.resolve("missing").toString());
    assertRefused("directory", Files.createFile(directory.resolve("file")).toString());
    assertRefused("directory", "nul\0");
    assertRefused("limit.bytes", "much");
    assertRefused("sharing", "both");
    assertRefused("section.timeout.millis", "0");
    assertRefused("service.ranking", "3");
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> read(Map.of(), directory.resolve("file").toString()));
    assertTrue(String.valueOf(e.getMessage()).contains(": dmalloc.directory="), e.getMessage());
  }

  private void assertRefused(String key, String value) {
    String message =
        String.valueOf(
            assertThrows(
                    IllegalArgumentException.class,
                    () -> read(Map.of(key, value), directory.toString()))
                .getMessage());
    assertTrue(
        message.startsWith("org.dmalloc.backend.filechannel: " + key + "=" + value + "; "),
        message);
  }

  private static FileChannelSettings read(Map<String, Object> configured, String defaultDirectory) {
    Map<String, Object> properties = new HashMap<>(Map.of("dmalloc.backend", "filechannel"));
    properties.putAll(configured);
    return FileChannelSettings.of(FileChannelProvider.PID, properties, defaultDirectory);
  }
}
