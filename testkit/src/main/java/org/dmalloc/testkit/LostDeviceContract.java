/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.LongStream;
import org.dmalloc.api.Access;
import org.dmalloc.api.BatchedAccess;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.testkit.SmallFileSystem.Kind;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The disk below a store fails: its device loses blocks, it gets full under a sparse region, or it
 * is unmounted. Needs root. For backends of the suite that have stores.
 */
public abstract class LostDeviceContract {
  private static final long MIB = 1L << 20;
  private static final long PAGE = ContractTheme.PAGE;

  @TempDir private Path directory;

  private ProviderFixture tested;

  /** The fixture of the provider under test; asked once a test. */
  protected abstract ProviderFixture fixture();

  @BeforeEach
  final void takeFixture() {
    tested = fixture();
  }

  /** Loads that a user makes, as an exception. */
  private static void readAll(MemoryRegion region) throws MemoryException {
    BusErrors.in(
        region,
        "sum",
        () -> {
          long sum = 0;
          try (Access access = region.acquire()) {
            MemorySegment all = access.segment();
            for (long at = 0; at < all.byteSize(); at += PAGE) {
              sum += all.get(JAVA_BYTE, at);
            }
          }
          return sum;
        });
  }

  private static void gather(MemoryRegion region) throws MemoryException {
    long[] offsets = LongStream.range(0, region.byteSize() / PAGE).map(i -> i * PAGE).toArray();
    try (Arena arena = Arena.ofConfined()) {
      BatchedAccess.of(region, 8).gather(offsets, arena.allocate(offsets.length * 8L), 8);
    }
  }

  private static void scatter(MemoryRegion region) throws MemoryException {
    long[] offsets = LongStream.range(0, region.byteSize() / PAGE).map(i -> i * PAGE).toArray();
    try (Arena arena = Arena.ofConfined()) {
      BatchedAccess.of(region, 8).scatter(offsets, arena.allocate(offsets.length * 8L), 8);
    }
  }

  private static void close(MemoryRegion region) {
    try {
      region.close();
    } catch (UncheckedIOException e) {
      assertTrue(e.getCause() instanceof MemoryException, e.toString());
    }
  }

  @Test
  void blocksThatTheDeviceHasLostAreAnExceptionToWhoReadsThem() throws Exception {
    try (ThinFileSystem thin = ThinFileSystem.mount(directory, 96 * MIB, 96 * MIB)) {
      MemoryProvider provider = tested.start(ProviderSettings.in(thin.directory()));
      try (MemoryRegion region =
          provider.allocate(RegionRequest.ofSize(48 * MIB).withName("lost"))) {
        Pattern.write(region, 1);
        region.force();
      }
      tested.stop(provider);
      thin.mountAgain();
      MemoryProvider again = tested.start(ProviderSettings.in(thin.directory()));
      MemoryRegion region = again.open("lost");
      thin.cut(24 * MIB);
      try (MemoryRegion other = again.allocate(RegionRequest.ofSize(MIB))) {
        MemoryException told = assertThrows(MemoryException.class, () -> readAll(region));
        ContractTheme.assertOneLine(told);
        ContractTheme.assertSays(told, "error of the device");
        assertThrows(MemoryException.class, () -> gather(region));
        assertTrue(region.failure().isPresent());
        assertThrows(MemoryException.class, () -> region.snapshot(SnapshotRequest.of("copy")));
        Pattern.write(other, 2);
        Pattern.check(other, 2);
        assertEquals(Optional.empty(), other.failure());
      } finally {
        close(region);
        tested.stop(again);
      }
    }
  }

  @Test
  void aStoreThatFindsNoSpaceOnExt4IsAnExceptionUntilThereIsSome() throws Exception {
    aStoreThatFindsNoSpace(Kind.EXT4);
  }

  /** There a load takes space too. */
  @Test
  void aStoreThatFindsNoSpaceOnTmpfsIsAnExceptionUntilThereIsSome() throws Exception {
    aStoreThatFindsNoSpace(Kind.TMPFS);
  }

  private void aStoreThatFindsNoSpace(Kind kind) throws Exception {
    try (SmallFileSystem small = SmallFileSystem.mount(kind, directory, 32 * MIB)) {
      MemoryProvider provider = tested.start(ProviderSettings.in(small.directory()));
      RegionRequest request =
          RegionRequest.ofSize(16 * MIB).withName("sparse").withReservation(Reservation.SPARSE);
      MemoryRegion region = provider.allocate(request);
      Path thief = small.takeAll();
      try {
        MemoryException told = assertThrows(MemoryException.class, () -> scatter(region));
        ContractTheme.assertOneLine(told);
        ContractTheme.assertSays(told, "want of disk space");
        assertTrue(region.failure().isPresent());
        region.verifyBacked(); // the file is as long as ever
        Files.delete(thief);
        scatter(region);
        region.force();
        assertEquals(Optional.empty(), region.failure());
        gather(region);
      } finally {
        Files.deleteIfExists(thief);
        close(region);
        tested.stop(provider);
      }
    }
  }

  /** Its content is lost, which nothing tells; its space too, which the next store does. */
  @Test
  void aHoleThatAnotherProcessHasPunchedTakesItsSpaceAnew() throws Exception {
    try (SmallFileSystem small = SmallFileSystem.mount(Kind.EXT4, directory, 32 * MIB)) {
      MemoryProvider provider = tested.start(ProviderSettings.in(small.directory()));
      MemoryRegion region = provider.allocate(RegionRequest.ofSize(16 * MIB).withName("holes"));
      Path thief = null;
      try {
        Pattern.write(region, 1);
        region.force();
        String file = String.valueOf(region.info().path());
        SmallFileSystem.run(
            "fallocate", "--punch-hole", "-o", "" + 6 * MIB, "-l", "" + 4 * MIB, file);
        readAll(region);
        thief = small.takeAll();
        MemoryException told = assertThrows(MemoryException.class, () -> scatter(region));
        ContractTheme.assertSays(told, "want of disk space");
        Files.delete(thief);
        scatter(region);
        region.force();
        assertEquals(Optional.empty(), region.failure());
      } finally {
        if (thief != null) {
          Files.deleteIfExists(thief);
        }
        close(region);
        tested.stop(provider);
      }
    }
  }

  /** Lazily, as an impatient administrator does: what is open stays, and its name is gone. */
  @Test
  void anUnmountedStoreIsToldByNameAndKeepsItsBytes() throws Exception {
    SmallFileSystem small = SmallFileSystem.mount(Kind.EXT4, directory, 32 * MIB);
    MemoryProvider provider = tested.start(ProviderSettings.in(small.directory()));
    try {
      MemoryRegion region = provider.allocate(RegionRequest.ofSize(4 * MIB).withName("gone"));
      Pattern.write(region, 3);
      small.unmountLazily();
      try {
        Pattern.check(region, 3);
        Pattern.write(region, 4);
        Pattern.check(region, 4);
        region.verifyBacked();
        assertTrue(region.detached().isPresent());
        MemoryException force = assertThrows(MemoryException.class, region::force);
        ContractTheme.assertOneLine(force);
        ContractTheme.assertSays(force, String.valueOf(region.info().path()));
      } finally {
        close(region);
      }
    } finally {
      tested.stop(provider);
    }
  }
}
