/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.Reservation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A device that refuses each single write, cut or sync of a change in turn: what was thrown, what
 * the region goes on with and what the next opening finds are one.
 */
final class FailedHeaderWriteTest {
  private static final Path PATH = Path.of("simulated");
  private static final int OFFSET = (int) RegionImage.DATA_OFFSET;

  /** More changes of the file than any of these calls makes. */
  private static final int CHANGES = 12;

  private static SimulatedDisk disk(int byteSize) throws IOException {
    SimulatedDisk disk = new SimulatedDisk(new byte[0]);
    RegionImage.initialise(disk, byteSize, Reservation.SPARSE, null, (at, length) -> {});
    disk.write(OFFSET, content(byteSize));
    disk.forget();
    return disk;
  }

  private static byte[] content(int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) 0x5a);
    return bytes;
  }

  private static long found(byte[] file) throws IOException {
    return RegionImage.load(new SimulatedDisk(file), PATH).header().byteSize();
  }

  private static long found(SimulatedDisk disk) throws IOException {
    return RegionImage.load(disk, PATH).header().byteSize();
  }

  @ParameterizedTest
  @CsvSource({"100, 5000", "5000, 100", "4096, 8192", "8192, 4096", "5000, 5001", "5001, 5000"})
  void aSizeIsThrownBackOrHolds(int before, int after) throws Exception {
    boolean threw = false;
    boolean leftUndone = false;
    for (boolean madeEvenSo : new boolean[] {true, false}) {
      for (int good = 0; good < CHANGES; good++) {
        String which = good + (madeEvenSo ? " made even so" : "");
        SimulatedDisk disk = disk(before);
        RegionImage image = RegionImage.load(disk, PATH);
        disk.failAfter(good, 1, madeEvenSo);
        long now = after;
        try {
          leftUndone |= image.resize(after, (at, length) -> {}, NameDurability.NOW) != null;
        } catch (IOException e) {
          threw = true;
          now = before;
        }
        disk.failAfter(Integer.MAX_VALUE, 0, false);
        assertEquals(now, image.header().byteSize(), which);
        assertEquals(now, found(disk), which);
        for (byte[] crashed : disk.crashesNow()) {
          assertEquals(now, found(crashed), which);
        }
        byte[] kept = content((int) Math.min(before, now));
        assertArrayEquals(kept, disk.copy(OFFSET, kept.length), which);

        // Life goes on, and what failed is tidied.
        assertEquals(null, image.resize(20_000, (at, length) -> {}, NameDurability.NOW), which);
        assertEquals(20_000, found(disk), which);
        assertArrayEquals(kept, disk.copy(OFFSET, kept.length), which);
        assertArrayEquals(
            new byte[20_000 - (int) now], disk.copy(OFFSET + (int) now, 20_000 - (int) now), which);
        assertEquals(List.of(), image.flaws(), which);
        assertEquals(0, image.surplusBytes(), which);
      }
    }
    assertTrue(threw && leftUndone);
  }

  @ParameterizedTest
  @CsvSource({"100, 5000", "5000, 100"})
  void aDeviceThatStaysBrokenLeavesNoDoubt(int before, int after) throws Exception {
    for (boolean madeEvenSo : new boolean[] {true, false}) {
      for (int good = 0; good < CHANGES; good++) {
        String which = good + (madeEvenSo ? " made even so" : "");
        SimulatedDisk disk = disk(before);
        RegionImage image = RegionImage.load(disk, PATH);
        disk.failAfter(good, Integer.MAX_VALUE, madeEvenSo);
        boolean threw = false;
        try {
          image.resize(after, (at, length) -> {}, NameDurability.NOW);
        } catch (IOException e) {
          threw = true;
        }
        disk.failAfter(Integer.MAX_VALUE, 0, false);
        assertEquals(threw ? before : after, image.header().byteSize(), which);
        assertArrayEquals(content(100), disk.copy(OFFSET, 100), which);
        image.settle(); // before anything is claimed of it: StoreFile.checkLength
        assertEquals(threw ? before : after, found(disk), which);
        for (byte[] crashed : disk.crashesNow()) {
          assertEquals(threw ? before : after, found(crashed), which);
        }
      }
    }
  }

  @Test
  void untilAWithdrawnHeaderIsWrittenOverNothingElseIsChanged() throws Exception {
    SimulatedDisk disk = disk(5000);
    RegionImage image = RegionImage.load(disk, PATH);
    disk.failAfter(1, Integer.MAX_VALUE, true); // the copy is written; no sync
    assertThrows(
        IOException.class, () -> image.resize(100, (at, length) -> {}, NameDurability.NOW));
    assertThrows(IOException.class, image::settle);
    assertThrows(
        IOException.class, () -> image.resize(100, (at, length) -> {}, NameDurability.NOW));
    assertThrows(IOException.class, () -> image.note(null));
    disk.failAfter(Integer.MAX_VALUE, 0, false);
    image.settle();
    assertEquals(5000, found(disk));
  }

  @Test
  void aNoteThatFailsStandsOnlyIfTheHeaderSaysSo() throws Exception {
    HandOver note =
        HandOver.of(HandOver.Role.LEAVING, new UUID(1, 2), Path.of("/elsewhere/r.region"));
    for (int good = 0; good < 3; good++) {
      SimulatedDisk disk = disk(100);
      RegionImage image = RegionImage.load(disk, PATH);
      disk.failAfter(good, 1, true);
      assertThrows(IOException.class, () -> image.note(note));
      assertEquals(good < 2 ? null : note, image.header().handOver());
      for (byte[] crashed : disk.crashesNow()) {
        assertEquals(
            image.header().handOver(),
            RegionImage.load(new SimulatedDisk(crashed), PATH).header().handOver(),
            "failing change " + good);
      }
    }
  }

  private static void assertFound(long byteSize, SimulatedDisk disk) throws IOException {
    for (byte[] crashed : disk.crashesNow()) {
      assertEquals(byteSize, found(crashed));
    }
  }

  @ParameterizedTest
  @CsvSource({"1", "2"})
  void aCreationThatTheDeviceLostIsWrittenAgainByTheNextForce(int failures) throws Exception {
    SimulatedDisk disk = new SimulatedDisk(new byte[0]);
    RegionImage image =
        RegionImage.initialise(disk, 100, Reservation.SPARSE, null, (at, length) -> {});
    disk.loseAtSync(failures);
    for (int i = 0; i < failures; i++) {
      assertThrows(IOException.class, image::force);
      assertTrue(image.isUnforced());
    }
    image.force();
    assertFound(100, disk);
    for (byte[] crashed : disk.crashesNow()) {
      assertEquals(List.of(), RegionImage.load(new SimulatedDisk(crashed), PATH).flaws());
    }
  }

  @Test
  void aChangeThatTheDeviceLostIsWrittenAgainAndTheDurableOneStaysUntilThen() throws Exception {
    SimulatedDisk disk = disk(100);
    RegionImage image = RegionImage.load(disk, PATH);
    image.resize(5000, (at, length) -> {}, NameDurability.ON_FORCE);
    disk.loseAtSync(2);
    assertThrows(IOException.class, image::force);
    assertFound(100, disk);
    assertThrows(IOException.class, image::force);
    for (byte[] crashed : disk.crashes()) {
      found(crashed); // one of them is always there
    }
    image.force();
    assertFound(5000, disk);
    image.use(7); // over the other copy
    assertFound(5000, disk);
  }

  @Test
  void aLengthThatTheDeviceLostIsWrittenAgain() throws Exception {
    SimulatedDisk disk = disk(100);
    RegionImage image = RegionImage.load(disk, PATH);
    image.use(7);
    disk.loseAtSync(1);
    assertThrows(IOException.class, image::force);
    image.force();
    for (byte[] crashed : disk.crashesNow()) {
      assertEquals(7, RegionImage.load(new SimulatedDisk(crashed), PATH).header().length());
    }
  }

  @Test
  void whatTheFileSystemForcedAfterALossIsNotTakenForDurable() throws Exception {
    SimulatedDisk disk = disk(100);
    RegionImage image = RegionImage.load(disk, PATH);
    image.resize(5000, (at, length) -> {}, NameDurability.ON_FORCE);
    disk.loseAtSync(1);
    assertThrows(IOException.class, image::force);
    RegionHeader seen = image.header();
    disk.sync(); // of what was written again: nothing
    disk.loseAtSync(1);
    assertThrows(IOException.class, () -> image.forced(seen));
    assertTrue(image.isUnforced());
    assertTrue(image.forced(seen));
    assertFound(5000, disk);
  }

  /** Before it grows after a shrink, a region waits for the device; that may fail, too. */
  @Test
  void aLossBeforeAGrowthIsMadeUpForByTheNextOne() throws Exception {
    SimulatedDisk disk = disk(5000);
    RegionImage image = RegionImage.load(disk, PATH);
    image.resize(20_000, (at, length) -> {}, NameDurability.ON_FORCE);
    image.resize(6000, (at, length) -> {}, NameDurability.ON_FORCE);
    disk.loseAtSync(1);
    assertThrows(
        IOException.class, () -> image.resize(9000, (at, length) -> {}, NameDurability.ON_FORCE));
    image.resize(9000, (at, length) -> {}, NameDurability.ON_FORCE);
    for (byte[] crashed : disk.crashesNow()) {
      long size = found(crashed);
      assertTrue(size == 6000 || size == 9000, "size " + size);
    }
  }

  /** To take space by zeros waits for the device, and may be told of the header's loss. */
  @Test
  void aLossThatTheReservationIsToldOfIsMadeUpFor() throws Exception {
    SimulatedDisk disk = disk(100);
    RegionImage image = RegionImage.load(disk, PATH);
    image.resize(5000, (at, length) -> {}, NameDurability.ON_FORCE);
    disk.loseAtSync(1);
    assertThrows(
        IOException.class,
        () -> image.resize(9000, (at, length) -> disk.sync(), NameDurability.ON_FORCE));
    image.force();
    assertFound(5000, disk);
  }

  /** The copies look equal, as the kernel takes for written what it could not write. */
  @Test
  void aLossWhileItWasHealedIsHealedByTheNextOpening() throws Exception {
    SimulatedDisk disk = disk(100);
    RegionImage.load(disk, PATH).resize(20_000, (at, length) -> {}, NameDurability.ON_FORCE);
    disk.setLength(FileLengths.of(OFFSET, 100)); // the device has not got that
    disk.forget();
    RegionImage image = RegionImage.load(disk, PATH);
    int syncs = 1; // the second one is for the copy that does not fit
    disk.loseAfter(syncs, 1);
    assertThrows(IOException.class, image::heal);
    image = RegionImage.load(disk, PATH);
    assertTrue(image.isAiling());
    image.heal();
    assertFalse(image.isAiling());
    image.resize(30_000, (at, length) -> {}, NameDurability.ON_FORCE);
    for (byte[] crashed : disk.crashesNow()) {
      long size = found(crashed);
      assertTrue(size == 100 || size == 30_000, "size " + size);
    }
  }

  @Test
  void aHeaderThatWasDroppedFromMemoryIsWrittenAgain() throws Exception {
    SimulatedDisk disk = disk(100);
    RegionImage image = RegionImage.load(disk, PATH);
    image.resize(5000, (at, length) -> {}, NameDurability.ON_FORCE);
    RegionHeader noted = image.header();
    byte[] durable = disk.copy((int) RegionHeader.COPY_POSITIONS[0], RegionHeader.BYTES);
    disk.loseAtSync(1);
    assertThrows(IOException.class, image::force);
    for (long position : RegionHeader.COPY_POSITIONS) {
      disk.write(position, durable);
    }
    disk.forget();
    HeaderCopies.rewrite(disk, noted);
    RegionImage.load(disk, PATH).heal();
    assertFound(5000, disk);
    RegionImage.load(disk, PATH).resize(6000, (at, length) -> {}, NameDurability.NOW);
    HeaderCopies.rewrite(disk, noted); // what is newer stays
    assertFound(6000, disk);
  }

  @Test
  void whoMayNotWriteIsToldOfALossUntilItIsMadeUpFor() throws Exception {
    SimulatedDisk disk = disk(100);
    RegionImage image = RegionImage.load(disk, PATH);
    image.use(7);
    disk.loseAtSync(1);
    assertThrows(IOException.class, image::force);
    RegionImage reader = RegionImage.load(disk, PATH);
    for (int i = 0; i < 2; i++) {
      reader.doubt();
      assertThrows(IOException.class, () -> reader.forceAsItIs(PATH));
      assertEquals(1, reader.flaws().size());
    }
    RegionImage.load(disk, PATH).heal();
    reader.forceAsItIs(PATH);
    assertEquals(List.of(), reader.flaws());
  }
}
