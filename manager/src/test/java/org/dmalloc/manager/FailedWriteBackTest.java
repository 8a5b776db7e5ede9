/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.testkit.ThinFileSystem;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** A region on its way from a real file system whose device is full. */
@Timeout(120)
final class FailedWriteBackTest {
  private static final long MIB = 1L << 20;
  private static final long PAGE = 4096;
  private static final long SIZE = 64 * MIB;
  private static final int ENOSPC = 28;

  @TempDir Path directory;

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

  @Test
  void nothingIsEvictedOrMovedUntilTheDeviceHasIt() throws Exception {
    try (ThinFileSystem disk = ThinFileSystem.mount(directory, 128 * MIB, 40 * MIB)) {
      Rig rig = new Rig();
      rig.add(Rig.panama("panama", disk.directory()), 2);
      rig.add(InMemoryProvider.memory("anon"), 1);
      ManagedRegion region = rig.allocate(RegionRequest.ofSize(SIZE));
      store(region, 1);
      disk.exhaust();

      MemoryException first = assertThrows(MemoryException.class, region::force);
      assertEquals(ENOSPC, first.errno(), first.getMessage());
      assertRefused(region::force);
      assertNotNull(region.info().writeBackFailure());
      assertRefused(() -> region.limitResident(MIB));
      assertEquals(0, wrongPages(region, 1), "after the budget that was refused");
      assertRefused(() -> rig.move(region, "anon"));
      assertEquals("panama", region.managedInfo().backend());
      assertEquals(0, wrongPages(region, 1), "after the move that was refused");
      store(region, 2); // usable
      assertEquals(0, wrongPages(region, 2));
      assertRefused(() -> rig.move(region, "anon"));

      disk.supply(200 * MIB);
      region.force();
      assertNull(region.info().writeBackFailure());
      region.limitResident(MIB);
      assertEquals(0, wrongPages(region, 2), "within the budget");
      region.limitResident(RegionRequest.NO_BUDGET);
      MoveResult result = rig.move(region, "anon");
      assertEquals("anon", result.to());
      assertEquals(0, wrongPages(region, 2), "after the move");
      region.close();
      rig.regions.stop();
    }
  }
}
