/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Arrays;
import java.util.BitSet;
import java.util.PrimitiveIterator;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.dmalloc.api.Access;
import org.dmalloc.api.BatchedAccess;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RecordVisitor;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.junit.jupiter.api.Test;

/** Batched access gives every record once, in sections that end, on whatever the region does. */
public abstract class BatchContract extends ContractTheme {
  private static final int RECORD = 24;
  private static final long SIZE = 300 * PAGE + 100;
  private static final int COUNT = 3_000;

  private static long[] offsets(SplittableRandom random, int count) {
    return random.longs(count, 0, SIZE - RECORD + 1).toArray();
  }

  /** The first 8 bytes of each record. */
  private static long[] wordsAt(MemoryRegion region, long[] offsets) {
    try (Access access = region.acquire()) {
      MemorySegment segment = access.segment();
      return Arrays.stream(offsets).map(at -> segment.get(JAVA_LONG_UNALIGNED, at)).toArray();
    }
  }

  @Test
  void everyRecordIsVisitedOnce() throws Exception {
    assumeDeclared(Capability.PREFETCH);
    SplittableRandom random = Pattern.random("everyRecordIsVisitedOnce");
    for (Sharing sharing : sharings()) {
      try (MemoryRegion region = allocate(SIZE, sharing)) {
        Pattern.write(region, 1);
        long[] offsets = offsets(random, COUNT);
        long[] words = wordsAt(region, offsets);
        for (int batch : new int[] {1, 7, 512, 4096}) {
          BatchedAccess access =
              BatchedAccess.of(region, RECORD)
                  .withBatchRecords(batch)
                  .withBatchesAhead(1 + batch % 3);
          for (int round = 0; round < 3; round++) { // announced, on trial, and silent
            assertAllSeen(offsets, words, true, v -> access.visit(offsets, v));
            assertAllSeen(offsets, words, false, v -> access.visitInAnyOrder(offsets, v));
            assertAllSeen(
                offsets, words, true, v -> access.visit(Arrays.stream(offsets).iterator(), v));
            assertAllSeen(
                offsets,
                words,
                false,
                v -> access.visitInAnyOrder(Arrays.stream(offsets).iterator(), v));
          }
        }
        Pattern.check(region, 1);
        assertEquals(0, region.info().openSections());
      }
    }
  }

  /** Checks each record that a visitor is given. */
  private static final class Seen {
    private final long[] offsets;
    private final long[] words;
    private final boolean inOrder;
    private final BitSet indexes = new BitSet();
    private long next;

    Seen(long[] offsets, long[] words, boolean inOrder) {
      this.offsets = offsets;
      this.words = words;
      this.inOrder = inOrder;
    }

    void see(MemorySegment segment, long offset, long index) {
      int at = Math.toIntExact(index);
      assertEquals(offsets[at], offset);
      assertEquals(words[at], segment.get(JAVA_LONG_UNALIGNED, offset));
      assertTrue(!indexes.get(at), "twice: " + at);
      assertTrue(!inOrder || index == next, "out of order: " + at);
      indexes.set(at);
      next++;
    }
  }

  private interface Visits {
    void run(RecordVisitor<RuntimeException> visitor) throws MemoryException;
  }

  private static void assertAllSeen(long[] offsets, long[] words, boolean inOrder, Visits visits)
      throws MemoryException {
    Seen seen = new Seen(offsets, words, inOrder);
    visits.run(seen::see);
    assertEquals(offsets.length, seen.indexes.cardinality());
  }

  @Test
  void recordsAreGatheredAndScattered() throws Exception {
    assumeDeclared(Capability.PREFETCH);
    SplittableRandom random = Pattern.random("recordsAreGatheredAndScattered");
    try (Arena arena = Arena.ofConfined();
        MemoryRegion region = allocate(SIZE)) {
      Pattern.write(region, 2);
      long[] offsets = offsets(random, COUNT);
      long[] words = wordsAt(region, offsets);
      long stride = RECORD + 8;
      MemorySegment packed = arena.allocate(COUNT * stride);
      BatchedAccess access = BatchedAccess.of(region, RECORD).withBatchRecords(100);
      for (int round = 0; round < 3; round++) {
        packed.fill((byte) 0);
        access.gather(offsets, packed, stride);
        for (int i = 0; i < COUNT; i++) {
          assertEquals(words[i], packed.get(JAVA_LONG_UNALIGNED, i * stride));
          assertEquals(0, packed.get(JAVA_LONG_UNALIGNED, i * stride + RECORD), "between records");
        }
      }
      try (MemoryRegion other = allocate(SIZE)) {
        long[] apart =
            random
                .ints(0, (int) (SIZE / RECORD))
                .distinct()
                .limit(COUNT)
                .asLongStream()
                .map(record -> record * RECORD)
                .toArray();
        BatchedAccess.of(other, RECORD).scatter(apart, packed, stride);
        assertArrayEquals(words, wordsAt(other, apart));
        long sum = 0;
        try (Access all = other.acquire()) {
          for (long at = 0; at < SIZE; at++) {
            sum += all.segment().get(java.lang.foreign.ValueLayout.JAVA_BYTE, at) == 0 ? 0 : 1;
          }
        }
        assertTrue(sum <= (long) COUNT * RECORD, "bytes beside the records were written");
      }
      Pattern.check(region, 2);
      assertThrows(
          IllegalArgumentException.class, () -> access.gather(offsets, packed, RECORD - 1));
      assertThrows(
          IndexOutOfBoundsException.class, () -> access.gather(offsets, packed, stride + 1));
      access.gather(new long[0], MemorySegment.NULL, RECORD);
    }
  }

  @Test
  void recordsOutsideTheRegionAreRefused() throws Exception {
    assumeDeclared(Capability.PREFETCH);
    try (MemoryRegion region = allocate(SIZE)) {
      BatchedAccess access = BatchedAccess.of(region, RECORD).withBatchRecords(4);
      for (long outside : new long[] {-1, SIZE - RECORD + 1, Long.MIN_VALUE, Long.MAX_VALUE}) {
        long[] offsets = new long[50];
        offsets[49] = outside;
        AtomicLong visits = new AtomicLong();
        assertThrowsOneLine(
            IndexOutOfBoundsException.class,
            () -> access.visit(offsets, (segment, at, i) -> visits.incrementAndGet()));
        assertEquals(0, visits.get(), "visited before the check");
        assertThrows(
            IndexOutOfBoundsException.class,
            () ->
                access.visitInAnyOrder(
                    Arrays.stream(offsets).iterator(), (segment, at, i) -> assertTrue(at >= 0)));
      }
      assertEquals(0, region.info().openSections());
    }
  }

  @Test
  void whatAVisitorThrowsPassesThrough() throws Exception {
    assumeDeclared(Capability.PREFETCH);
    try (MemoryRegion region = allocate(SIZE)) {
      long[] offsets = new long[COUNT];
      BatchedAccess access = BatchedAccess.of(region, RECORD).withBatchRecords(64);
      IOException mine = new IOException("mine");
      assertSame(
          mine,
          assertThrows(
              IOException.class,
              () ->
                  access.<IOException>visit(
                      offsets,
                      (segment, at, i) -> {
                        if (i == 1_000) {
                          throw mine;
                        }
                      })));
      assertEquals(0, region.info().openSections());
      PrimitiveIterator.OfLong breaking =
          Arrays.stream(offsets)
              .map(
                  at -> {
                    throw new ArithmeticException("list");
                  })
              .iterator();
      assertThrows(ArithmeticException.class, () -> access.visit(breaking, (segment, at, i) -> {}));
      assertEquals(0, region.info().openSections());
    }
  }

  @Test
  void regionMayBeClosedBetweenBatches() throws Exception {
    assumeDeclared(Capability.PREFETCH);
    MemoryProvider patient =
        start(ProviderSettings.in(directory()).withSectionTimeout(Duration.ofSeconds(30)));
    MemoryRegion region = patient.allocate(RegionRequest.ofSize(SIZE));
    AtomicLong visits = new AtomicLong();
    Thread closer = Thread.ofPlatform().unstarted(region::close);
    // Never ends by itself: only the close can end it.
    PrimitiveIterator.OfLong endless = new SplittableRandom(3).longs(0, SIZE - RECORD).iterator();
    assertThrows(
        IllegalStateException.class,
        () ->
            BatchedAccess.of(region, RECORD)
                .withBatchRecords(32)
                .visit(
                    endless,
                    (segment, at, i) -> {
                      if (visits.incrementAndGet() == 1_000) {
                        closer.start();
                      }
                      segment.get(JAVA_LONG_UNALIGNED, at);
                    }));
    Await.end(closer);
    assertTrue(visits.get() >= 1_000);
    assertEquals(0, patient.statistics().openRegions());
  }

  @Test
  void readOnlyRegionsAreVisitedToo() throws Exception {
    assumeDeclared(Capability.PREFETCH, Capability.NAMED, Capability.READ_ONLY);
    store("orders", SIZE, 4);
    try (MemoryRegion region = provider().open(OpenRequest.of("orders").readOnly())) {
      long[] offsets = offsets(Pattern.random("readOnlyRegionsAreVisitedToo"), COUNT);
      BatchedAccess access = BatchedAccess.of(region, RECORD);
      assertAllSeen(
          offsets, wordsAt(region, offsets), false, v -> access.visitInAnyOrder(offsets, v));
      assertThrowsOneLine(
          IllegalArgumentException.class,
          () -> access.scatter(new long[] {0}, MemorySegment.ofArray(new byte[RECORD]), RECORD));
      Pattern.check(region, 4);
    }
  }

  @Test
  void threadsShareOneBatchedAccess() throws Exception {
    assumeDeclared(Capability.PREFETCH);
    SplittableRandom random = Pattern.random("threadsShareOneBatchedAccess");
    try (MemoryRegion region = allocate(SIZE)) {
      Pattern.write(region, 5);
      BatchedAccess access = BatchedAccess.of(region, RECORD).withBatchRecords(50);
      AtomicLong records = new AtomicLong();
      Crew crew = new Crew();
      CountDownLatch start = new CountDownLatch(1);
      for (int t = 0; t < 4; t++) {
        long[] offsets = offsets(random, COUNT);
        long[] words = wordsAt(region, offsets);
        crew.start(
            Thread.ofVirtual(),
            () -> {
              start.await();
              assertAllSeen(offsets, words, false, v -> access.visitInAnyOrder(offsets, v));
              records.addAndGet(offsets.length);
            });
      }
      start.countDown();
      crew.end();
      assertEquals(4L * COUNT, records.get());
    }
  }

  @Test
  void withoutPrefetchItIsRefused() throws Exception {
    if (declares(Capability.PREFETCH)) {
      return;
    }
    try (MemoryRegion region = allocate(PAGE)) {
      assertThrows(
          UnsupportedCapabilityException.class,
          () -> BatchedAccess.of(region, 8).visit(new long[] {0}, (segment, at, i) -> {}));
    }
  }
}
