/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.ResourceUse;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What others put in a store counts against its limits. */
class StoreQuotaTest {
  private static final long MIB = 1 << 20;

  @TempDir private Path directory;
  private RegionStore store;
  private RegionStore other;

  @BeforeEach
  void open() throws Exception {
    store = RegionStore.open(directory).limitedTo(new StoreLimits(10 * MIB, 3));
    other = RegionStore.open(directory);
  }

  private static StoreFile create(RegionStore in, String name, long bytes) throws Exception {
    return in.create(name, bytes, Reservation.SPARSE, SpaceReserver.SPARSE, "a test");
  }

  private String refused(String name, long bytes) {
    String message =
        assertThrows(MemoryException.class, () -> create(store, name, bytes)).getMessage();
    assertTrue(!Files.exists(store.path(name)), name);
    return String.valueOf(message);
  }

  @Test
  void bytesOfOthersCount() throws Exception {
    create(other, "others", 5 * MIB).close();
    create(store, "own", 4 * MIB).close();
    assertEquals(
        "allocate 2097152 bytes of "
            + store.path("more")
            + ": limit of store "
            + directory
            + " reached: 9437184 of 10485760 bytes are in use; free regions or raise"
            + " store.limit.bytes in the configuration of its provider",
        refused("more", 2 * MIB));
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(2, files.count());
    }
    create(store, "fits", MIB).close();
    other.delete("others");
    create(store, "now", 5 * MIB).close();
  }

  @Test
  void theNumberOfRegionsCounts() throws Exception {
    create(other, "a", 1).close();
    create(other, "b", 1).close();
    create(store, "c", 1).close();
    assertTrue(refused("d", 1).contains("3 of 3 regions are in use"), refused("d", 1));
  }

  @Test
  void growthCountsAndAFailureGivesItBack() throws Exception {
    try (StoreFile file = create(store, "grows", MIB)) {
      file.resize(9 * MIB, SpaceReserver.SPARSE);
      MemoryException refused =
          assertThrows(MemoryException.class, () -> file.resize(11 * MIB, SpaceReserver.SPARSE));
      assertTrue(String.valueOf(refused.getMessage()).startsWith("resize "), refused.getMessage());
      assertEquals(9 * MIB, file.byteSize());
      file.resize(MIB, SpaceReserver.SPARSE);
      create(store, "beside", 9 * MIB).close();
    }
  }

  @Test
  void aCreationThatFailsHoldsNothing() throws Exception {
    SpaceReserver fails =
        (file, at, length) -> {
          throw MemoryException.of("reserve", "", "a test", "");
        };
    assertThrows(
        MemoryException.class,
        () -> store.create("bad", 9 * MIB, Reservation.RESERVED, fails, "a test"));
    create(store, "good", 10 * MIB).close();
  }

  @Test
  void usesAreTold() throws Exception {
    create(other, "a", 5 * MIB).close();
    List<ResourceUse> uses = store.limits();
    assertEquals(50, uses.get(0).percent());
    assertEquals("STORE_BYTES", uses.get(0).kind().name());
    assertEquals(directory.toString(), uses.get(0).subject());
    assertEquals(33, uses.get(1).percent());
    assertEquals("DISK", uses.get(2).kind().name());
    assertEquals(1, other.limits().size());
  }

  /** Files are asked for their length once in a second, and before a refusal. */
  @Test
  void aCountHoldsForASecond() throws Exception {
    AtomicLong now = new AtomicLong(1);
    StoreQuota quota = new StoreQuota(directory, new StoreLimits(10 * MIB, 100), now::get);
    assertEquals(0, quota.uses().getFirst().used());
    create(other, "a", 4 * MIB).close();
    assertEquals(0, quota.uses().getFirst().used());
    now.addAndGet(TimeUnit.SECONDS.toNanos(1) + 1);
    assertEquals(4 * MIB, quota.uses().getFirst().used());
    other.delete("a");
    quota.hold("allocate", 10 * MIB, 1, directory).end(false);
    assertEquals(0, quota.uses().getFirst().used());
  }

  /** A count that falls into a change finds the file as long as it is to be, and it is held. */
  @Test
  void whatIsBeingMadeIsCountedOnce() throws Exception {
    AtomicLong now = new AtomicLong(1);
    StoreQuota quota = new StoreQuota(directory, new StoreLimits(10 * MIB, 2), now::get);
    create(other, "grows", MIB).close();
    StoreQuota.Hold made = quota.hold("allocate", 3 * MIB, 1, other.path("made"));
    create(other, "made", 3 * MIB).close();
    StoreQuota.Hold growth = quota.hold("resize", 4 * MIB, 0, other.path("grows"));
    try (StoreFile file = other.open("grows", OpenMode.WRITER, "a test")) {
      file.resize(5 * MIB, SpaceReserver.SPARSE);
    }
    now.addAndGet(TimeUnit.SECONDS.toNanos(2));
    assertEquals(8 * MIB, quota.uses().getFirst().used());
    assertEquals(2, quota.uses().get(1).used());
    made.end(true);
    growth.end(true);
    assertEquals(8 * MIB, quota.uses().getFirst().used());
    now.addAndGet(TimeUnit.SECONDS.toNanos(2));
    assertEquals(8 * MIB, quota.uses().getFirst().used());
    StoreQuota.Hold cut = quota.hold("resize", -4 * MIB, 0, other.path("grows"));
    assertEquals(8 * MIB, quota.uses().getFirst().used(), "nothing is cut yet");
    cut.end(false);
    assertEquals(8 * MIB, quota.uses().getFirst().used());
  }
}
