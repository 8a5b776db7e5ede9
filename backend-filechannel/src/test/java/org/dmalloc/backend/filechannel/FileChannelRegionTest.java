/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.dmalloc.api.backing.BackingProvider.NOT_CARRIED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.spi.machine.MemoryCheck;
import org.dmalloc.spi.region.RegionQuotas;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.testkit.SmallFileSystem;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the contract cannot know about files. */
final class FileChannelRegionTest {
  private static final long PAGE = 4096;

  @TempDir Path directory;
  private FileChannelProvider provider;

  @BeforeEach
  void startProvider() throws Exception {
    provider = provider(Sharing.SHARED);
  }

  private FileChannelProvider provider(Sharing sharing) throws MemoryException {
    return new FileChannelProvider(
        new FileChannelSettings(
            "filechannel",
            RegionStore.open(directory),
            RegionQuotas.NONE,
            sharing,
            Duration.ofSeconds(10),
            MemoryCheck.REFUSE));
  }

  @Test
  void spaceIsReallyTaken() throws Exception {
    RegionRequest request = RegionRequest.ofSize(8 << 20).withName("r");
    try (MemoryRegion region = provider.allocate(request)) {
      assertEquals(Reservation.RESERVED, region.info().reservation());
      assertTrue(allocatedBytes(path(region)) >= 8 << 20, "reserved");
    }
    provider.delete("r");
    try (MemoryRegion region =
        provider.allocate(request.withReservation(Reservation.SPARSE).withByteSize(3L << 30))) {
      assertEquals(Reservation.SPARSE, region.info().reservation());
      long last = region.byteSize() - 1;
      region.segment().set(JAVA_BYTE, last, (byte) 7);
      region.force(last, 1);
      assertTrue(allocatedBytes(path(region)) < 1 << 20, "sparse");
    }
    try (MemoryRegion region = provider.open(OpenRequest.of("r").readOnly())) {
      assertEquals(Reservation.SPARSE, region.info().reservation());
      assertEquals(7, region.segment().get(JAVA_BYTE, region.byteSize() - 1));
    }
  }

  @Test
  void progressCoversReservingAndPrefaulting() throws Exception {
    List<Long> done = new ArrayList<>();
    long size = (40 << 20) + 1;
    RegionRequest request =
        RegionRequest.ofSize(size)
            .prefaulted()
            .withProgress(
                (d, total) -> {
                  assertEquals(2 * size, total);
                  done.add(d);
                });
    provider.allocate(request).close();
    assertEquals(2 * size, done.getLast());
    assertEquals(done.stream().sorted().toList(), done);
    assertTrue(done.size() >= 6, done.toString());
  }

  @Test
  void growthTellsHowFarItIsAndCanBeCancelledInTheMiddle() throws Exception {
    long small = (1 << 20) + 10;
    long large = (80 << 20) + 1;
    RegionRequest request = RegionRequest.ofSize(small);
    List<RegionRequest> kinds =
        List.of(
            request,
            request.withSharing(Sharing.PRIVATE).withByteSize(48 << 20),
            request.withName("anew"),
            request.withName("in-place").withMaximum(large));
    for (RegionRequest each : kinds) {
      try (MemoryRegion region = provider.allocate(each)) {
        long before = region.byteSize();
        fill(region, (byte) 7);
        MemoryException cancelled =
            assertThrows(
                MemoryException.class,
                () ->
                    region.resize(
                        large,
                        (done, total) -> {
                          if (done > 0) {
                            Thread.currentThread().interrupt();
                          }
                        }));
        assertTrue(Thread.interrupted(), "interrupt status lost");
        String message = cancelled.getMessage();
        assertTrue(
            message.matches(
                ".*: cancelled by an interrupt after [1-9]\\d* bytes; the region is as it was"),
            message);
        assertEquals(before, region.byteSize());
        assertFilled(region, before);
        if (each.name() != null) {
          assertTrue(Files.size(path(region)) < 8 << 20, "the zeros are given back");
        }
        List<Long> told = new ArrayList<>();
        region.resize(large, (done, total) -> told.add(done));
        assertTrue(told.size() > 1, told.toString());
        assertEquals(told.stream().sorted().toList(), told);
        assertEquals(large, region.byteSize());
        assertFilled(region, before);
      }
    }
  }

  @Test
  void aResizeToTheSameSizeTrimsTheFile() throws Exception {
    RegionRequest request = RegionRequest.ofSize(5 * PAGE + 1);
    for (RegionRequest each :
        List.of(request.withName("fixed"), request.withName("growing").withMaximum(1 << 20))) {
      provider.allocate(each).close();
      Path path = directory.resolve(each.name() + ".region");
      long length = Files.size(path);
      try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
        file.seek(length + 2 * PAGE);
        file.write(1);
      }
      assertTrue(findings().contains("a resize trims it"), findings());
      try (MemoryRegion region =
          provider.open(
              OpenRequest.of(Objects.requireNonNull(each.name())).withMaximum(each.maximum()))) {
        fill(region, (byte) 7);
        region.resize(request.byteSize());
        assertEquals(length, Files.size(path));
        region.resize(8 * PAGE);
        assertFilled(region, request.byteSize());
      }
      assertFalse(findings().contains("too long"), findings());
    }
  }

  private String findings() throws MemoryException {
    return provider.verify().toString();
  }

  private static void fill(MemoryRegion region, byte value) {
    try (Access access = region.acquire()) {
      access.segment().fill(value);
    }
  }

  private static void assertFilled(MemoryRegion region, long byteSize) {
    try (Access access = region.acquire()) {
      for (long at = 0; at < access.segment().byteSize(); at++) {
        assertEquals(at < byteSize ? 7 : 0, access.segment().get(JAVA_BYTE, at));
      }
    }
  }

  @Test
  void aCancelledPrefaultOfANamedRegionLeavesNothing() throws Exception {
    RegionRequest request =
        RegionRequest.ofSize(8 << 20)
            .withName("r")
            .prefaulted()
            .withProgress(
                (done, total) -> {
                  if (done > total / 2) {
                    throw new IllegalStateException("enough");
                  }
                });
    MemoryException e = assertThrows(MemoryException.class, () -> provider.allocate(request));
    assertTrue(message(e).startsWith("prefault"), message(e));
    assertEquals(List.of(), files());
    assertEquals(0, provider.statistics().openBytes());
  }

  @Test
  void prefaultingASparseRegionOnAFullDiskIsAnError() throws Exception {
    try (SmallFileSystem disk =
        SmallFileSystem.mount(SmallFileSystem.Kind.TMPFS, directory, 8 << 20)) {
      FileChannelProvider small = onlyIn(disk.directory());
      RegionRequest request =
          RegionRequest.ofSize(64 << 20)
              .withName("r")
              .withReservation(Reservation.SPARSE)
              .prefaulted();
      MemoryException e = assertThrows(MemoryException.class, () -> small.allocate(request));
      assertTrue(message(e).startsWith("prefault 67108864 bytes of "), message(e));
      assertEquals(0, small.statistics().openBytes());
      assertEquals(List.of(), small.stored());
    }
  }

  @Test
  void aConfiguredDefaultDecidesTheSharing() throws Exception {
    FileChannelProvider copies = provider(Sharing.PRIVATE);
    try (MemoryRegion region = copies.allocate(RegionRequest.ofSize(PAGE).withName("r"))) {
      assertEquals(Sharing.PRIVATE, region.info().sharing());
      assertEquals("FileChannel.map PRIVATE", region.info().mapping());
      region.segment().fill((byte) 1);
    }
    RegionRequest shared = RegionRequest.ofSize(PAGE).withSharing(Sharing.SHARED);
    try (MemoryRegion region = copies.allocate(shared)) {
      assertEquals(Sharing.SHARED, region.info().sharing());
      assertEquals("FileChannel.map READ_WRITE", region.info().mapping());
    }
    try (MemoryRegion region = provider.open("r")) {
      assertEquals(0, region.segment().get(JAVA_BYTE, 0));
    }
  }

  @Test
  void residencyIsExactByThePage() throws Exception {
    Assumptions.assumeFalse(
        System.getProperty("os.name", "").contains("Windows"), "Windows does not tell");
    // Larger than what a touch in its middle makes the kernel read ahead.
    long pages = 1 << 14;
    long size = (pages - 1) * PAGE + 5;
    long middle = pages / 2 * PAGE;
    RegionRequest sparse = RegionRequest.ofSize(size).withReservation(Reservation.SPARSE);
    try (MemoryRegion region = provider.allocate(sparse)) {
      assertEquals(0, region.residency().residentBytes());
      MemorySegment segment = region.segment();
      segment.set(JAVA_BYTE, middle, (byte) 1);
      segment.set(JAVA_BYTE, size - 1, (byte) 1);
      // How many pages one touch brings in is the kernel's choice, so every page is asked. On a
      // busy machine it may add or take some meanwhile, so that is done until it has not: a wrong
      // count would never agree.
      long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
      Residency before;
      Residency whole;
      long byPage;
      do {
        before = region.residency();
        byPage = 0;
        for (long page = 0; page < size; page += PAGE) {
          Residency one = region.residency(page, 1);
          assertEquals(PAGE, one.byteSize());
          byPage += one.residentBytes();
        }
        whole = region.residency();
      } while (!(before.equals(whole) && byPage == whole.residentBytes())
          && System.nanoTime() < deadline);
      assertEquals(byPage, whole.residentBytes());
      assertEquals(pages * PAGE, whole.byteSize());
      assertTrue(byPage >= 2 * PAGE && byPage < size, "resident " + byPage);
      assertEquals(PAGE, region.residency(middle, 1).residentBytes());
      assertEquals(PAGE, region.residency(size - 1, 1).residentBytes());
      assertEquals(0, region.residency(5, 0).byteSize());
    }
    RegionRequest small = sparse.withByteSize(1000 * PAGE + 5).prefaulted();
    try (MemoryRegion region = provider.allocate(small)) {
      assertEquals(1001 * PAGE, region.residency().residentBytes());
    }
  }

  @Test
  void aFileCutShortUnderItsMappingIsAnErrorAndTheJvmLives() throws Exception {
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(64 * PAGE).withName("r"))) {
      try (RandomAccessFile raw = new RandomAccessFile(path(region).toFile(), "rw")) {
        raw.setLength((2 << 20) + 10 * PAGE);
      }
      MemoryException e = assertThrows(MemoryException.class, region::force);
      assertTrue(message(e).contains("truncated"), message(e));
      assertThrows(MemoryException.class, region::residency);
      try (Access access = region.acquire()) {
        assertThrows(InternalError.class, () -> access.segment().get(JAVA_BYTE, 20 * PAGE));
        assertEquals(0, access.segment().get(JAVA_BYTE, 9 * PAGE));
      }
    }
    MemoryException e = assertThrows(MemoryException.class, () -> provider.open("r"));
    assertTrue(message(e).contains("truncated"), message(e));
    assertEquals(0, provider.statistics().openRegions());
  }

  @ParameterizedTest
  @EnumSource(names = {"TMPFS", "EXT4"})
  void aFullDiskIsAnErrorAtAllocationAndLeavesNothing(SmallFileSystem.Kind kind) throws Exception {
    try (SmallFileSystem disk = SmallFileSystem.mount(kind, directory, 8 << 20)) {
      FileChannelProvider small = onlyIn(disk.directory());
      for (RegionRequest request :
          List.of(
              RegionRequest.ofSize(16 << 20),
              RegionRequest.ofSize(16 << 20).withName("r"),
              RegionRequest.ofSize(1L << 40).withName("r"))) {
        MemoryException e = assertThrows(MemoryException.class, () -> small.allocate(request));
        assertEquals(28, e.errno(), message(e));
        assertTrue(message(e).contains("bytes are free there"), message(e));
        assertEquals(0, small.statistics().openBytes());
      }
      // Somebody else takes the space while zeros are written: the write itself fails.
      Path thief = disk.directory().resolve("thief");
      RegionRequest raced =
          RegionRequest.ofSize(5 << 20)
              .withName("r")
              .withProgress(
                  (done, total) -> {
                    if (done == 0) {
                      disk.takeAll();
                    }
                  });
      MemoryException e = assertThrows(MemoryException.class, () -> small.allocate(raced));
      assertEquals(28, e.errno(), message(e));
      Files.delete(thief);
      assertEquals(List.of(), files(disk.directory()));
      try (MemoryRegion region = small.allocate(RegionRequest.ofSize(5 << 20).withName("r"))) {
        region.segment().fill((byte) 1);
        region.force();
      }
    }
  }

  @Test
  void whatAFailedReservationGivesBackCountsAsFree() throws Exception {
    long reported = 16L << 20; // the first progress after the beginning
    try (SmallFileSystem disk =
        SmallFileSystem.mount(SmallFileSystem.Kind.TMPFS, directory, 64 << 20)) {
      FileChannelProvider small = onlyIn(disk.directory());
      RegionRequest request =
          RegionRequest.ofSize(48L << 20)
              .withProgress(
                  (done, total) -> {
                    if (done == reported) {
                      disk.takeAll();
                    }
                  });
      MemoryException e = assertThrows(MemoryException.class, () -> small.allocate(request));
      Matcher told =
          Pattern.compile("; (\\d+) bytes are free there, free (\\d+) more ").matcher(message(e));
      assertTrue(told.find(), message(e));
      long free = Long.parseLong(told.group(1));
      assertTrue(free >= reported && free <= reported + (1 << 20), message(e));
      assertEquals((48L << 20) - free, Long.parseLong(told.group(2)), message(e));
      long given = Files.getFileStore(disk.directory()).getUsableSpace();
      assertTrue(given >= free && given <= free + (4 << 20), given + " after " + message(e));
    }
  }

  /** Space is taken by the load: what does not fit is an error there, and no signal later. */
  @ParameterizedTest
  @EnumSource(names = {"TMPFS", "EXT4"})
  void aFullDiskIsAnErrorAtTheLoadOfAnUnfilledRegion(SmallFileSystem.Kind kind) throws Exception {
    try (SmallFileSystem disk = SmallFileSystem.mount(kind, directory, 8 << 20);
        Arena arena = Arena.ofConfined()) {
      FileChannelProvider small = onlyIn(disk.directory());
      MemorySegment content = arena.allocate(1 << 20);
      content.fill((byte) 7);
      RegionRequest request = RegionRequest.ofSize(5 << 20);
      long free = Files.getFileStore(disk.directory()).getUnallocatedSpace();
      MemoryException e =
          assertThrows(
              MemoryException.class,
              () -> small.allocateUnfilled(RegionRequest.ofSize(16 << 20), NOT_CARRIED).close());
      assertEquals(28, e.errno(), message(e));
      try (BackingRegion region = small.allocateUnfilled(request, NOT_CARRIED)) {
        region.load(0, content);
        disk.takeAll();
        e =
            assertThrows(
                MemoryException.class,
                () -> {
                  for (long at = 1 << 20; at < region.byteSize(); at += content.byteSize()) {
                    region.load(at, content);
                  }
                });
        assertEquals(28, e.errno(), message(e));
        assertTrue(message(e).startsWith("write 1048576 bytes of "), message(e));
        // All the rest of the region is missing, not this MiB alone.
        assertTrue(message(e).contains("; 0 bytes are free there, free 4194304 more "), message(e));
        assertEquals(7, region.backing().get(JAVA_BYTE, (1 << 20) - 1));
      }
      Files.delete(disk.directory().resolve("thief"));
      assertEquals(List.of(), files(disk.directory()));
      assertEquals(0, small.statistics().openBytes());
      assertEquals(free, Files.getFileStore(disk.directory()).getUnallocatedSpace());
      try (BackingRegion region = small.allocateUnfilled(request, NOT_CARRIED)) {
        for (long at = 0; at < region.byteSize(); at += content.byteSize()) {
          region.load(at, content);
        }
        disk.takeAll();
        region.backing().fill((byte) 8); // every page has its block
        region.force();
      }
    }
  }

  @Test
  void anInterruptedThreadLoadsAndKeepsTheFile() throws Exception {
    try (BackingRegion region =
        provider.allocateUnfilled(RegionRequest.ofSize(100_000), NOT_CARRIED)) {
      Thread.currentThread().interrupt();
      region.load(1, MemorySegment.ofArray(new byte[] {1, 2, 3}));
      assertTrue(Thread.interrupted());
      region.load(99_999, MemorySegment.ofArray(new byte[] {4}));
      assertEquals(3, region.backing().get(JAVA_BYTE, 3));
      assertEquals(4, region.backing().get(JAVA_BYTE, 99_999));
    }
  }

  @Test
  void aReadOnlyDirectoryIsAnErrorAtAllocationAndCanBeRead() throws Exception {
    try (SmallFileSystem disk =
        SmallFileSystem.mount(SmallFileSystem.Kind.TMPFS, directory, 32 << 20)) {
      FileChannelProvider there = onlyIn(disk.directory());
      try (MemoryRegion region = there.allocate(RegionRequest.ofSize(PAGE).withName("r"))) {
        region.segment().fill((byte) 5);
      }
      disk.remount("ro");
      for (RegionRequest request :
          List.of(RegionRequest.ofSize(PAGE), RegionRequest.ofSize(PAGE).withName("s"))) {
        MemoryException e = assertThrows(MemoryException.class, () -> there.allocate(request));
        assertEquals(30, e.errno(), message(e));
      }
      assertThrows(MemoryException.class, () -> there.open("r"));
      assertThrows(MemoryException.class, () -> there.delete("r"));
      try (MemoryRegion region = there.open(OpenRequest.of("r").readOnly())) {
        assertEquals(5, region.segment().get(JAVA_BYTE, PAGE - 1));
        // Linux would say "all" about a file that may not be written.
        assertEquals(Residency.UNKNOWN, region.residency().residentBytes());
        UnsupportedOperationException e =
            assertThrows(
                UnsupportedOperationException.class,
                () -> ((BackingRegion) region).load(0, MemorySegment.ofArray(new byte[1])));
        assertTrue(message(e).endsWith("is read-only; open it for writing"), message(e));
      }
      assertEquals(1, there.stored().size());
      assertFalse(there.verify().isEmpty());
      FileChannelProvider later = onlyIn(disk.directory());
      assertEquals("r", later.stored().getFirst().name());
    }
  }

  @Test
  void aMissingDirectoryIsAnError() throws Exception {
    Path missing = directory.resolve("missing");
    RegionRequest request = RegionRequest.ofSize(PAGE).withDirectory(missing);
    MemoryException e = assertThrows(MemoryException.class, () -> provider.allocate(request));
    assertEquals(2, e.errno());
    assertFalse(Files.exists(missing));
  }

  @Test
  void anotherDirectoryIsAStoreOfItsOwn() throws Exception {
    Path second = Files.createDirectory(directory.resolve("second"));
    provider.allocate(RegionRequest.ofSize(PAGE).withName("r").withDirectory(second)).close();
    assertEquals(List.of(), provider.stored());
    provider.open(OpenRequest.of("r").withDirectory(second)).close();
    assertEquals("r", onlyIn(second).stored().getFirst().name());
  }

  private static FileChannelProvider onlyIn(Path where) throws MemoryException {
    return new FileChannelProvider(
        new FileChannelSettings(
            "small",
            RegionStore.open(where),
            RegionQuotas.NONE,
            Sharing.SHARED,
            Duration.ofSeconds(1),
            MemoryCheck.REFUSE));
  }

  /** Writes until nothing fits any more. */
  private static Path path(MemoryRegion region) {
    return Objects.requireNonNull(region.info().path());
  }

  private static long allocatedBytes(Path file) throws IOException {
    Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
    return Long.parseLong(String.valueOf(stat.inputReader().readLine())) * 512;
  }

  private List<String> files() throws IOException {
    return files(directory);
  }

  private static List<String> files(Path where) throws IOException {
    try (Stream<Path> files = Files.list(where)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  private static String message(Exception e) {
    return Objects.requireNonNull(e.getMessage());
  }
}
