/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
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

    RegionImage.load(disk, PATH).resize(after, (at, length) -> {}, NameDurability.NOW);

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
      image.resize(50_000, (at, length) -> {}, NameDurability.NOW);
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

  private static SimulatedDisk put(int byteSize, NameDurability durable) throws IOException {
    SimulatedDisk disk = new SimulatedDisk(new byte[0]);
    RegionImage image =
        RegionImage.initialise(disk, byteSize, Reservation.SPARSE, null, (at, length) -> {});
    if (durable == NameDurability.NOW) {
      image.force();
    }
    return disk;
  }

  /** What the newest header that a crash left tells; −1 if there is no region. */
  private static long sizeAfter(byte[] crashed) throws IOException {
    SimulatedDisk survivor = new SimulatedDisk(crashed);
    try {
      return RegionImage.load(survivor, PATH).header().byteSize();
    } catch (MemoryException e) {
      assertFalse(HeaderCopies.isForeign(survivor), e.getMessage());
      return -1;
    }
  }

  @Test
  void aCreationThatWasNotForcedIsWholeOrNoRegion() throws Exception {
    Set<Long> sizes = new HashSet<>();
    for (byte[] crashed : put(100, NameDurability.ON_FORCE).crashes()) {
      sizes.add(sizeAfter(crashed));
    }
    assertEquals(Set.of(-1L, 100L), sizes);
  }

  @Test
  void aForcedCreationIsThere() throws Exception {
    SimulatedDisk disk = new SimulatedDisk(new byte[0]);
    RegionImage image =
        RegionImage.initialise(disk, 100, Reservation.SPARSE, null, (at, length) -> {});
    image.force();
    assertFalse(image.isUnforced());
    for (byte[] crashed : disk.crashesNow()) {
      assertEquals(100, sizeAfter(crashed));
    }
  }

  /** Sizes, then what may hold after a cut before the force; all of it is unforced. */
  @ParameterizedTest
  @CsvSource({"100, 200, 300", "100, 5000, 20000", "4096, 8192, 8193", "0, 1, 5000"})
  void growthThatWasNotForcedLeavesOneOfTheSizes(int first, int second, int third)
      throws Exception {
    SimulatedDisk disk = put(first, NameDurability.NOW);
    byte[] content = pattern(first);
    disk.write(OFFSET, content);
    disk.forget();
    RegionImage image = RegionImage.load(disk, PATH);
    image.resize(second, (at, length) -> {}, NameDurability.ON_FORCE);
    image.resize(third, (at, length) -> {}, NameDurability.ON_FORCE);
    assertTrue(image.isUnforced());
    Set<Long> sizes = new HashSet<>();
    for (byte[] crashed : disk.crashes()) {
      sizes.add(sizeAfter(crashed));
      assertKept(content, crashed);
    }
    assertEquals(Set.of((long) first, (long) second, (long) third), sizes);
    image.force();
    for (byte[] crashed : disk.crashesNow()) {
      assertEquals(third, sizeAfter(crashed));
      assertKept(content, crashed);
    }
  }

  /** The region's bytes are as they were, and those behind them zero, now and after a growth. */
  private static void assertKept(byte[] content, byte[] crashed) throws IOException {
    SimulatedDisk survivor = new SimulatedDisk(crashed);
    RegionImage image = RegionImage.load(survivor, PATH);
    int size = (int) image.header().byteSize();
    assertArrayEquals(content, survivor.copy(OFFSET, content.length));
    assertArrayEquals(
        new byte[size - content.length],
        survivor.copy(OFFSET + content.length, size - content.length));
    image.resize(50_000, (at, length) -> {}, NameDurability.ON_FORCE);
    assertArrayEquals(
        new byte[50_000 - content.length],
        survivor.copy(OFFSET + content.length, 50_000 - content.length));
  }

  @ParameterizedTest
  @CsvSource({"5000, 100, 200", "5000, 4097, 5001", "20000, 100, 9000"})
  void growthAfterAShrinkShowsNothingOfWhatWentAway(int first, int second, int third)
      throws Exception {
    SimulatedDisk disk = put(first, NameDurability.NOW);
    disk.write(OFFSET, pattern(first));
    disk.forget();
    RegionImage image = RegionImage.load(disk, PATH);
    image.resize(second, (at, length) -> {}, NameDurability.ON_FORCE);
    image.resize(third, (at, length) -> {}, NameDurability.ON_FORCE);
    for (byte[] crashed : disk.crashes()) {
      SimulatedDisk survivor = new SimulatedDisk(crashed);
      long size = sizeAfter(crashed);
      assertArrayEquals(pattern(second), survivor.copy(OFFSET, second), "size " + size);
      if (size == third) {
        assertArrayEquals(new byte[third - second], survivor.copy(OFFSET + second, third - second));
      }
    }
  }

  /** Reopened after the process died, so that nobody knows what the device has. */
  @Test
  void whoOpensAnUnforcedChangeDoesNotOverwriteTheOneThatIsDurable() throws Exception {
    for (int deaths : new int[] {1, 2, 3}) {
      SimulatedDisk disk = put(100, NameDurability.NOW);
      disk.forget();
      for (int i = 1; i <= deaths; i++) {
        RegionImage image = RegionImage.load(disk, PATH);
        image.use(10L * i);
        image.use(10L * i + 1);
      }
      Set<Long> lengths = new HashSet<>();
      for (byte[] crashed : disk.crashesNow()) {
        lengths.add(RegionImage.load(new SimulatedDisk(crashed), PATH).header().length());
      }
      assertTrue(lengths.contains(100L), lengths.toString());
      RegionImage image = RegionImage.load(disk, PATH);
      image.force();
      image.use(7); // over the copy that was made equal without a wait
      for (byte[] crashed : disk.crashesNow()) {
        long length = RegionImage.load(new SimulatedDisk(crashed), PATH).header().length();
        assertTrue(length == 7 || length == 10L * deaths + 1, "length " + length);
      }
      // The same after both copies are equal and the process has died.
      disk = put(100, NameDurability.NOW);
      disk.forget();
      image = RegionImage.load(disk, PATH);
      image.use(5);
      image.force();
      RegionImage.load(disk, PATH).use(6);
      for (byte[] crashed : disk.crashesNow()) {
        long length = RegionImage.load(new SimulatedDisk(crashed), PATH).header().length();
        assertTrue(length == 5 || length == 6, "length " + length);
      }
    }
  }

  /** Sizes; what a shrink takes away comes back only whole, with the size that had it. */
  @ParameterizedTest
  @CsvSource({"100, 20000, 9000", "100, 20000, 100", "5000, 20000, 5001", "5000, 9000, 100"})
  void aShrinkThatWasNotForcedLeavesOneOfTheSizes(int first, int second, int third)
      throws Exception {
    SimulatedDisk disk = put(first, NameDurability.NOW);
    byte[] content = pattern(first);
    disk.write(OFFSET, content);
    disk.forget();
    RegionImage image = RegionImage.load(disk, PATH);
    image.resize(second, (at, length) -> {}, NameDurability.ON_FORCE);
    image.resize(third, (at, length) -> {}, NameDurability.ON_FORCE);
    assertEquals(third >= first, image.isUnforced());
    Set<Long> possible = new HashSet<>(List.of((long) first, (long) second, (long) third));
    byte[] kept = Arrays.copyOf(content, Math.min(first, third));
    for (byte[] crashed : disk.crashes()) {
      long size = sizeAfter(crashed);
      assertTrue(possible.contains(size), "size " + size);
      assertArrayEquals(kept, new SimulatedDisk(crashed).copy(OFFSET, kept.length));
    }
    image.resize(second + 1, (at, length) -> {}, NameDurability.ON_FORCE);
    for (byte[] crashed : disk.crashesNow()) {
      long size = sizeAfter(crashed);
      assertTrue(size == third || size == second + 1, "size " + size);
      byte[] grown = new SimulatedDisk(crashed).copy(OFFSET + third, (int) size - third);
      assertArrayEquals(new byte[(int) size - third], grown);
    }
    image.force();
    for (byte[] crashed : disk.crashesNow()) {
      assertEquals(second + 1, sizeAfter(crashed));
    }
  }

  @Test
  void whatTheFileSystemForcedAsAWholeIsDurable() throws Exception {
    SimulatedDisk disk = put(100, NameDurability.ON_FORCE);
    RegionImage image = RegionImage.load(disk, PATH);
    image.resize(5000, (at, length) -> {}, NameDurability.ON_FORCE);
    RegionHeader seen = image.header();
    disk.sync();
    image.use(5); // after the device was waited for
    assertFalse(image.forced(seen));
    assertTrue(image.isUnforced());
    disk.sync();
    assertTrue(image.forced(image.header()));
    assertFalse(image.isUnforced());
    image.use(6);
    for (byte[] crashed : disk.crashesNow()) {
      long length = RegionImage.load(new SimulatedDisk(crashed), PATH).header().length();
      assertTrue(length == 5 || length == 6, "length " + length);
      assertEquals(5000, sizeAfter(crashed));
    }
  }

  /** A growth to 20000 bytes whose header got to the device, and the length did not. */
  private static SimulatedDisk withAHeaderThatDoesNotFit() throws IOException {
    SimulatedDisk disk = put(100, NameDurability.NOW);
    disk.sync();
    RegionImage.load(disk, PATH).resize(20_000, (at, length) -> {}, NameDurability.ON_FORCE);
    disk.setLength(FileLengths.of(OFFSET, 100));
    disk.forget();
    return disk;
  }

  @Test
  void aHeaderThatDidNotFitNeverHoldsOnceItIsHealed() throws Exception {
    SimulatedDisk disk = withAHeaderThatDoesNotFit();
    RegionImage image = RegionImage.load(disk, PATH);
    assertEquals(100, image.header().byteSize());
    assertTrue(image.isAiling());
    image.heal();
    assertFalse(image.isAiling());
    image.doubt();
    image.resize(30_000, (at, length) -> {}, NameDurability.ON_FORCE);
    Set<Long> sizes = new HashSet<>();
    for (byte[] crashed : disk.crashes()) {
      sizes.add(sizeAfter(crashed));
    }
    assertEquals(Set.of(100L, 30_000L), sizes);
  }

  @Test
  void onlyACopyThatIsDamagedOrDoesNotFitAils() throws Exception {
    SimulatedDisk disk = put(100, NameDurability.NOW);
    assertFalse(RegionImage.load(disk, PATH).isAiling());
    RegionImage.load(disk, PATH).use(7);
    assertFalse(RegionImage.load(disk, PATH).isAiling());
    disk.write(RegionHeader.COPY_POSITIONS[0] + 300, new byte[] {1});
    RegionImage image = RegionImage.load(disk, PATH);
    assertTrue(image.isAiling());
    image.heal();
    assertFalse(image.isAiling());
  }

  /** Blocks may be smaller than a page: a cut at the last byte gives up those behind it. */
  @ParameterizedTest
  @CsvSource({"100, 200", "100, 5000", "4096, 4097", "0, 1"})
  void spaceIsTakenFromTheLastByteOn(int before, int after) throws Exception {
    SimulatedDisk disk = put(before, NameDurability.NOW);
    List<List<Long>> taken = new ArrayList<>();
    RegionImage.load(disk, PATH)
        .resize(after, (at, length) -> taken.add(List.of(at, at + length)), NameDurability.NOW);
    long end = FileLengths.of(OFFSET, after);
    assertEquals(List.of(List.of((long) OFFSET + before, end)), taken);
  }

  @Test
  void aLengthGoesWithTheSize() throws Exception {
    SimulatedDisk disk = put(0, NameDurability.NOW);
    RegionImage image = RegionImage.load(disk, PATH);
    image.resize(5000, (at, length) -> {}, NameDurability.NOW);
    assertEquals(5000, RegionImage.load(disk, PATH).header().length());
    image.use(4000);
    image.resize(6000, (at, length) -> {}, NameDurability.NOW);
    assertEquals(4000, RegionImage.load(disk, PATH).header().length());
    image.resize(3000, (at, length) -> {}, NameDurability.NOW);
    image.resize(0, (at, length) -> {}, NameDurability.NOW);
    image.resize(100, (at, length) -> {}, NameDurability.NOW);
    assertEquals(0, RegionImage.load(disk, PATH).header().length());
    for (byte[] crashed : disk.crashesNow()) {
      assertEquals(100, sizeAfter(crashed));
    }
  }

  @Test
  void holesAreNotedBeforeTheyAreMade() throws Exception {
    for (boolean given : new boolean[] {true, false}) {
      SimulatedDisk disk = new SimulatedDisk(new byte[0]);
      RegionImage image =
          RegionImage.initialise(disk, 100, Reservation.RESERVED, null, (at, length) -> {});
      if (!given) {
        image.noteHoles(true);
      }
      byte[] content = pattern(100);
      disk.write(OFFSET, content);
      disk.forget();

      image.noteHoles(given);

      assertEquals(given, image.header().hasHoles());
      Set<Boolean> found = new HashSet<>();
      for (byte[] crashed : disk.crashes()) {
        SimulatedDisk survivor = new SimulatedDisk(crashed);
        RegionImage after = RegionImage.load(survivor, PATH);
        assertEquals(Reservation.RESERVED, after.header().reservation());
        found.add(after.header().hasHoles());
        assertArrayEquals(content, survivor.copy(OFFSET, 100));
        after.heal();
        assertEquals(List.of(), after.flaws());
      }
      assertEquals(Set.of(true, false), found);
      for (byte[] crashed : disk.crashesNow()) { // before anything is given up
        RegionImage after = RegionImage.load(new SimulatedDisk(crashed), PATH);
        assertEquals(given, after.header().hasHoles());
      }
    }
  }

  private static byte[] pattern(int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) 0x5a);
    return bytes;
  }
}
