/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.dmalloc.api.Access;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.linux.FileSystem;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.testkit.SmallFileSystem;
import org.dmalloc.testkit.SmallFileSystem.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Small file systems that get full, and those that take nothing. */
class FullDiskTest {
  private static final long MIB = 1L << 20;
  private static final int ENOSPC = 28;

  @TempDir Path directory;

  @Test
  void aFullTmpfsIsAnExceptionAtAllocation() throws Exception {
    try (SmallFileSystem small = SmallFileSystem.mount(Kind.TMPFS, directory, 16 * MIB)) {
      fill(small);
    }
  }

  @Test
  void aFullExt4IsAnExceptionAtAllocation() throws Exception {
    try (SmallFileSystem small = SmallFileSystem.mount(Kind.EXT4, directory, 32 * MIB)) {
      fill(small);
    }
  }

  /** No fallocate(2) there: space is taken by zeros, and is as certain. */
  @ParameterizedTest
  @EnumSource(names = {"EXT2", "EXT3"})
  void aFullFileSystemWithoutFallocateIsAnExceptionAtAllocation(Kind kind) throws Exception {
    try (SmallFileSystem small = SmallFileSystem.mount(kind, directory, 32 * MIB)) {
      fill(small);
      String type = kind.name().toLowerCase(Locale.ROOT);
      assertEquals(type, FileSystem.of(small.directory()).type());
      RegionRequest request = RegionRequest.ofSize(8 * MIB).withName("zeros");
      List<Long> steps = new ArrayList<>();
      try (MemoryRegion region =
          provider(small.directory())
              .allocate(request.withProgress((done, total) -> steps.add(done)))) {
        assertEquals(type + " file", region.info().backing());
        assertEquals(8 * MIB, steps.getLast());
      }
      provider(small.directory()).delete("zeros");
      MemoryException cancelled =
          assertThrows(
              MemoryException.class,
              () ->
                  provider(small.directory())
                      .allocate(
                          request.withProgress(
                              (done, total) -> Thread.currentThread().interrupt())));
      assertTrue(Thread.interrupted());
      assertTrue(
          String.valueOf(cancelled.getMessage())
              .matches(".*: cancelled by an interrupt after \\d+ bytes; nothing was created"),
          cancelled.getMessage());
      assertEquals(List.of(), provider(small.directory()).stored());
    }
  }

  private static void fill(SmallFileSystem small) throws Exception {
    PanamaProvider provider = provider(small.directory());
    long empty = small.availableBytes();
    for (String name : new String[] {"", "named"}) {
      RegionRequest request = RegionRequest.ofSize(64 * MIB);
      MemoryException e =
          assertThrows(
              MemoryException.class,
              () -> provider.allocate(name.isEmpty() ? request : request.withName(name)));
      String message = String.valueOf(e.getMessage());
      assertEquals(ENOSPC, e.errno(), message);
      Path target = name.isEmpty() ? small.directory() : small.directory().resolve("named.region");
      assertTrue(message.startsWith("fallocate 67108864 bytes of " + target + ": "), message);
      assertTrue(message.matches(".*: ENOSPC \\(28\\); free .* MiB or choose another directory"));
    }
    assertEquals(empty, small.availableBytes());

    // To the brim, in pieces, until the kernel itself says no; then every byte must take a store.
    List<MemoryRegion> regions = new ArrayList<>();
    MemoryException full = null;
    while (full == null) {
      try {
        String name = "piece" + regions.size();
        regions.add(provider.allocate(RegionRequest.ofSize(MIB - 4096).withName(name)));
      } catch (MemoryException e) {
        full = e;
      }
    }
    assertEquals(ENOSPC, full.errno(), full.getMessage());
    assertTrue(regions.size() >= 10, regions.size() + " regions");
    for (MemoryRegion region : regions) {
      try (Access access = region.acquire()) {
        access.segment().fill((byte) 7);
      }
      region.force();
    }
    MemoryRegion first = regions.getFirst();
    assertThrows(MemoryException.class, () -> first.resize(16 * MIB));
    assertEquals(MIB - 4096, first.byteSize());
    try (Access access = first.acquire()) {
      assertEquals(7, access.segment().get(JAVA_BYTE, MIB - 4097));
    }
    assertEquals(regions.size(), provider.stored().size());
    try (Stream<Path> files = Files.list(small.directory())) {
      assertEquals(regions.size(), files.filter(Files::isRegularFile).count());
    }
    for (int i = 0; i < regions.size(); i++) {
      regions.get(i).close();
      provider.delete("piece" + i);
    }
    assertEquals(empty, small.availableBytes());
  }

  /** Each size is no multiple of a block; what lies behind it in its page is stored to as well. */
  @ParameterizedTest
  @ValueSource(strings = {"", "named"})
  void everyByteTakesAStoreWhereBlocksAreSmallerThanPages(String name) throws Exception {
    try (SmallFileSystem small = SmallFileSystem.mount(Kind.EXT4, directory, 32 * MIB)) {
      assertEquals(1024, Files.getFileStore(small.directory()).getBlockSize());
      PanamaProvider provider = provider(small.directory());
      long first = 17 * 4096 + 100; // more than a slot of a slab
      for (long maximum : new long[] {0, MIB}) {
        RegionRequest request = RegionRequest.ofSize(first);
        request = maximum == 0 ? request : request.withMaximum(maximum);
        try (MemoryRegion region =
            provider.allocate(name.isEmpty() ? request : request.withName(name))) {
          List<Long> sizes =
              List.of(first, first + 1100, first + 5000, 16 * 4096L + 1, 40_000L, 3 * 4096L + 3000);
          for (long size : sizes) {
            region.resize(size);
            Path thief = small.takeAll();
            try (Access access = region.acquire()) {
              access.segment().fill((byte) 7);
            }
            region.force();
            Files.delete(thief);
          }
          // A part of a block is punched, and its space taken again.
          region.punch(1000, 8000, Punch.RELEASE);
          region.reserve(1000, 8000);
          region.resize(60_000);
          Path thief = small.takeAll();
          try (Access access = region.acquire()) {
            access.segment().fill((byte) 8);
          }
          region.force();
          Files.delete(thief);
        }
        if (!name.isEmpty()) {
          provider.delete(name);
        }
      }
    }
  }

  @Test
  void aSparseRegionOnAFullDiskCanBeAskedWithoutASignal() throws Exception {
    try (SmallFileSystem small = SmallFileSystem.mount(Kind.TMPFS, directory, 4 * MIB)) {
      PanamaProvider provider = provider(small.directory());
      RegionRequest sparse = RegionRequest.ofSize(64 * MIB).withReservation(Reservation.SPARSE);
      try (MemoryRegion region = provider.allocate(sparse)) {
        MemoryException e =
            assertThrows(MemoryException.class, () -> region.advise(Advice.POPULATE_WRITE));
        assertTrue(String.valueOf(e.getMessage()).contains("EFAULT (14)"), e.getMessage());
      }
    }
  }

  @Test
  void aReadOnlyFileSystemIsAnExceptionAtAllocation() throws Exception {
    try (SmallFileSystem small = SmallFileSystem.mount(Kind.TMPFS, directory, 16 * MIB)) {
      PanamaProvider provider = provider(small.directory());
      try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(MIB).withName("stored"))) {
        assertTrue(region.info().open());
      }
      small.remount("ro");
      MemoryException unnamed =
          assertThrows(MemoryException.class, () -> provider.allocate(RegionRequest.ofSize(MIB)));
      assertTrue(String.valueOf(unnamed.getMessage()).contains("EROFS (30)"));
      MemoryException named =
          assertThrows(
              MemoryException.class,
              () -> provider.allocate(RegionRequest.ofSize(MIB).withName("new")));
      assertTrue(String.valueOf(named.getMessage()).contains("EROFS (30)"), named.getMessage());
      assertEquals(1, provider.stored().size());
      small.remount("rw");
      provider.allocate(RegionRequest.ofSize(MIB)).close();
    }
  }

  @Test
  void aMissingDirectoryIsNamed() throws Exception {
    Path gone = Files.createDirectory(directory.resolve("gone"));
    PanamaProvider provider = provider(gone);
    Files.delete(gone);
    for (RegionRequest request :
        List.of(RegionRequest.ofSize(MIB), RegionRequest.ofSize(MIB).withName("a"))) {
      MemoryException e = assertThrows(MemoryException.class, () -> provider.allocate(request));
      assertTrue(
          String.valueOf(e.getMessage())
              .contains(gone + ": the store's directory was renamed or deleted"),
          e.getMessage());
    }
    assertFalse(Files.exists(gone));
  }

  private static PanamaProvider provider(Path directory) throws MemoryException {
    return new PanamaProvider(PanamaSettings.in(RegionStore.open(directory)));
  }
}
