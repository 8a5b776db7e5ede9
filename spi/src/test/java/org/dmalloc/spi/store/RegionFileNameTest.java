/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import org.dmalloc.api.Reservation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RegionFileNameTest {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_%-][A-Za-z0-9._%-]*\\.region");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "orders",
        "a b",
        "..",
        ".",
        ".hidden",
        "a/b\\c",
        "100%",
        "%41",
        "ünïcödé",
        "注文",
        "🦉",
        "a.region",
        "x:y*z?\"<>|",
        "-rf",
        "~",
        "$HOME",
        "CON",
        "a\u0301",
        " ",
        "ı"
      })
  void oddNamesSurviveARoundTripThroughTheStore(String name, @TempDir Path directory)
      throws Exception {
    String file = RegionFileName.of(name);
    assertTrue(PLAIN.matcher(file).matches(), file);
    assertEquals(Optional.of(name), RegionFileName.parse(file));

    RegionStore store = RegionStore.open(directory);
    store.create(name, 1, Reservation.SPARSE, SpaceReserver.SPARSE, "test").close();
    assertEquals(name, store.list().getFirst().name());
    store.open(name, OpenMode.WRITER, "test").close();
    store.delete(name);
    assertEquals(0, store.list().size());
  }

  @Test
  void theLongestNameFitsAFileName() {
    String file = RegionFileName.of("é".repeat(40));
    assertEquals(247, file.length());
    assertEquals(Optional.of("é".repeat(40)), RegionFileName.parse(file));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a%2fb.region", // lower case
        "%41.region", // escaped without need
        ".a.region", // hidden
        "a b.region",
        "%.region",
        "%4.region",
        "%ZZ.region",
        "%FF.region", // not UTF-8
        "é.region",
        ".region",
        "12.region",
        "a"
      })
  void fileNamesThatItNeverWritesStandForNoRegion(String file) {
    assertEquals(Optional.empty(), RegionFileName.parse(file));
  }
}
