/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.api.backing.StoredBacking;
import org.dmalloc.spi.machine.MemoryCheck;
import org.dmalloc.spi.region.RegionQuotas;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.testkit.ThinFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pages that the kernel could not write: it tells of that once, and takes them for clean. */
@Timeout(120)
class FailedWriteBackTest {
  private static final long MIB = 1L << 20;
  private static final long PAGE = 4096;

  /** Ends inside a page, a few bytes behind its beginning. */
  private static final long SIZE = 24 * MIB + 3;

  @TempDir Path directory;

  private static FileChannelProvider provider(ThinFileSystem disk) throws MemoryException {
    return new FileChannelProvider(
        new FileChannelSettings(
            "filechannel",
            RegionStore.open(disk.directory()),
            RegionQuotas.NONE,
            Sharing.SHARED,
            Duration.ofSeconds(10),
            MemoryCheck.REFUSE));
  }

  private static void store(MemoryRegion region) {
    try (Access access = region.acquire()) {
      for (long at = 0; at < SIZE - PAGE; at += PAGE) {
        access.segment().set(JAVA_LONG, at, at + 1);
      }
      access.segment().asSlice(SIZE - 3).fill((byte) 5);
    }
  }

  private static long wrongPages(MemoryRegion region) {
    long wrong = 0;
    try (Access access = region.acquire()) {
      for (long at = 0; at < SIZE - PAGE; at += PAGE) {
        wrong += access.segment().get(JAVA_LONG, at) == at + 1 ? 0 : 1;
      }
      byte[] end = access.segment().asSlice(SIZE - 3).toArray(JAVA_BYTE);
      wrong += end[0] == 5 && end[2] == 5 ? 0 : 1;
    }
    return wrong;
  }

  @Test
  void aFailureSticksUntilTheDeviceIsProvenToHaveThePages() throws Exception {
    try (ThinFileSystem disk = ThinFileSystem.mount(directory, 64 * MIB, 40 * MIB)) {
      FileChannelProvider provider = provider(disk);
      MemoryRegion region = provider.allocate(RegionRequest.ofSize(SIZE).withName("orders"));
      region.force();
      disk.digHoles(); // its zeros have no memory behind them any more
      disk.exhaust();
      store(region);
      MemoryException first = assertThrows(MemoryException.class, region::force);
      assertEquals(28, first.errno(), first.getMessage());
      assertThrows(MemoryException.class, region::force);
      assertNotNull(region.info().writeBackFailure());
      assertEquals(0, wrongPages(region));
      assertThrows(UncheckedIOException.class, region::close);
      assertFalse(region.info().open());
      assertEquals(0, provider.statistics().openBytes());
      assertTrue(
          provider.verify().stream().anyMatch(f -> f.message().contains("not proven")),
          provider.verify().toString());

      MemoryRegion again = provider.open("orders");
      assertNotNull(again.info().writeBackFailure());
      assertThrows(MemoryException.class, again::force);
      disk.supply(128 * MIB);
      again.force();
      assertNull(again.info().writeBackFailure());
      again.close();
      disk.mountAgain();
      try (MemoryRegion last = provider.open("orders")) {
        assertEquals(0, wrongPages(last));
      }
    }
  }

  /** The note goes through the descriptor that has the data, and is told of its failure. */
  @Test
  void theNoteOfAMoveDoesNotHideWhatTheKernelCouldNotWrite() throws Exception {
    try (ThinFileSystem disk = ThinFileSystem.mount(directory, 64 * MIB, 40 * MIB)) {
      FileChannelProvider provider = provider(disk);
      MemoryRegion region = provider.allocate(RegionRequest.ofSize(SIZE).withName("orders"));
      region.force();
      disk.digHoles();
      disk.exhaust();
      store(region);
      // Fails, as the device does; the region's own descriptor has not been told yet.
      new ProcessBuilder("sync", "--file-system", disk.directory().toString())
          .inheritIO()
          .start()
          .waitFor();
      StoreMove move =
          new StoreMove(
              UUID.randomUUID(),
              disk.directory().resolve("orders.region"),
              directory.resolve("orders.region"));
      StoredBacking backing = ((BackingRegion) region).stored().orElseThrow();
      assertThrows(MemoryException.class, () -> backing.leaving(move));
      assertNotNull(region.info().writeBackFailure());
      assertThrows(MemoryException.class, region::force);
      assertEquals(0, wrongPages(region));
      disk.supply(128 * MIB);
      region.force();
      assertNull(region.info().writeBackFailure());
      backing.endMove();
      region.close();
      disk.mountAgain();
      try (MemoryRegion last = provider.open("orders")) {
        assertEquals(0, wrongPages(last));
      }
    }
  }

  /** Plain Java has no way to make ext4 take them; what it must not do is to say that it did. */
  @Test
  void nothingIsClaimedOfASparseRegionThatTheDeviceDoesNotHave() throws Exception {
    try (ThinFileSystem disk = ThinFileSystem.mount(directory, 64 * MIB, 8 * MIB)) {
      FileChannelProvider provider = provider(disk);
      MemoryRegion region =
          provider.allocate(
              RegionRequest.ofSize(SIZE).withName("orders").withReservation(Reservation.SPARSE));
      store(region);
      disk.exhaust();
      assertThrows(MemoryException.class, region::force);
      assertThrows(MemoryException.class, region::force);
      disk.supply(64 * MIB);
      boolean claimed = true;
      try {
        region.force();
      } catch (MemoryException e) {
        claimed = false;
        assertTrue(String.valueOf(e.getMessage()).contains("other bytes"), e.getMessage());
        // Not to move it: a move forces it first.
        assertTrue(e.getMessage().contains("copy its content to another region"), e.getMessage());
      }
      assertEquals(claimed, region.info().writeBackFailure() == null);
      if (claimed) {
        region.close();
        disk.mountAgain();
        try (MemoryRegion last = provider.open("orders")) {
          assertEquals(0, wrongPages(last));
        }
      } else {
        assertThrows(UncheckedIOException.class, region::close);
      }
    }
  }
}
