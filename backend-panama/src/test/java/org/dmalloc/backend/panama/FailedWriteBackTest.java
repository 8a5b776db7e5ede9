/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import org.dmalloc.api.Access;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.testkit.ThinFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Pages that the kernel could not write: it tells of that once, and takes them for clean. */
@Timeout(120)
class FailedWriteBackTest {
  private static final long MIB = 1L << 20;
  private static final long PAGE = 4096;
  private static final long SIZE = 64 * MIB;
  private static final int ENOSPC = 28;

  @TempDir Path directory;

  private static PanamaProvider provider(Path directory) throws MemoryException {
    return new PanamaProvider(PanamaSettings.in(RegionStore.open(directory)));
  }

  private ThinFileSystem thin() throws Exception {
    return ThinFileSystem.mount(directory, 128 * MIB, 40 * MIB);
  }

  private static void store(MemoryRegion region, long seed) {
    try (Access access = region.acquire()) {
      for (long at = 0; at < SIZE; at += PAGE) {
        access.segment().set(JAVA_LONG, at, at + seed);
      }
    }
  }

  private static long wrongPages(MemoryRegion region, long seed) {
    long wrong = 0;
    try (Access access = region.acquire()) {
      for (long at = 0; at < SIZE; at += PAGE) {
        wrong += access.segment().get(JAVA_LONG, at) == at + seed ? 0 : 1;
      }
    }
    return wrong;
  }

  private static void assertRefused(Executable call) {
    MemoryException e = assertThrows(MemoryException.class, call);
    assertTrue(String.valueOf(e.getMessage()).contains("ENOSPC (28)"), e.getMessage());
  }

  private static List<StoreFinding> errors(PanamaProvider provider) throws MemoryException {
    return provider.verify().stream()
        .filter(finding -> finding.severity() == StoreFinding.Severity.ERROR)
        .toList();
  }

  @Test
  void aFailureSticksUntilEveryPageIsProvenToBeOnTheDevice() throws Exception {
    for (Reservation reservation : Reservation.values()) {
      try (ThinFileSystem disk = thin()) {
        PanamaProvider provider = provider(disk.directory());
        MemoryRegion region =
            provider.allocate(
                RegionRequest.ofSize(SIZE).withName("orders").withReservation(reservation));
        region.force(); // its directory entry, and nothing else to speak of
        store(region, 1);
        disk.exhaust();

        MemoryException first = assertThrows(MemoryException.class, region::force);
        assertEquals(ENOSPC, first.errno(), first.getMessage());
        assertThrows(MemoryException.class, region::force, "the second is not to succeed");
        assertThrows(MemoryException.class, () -> region.force(SIZE / 2, PAGE * 4000));
        String told = String.valueOf(region.info().writeBackFailure());
        assertTrue(told.contains("ENOSPC (28)"), told);
        assertEquals(1, errors(provider).size());
        assertTrue(errors(provider).getFirst().subject().endsWith("orders.region"));
        assertRefused(() -> region.limitResident(MIB));
        assertRefused(region::release);
        assertRefused(() -> region.release(SIZE - 1, 1));
        assertRefused(() -> region.advise(Advice.PAGE_OUT));
        assertRefused(() -> region.advise(Advice.DONT_NEED, PAGE, PAGE));
        assertRefused(() -> region.advise(Advice.COLD));
        assertThrows(MemoryException.class, () -> region.resize(SIZE / 2));
        assertEquals(0, wrongPages(region, 1));

        disk.supply(200 * MIB);
        region.force(0, SIZE / 2);
        assertNotNull(region.info().writeBackFailure(), "half of it is proven");
        region.force();
        assertNull(region.info().writeBackFailure());
        assertEquals(List.of(), errors(provider));
        region.release();
        region.close();
        disk.mountAgain();
        try (MemoryRegion again = provider.open("orders")) {
          assertEquals(0, wrongPages(again, 1), reservation + ": pages that the device lacks");
        }
      }
    }
  }

  @Test
  void aFailedForceOfNamesSticksToWhatIsClosed() throws Exception {
    try (ThinFileSystem disk = thin()) {
      PanamaProvider provider = provider(disk.directory());
      RegionRequest request =
          RegionRequest.ofSize(SIZE).withName("orders").withNameDurability(NameDurability.ON_FORCE);
      try (MemoryRegion region = provider.allocate(request)) {
        store(region, 3);
      }
      disk.exhaust();
      assertThrows(MemoryException.class, provider::forceNames);
      assertThrows(MemoryException.class, provider::forceNames, "the second is not to succeed");
      assertEquals(1, errors(provider).size());

      disk.supply(200 * MIB);
      provider.forceNames();
      assertEquals(1, errors(provider).size(), "of its data nothing is proven");
      try (MemoryRegion again = provider.open("orders")) {
        assertNotNull(again.info().writeBackFailure());
        again.force();
        assertNull(again.info().writeBackFailure());
      }
      assertEquals(List.of(), errors(provider));
      disk.mountAgain();
      try (MemoryRegion again = provider.open("orders")) {
        assertEquals(0, wrongPages(again, 3));
      }
    }
  }

  /** Its header was never on the device before: ext4 had no blocks for it. */
  @Test
  void theHeaderOfARegionThatWasNeverForcedIsOnTheDeviceOnceAForceWorks() throws Exception {
    try (ThinFileSystem disk = thin()) {
      PanamaProvider provider = provider(disk.directory());
      RegionRequest request =
          RegionRequest.ofSize(SIZE).withName("orders").withNameDurability(NameDurability.ON_FORCE);
      try (MemoryRegion region = provider.allocate(request)) {
        store(region, 4);
        disk.exhaust();
        assertThrows(MemoryException.class, region::force);
        disk.supply(200 * MIB);
        region.force();
      }
      disk.mountAgain();
      try (MemoryRegion again = provider.open("orders")) {
        assertEquals(0, wrongPages(again, 4));
      }
    }
  }

  @Test
  void closingTellsReleasesAllAndTheMarkOutlivesIt() throws Exception {
    try (ThinFileSystem disk = thin()) {
      PanamaProvider provider = provider(disk.directory());
      MemoryRegion region = provider.allocate(RegionRequest.ofSize(SIZE).withName("orders"));
      store(region, 2);
      disk.exhaust();
      assertThrows(MemoryException.class, region::force);
      UncheckedIOException e = assertThrows(UncheckedIOException.class, region::close);
      assertTrue(String.valueOf(e.getMessage()).contains("ENOSPC (28)"), e.getMessage());
      assertFalse(region.info().open());
      assertEquals(0, provider.statistics().openRegions());
      assertEquals(0, provider.statistics().openBytes());
      region.close();

      MemoryRegion reader = provider.open(OpenRequest.of("orders").readOnly());
      assertNotNull(reader.info().writeBackFailure());
      MemoryException no = assertThrows(MemoryException.class, reader::force);
      assertTrue(no.getMessage().contains("open the region for writing"), no.getMessage());
      reader.close();

      // Another bundle has its own copy of all classes, and its own provider.
      MemoryRegion again = provider(disk.directory()).open("orders");
      assertNotNull(again.info().writeBackFailure());
      assertThrows(MemoryException.class, again::force);
      disk.supply(200 * MIB);
      again.force();
      again.close();
      disk.mountAgain();
      try (MemoryRegion last = provider.open("orders")) {
        assertNull(last.info().writeBackFailure());
        assertEquals(0, wrongPages(last, 2));
      }
    }
  }

  @Test
  void aBudgetTellsOfPagesThatTheKernelCouldNotWriteInItsOwnTime() throws Exception {
    try (ThinFileSystem disk = thin()) {
      PanamaProvider provider = provider(disk.directory());
      MemoryRegion region = provider.allocate(RegionRequest.ofSize(SIZE).withName("orders"));
      disk.exhaust();
      region.limitResident(32 * MIB);
      store(region, 7);
      while (region.info().writeBackFailure() == null) {
        Thread.onSpinWait();
      }
      assertRefused(region::release);
      region.limitResident(RegionRequest.NO_BUDGET);
      assertThrows(UncheckedIOException.class, region::close);
    }
  }

  @Test
  void closingTellsOfPagesThatTheKernelCouldNotWriteInItsOwnTime() throws Exception {
    try (ThinFileSystem disk = thin()) {
      PanamaProvider provider = provider(disk.directory());
      MemoryRegion region = provider.allocate(RegionRequest.ofSize(SIZE).withName("orders"));
      disk.exhaust();
      store(region, 8);
      run("sync", "--file-system", disk.directory().toString());
      UncheckedIOException e = assertThrows(UncheckedIOException.class, region::close);
      assertTrue(String.valueOf(e.getMessage()).contains("(28)"), e.getMessage());
    }
  }

  private static void run(String... command) throws Exception {
    new ProcessBuilder(command).inheritIO().start().waitFor(); // fails, as the device does
  }

  @Test
  void usersMayStoreMeanwhile() throws Exception {
    try (ThinFileSystem disk = thin()) {
      PanamaProvider provider = provider(disk.directory());
      MemoryRegion region = provider.allocate(RegionRequest.ofSize(SIZE).withName("orders"));
      store(region, 3);
      disk.exhaust();
      assertThrows(MemoryException.class, region::force);
      Thread writer = Thread.ofPlatform().start(() -> store(region, 4));
      while (writer.isAlive()) {
        assertThrows(MemoryException.class, region::force);
      }
      writer.join();
      assertEquals(0, wrongPages(region, 4));
      disk.supply(200 * MIB);
      region.force();
      region.close();
      disk.mountAgain();
      try (MemoryRegion last = provider.open("orders")) {
        assertEquals(0, wrongPages(last, 4));
      }
    }
  }

  @Test
  void aDeletedRegionLeavesNoMarkToAnother() throws Exception {
    try (ThinFileSystem disk = thin()) {
      PanamaProvider provider = provider(disk.directory());
      MemoryRegion region = provider.allocate(RegionRequest.ofSize(SIZE).withName("orders"));
      store(region, 5);
      disk.exhaust();
      assertThrows(MemoryException.class, region::force);
      assertThrows(UncheckedIOException.class, region::close);
      provider.delete("orders");
      disk.supply(200 * MIB);
      try (MemoryRegion other = provider.allocate(RegionRequest.ofSize(SIZE).withName("orders"))) {
        assertNull(other.info().writeBackFailure());
        assertEquals(List.of(), errors(provider));
      }
    }
  }

  @Test
  void anUnnamedRegionHasNothingToLoseByItsEnd() throws Exception {
    try (ThinFileSystem disk = thin()) {
      PanamaProvider provider = provider(disk.directory());
      MemoryRegion region = provider.allocate(RegionRequest.ofSize(SIZE));
      store(region, 6);
      disk.exhaust();
      assertThrows(MemoryException.class, region::force);
      assertThrows(MemoryException.class, region::force);
      assertRefused(region::release);
      assertEquals(0, wrongPages(region, 6));
      region.close();
      assertFalse(region.info().open());
    }
  }
}
