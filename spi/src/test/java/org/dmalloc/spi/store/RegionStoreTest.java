/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.FileStore;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoreFinding.Severity;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.StoredRegion.State;
import org.dmalloc.spi.region.Uninterrupted;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RegionStoreTest {
  @TempDir Path directory;
  private RegionStore store;

  @BeforeEach
  void openStore() throws Exception {
    store = RegionStore.open(directory);
  }

  @AfterEach
  void clearInterrupt() {
    Thread.interrupted();
    assertTrue(
        System.getProperties().stringPropertyNames().stream()
            .noneMatch(name -> name.startsWith("dmalloc.store.open.")),
        "no entry of an open file is left");
  }

  @Test
  void aRegionKeepsItsBytesAndMetadata() throws Exception {
    try (StoreFile file = create("r", 5000)) {
      assertEquals(5000, file.byteSize());
      assertEquals(2L << 20, file.dataOffset());
      assertEquals(Reservation.RESERVED, file.reservation());
      put(file, 4999, 42);
    }
    assertEquals("rw-------", mode(store.path("r")));
    StoredRegion listed = store.list().getFirst();
    assertEquals(State.CLOSED, listed.state());
    assertEquals(5000, listed.byteSize());
    try (StoreFile file = store.open("r", OpenMode.READER, "test")) {
      assertEquals(42, get(file, 4999));
      assertEquals(listed.createdAt(), file.createdAt());
      assertEquals(Reservation.RESERVED, file.reservation());
    }
    assertEquals(List.of("r.region"), files());
  }

  @Test
  void holesLastUntilTheyAreTakenBack() throws Exception {
    try (StoreFile file = create("r", 5000)) {
      assertFalse(file.hasHoles());
      file.noteHoles(true);
      assertTrue(file.hasHoles());
    }
    try (StoreFile file = store.open("r", OpenMode.READER, "test")) {
      assertTrue(file.hasHoles());
      assertEquals(Reservation.RESERVED, file.reservation(), "how it grows");
      assertThrows(IllegalStateException.class, () -> file.noteHoles(false));
    }
    try (StoreFile file = store.open("r", OpenMode.WRITER, "test")) {
      file.resize(9000, SpaceReserver.SPARSE);
      assertTrue(file.hasHoles());
      file.noteHoles(false);
    }
    try (StoreFile file = store.open("r", OpenMode.READER, "test")) {
      assertFalse(file.hasHoles());
    }
  }

  @Test
  void listingShowsWhoHasARegionOpen() throws Exception {
    try (StoreFile file = create("r", 5000)) {
      file.describeHolder("filechannel\nregion 7");
      StoredRegion listed = store.list().getFirst();
      assertEquals(State.OPEN, listed.state());
      assertEquals(5000, listed.byteSize());
      assertEquals(file.createdAt(), listed.createdAt());
      assertEquals("open in this JVM by filechannel region 7", listed.detail());
      MemoryException e =
          assertThrows(MemoryException.class, () -> store.open("r", OpenMode.READER, "test"));
      assertTrue(
          message(e).contains("open elsewhere: in this JVM by filechannel region 7"), message(e));
    }
  }

  @Test
  void oneOfManyCreatorsOfANameWins() throws Exception {
    int creators = 8;
    for (int round = 0; round < 20; round++) {
      String name = "round" + round;
      CyclicBarrier start = new CyclicBarrier(creators);
      List<Callable<Boolean>> tasks = new ArrayList<>();
      AtomicInteger refused = new AtomicInteger();
      for (int i = 0; i < creators; i++) {
        // Stores of their own, one of them on a file system without hard links.
        RegionStore own =
            i % 2 == 0 ? RegionStore.open(directory) : RegionStore.open(directory, NO_HARD_LINKS);
        tasks.add(
            () -> {
              start.await();
              try (StoreFile file =
                  own.create(name, 100, Reservation.SPARSE, SpaceReserver.SPARSE, "test")) {
                return file.byteSize() == 100;
              } catch (MemoryException e) {
                assertEquals(17, e.errno(), message(e));
                refused.incrementAndGet();
                return false;
              }
            });
      }
      int won = 0;
      try (ExecutorService threads = Executors.newFixedThreadPool(creators)) {
        for (Future<Boolean> result : threads.invokeAll(tasks)) {
          won += result.get() ? 1 : 0;
        }
      }
      assertEquals(1, won);
      assertEquals(creators - 1, refused.get());
      store.open(name, OpenMode.WRITER, "test").close();
    }
    assertEquals(20, files().size());
  }

  private static final RegionStore.Linker NO_HARD_LINKS =
      (newName, file) -> {
        throw new FileSystemException(newName.toString(), null, "Operation not permitted");
      };

  @Test
  void worksWithoutHardLinks() throws Exception {
    RegionStore linkless = RegionStore.open(directory, NO_HARD_LINKS);
    try (StoreFile file =
        linkless.create("r", 5000, Reservation.SPARSE, SpaceReserver.SPARSE, "test")) {
      put(file, 0, 7);
      assertEquals(store.path("r"), file.path());
    }
    assertEquals("rw-------", mode(store.path("r")));
    assertThrows(
        MemoryException.class,
        () -> linkless.create("r", 1, Reservation.SPARSE, SpaceReserver.SPARSE, "test"));
    try (StoreFile file = store.open("r", OpenMode.READER, "test")) {
      assertEquals(7, get(file, 0));
    }
    assertEquals(List.of("r.region"), files());
  }

  @Test
  void aFailedReservationLeavesNothing() throws Exception {
    IOException full = new IOException("No space left on device");
    for (SpaceReserver failing :
        List.<SpaceReserver>of(
            (file, at, length) -> {
              throw full;
            },
            (file, at, length) -> {
              throw new IllegalStateException("cancelled");
            },
            SpaceReserver.zeros(
                (done, total) -> {
                  if (done > 0) {
                    throw new IllegalStateException("cancelled");
                  }
                }))) {
      assertThrows(Exception.class, () -> store.create("r", 1 << 20, RESERVED, failing, "test"));
      assertThrows(Exception.class, () -> store.createUnnamed(1 << 20, failing));
      assertEquals(List.of(), files());
    }
    MemoryException e =
        assertThrows(
            MemoryException.class,
            () ->
                store.create(
                    "r",
                    1 << 20,
                    RESERVED,
                    (file, at, length) -> {
                      throw full;
                    },
                    "test"));
    assertEquals(28, e.errno());
    assertTrue(
        message(e).startsWith("allocate 1048576 bytes of " + store.path("r") + ": ENOSPC (28); "),
        message(e));
  }

  private static final Reservation RESERVED = Reservation.RESERVED;

  @Test
  void aSizeThatNoDiskHasIsRefusedBeforeTheDiskIsFilled() throws Exception {
    for (long size : new long[] {1L << 43, Long.MAX_VALUE}) {
      assertThrows(
          MemoryException.class,
          () ->
              store.create(
                  "r", size, RESERVED, SpaceReserver.zeros(ProgressListener.NONE), "test"));
    }
    assertEquals(List.of(), files());
  }

  @Test
  void anInterruptDuringAReservationCancelsItAndStays() throws Exception {
    ProgressListener interrupting = (done, total) -> Thread.currentThread().interrupt();
    MemoryException e =
        assertThrows(
            MemoryException.class,
            () -> store.create("r", 64 << 20, RESERVED, SpaceReserver.zeros(interrupting), "test"));
    assertTrue(message(e).contains("cancelled by an interrupt"), message(e));
    assertTrue(Thread.interrupted());
    assertEquals(List.of(), files());
  }

  @Test
  void anInterruptedThreadIsRefusedNewFilesAndCanDoAllElse() throws Exception {
    try (StoreFile file = create("r", 5000)) {
      Thread.currentThread().interrupt();
      assertThrows(MemoryException.class, () -> create("s", 1));
      assertThrows(MemoryException.class, () -> store.open("s", OpenMode.READER, "test"));
      assertThrows(MemoryException.class, () -> store.createUnnamed(1, SpaceReserver.SPARSE));
      put(file, 0, 1);
      file.checkLength("test");
      file.resize(9000, SpaceReserver.SPARSE);
      assertEquals(9000, store.list().getFirst().byteSize());
      assertFalse(store.verify().isEmpty());
    }
    store.delete("r");
    assertTrue(Thread.currentThread().isInterrupted());
    assertEquals(List.of(), files());
  }

  @Test
  void zerosReallyTakeTheSpaceAndReportTheirProgress() throws Exception {
    List<Long> reported = new ArrayList<>();
    long size = (33 << 20) + 5;
    try (StoreFile file =
        store.create(
            "r",
            size,
            RESERVED,
            SpaceReserver.zeros((done, total) -> reported.add(done)),
            "test")) {
      long pages = (size + 4095) / 4096 * 4096;
      assertEquals(List.of(0L, 16L << 20, 32L << 20, pages), reported);
      assertTrue(allocatedBytes(file.path()) >= pages, "blocks are allocated");
    }
  }

  @Test
  void aSparseRegionTakesNoSpaceAndMayBeLargerThanTwoGibibytes() throws Exception {
    long size = 3L << 30;
    try (StoreFile file =
        store.create("r", size, Reservation.SPARSE, SpaceReserver.SPARSE, "test")) {
      put(file, size - 1, 9);
      assertEquals(9, get(file, size - 1));
      assertTrue(allocatedBytes(file.path()) < 1 << 20, "sparse");
      assertEquals(Reservation.SPARSE, file.reservation());
    }
  }

  @Test
  void temporariesOfDeadProcessesAreRemovedAndThoseInUseAreNot() throws Exception {
    Files.write(directory.resolve(".dmalloc-dead.new"), new byte[10]);
    StoreFinding found =
        store.verify().stream()
            .filter(f -> f.subject().equals(".dmalloc-dead.new"))
            .findFirst()
            .orElseThrow();
    assertEquals(Severity.WARNING, found.severity());
    create(
            "r",
            1,
            (file, at, length) -> {
              String temporary = String.valueOf(file.path().getFileName());
              RegionStore.open(directory);
              assertEquals(List.of(temporary), files());
              assertTrue(
                  store
                      .verify()
                      .contains(
                          new StoreFinding(Severity.OK, temporary, "an allocation is under way")));
            })
        .close();
    assertEquals(List.of("r.region"), files());
  }

  @Test
  void anUnnamedRegionHasNoPathFromTheStartAndCanBeResized() throws Exception {
    try (StoreFile file =
        store.createUnnamed(
            5000, (f, at, length) -> assertEquals(List.of(), files(), "while reserving"))) {
      assertEquals(List.of(), files());
      assertEquals(0, file.dataOffset());
      assertNull(file.name());
      put(file, 4999, 3);
      file.resize(9000, SpaceReserver.SPARSE);
      assertEquals(3, get(file, 4999));
      assertEquals(0, get(file, 8999));
    }
  }

  @Test
  void zerosThatReserveAnUnnamedRegionMakeItsFile() throws Exception {
    for (long byteSize : new long[] {0, 1, 5000, (3 << 20) + 1}) {
      try (StoreFile file =
          store.createUnnamed(byteSize, SpaceReserver.zeros(ProgressListener.NONE))) {
        assertEquals(FileLengths.of(0, byteSize), file.disk().length());
        assertEquals(List.of(), files());
        assertEquals(
            Set.of(),
            System.getProperties().stringPropertyNames().stream()
                .filter(name -> name.startsWith("dmalloc.store.open."))
                .collect(Collectors.toSet()),
            "nobody can open it");
        try (Arena arena = Arena.ofShared()) {
          MemorySegment mapped = file.data().map(MapMode.READ_WRITE, arena);
          assertEquals(-1, mapped.mismatch(MemorySegment.ofArray(new byte[(int) byteSize])));
        }
      }
    }
  }

  /** Also in the middle of a write, which the calling thread makes itself. */
  @Test
  void anInterruptCancelsTheCreationOfAnUnnamedRegionWholeOrNotAtAll() throws Exception {
    Thread creator = Thread.currentThread();
    AtomicBoolean stop = new AtomicBoolean();
    Random random = new Random(17);
    Thread interrupting =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!stop.get()) {
                    LockSupport.parkNanos(random.nextInt(1_000_000));
                    creator.interrupt();
                  }
                });
    int cancelled = 0;
    try {
      for (int i = 0; i < 1_000 && cancelled < 20; i++) {
        Thread.interrupted();
        try (StoreFile file =
            store.createUnnamed(4 << 20, SpaceReserver.zeros(ProgressListener.NONE))) {
          assertEquals(4 << 20, file.disk().length(), "the channel is open");
        } catch (MemoryException e) {
          assertTrue(message(e).contains("cancelled by an interrupt"), message(e));
          assertTrue(Thread.currentThread().isInterrupted());
          cancelled += message(e).startsWith("reserve") ? 1 : 0;
        }
      }
    } finally {
      stop.set(true);
      Uninterrupted.join(interrupting, TimeUnit.SECONDS.toNanos(60));
    }
    assertTrue(cancelled > 0, "no interrupt came while the file was filled");
    assertEquals(List.of(), files());
  }

  @Test
  void aFileThatWasCutShortIsNotMapped() throws Exception {
    try (StoreFile file = create("r", 5000);
        Arena arena = Arena.ofShared()) {
      long length = file.disk().length();
      file.disk().setLength(file.dataOffset() + 4999);
      MemoryException e =
          assertThrows(MemoryException.class, () -> file.data().map(MapMode.READ_WRITE, arena));
      assertTrue(message(e).startsWith("map " + file.path() + ": truncated"), message(e));
      file.disk().setLength(length);
      file.data().map(MapMode.READ_WRITE, arena);
    }
  }

  @Test
  void theFileSystemIsFoundAgainWhereThePathLeadsToAnotherDirectory() throws Exception {
    Path below = Files.createDirectory(directory.resolve("s"));
    RegionStore nested = RegionStore.open(below);
    FileStore first = nested.fileStore();
    assertSame(first, nested.fileStore());
    Files.move(below, directory.resolve("t"));
    assertThrows(NoSuchFileException.class, nested::fileStore);
    Files.createDirectory(below);
    assertNotSame(first, nested.fileStore());
  }

  @Test
  void readersShareAndExcludeAWriterUntilTheLastIsGone() throws Exception {
    create("r", 100).close();
    StoreFile first = store.open("r", OpenMode.READER, "first");
    StoreFile second = store.open("r", OpenMode.PRIVATE_COPY, "second");
    MemoryException e =
        assertThrows(MemoryException.class, () -> store.open("r", OpenMode.WRITER, "third"));
    assertTrue(message(e).contains("by first, second"), message(e));
    assertThrows(MemoryException.class, () -> store.delete("r"));
    first.close();
    first.close();
    assertEquals(State.OPEN, store.list().getFirst().state());
    assertThrows(MemoryException.class, () -> store.open("r", OpenMode.WRITER, "third"));
    second.close();
    store.open("r", OpenMode.WRITER, "third").close();
  }

  @Test
  void whatIsAttachedIsClosedWithTheLastHolder() throws Exception {
    create("r", 100).close();
    List<String> closed = new ArrayList<>();
    StoreFile first = store.open("r", OpenMode.READER, "first");
    StoreFile second = store.open("r", OpenMode.READER, "second");
    first.attach(() -> closed.add("first"));
    second.attach(() -> closed.add("second"));
    first.close();
    assertEquals(List.of(), closed);
    second.close();
    assertEquals(List.of("first", "second"), closed);
  }

  @Test
  void aDiscardedCreationLeavesNothing() throws Exception {
    create("r", 100).discard();
    StoreFile unnamed = store.createUnnamed(100, SpaceReserver.SPARSE);
    unnamed.discard();
    assertThrows(IllegalStateException.class, unnamed::discard);
    assertEquals(List.of(), files());
    create("r", 100).close();
    try (StoreFile reader = store.open("r", OpenMode.READER, "test")) {
      assertThrows(IllegalStateException.class, reader::discard);
    }
    assertEquals(List.of("r.region"), files());
  }

  @Test
  void aDeletedRegionIsGoneAndItsNameIsFree() throws Exception {
    create("r", 100).close();
    store.delete("r");
    assertEquals(List.of(), files());
    MemoryException e = assertThrows(MemoryException.class, () -> store.delete("r"));
    assertEquals(2, e.errno());
    e = assertThrows(MemoryException.class, () -> store.open("r", OpenMode.WRITER, "test"));
    assertTrue(message(e).contains("no such region"), message(e));
    create("r", 100).close();
  }

  @Test
  void resizeKeepsBytesAndZeroesNewOnes() throws Exception {
    try (StoreFile file = create("r", 5000)) {
      put(file, 10, 1);
      put(file, 4999, 2);
      file.resize(100, SpaceReserver.SPARSE);
      file.resize(20_000, SpaceReserver.zeros(ProgressListener.NONE));
      assertEquals(1, get(file, 10));
      assertEquals(0, get(file, 4999));
      assertThrows(
          MemoryException.class,
          () ->
              file.resize(
                  40_000,
                  (f, at, length) -> {
                    throw new IOException("No space left on device");
                  }));
      assertEquals(20_000, file.byteSize());
      assertEquals(20_000, store.list().getFirst().byteSize());
    }
    try (StoreFile file = store.open("r", OpenMode.READER, "test")) {
      assertEquals(20_000, file.byteSize());
      assertThrows(IllegalStateException.class, () -> file.resize(1, SpaceReserver.SPARSE));
    }
  }

  @Test
  void aFileCutShortIsDetected() throws Exception {
    try (StoreFile file = create("r", 100_000)) {
      file.disk().setLength(file.dataOffset() + 50_000);
      MemoryException e = assertThrows(MemoryException.class, () -> file.checkLength("force"));
      assertTrue(message(e).startsWith("force " + file.path() + ": truncated"), message(e));
      assertThrows(MemoryException.class, () -> file.resize(200_000, SpaceReserver.SPARSE));
      assertThrows(
          MemoryException.class, () -> file.data().map(MapMode.READ_WRITE, Arena.ofAuto()));
      assertEquals(file.dataOffset() + 50_000, Files.size(file.path()), "not extended again");
    }
  }

  @Test
  void verifyNamesWhatItChecked() throws Exception {
    create("r", 100).close();
    List<StoreFinding> findings = store.verify();
    assertTrue(findings.stream().anyMatch(f -> f.subject().equals("region r")), "region");
    assertTrue(findings.stream().anyMatch(f -> f.message().contains("bytes are free")), "space");
    assertTrue(findings.stream().anyMatch(f -> f.subject().equals(directory.toString())), "dir");

    Files.setPosixFilePermissions(store.path("r"), PosixFilePermissions.fromString("rw-r--r--"));
    assertTrue(
        store.verify().stream()
            .anyMatch(f -> f.severity() == Severity.WARNING && f.message().contains("chmod 600")),
        "mode");
  }

  @Test
  void aFailureOfTheListenerCancelsTheCreation() throws Exception {
    IllegalStateException cancel = new IllegalStateException("enough");
    SpaceReserver cancelled =
        SpaceReserver.zeros(
            (done, total) -> {
              throw cancel;
            });
    MemoryException e =
        assertThrows(
            MemoryException.class, () -> store.create("r", 100, RESERVED, cancelled, "test"));
    assertSame(cancel, e.getCause());
    assertEquals(List.of(), files());
  }

  private StoreFile create(String name, long byteSize) throws MemoryException {
    return create(name, byteSize, SpaceReserver.SPARSE);
  }

  private StoreFile create(String name, long byteSize, SpaceReserver reserver)
      throws MemoryException {
    return store.create(name, byteSize, RESERVED, reserver, "test");
  }

  private static void put(StoreFile file, long at, int value) throws Exception {
    try (Arena arena = Arena.ofShared()) {
      file.data().map(MapMode.READ_WRITE, arena).set(JAVA_BYTE, at, (byte) value);
    }
  }

  private static byte get(StoreFile file, long at) throws Exception {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment data = file.data().map(MapMode.READ_ONLY, arena);
      assertEquals(file.byteSize(), data.byteSize());
      return data.get(JAVA_BYTE, at);
    }
  }

  private static long allocatedBytes(Path file) throws Exception {
    Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
    String blocks = String.valueOf(stat.inputReader().readLine());
    return Long.parseLong(blocks) * 512;
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  private static String message(Exception e) {
    return Objects.requireNonNull(e.getMessage());
  }
}
