/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.junit.jupiter.api.Test;

/** Access sections: nesting, ownership, and close waiting for them. */
public abstract class SectionContract extends ContractTheme {
  @Test
  void sectionsNest() throws Exception {
    try (MemoryRegion region = allocate(PAGE)) {
      try (Access outer = region.acquire()) {
        try (Access inner = region.acquire()) {
          inner.segment().set(JAVA_BYTE, 0, (byte) 42);
          assertEquals(42, outer.segment().get(JAVA_BYTE, 0));
        }
        assertEquals(42, outer.segment().get(JAVA_BYTE, 0));
        assertEquals(1, region.info().openSections());
      }
      assertEquals(0, region.info().openSections());
      assertFalse(region.info().pinned(), "sections do not pin");
    }
  }

  @Test
  void segmentPins() throws Exception {
    try (MemoryRegion region = allocate(PAGE)) {
      MemorySegment raw = region.segment();
      assertTrue(region.info().pinned());
      raw.set(JAVA_BYTE, 1, (byte) 7);
      try (Access access = region.acquire()) {
        assertEquals(7, access.segment().get(JAVA_BYTE, 1));
        assertEquals(raw.address(), access.segment().address());
      }
      assertEquals(raw.address(), region.segment().address());
    }
  }

  @Test
  void segmentsServeAllThreads() throws Exception {
    try (MemoryRegion region = allocate(PAGE)) {
      MemorySegment raw = region.segment();
      Crew crew = new Crew();
      crew.start(() -> raw.set(JAVA_BYTE, 0, (byte) 1));
      crew.end();
      assertEquals(1, raw.get(JAVA_BYTE, 0));
    }
  }

  @Test
  void closingASectionTwiceIsRefusedAndChangesNothing() throws Exception {
    try (MemoryRegion region = allocate(PAGE)) {
      try (Access outer = region.acquire()) {
        Access inner = region.acquire();
        inner.close();
        assertThrowsOneLine(IllegalStateException.class, inner::close);
        outer.segment().set(JAVA_BYTE, 0, (byte) 1);
        assertEquals(1, region.info().openSections(), "the outer section is still open");
      }
      assertEquals(0, region.info().openSections());
    }
  }

  @Test
  void closingASectionOnAnotherThreadIsRefusedAndChangesNothing() throws Exception {
    try (MemoryRegion region = allocate(PAGE)) {
      Access mine = region.acquire();
      Crew crew = new Crew();
      crew.start(mine::close);
      crew.join();
      Throwable refusal = crew.failure();
      assertSame(IllegalStateException.class, refusal == null ? null : refusal.getClass());
      assertEquals(1, region.info().openSections(), "the section is still open");
      mine.segment().set(JAVA_BYTE, 0, (byte) 1);
      mine.close();
      assertEquals(0, region.info().openSections());
    }
  }

  @Test
  void closeEndsTheSectionsOfItsOwnThread() throws Exception {
    MemoryRegion region = allocate(PAGE);
    Access outer = region.acquire();
    Access inner = region.acquire();
    outer.segment().set(JAVA_BYTE, 0, (byte) 3);
    region.close();
    assertFalse(region.info().open());
    assertEquals(0, region.info().openSections());
    assertThrows(IllegalStateException.class, () -> outer.segment().get(JAVA_BYTE, 0));
    assertThrows(IllegalStateException.class, () -> inner.segment().get(JAVA_BYTE, 0));
    inner.close();
    outer.close(); // late, and harmless
    assertEquals(0, provider().statistics().openRegions());
  }

  @Test
  void sectionsOfThreadsThatHaveEndedHoldUpNobodyForEver() throws Exception {
    MemoryProvider impatient = startImpatient();
    for (boolean virtual : new boolean[] {false, true}) {
      MemoryRegion region = impatient.allocate(RegionRequest.ofSize(PAGE));
      Thread.Builder builder = virtual ? Thread.ofVirtual() : Thread.ofPlatform();
      Thread forgets = builder.start(region::acquire);
      Await.end(forgets);
      region.close();
      assertFalse(region.info().open());
    }
  }

  @Test
  void closeWaitsForACallThatUsesTheRawSegmentAndLeaksNothing() throws Exception {
    MemoryProvider impatient = startImpatient();
    MemoryRegion region = impatient.allocate(RegionRequest.ofSize(1 << 20));
    Pipe pipe = Pipe.open();
    MemorySegment raw = region.segment();
    Crew crew = new Crew();
    crew.start(
        () -> {
          ByteBuffer all = raw.asByteBuffer();
          while (all.hasRemaining()) {
            pipe.sink().write(all); // waits for the reader in the kernel
          }
        });
    try {
      ByteBuffer first = ByteBuffer.allocate(1);
      assertEquals(1, pipe.source().read(first));
      assertSays(assertThrowsOneLine(IllegalStateException.class, region::close), "channel");
      assertTrue(region.info().open());
      assertEquals(1, impatient.statistics().openRegions());
      raw.set(JAVA_BYTE, 0, (byte) 1);
    } finally {
      ByteBuffer rest = ByteBuffer.allocate(1 << 16);
      for (long left = (1 << 20) - 1; left > 0; ) {
        left -= pipe.source().read(rest.clear());
      }
      crew.join();
      pipe.sink().close();
      pipe.source().close();
    }
    crew.end();
    region.close();
    assertOpen(0, 0, impatient);
  }

  @Test
  void closeWaitsForSectionsOfOtherThreads() throws Exception {
    MemoryRegion region = allocate(16 * PAGE);
    Crew crew = new Crew();
    try (Access access = region.acquire()) {
      Thread closer = crew.start(region::close);
      Await.untilHeldIn("close", closer);
      for (int round = 0; round < 50; round++) {
        Pattern.write(access.segment(), round);
        Pattern.check(access.segment(), round);
        Await.letOthersRun();
        assertTrue(closer.isAlive(), "close() returned inside a section: " + crew.failure());
      }
      try (Access nested = region.acquire()) {
        Pattern.check(nested.segment(), 49);
      }
    }
    crew.end();
    assertFalse(region.info().open());
    assertThrows(IllegalStateException.class, region::acquire);
  }

  @Test
  void closeGivesUpOnASectionThatStaysOpen() throws Exception {
    MemoryProvider impatient = startImpatient();
    MemoryRegion region = impatient.allocate(RegionRequest.ofSize(PAGE));
    CountDownLatch open = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    Crew crew = new Crew();
    crew.start(
        Thread.ofPlatform().name("section-holder"),
        () -> {
          try (Access access = region.acquire()) {
            open.countDown();
            Crew.await(release);
            access.segment().set(JAVA_BYTE, 0, (byte) 9);
          }
        });
    try {
      Crew.await(open);
      assertSays(assertThrowsOneLine(IllegalStateException.class, region::close), "section-holder");
      assertTrue(region.info().open());
      assertEquals(1, impatient.statistics().openRegions());
      try (Access mine = region.acquire()) {
        assertEquals(0, mine.segment().get(JAVA_BYTE, 0));
      }
    } finally {
      release.countDown();
      crew.join();
    }
    crew.end();
    region.close();
    assertFalse(region.info().open());
  }

  @Test
  void hundredsOfSectionsAtOnceAreAllCounted() throws Exception {
    int count = 400;
    try (MemoryRegion region = allocate(count * 8L)) {
      CountDownLatch open = new CountDownLatch(count);
      CountDownLatch release = new CountDownLatch(1);
      Crew crew = new Crew();
      for (int i = 0; i < count; i++) {
        long at = i * 8L;
        crew.start(
            Thread.ofVirtual(),
            () -> {
              try (Access access = region.acquire()) {
                access.segment().set(JAVA_LONG, at, at);
                open.countDown();
                Crew.await(release);
                assertEquals(at, access.segment().get(JAVA_LONG, at));
              }
            });
      }
      Crew.await(open);
      assertEquals(count, region.info().openSections());
      release.countDown();
      crew.end();
      assertEquals(0, region.info().openSections());
    }
  }

  @Test
  void acquireAgainstCloseOnPlatformThreads() throws Exception {
    acquireAgainstClose(Thread.ofPlatform().name("section-", 0), 8, 60);
  }

  @Test
  void acquireAgainstCloseOnVirtualThreads() throws Exception {
    acquireAgainstClose(Thread.ofVirtual(), 64, 40);
  }

  /** Threads open sections until the region is closed under them; no open section may notice. */
  private void acquireAgainstClose(Thread.Builder builder, int threadCount, int rounds)
      throws Exception {
    for (int round = 0; round < rounds; round++) {
      MemoryRegion region = allocate(threadCount * 64L);
      LongAdder sections = new LongAdder();
      AtomicInteger refused = new AtomicInteger();
      Crew crew = new Crew();
      for (int i = 0; i < threadCount; i++) {
        long at = i * 64L;
        crew.start(
            builder,
            () -> {
              useUntilClosed(region, at, sections);
              refused.incrementAndGet();
            });
      }
      int enough = 10 * round;
      Await.until("sections", () -> sections.sum() >= enough || crew.failure() != null);
      region.close();
      crew.end(); // no open section saw the close
      assertEquals(threadCount, refused.get());
      assertEquals(0, region.info().openSections());
    }
  }

  private static void useUntilClosed(MemoryRegion region, long at, LongAdder sections) {
    for (long n = 1; true; n++) {
      Access access;
      try {
        access = region.acquire();
      } catch (IllegalStateException closed) {
        assertFalse(region.info().open(), "refused while open");
        return;
      }
      try (access) {
        access.segment().set(JAVA_LONG, at, n);
        Await.letOthersRun(); // a virtual thread may go on elsewhere
        assertEquals(n, access.segment().get(JAVA_LONG, at));
      }
      sections.increment();
    }
  }
}
