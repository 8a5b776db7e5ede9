/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.dmalloc.api.Sharing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ConfigurationReaderTest {
  @ParameterizedTest
  @CsvSource({
    "1, 1",
    "4096, 4096",
    "1k, 1024",
    "512m, 536870912",
    "' 4G ', 4294967296",
    "1t, 1099511627776",
    "8388607t, 9223370937343148032"
  })
  void sizesHaveUnits(String text, long bytes) {
    assertEquals(bytes, reader("limit.bytes", text).limitBytes(7));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "1.5g", "g", "1 g", "1kb", "8388608t", "9999999999999999999"})
  void badSizesAreRefused(String text) {
    assertRefused("limit.bytes", text, () -> reader("limit.bytes", text).limitBytes(7));
  }

  @Test
  void absentAndBlankHaveTheDefault() {
    assertEquals(7, reader("other", "x").limitBytes(7));
    assertEquals(7, reader("limit.bytes", " ").limitBytes(7));
    assertEquals(Duration.ofSeconds(10), reader("other", "x").sectionTimeout());
    assertEquals(Sharing.SHARED, reader("sharing", "").constant("sharing", Sharing.SHARED));
  }

  @Test
  void valuesMayBeTyped() {
    assertEquals(5, new ConfigurationReader("p", Map.of("limit.bytes", 5L)).limitBytes(7));
    assertEquals(
        Duration.ofMillis(200),
        new ConfigurationReader("p", Map.of("section.timeout.millis", 200)).sectionTimeout());
    assertEquals(Sharing.PRIVATE, reader("sharing", "private").constant("sharing", Sharing.SHARED));
    assertEquals("disk2", reader("dmalloc.backend", "disk2").name());
    new ConfigurationReader("p", Map.of("service.ranking", 5)).checkRanking();
  }

  @Test
  void badValuesNamePidKeyAndValue() {
    assertRefused(
        "sharing", "both", () -> reader("sharing", "both").constant("sharing", Sharing.SHARED));
    assertRefused("service.ranking", "5", () -> reader("service.ranking", "5").checkRanking());
    assertRefused(
        "section.timeout.millis",
        "soon",
        () -> reader("section.timeout.millis", "soon").sectionTimeout());
    assertRefused("dmalloc.backend", " ", () -> reader("dmalloc.backend", " ").name());
    assertRefused(
        "limit.bytes",
        "[1, 2]",
        () -> new ConfigurationReader("p", Map.of("limit.bytes", List.of(1, 2))).limitBytes(7));
  }

  private static void assertRefused(String key, String value, Executable read) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, read).getMessage());
    assertTrue(message.startsWith("p: " + key + "=" + value + "; "), message);
  }

  private static ConfigurationReader reader(String key, String value) {
    return new ConfigurationReader("p", Map.of(key, value));
  }

  @ParameterizedTest
  @CsvSource({
    "limit.byte, limit.bytes",
    "limit_bytes, limit.bytes",
    "limt.bytes, limit.bytes",
    "Limit.Bytes, limit.bytes",
    "section.timeout, section.timeout.millis",
    "service.rankng, service.ranking",
    "dmalloc.backed, dmalloc.backend",
    "directoy, directory"
  })
  void aMisspeltKeyIsAMistake(String key, String meant) {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new ConfigurationReader("org.x", Map.of(key, "4g"))
                    .checkKeys(ConfigurationReader.keys("directory")));
    assertEquals(
        "org.x: " + key + "=4g; there is no such key; did you mean " + meant + "?", e.getMessage());
  }

  @Test
  void keysOfTheContainerAndOfOthersAreNoMistake() {
    new ConfigurationReader(
            "org.x",
            Map.of(
                "limit.bytes", "4g",
                "directory", "/x",
                "service.pid", "org.x",
                "component.name", "x",
                "Directory.target", "(x=y)",
                "Directory.cardinality.minimum", 1,
                "felix.fileinstall.filename", "x",
                "rack", "3"))
        .checkKeys(ConfigurationReader.keys("directory"));
  }
}
