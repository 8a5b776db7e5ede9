/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.CheckpointStatus;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.api.backing.SealedCheckpoint;
import org.dmalloc.linux.Platform;
import org.dmalloc.spi.store.RegionStore;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Checkpointed regions in one JVM. A crash of the process is a copy of the store's files: what a
 * killed process leaves is what its files have then.
 */
@Timeout(120)
class CheckpointTest {
  private static final long MIB = 1L << 20;
  private static final long PAGE = Platform.pageSize();
  private static final CheckpointOptions PLAIN = CheckpointOptions.DEFAULT;

  @TempDir private Path directory;
  private PanamaProvider provider;
  private int crashes;

  @BeforeEach
  void start() throws IOException {
    provider = provider(Files.createDirectory(directory.resolve("store")));
  }

  private static PanamaProvider provider(Path store) throws MemoryException {
    return new PanamaProvider(PanamaSettings.in(RegionStore.open(store)));
  }

  private MemoryRegion allocate(String name, long byteSize, CheckpointOptions options)
      throws MemoryException {
    return provider.allocate(RegionRequest.ofSize(byteSize).withName(name).checkpointed(options));
  }

  /** What the next process finds after a kill at this moment. */
  private PanamaProvider crash() throws IOException {
    Path from = directory.resolve("store");
    Path to = directory.resolve("crash" + ++crashes);
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.sorted(Comparator.comparingInt(each -> order(each))).toList()) {
        Files.copy(file, to.resolve(from.relativize(file)));
      }
    }
    return provider(to);
  }

  /** What says which checkpoints the files have goes first: they may get one meanwhile. */
  private static int order(Path file) {
    return Files.isDirectory(file) ? 0 : file.endsWith("group") ? 1 : 2;
  }

  private static void set(MemoryRegion region, long page, long value) {
    try (Access access = region.acquire()) {
      access.segment().set(JAVA_LONG, page * PAGE, value);
    }
  }

  private static long get(MemoryRegion region, long page) {
    try (Access access = region.acquire()) {
      return access.segment().get(JAVA_LONG, page * PAGE);
    }
  }

  @Test
  void opensAsItsLastCheckpointAfterACrash() throws IOException {
    try (MemoryRegion region = allocate("r", MIB, PLAIN)) {
      set(region, 1, 11);
      set(region, 5, 15);
      assertEquals(1, region.checkpoint());
      set(region, 1, 21);
      set(region, 7, 27);
      try (MemoryRegion after = crash().open("r")) {
        assertEquals(Durability.CHECKPOINT, after.info().durability());
        assertEquals(List.of(11L, 15L, 0L), List.of(get(after, 1), get(after, 5), get(after, 7)));
        assertEquals(1, after.checkpoints().status().number());
      }
      assertEquals(2, region.checkpoint());
      try (MemoryRegion after = crash().open("r")) {
        assertEquals(List.of(21L, 15L, 27L), List.of(get(after, 1), get(after, 5), get(after, 7)));
      }
    }
  }

  @Test
  void isEmptyAfterACrashBeforeTheFirstCheckpoint() throws IOException {
    try (MemoryRegion region = allocate("r", MIB, PLAIN)) {
      set(region, 1, 11);
      try (MemoryRegion after = crash().open("r")) {
        assertEquals(0, get(after, 1));
      }
    }
  }

  @Test
  void goesOnAfterItWasApplied() throws IOException {
    try (MemoryRegion region = allocate("r", MIB, PLAIN)) {
      for (long round = 1; round <= 20; round++) {
        for (long page = 0; page < 200; page += 1 + round % 3) {
          set(region, page, 1000 * round + page);
        }
        assertEquals(round, region.checkpoint());
        if (round % 4 == 0) {
          region.checkpoints().awaitApplied();
          assertEquals(round, region.checkpoints().status().applied());
        }
        List<Long> expected = new ArrayList<>();
        for (long page = 0; page < 256; page++) {
          expected.add(get(region, page));
        }
        try (MemoryRegion after = crash().open("r")) {
          for (long page = 0; page < 256; page++) {
            assertEquals(expected.get((int) page), get(after, page), "page " + page);
          }
        }
      }
    }
  }

  @Test
  void closingMakesACheckpointUnlessItIsNotTo() throws IOException {
    try (MemoryRegion region = allocate("kept", MIB, PLAIN)) {
      set(region, 3, 33);
    }
    try (MemoryRegion region = allocate("dropped", MIB, PLAIN.withOnClose(false))) {
      set(region, 3, 33);
      region.checkpoint();
      set(region, 3, 34);
    }
    try (MemoryRegion kept = provider.open("kept");
        MemoryRegion dropped = provider.open("dropped")) {
      assertEquals(33, get(kept, 3));
      assertEquals(1, kept.checkpoints().status().number());
      assertEquals(33, get(dropped, 3));
    }
  }

  @Test
  void discardGoesBack() throws IOException {
    try (MemoryRegion region = allocate("r", MIB, PLAIN)) {
      set(region, 3, 33);
      region.checkpoint();
      set(region, 3, 34);
      set(region, 4, 44);
      region.discard();
      assertEquals(33, get(region, 3));
      assertEquals(0, get(region, 4));
      set(region, 4, 45);
      region.checkpoint();
      assertEquals(45, get(region, 4));
    }
  }

  @Test
  void makesNoneWhereNothingHasChanged() throws IOException {
    try (MemoryRegion region = allocate("r", MIB, PLAIN)) {
      set(region, 3, 33);
      assertEquals(1, region.checkpoint());
      assertEquals(33, get(region, 3));
      assertEquals(1, region.checkpoint());
      region.checkpoints().awaitApplied();
      assertEquals(1, region.checkpoint());
    }
  }

  @Test
  void aGroupIsCheckpointedTogether() throws IOException {
    CheckpointOptions options = PLAIN.withGroup("both");
    try (MemoryRegion index = allocate("index", MIB, options);
        MemoryRegion data = allocate("data", MIB, options)) {
      assertEquals("both", index.checkpoints().name());
      assertEquals(List.of(index, data), data.checkpoints().regions());
      set(index, 1, 11);
      set(data, 1, 12);
      assertEquals(1, data.checkpoint());
      set(index, 1, 21);
      set(data, 1, 22);
      PanamaProvider after = crash();
      try (MemoryRegion first = after.open("data");
          MemoryRegion second = after.open("index")) {
        assertEquals(12, get(first, 1));
        assertEquals(11, get(second, 1));
      }
    }
    try (MemoryRegion data = provider.open("data")) {
      assertEquals(22, get(data, 1));
    }
  }

  @Test
  void aSectionOnOneRegionIsASectionOnItsGroup() throws Exception {
    CheckpointOptions options = PLAIN.withGroup("both");
    try (MemoryRegion first = allocate("first", MIB, options);
        MemoryRegion second = allocate("second", MIB, options)) {
      AtomicBoolean over = new AtomicBoolean();
      AtomicReference<Throwable> failure = new AtomicReference<>();
      List<Thread> writers = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        long page = i;
        writers.add(
            Thread.ofPlatform()
                .uncaughtExceptionHandler((thread, e) -> failure.set(e))
                .start(
                    () -> {
                      for (long value = 1; !over.get(); value++) {
                        try (Access outer = first.acquire()) {
                          outer.segment().set(JAVA_LONG, page * PAGE, value);
                          try (Access inner = second.acquire()) {
                            inner.segment().set(JAVA_LONG, page * PAGE, value);
                          }
                        }
                      }
                    }));
      }
      for (int round = 0; round < 20; round++) {
        first.checkpoint();
        PageReader kept = new PageReader();
        CheckpointLog log = assertInstanceOf(CheckpointLog.class, first.checkpoints());
        try (CheckpointLog.Following following = log.follow(log.status().number() - 1, kept)) {
          assertTrue(following.first() > 0);
          kept.awaitOne();
        }
        assertEquals(kept.value("first", 0), kept.value("second", 0));
        assertEquals(kept.value("first", PAGE), kept.value("second", PAGE));
      }
      over.set(true);
      for (Thread writer : writers) {
        writer.join();
      }
      assertEquals(null, failure.get());
    }
  }

  /** Keeps what the first checkpoint that it gets has. */
  private static final class PageReader implements CheckpointLog.Follower {
    private final java.util.Map<String, Long> values = new java.util.HashMap<>();
    private final CountDownLatch got = new CountDownLatch(1);

    @Override
    public synchronized void sealed(SealedCheckpoint checkpoint) throws MemoryException {
      if (got.getCount() > 0) {
        checkpoint.read(
            (region, offset, content) -> {
              MemorySegment pages = MemorySegment.ofBuffer(content);
              for (long at = 0; at < pages.byteSize(); at += PAGE) {
                values.put(region + (offset + at), pages.get(JAVA_LONG.withByteAlignment(1), at));
              }
            });
        got.countDown();
      }
    }

    void awaitOne() throws InterruptedException {
      got.await();
    }

    synchronized Long value(String region, long offset) {
      return values.getOrDefault(region + offset, 0L);
    }
  }

  @Test
  void refusesWhatWouldStoreOutsideSectionsOrReachTheFile() throws IOException {
    try (MemoryRegion region = allocate("r", MIB, PLAIN)) {
      assertThrows(UnsupportedOperationException.class, region::segment);
      assertThrows(UnsupportedOperationException.class, region::force);
      assertThrows(UnsupportedOperationException.class, () -> region.punch(0, PAGE, Punch.RELEASE));
      assertThrows(UnsupportedOperationException.class, () -> region.reserve(0, PAGE));
      assertThrows(UnsupportedOperationException.class, () -> region.limitResident(MIB));
      for (Advice advice : List.of(Advice.DONT_NEED, Advice.POPULATE_WRITE)) {
        assertThrows(UnsupportedOperationException.class, () -> region.advise(advice));
      }
      try (Access access = region.acquire()) {
        assertTrue(access.segment().byteSize() > 0);
        IllegalStateException e = assertThrows(IllegalStateException.class, region::checkpoint);
        assertTrue(e.getMessage().contains("section"), e.getMessage());
        assertThrows(IllegalStateException.class, region::discard);
      }
    }
    try (MemoryRegion plain = provider.allocate(RegionRequest.ofSize(PAGE).withName("plain"))) {
      assertThrows(UnsupportedOperationException.class, plain::checkpoint);
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> provider.open(OpenRequest.of("plain").checkpointed(PLAIN)));
    assertThrows(
        IllegalArgumentException.class, () -> RegionRequest.ofSize(PAGE).checkpointed(PLAIN));
  }

  @Test
  void sectionsAreRefusedAtTheBoundUntilACheckpoint() throws Exception {
    try (MemoryRegion region = allocate("r", 16 * MIB, PLAIN.withPrivateBytes(MIB))) {
      UncheckedIOException refused =
          assertThrows(
              UncheckedIOException.class,
              () -> {
                for (long page = 0; page < 16 * MIB / PAGE; page++) {
                  set(region, page, page);
                  if (page % 64 == 63) {
                    Thread.sleep(50);
                  }
                }
              });
      assertInstanceOf(MemoryException.class, refused.getCause());
      assertTrue(refused.getMessage().contains("bound of " + MIB), refused.getMessage());
      assertNotNull(region.checkpoints().status().failure());
      assertEquals(1, region.checkpoint());
      set(region, 0, 99);
      assertEquals(99, get(region, 0));
    }
  }

  @Test
  void sectionsWaitForAnAutomaticCheckpointAtTheBound() throws Exception {
    CheckpointOptions options =
        PLAIN.withPrivateBytes(2 * MIB).withEvery(Duration.ofHours(1)); // by the bound alone
    try (MemoryRegion region = allocate("r", 64 * MIB, options)) {
      for (long page = 0; page < 64 * MIB / PAGE; page++) {
        set(region, page, page);
        if (page % 256 == 0) {
          Thread.sleep(25);
        }
      }
      assertTrue(region.checkpoints().status().number() > 1);
      for (long page = 0; page < 64 * MIB / PAGE; page++) {
        assertEquals(page, get(region, page));
      }
    }
  }

  @Test
  void aSectionThatTakesFarTooMuchLosesItsSegment() throws Exception {
    try (MemoryRegion region = allocate("r", 64 * MIB, PLAIN.withPrivateBytes(MIB))) {
      set(region, 3, 33);
      region.checkpoint();
      assertThrows(
          IllegalStateException.class,
          () -> {
            try (Access access = region.acquire()) {
              for (long round = 1; ; round++) {
                for (long page = 0; page < 64 * MIB / PAGE; page++) {
                  access.segment().set(JAVA_LONG, page * PAGE, round);
                }
              }
            }
          });
      // HotSpot interrupts the thread that it throws into, so that a wait would end.
      boolean interrupted = Thread.interrupted();
      UncheckedIOException refused =
          assertThrows(UncheckedIOException.class, () -> set(region, 1, 1));
      assertTrue(refused.getMessage().contains("discard()"), "interrupted: " + interrupted);
      MemoryException none = assertThrows(MemoryException.class, region::checkpoint);
      assertTrue(none.getMessage().contains("discard()"), none.getMessage());
      region.discard();
      assertEquals(33, get(region, 3));
      assertEquals(0, get(region, 4));
      set(region, 4, 44);
      assertEquals(2, region.checkpoint());
    }
    try (MemoryRegion region = provider.open("r")) {
      assertEquals(List.of(33L, 44L), List.of(get(region, 3), get(region, 4)));
    }
  }

  @Test
  void automaticCheckpointsComeByTimeAndByChanges() throws Exception {
    try (MemoryRegion byTime = allocate("time", MIB, PLAIN.withEvery(Duration.ofMillis(200)));
        MemoryRegion byBytes = allocate("bytes", MIB, PLAIN.withChangedBytes(16 * PAGE))) {
      set(byTime, 1, 11);
      for (long page = 0; page < 32; page++) {
        set(byBytes, page, 5);
      }
      while (byTime.checkpoints().status().number() == 0
          || byBytes.checkpoints().status().number() == 0) {
        Thread.sleep(20);
      }
      PanamaProvider after = crash();
      try (MemoryRegion time = after.open("time");
          MemoryRegion bytes = after.open("bytes")) {
        assertEquals(11, get(time, 1));
        assertEquals(5, get(bytes, 31));
      }
    }
  }

  @Test
  void sizesAreThoseOfTheCheckpoint() throws IOException {
    RegionRequest request =
        RegionRequest.ofSize(MIB).withName("r").withMaximum(4 * MIB).checkpointed(PLAIN);
    try (MemoryRegion region = provider.allocate(request)) {
      set(region, 0, 1);
      region.setLength(123);
      region.checkpoint();
      region.resize(2 * MIB);
      set(region, MIB / PAGE + 1, 77);
      region.setLength(456);
      try (MemoryRegion after = crash().open("r")) {
        assertEquals(MIB, after.byteSize());
        assertEquals(123, after.length());
      }
      region.checkpoint();
      try (MemoryRegion after = crash().open("r")) {
        assertEquals(2 * MIB, after.byteSize());
        assertEquals(456, after.length());
        assertEquals(77, get(after, MIB / PAGE + 1));
      }
      region.resize(8 * MIB); // mapped anew
      set(region, 8 * MIB / PAGE - 1, 88);
      assertEquals(77, get(region, MIB / PAGE + 1));
      region.checkpoint();
      set(region, 0, 2);
      region.resize(MIB); // is a checkpoint
      try (MemoryRegion after = crash().open("r")) {
        assertEquals(MIB, after.byteSize());
        assertEquals(2, get(after, 0));
      }
      region.resize(2 * MIB);
      assertEquals(0, get(region, MIB / PAGE + 1));
    }
    try (MemoryRegion region = provider.open("r")) {
      assertEquals(2 * MIB, region.byteSize());
      assertEquals(0, get(region, MIB / PAGE + 1));
    }
  }

  @Test
  void discardTakesTheLengthBackAndLeavesTheSize() throws IOException {
    RegionRequest request =
        RegionRequest.ofSize(MIB).withName("r").withMaximum(4 * MIB).checkpointed(PLAIN);
    try (MemoryRegion region = provider.allocate(request)) {
      region.setLength(10);
      region.checkpoint();
      region.setLength(20);
      region.resize(2 * MIB);
      set(region, MIB / PAGE, 5);
      region.discard();
      assertEquals(10, region.length());
      assertEquals(2 * MIB, region.byteSize());
      assertEquals(0, get(region, MIB / PAGE));
      region.checkpoint();
      try (MemoryRegion after = crash().open("r")) {
        assertEquals(10, after.length());
        assertEquals(2 * MIB, after.byteSize());
      }
    }
  }

  @Test
  void mayBeFarLargerThanTheMemory() throws IOException {
    RegionRequest request =
        RegionRequest.ofSize(1L << 40)
            .withName("r")
            .withReservation(Reservation.SPARSE)
            .checkpointed(PLAIN);
    try (MemoryRegion region = provider.allocate(request)) {
      set(region, (1L << 40) / PAGE - 1, 7);
      assertEquals(1, region.checkpoint());
      try (MemoryRegion again = region) {
        assertEquals(7, get(again, (1L << 40) / PAGE - 1));
      }
    }
    try (MemoryRegion region = provider.open("r")) {
      assertEquals(7, get(region, (1L << 40) / PAGE - 1));
    }
    MemoryException refused =
        assertThrows(MemoryException.class, () -> allocate("huge", 1L << 43, PLAIN));
    assertTrue(refused.getMessage().contains("at most"), refused.getMessage());
  }

  @Test
  void aThreadInASectionDoesNotCloseARegionOfItsGroup() throws IOException {
    CheckpointOptions options = PLAIN.withGroup("g");
    try (MemoryRegion first = allocate("first", MIB, options);
        MemoryRegion second = allocate("second", MIB, options)) {
      try (Access access = first.acquire()) {
        access.segment().set(JAVA_LONG, 0, 1);
        assertThrows(IllegalStateException.class, second::close);
      }
      assertTrue(second.info().open());
    }
  }

  @Test
  void progressIsToldAndCancels() throws IOException {
    try (MemoryRegion region = allocate("r", 8 * MIB, PLAIN)) {
      for (long page = 0; page < 8 * MIB / PAGE; page += 2) {
        set(region, page, page);
      }
      List<Long> told = new ArrayList<>();
      MemoryException cancelled =
          assertThrows(
              MemoryException.class,
              () ->
                  region
                      .checkpoints()
                      .checkpoint(
                          (done, total) -> {
                            assertEquals(4 * MIB, total);
                            told.add(done);
                            if (done > MIB) {
                              throw new IllegalStateException("enough");
                            }
                          }));
      assertTrue(cancelled.getMessage().contains("cancelled"), cancelled.getMessage());
      assertTrue(told.size() > 10 && told.getFirst() > 0, told.toString());
      assertEquals(0, region.checkpoints().status().number());
      assertEquals(1, region.checkpoint()); // with all that the cancelled one had armed
      try (MemoryRegion after = crash().open("r")) {
        for (long page = 0; page < 8 * MIB / PAGE; page += 2) {
          assertEquals(page, get(after, page));
        }
      }
    }
  }

  @Test
  void sizesOfAPartOfAPageAreExact() throws IOException {
    try (MemoryRegion region = allocate("r", PAGE + 100, PLAIN)) {
      try (Access access = region.acquire()) {
        access.segment().fill((byte) 7);
      }
      region.checkpoint();
      try (MemoryRegion after = crash().open("r");
          Access access = after.acquire()) {
        assertEquals(PAGE + 100, access.segment().byteSize());
        assertEquals(7, access.segment().get(java.lang.foreign.ValueLayout.JAVA_BYTE, PAGE + 99));
      }
    }
  }

  @Test
  void isRenamedAndDeletedWithItsPlaceInTheJournal() throws IOException {
    CheckpointOptions options = PLAIN.withGroup("g");
    try (MemoryRegion first = allocate("first", MIB, options);
        MemoryRegion second = allocate("second", MIB, options)) {
      set(first, 1, 11);
      set(second, 1, 12);
      first.checkpoint();
      first.rename("third");
      set(first, 1, 21);
      first.checkpoint();
      PanamaProvider after = crash();
      try (MemoryRegion renamed = after.open("third")) {
        assertEquals(21, get(renamed, 1));
      }
    }
    provider.delete("second");
    try (MemoryRegion left = provider.open("third")) {
      assertEquals(21, get(left, 1));
    }
    provider.delete("third");
    try (Stream<Path> files = Files.list(directory.resolve("store"))) {
      assertEquals(List.of(), files.toList());
    }
  }

  @Test
  void isReadOnlyAfterACrashToo() throws IOException {
    try (MemoryRegion region = allocate("r", MIB, PLAIN)) {
      set(region, 1, 11);
      region.checkpoint();
      PanamaProvider after = crash();
      try (MemoryRegion reader = after.open(OpenRequest.of("r").withAccess(AccessMode.READ_ONLY))) {
        assertEquals(11, get(reader, 1));
      }
    }
  }

  @Test
  void theRegionsOfAClosedMemberThrowWhileOthersGoOn() throws IOException {
    CheckpointOptions options = PLAIN.withGroup("g");
    MemoryRegion first = allocate("first", MIB, options);
    try (MemoryRegion second = allocate("second", MIB, options)) {
      set(first, 1, 11);
      first.close();
      assertFalse(first.info().open());
      assertTrue(second.info().open());
      assertThrows(IllegalStateException.class, first::acquire);
      assertThrows(IllegalStateException.class, () -> first.resize(PAGE));
      set(second, 1, 12);
      assertEquals(2, second.checkpoint());
      try (MemoryRegion again = provider.open("first")) {
        assertEquals(11, get(again, 1));
      }
    }
  }

  @Test
  void replaceBringsOtherContentInOneStep() throws IOException {
    try (MemoryRegion region = allocate("r", MIB, PLAIN)) {
      set(region, 1, 11);
      set(region, 2, 12);
      region.checkpoint();
      set(region, 2, 99);
      CheckpointLog log = assertInstanceOf(CheckpointLog.class, region.checkpoints());
      java.nio.ByteBuffer page =
          java.nio.ByteBuffer.allocateDirect((int) PAGE).order(java.nio.ByteOrder.nativeOrder());
      page.putLong(0, 55);
      assertEquals(2, log.replace(visitor -> visitor.pages("r", PAGE, page)));
      assertEquals(List.of(55L, 12L), List.of(get(region, 1), get(region, 2)));
      try (MemoryRegion after = crash().open("r")) {
        assertEquals(List.of(55L, 12L), List.of(get(after, 1), get(after, 2)));
      }
      MemoryException failed =
          assertThrows(
              MemoryException.class,
              () ->
                  log.replace(
                      visitor -> {
                        visitor.pages("r", 0, page.clear());
                        throw MemoryException.of("read", "backup", "no more", "");
                      }));
      assertTrue(failed.getMessage().contains("no more"));
      assertEquals(0, get(region, 0));
      set(region, 3, 13);
      assertEquals(3, region.checkpoint());
    }
  }

  @Test
  void privatePagesGoWhenTheFileHasThem() throws Exception {
    try (MemoryRegion region = allocate("r", 8 * MIB, PLAIN)) {
      for (long page = 0; page < 8 * MIB / PAGE; page++) {
        set(region, page, page + 1);
      }
      region.checkpoint();
      region.checkpoints().awaitApplied();
      long deadline = System.nanoTime() + 30_000_000_000L;
      while (region.checkpoints().status().privateBytes() > 0) {
        assertTrue(System.nanoTime() - deadline < 0, () -> "" + region.checkpoints().status());
        Thread.sleep(50);
      }
      CheckpointStatus.Cost cost = region.checkpoints().status().last();
      assertNotNull(cost);
      assertEquals(8 * MIB, cost.changedBytes());
      assertTrue(cost.writtenBytes() >= cost.changedBytes(), cost.toString());
      for (long page = 0; page < 8 * MIB / PAGE; page++) {
        assertEquals(page + 1, get(region, page));
      }
    }
  }
}
