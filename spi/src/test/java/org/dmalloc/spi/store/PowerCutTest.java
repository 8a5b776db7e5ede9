/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.dmalloc.api.Reservation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Cuts the power at every point of a resize. What was written before the last sync is on the disk;
 * of what came after it any subset is, each write whole or torn in the middle.
 */
final class PowerCutTest {
  private static final Path PATH = Path.of("simulated");
  private static final int OFFSET = (int) RegionImage.DATA_OFFSET;

  @ParameterizedTest
  @CsvSource({
    "100, 200",
    "100, 5000",
    "5000, 100",
    "4096, 8192",
    "8192, 4096",
    "1, 40000",
    "40000, 1",
    "5000, 5001",
    "5001, 5000"
  })
  void leavesTheOldOrTheNewSize(int before, int after) throws Exception {
    SimulatedDisk disk = new SimulatedDisk(new byte[0]);
    RegionImage.initialise(disk, before, Reservation.SPARSE, null, (at, length) -> {});
    byte[] content = pattern(before);
    disk.write(OFFSET, content);
    disk.forget();

    RegionImage.load(disk, PATH).resize(after, (at, length) -> {});

    Set<Long> sizes = new HashSet<>();
    List<byte[]> crashes = disk.crashes();
    assertTrue(crashes.size() > 10, "crashes tried: " + crashes.size());
    for (byte[] crashed : crashes) {
      SimulatedDisk survivor = new SimulatedDisk(crashed);
      RegionImage image = RegionImage.load(survivor, PATH);
      long size = image.header().byteSize();
      sizes.add(size);
      assertTrue(size == before || size == after, "size " + size);
      int kept = Math.min(before, (int) size);
      assertArrayEquals(Arrays.copyOf(content, kept), survivor.copy(OFFSET, kept));

      // Life goes on: healed, and what a later growth shows is zero.
      image.heal();
      assertEquals(List.of(), image.flaws());
      image.resize(50_000, (at, length) -> {});
      assertArrayEquals(Arrays.copyOf(content, kept), survivor.copy(OFFSET, kept));
      for (byte b : survivor.copy(OFFSET + (int) size, 50_000 - (int) size)) {
        assertEquals(0, b);
      }
      assertEquals(0, image.surplusBytes());
    }
    assertEquals(Set.of((long) before, (long) after), sizes);
  }

  @Test
  void leavesTheNoteOfAMoveWholeOrNotAtAll() throws Exception {
    HandOver note =
        HandOver.of(HandOver.Role.LEAVING, new UUID(1, 2), Path.of("/elsewhere/r.region"));
    for (boolean begins : new boolean[] {true, false}) {
      SimulatedDisk disk = new SimulatedDisk(new byte[0]);
      RegionImage image =
          RegionImage.initialise(
              disk, 100, Reservation.SPARSE, begins ? null : note, (at, length) -> {});
      byte[] content = pattern(100);
      disk.write(OFFSET, content);
      disk.forget();

      image.note(begins ? note : null);

      Set<Boolean> found = new HashSet<>();
      for (byte[] crashed : disk.crashes()) {
        SimulatedDisk survivor = new SimulatedDisk(crashed);
        RegionImage after = RegionImage.load(survivor, PATH);
        HandOver now = after.header().handOver();
        assertTrue(now == null || now.equals(note), String.valueOf(now));
        found.add(now != null);
        assertArrayEquals(content, survivor.copy(OFFSET, 100));
        after.heal();
        assertEquals(List.of(), after.flaws());
      }
      assertEquals(Set.of(true, false), found);
    }
  }

  private static byte[] pattern(int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) 0x5a);
    return bytes;
  }
}
