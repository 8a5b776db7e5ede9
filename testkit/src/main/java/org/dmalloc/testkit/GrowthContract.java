/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.dmalloc.api.Access;
import org.dmalloc.api.Advice;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.DirtyTracking;
import org.junit.jupiter.api.Test;

/**
 * Growth in place up to a maximum; shrinking, which ends what leads behind the end; and regions
 * without a byte.
 */
public abstract class GrowthContract extends ContractTheme {
  private static final long MIB = 1L << 20;
  private static final long MAXIMUM = 2 * MIB + 100;
  private static final int WRITERS = 8;

  private RegionRequest growing(long byteSize) {
    return RegionRequest.ofSize(byteSize).withMaximum(MAXIMUM);
  }

  /** Every kind of region that can grow: each sharing without a name, and one with a name. */
  private List<RegionRequest> kinds(long byteSize) {
    List<RegionRequest> kinds = new ArrayList<>();
    sharings().forEach(sharing -> kinds.add(growing(byteSize).withSharing(sharing)));
    if (declares(Capability.NAMED)) {
      kinds.add(growing(byteSize).withName("growing"));
    }
    return kinds;
  }

  /** Deletes what a kind of region leaves. */
  private void clear(RegionRequest request) throws MemoryException {
    String name = request.name();
    if (name != null) {
      provider().delete(name);
    }
  }

  @Test
  void growsInPlaceAndSegmentsStay() throws Exception {
    assumeDeclared(Capability.GROW_IN_PLACE);
    for (RegionRequest request : kinds(0)) {
      try (MemoryRegion region = provider().allocate(request)) {
        assertEquals(MAXIMUM, region.info().maximum());
        List<MemorySegment> segments = new ArrayList<>();
        for (long size : new long[] {0, 1, PAGE, PAGE, 3 * PAGE + 5, MIB, MAXIMUM}) {
          region.resize(size);
          MemorySegment now = region.segment();
          assertEquals(size, now.byteSize());
          assertEquals(size, region.info().byteSize());
          assertEquals(size, provider().statistics().openBytes());
          long before = segments.isEmpty() ? 0 : segments.getLast().byteSize();
          Pattern.check(now, 1, before);
          Pattern.checkZero(now, before, size);
          Pattern.write(now, 1);
          if (!segments.isEmpty()) {
            assertEquals(segments.getLast().address(), now.address());
          }
          segments.add(now);
        }
        for (MemorySegment each : segments) {
          Pattern.check(each, 1);
        }
        assertThrowsOneLine(IllegalStateException.class, () -> region.resize(MAXIMUM + PAGE));
        assertEquals(MAXIMUM, region.byteSize());
        Pattern.check(region, 1);
        assertEquals(MAXIMUM, region.info().maximum());
      }
      clear(request);
    }
  }

  @Test
  void growsBesideOpenSectionsAndOnAnInterruptedThread() throws Exception {
    assumeDeclared(Capability.GROW_IN_PLACE);
    MemoryProvider impatient = startImpatient();
    try (MemoryRegion region = impatient.allocate(growing(PAGE))) {
      CountDownLatch open = new CountDownLatch(1);
      CountDownLatch release = new CountDownLatch(1);
      Crew crew = new Crew();
      crew.start(
          () -> {
            try (Access access = region.acquire()) {
              open.countDown();
              Crew.await(release);
              Pattern.writeAndCheck(region, 2);
              assertEquals(PAGE, access.segment().byteSize());
              access.segment().set(JAVA_BYTE, PAGE - 1, (byte) 1);
            }
          });
      Crew.await(open);
      try (Access mine = region.acquire()) {
        Thread.currentThread().interrupt();
        region.resize(MIB);
        assertTrue(Thread.interrupted(), "the interrupt is kept");
        assertEquals(PAGE, mine.segment().byteSize());
        try (Access larger = region.acquire()) {
          assertEquals(MIB, larger.segment().byteSize());
        }
      } finally {
        Thread.interrupted();
        release.countDown();
      }
      crew.end();
    }
  }

  @Test
  void growthUnderWritersLosesNothing() throws Exception {
    assumeDeclared(Capability.GROW_IN_PLACE);
    for (RegionRequest request : kinds(PAGE)) {
      try (MemoryRegion region = provider().allocate(request)) {
        Writers writers = new Writers(region);
        for (long size = PAGE; size < MAXIMUM; size = Math.min(MAXIMUM, size + 16 * PAGE)) {
          region.resize(size);
        }
        region.resize(MAXIMUM);
        writers.end();
      }
      clear(request);
    }
  }

  /**
   * Threads that each count up words of their own in the first page and in the last that there is,
   * half of them through raw segments, half in sections, and miss no count.
   */
  private static final class Writers {
    private final Crew crew = new Crew();
    private final AtomicBoolean ended = new AtomicBoolean();

    Writers(MemoryRegion region) throws InterruptedException {
      CountDownLatch running = new CountDownLatch(WRITERS);
      for (int i = 0; i < WRITERS; i++) {
        long own = i * (long) Long.BYTES;
        boolean raw = i % 2 == 0;
        crew.start(
            () -> {
              long count = 0;
              do {
                if (raw) {
                  count(region.segment(), own, count);
                } else {
                  try (Access access = region.acquire()) {
                    count(access.segment(), own, count);
                  }
                }
                count++;
                running.countDown();
              } while (!ended.get());
            });
      }
      Crew.await(running);
    }

    private static void count(MemorySegment segment, long own, long count) {
      assertEquals(count, segment.get(JAVA_LONG, own));
      segment.set(JAVA_LONG, own, count + 1);
      long last = (segment.byteSize() - PAGE) / PAGE * PAGE + own;
      segment.set(JAVA_LONG, last, last == own ? count + 1 : -1 - own);
    }

    void end() throws InterruptedException {
      ended.set(true);
      crew.end();
    }
  }

  /** Space is taken at growth, so that no store can meet a full disk. */
  @Test
  void aFullDiskInTheMiddleOfGrowthLosesNothing() throws Exception {
    assumeDeclared(Capability.GROW_IN_PLACE);
    assumeDeclared(Capability.NAMED);
    for (SmallFileSystem.Kind kind :
        List.of(SmallFileSystem.Kind.EXT4, SmallFileSystem.Kind.TMPFS)) {
      try (SmallFileSystem disk = SmallFileSystem.mount(kind, directory(), 24 * MIB)) {
        MemoryProvider small = start(ProviderSettings.in(disk.directory()));
        growUntilFull(small, disk, growing(PAGE));
        growUntilFull(small, disk, growing(PAGE).withName("growing"));
        stop(small);
      }
    }
  }

  private void growUntilFull(MemoryProvider small, SmallFileSystem disk, RegionRequest request)
      throws Exception {
    try (MemoryRegion region = small.allocate(request.withSharing(Sharing.SHARED))) {
      Writers writers = new Writers(region);
      region.resize(MIB);
      Path thief = disk.takeAll();
      MemoryException full =
          assertThrowsOneLine(MemoryException.class, () -> region.resize(MAXIMUM));
      assertEquals(28, full.errno(), full.getMessage());
      assertEquals(MIB, region.byteSize());
      assertEquals(MIB, region.segment().byteSize());
      assertEquals(MIB, small.statistics().openBytes());
      Files.delete(thief);
      region.resize(MAXIMUM);
      writers.end();
      region.segment().asSlice(MIB).fill((byte) 7);
      if (declares(Capability.FORCE)) {
        region.force();
      }
    }
  }

  @Test
  void growthHoldsTheLimitAndFailsWhole() throws Exception {
    assumeDeclared(Capability.GROW_IN_PLACE);
    MemoryProvider limited = startLimited(MIB);
    try (MemoryRegion region = limited.allocate(growing(PAGE))) {
      MemorySegment raw = region.segment();
      Pattern.write(raw, 3);
      assertThrowsOneLine(MemoryException.class, () -> region.resize(MIB + 1));
      assertEquals(PAGE, region.byteSize());
      assertEquals(PAGE, region.segment().byteSize());
      assertEquals(PAGE, region.info().byteSize());
      assertEquals(PAGE, limited.statistics().openBytes());
      Pattern.check(raw, 3);
      region.resize(MIB);
      Pattern.check(raw, 3);
      assertThrows(MemoryException.class, () -> limited.allocate(RegionRequest.ofSize(1)).close());
    }
  }

  /** In place and anew, by its listener and by an interrupt. What reports nothing has grown. */
  @Test
  void aGrowthThatIsCancelledChangesNothing() throws Exception {
    assumeDeclared(Capability.GROW_IN_PLACE);
    RuntimeException stop = new IllegalStateException("stop");
    ProgressListener refusing =
        (done, total) -> {
          throw stop;
        };
    ProgressListener interrupting = (done, total) -> Thread.currentThread().interrupt();
    for (RegionRequest request : kinds(PAGE + 10)) {
      for (ProgressListener each : List.of(refusing, interrupting)) {
        for (long size : new long[] {MIB, 2 * MAXIMUM}) {
          try (MemoryRegion region = provider().allocate(request)) {
            Pattern.write(region, 6);
            long expected = size;
            try {
              region.resize(size, each);
            } catch (MemoryException e) {
              assertOneLine(e);
              expected = PAGE + 10;
            } finally {
              Thread.interrupted();
            }
            assertEquals(expected, region.byteSize());
            assertEquals(expected, region.info().byteSize());
            assertEquals(expected, provider().statistics().openBytes());
            region.resize(MAXIMUM);
            try (Access access = region.acquire()) {
              Pattern.check(access.segment(), 6, PAGE + 10);
              Pattern.checkZero(access.segment(), PAGE + 10, MAXIMUM);
            }
          }
          clear(request);
        }
      }
    }
  }

  @Test
  void shrinkingEndsSegmentsAndNothingLeadsBehindTheEnd() throws Exception {
    assumeDeclared(Capability.GROW_IN_PLACE);
    for (RegionRequest request : kinds(MIB)) {
      try (MemoryRegion region = provider().allocate(request)) {
        MemorySegment kept;
        try (Access access = region.acquire()) {
          kept = access.segment();
          Pattern.write(kept, 4);
        }
        region.resize(PAGE + 10);
        assertEquals(PAGE + 10, provider().statistics().openBytes());
        assertThrows(IllegalStateException.class, () -> kept.get(JAVA_BYTE, MIB - 1));
        assertThrows(IllegalStateException.class, () -> kept.get(JAVA_BYTE, 0));
        assertEquals(MAXIMUM, region.info().maximum());
        MemorySegment raw = region.segment();
        Pattern.check(raw, 4);
        region.resize(MAXIMUM); // still in place, though it is pinned
        Pattern.check(raw, 4);
        Pattern.checkZero(region.segment(), PAGE + 10, MAXIMUM);
        assertThrowsOneLine(IllegalStateException.class, () -> region.resize(PAGE));
        Pattern.checkZero(region.segment(), PAGE + 10, MAXIMUM);
        assertEquals(MAXIMUM, region.byteSize());
      }
      clear(request);
    }
  }

  /** Sections that write, one thread that lets the region grow, and one that shrinks it. */
  @Test
  void growthAndShrinkingHoldBesideEachOther() throws Exception {
    assumeDeclared(Capability.GROW_IN_PLACE);
    for (RegionRequest request : kinds(PAGE)) {
      try (MemoryRegion region = provider().allocate(request)) {
        Crew crew = new Crew();
        AtomicBoolean ended = new AtomicBoolean();
        for (int i = 0; i < WRITERS; i++) {
          long own = i * (long) Long.BYTES;
          crew.start(
              () -> {
                for (long count = 0; !ended.get(); count++) {
                  try (Access access = region.acquire()) {
                    Writers.count(access.segment(), own, count);
                  }
                }
              });
        }
        crew.start(
            () -> {
              for (int i = 0; i < 100; i++) {
                region.ensure(PAGE * (1 + i));
              }
            });
        for (int i = 0; i < 20; i++) {
          region.resize(PAGE);
        }
        ended.set(true);
        crew.end();
        assertEquals(region.byteSize(), provider().statistics().openBytes());
      }
      clear(request);
    }
  }

  @Test
  void beyondItsMaximumItIsMappedAnewOrRefused() throws Exception {
    assumeDeclared(Capability.GROW_IN_PLACE);
    for (RegionRequest request : kinds(MIB)) {
      try (MemoryRegion region = provider().allocate(request)) {
        Pattern.write(region, 5);
        long size = 2 * MAXIMUM;
        try {
          region.resize(size);
        } catch (MemoryException refused) {
          assertOneLine(refused);
          size = MIB;
        }
        assertEquals(size, region.byteSize());
        assertEquals(size, provider().statistics().openBytes());
        assertEquals(Math.max(MAXIMUM, size), region.info().maximum());
        try (Access access = region.acquire()) {
          Pattern.check(access.segment(), 5, MIB);
          Pattern.checkZero(access.segment(), MIB, size);
        }
      }
      clear(request);
    }
  }

  @Test
  void aStoredRegionGrowsInPlaceWhenItIsOpenedAgain() throws Exception {
    assumeDeclared(Capability.GROW_IN_PLACE);
    assumeDeclared(Capability.NAMED);
    store("orders", MIB, 7);
    OpenRequest open = OpenRequest.of("orders");
    assertSays(
        assertRefused(() -> provider().open(open.withMaximum(MIB - 1))), Long.toString(MIB - 1));
    try (MemoryRegion region = provider().open(open.withMaximum(MAXIMUM))) {
      MemorySegment raw = region.segment();
      region.resize(MAXIMUM);
      Pattern.check(raw, 7);
      Pattern.write(region, 8);
    }
    assertStored("orders", 8);
    if (declares(Capability.READ_ONLY)) {
      try (MemoryRegion reader = provider().open(open.readOnly().withMaximum(2 * MAXIMUM))) {
        assertEquals(RegionAttributes.NO_MAXIMUM, reader.info().maximum());
        assertThrowsOneLine(IllegalStateException.class, () -> reader.resize(2 * MAXIMUM));
        Pattern.check(reader, 8);
      }
    }
  }

  @Test
  void whatIsKnownOfPagesFollowsTheSize() throws Exception {
    assumeDeclared(Capability.GROW_IN_PLACE);
    for (RegionRequest request : kinds(PAGE)) {
      try (MemoryRegion region = provider().allocate(request)) {
        if (declares(Capability.ADVICE)) {
          region.advise(Advice.RANDOM);
        }
        region.resize(MIB);
        long advised = 0;
        for (AdvisedRange range : region.advised()) {
          assertEquals(advised, range.offset());
          advised += range.length();
        }
        assertEquals(MIB, advised);
        Pattern.writeAndCheck(region, 9);
        if (declares(Capability.RESIDENCY)) {
          assertEquals(MIB, region.residency().byteSize());
        }
        if (declares(Capability.FORCE) && region.info().sharing() == Sharing.SHARED) {
          region.force();
        }
      }
      clear(request);
    }
  }

  @Test
  void trackedWritesFollowTheSize() throws Exception {
    assumeDeclared(Capability.GROW_IN_PLACE);
    assumeDeclared(Capability.DIRTY_TRACKING);
    try (MemoryRegion region = provider().allocate(growing(16 * PAGE))) {
      if (!(region instanceof BackingRegion tracked)) {
        Skip.because("regions of " + provider().name() + " do not track");
        return;
      }
      Pattern.write(region, 10);
      try (DirtyTracking tracking = tracked.trackDirty()) {
        region.resize(32 * PAGE);
        boolean[] written = new boolean[32];
        try (Access access = region.acquire()) {
          access.segment().set(JAVA_BYTE, 20 * PAGE, (byte) 1);
          access.segment().set(JAVA_BYTE, 2 * PAGE, (byte) 1);
        }
        tracking.collect((offset, length) -> mark(written, offset, length));
        assertTrue(written[2] && written[20], "what was stored before and behind the old end");
        assertFalse(written[3]);
      }
    }
  }

  private static void mark(boolean[] pages, long offset, long length) {
    for (long at = offset; at < offset + length; at += PAGE) {
      pages[(int) (at / PAGE)] = true;
    }
  }

  @Test
  void aRegionWithoutAByteTakesEveryCall() throws Exception {
    List<RegionRequest> requests = new ArrayList<>();
    sharings().forEach(sharing -> requests.add(RegionRequest.ofSize(0).withSharing(sharing)));
    if (declares(Capability.NAMED)) {
      requests.add(RegionRequest.ofSize(0).withName("empty"));
    }
    for (RegionRequest request : requests) {
      try (MemoryRegion region = provider().allocate(request)) {
        assertEquals(0, region.byteSize());
        assertEquals(0, region.info().byteSize());
        Pattern.writeAndCheck(region, 11);
        callAll(region);
        assertEquals(0, region.segment().byteSize());
        assertThrows(IndexOutOfBoundsException.class, () -> region.segment().get(JAVA_BYTE, 0));
      }
      clear(request);
    }
  }

  private void callAll(MemoryRegion region) throws MemoryException {
    if (declares(Capability.FORCE) && region.info().sharing() == Sharing.SHARED) {
      region.force();
    }
    for (Advice advice : provider().supportedAdvice()) {
      if (advice != Advice.DONT_NEED || region.info().sharing() == Sharing.SHARED) {
        region.advise(advice);
      }
    }
    if (declares(Capability.RESIDENCY)) {
      assertEquals(0, region.residency().byteSize());
    }
    if (declares(Capability.RELEASE)) {
      region.release();
    }
    if (declares(Capability.PREFETCH)) {
      region.prefetch(new long[] {0}, 0);
    }
    if (declares(Capability.PUNCH)) {
      region.punch(0, 0, Punch.RELEASE);
    }
    if (declares(Capability.RESIZE)) {
      region.resize(0);
      region.resize(2 * PAGE);
      Pattern.checkZero(region);
      Pattern.writeAndCheck(region, 12);
      region.resize(0);
      region.ensure(PAGE);
      Pattern.checkZero(region);
      region.resize(0);
    }
  }

  @Test
  void randomSizesKeepEveryByte() throws Exception {
    assumeDeclared(Capability.GROW_IN_PLACE);
    SplittableRandom random = Pattern.random("randomSizesKeepEveryByte");
    for (RegionRequest request : kinds(PAGE)) {
      try (MemoryRegion region = provider().allocate(request)) {
        Pattern.write(region, 13);
        for (int i = 0; i < 50; i++) {
          long before = region.byteSize();
          long size = random.nextLong(MAXIMUM + 1);
          region.resize(size);
          try (Access access = region.acquire()) {
            Pattern.check(access.segment(), 13, Math.min(before, size));
            Pattern.checkZero(access.segment(), Math.min(before, size), size);
            Pattern.write(access.segment(), 13);
          }
        }
      }
      clear(request);
    }
  }
}
