/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.eviction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.MemoryException;
import org.junit.jupiter.api.Test;

/** The clock over a page cache that exists in bit sets only, in a time that the test makes pass. */
final class FileClockTest {
  private static final long PAGE = 4096;
  private static final int WINDOW_PAGES = (int) (ResidentClock.WINDOW_BYTES / PAGE);
  private static final int WINDOWS = 64;
  private static final long WINDOW = ResidentClock.WINDOW_BYTES;
  private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long GRACE = 100 * MILLI;

  private final Cache cache = new Cache();
  private final FileClock clock = new FileClock(cache, () -> cache.now);

  private static final class Cache implements CachedPages {
    private final BitSet cached = new BitSet();
    private final BitSet mapped = new BitSet();
    private final BitSet changed = new BitSet();
    private final BitSet hot = new BitSet();
    private final BitSet dropped = new BitSet();
    private long byteSize = WINDOWS * WINDOW;
    private long now = 1;
    private int unmaps;

    /** Users map again what they use all the time. */
    void pass(long nanos) {
      now += nanos;
      cached.or(hot);
      mapped.or(hot);
    }

    private static int page(long offset) {
      return Math.toIntExact(offset / PAGE);
    }

    @Override
    public long byteSize() {
      return byteSize;
    }

    @Override
    public long cachedBytes(long offset, long length) {
      return PAGE * cached.get(page(offset), page(offset + length)).cardinality();
    }

    @Override
    public long mappedBytes(long offset, long length) {
      return PAGE * mapped.get(page(offset), page(offset + length)).cardinality();
    }

    @Override
    public void unmap(long offset, long length) {
      unmaps++;
      mapped.clear(page(offset), page(offset + length));
    }

    @Override
    public void drop(long offset, long length) {
      for (int page = page(offset); page < page(offset + length); page++) {
        if (cached.get(page) && !mapped.get(page)) {
          if (!changed.get(page)) {
            cached.clear(page);
            dropped.set(page);
          }
          changed.clear(page); // written from here on
        }
      }
    }
  }

  private void fillAndMap(int fromWindow, int toWindow) {
    cache.cached.set(fromWindow * WINDOW_PAGES, toWindow * WINDOW_PAGES);
    cache.mapped.set(fromWindow * WINDOW_PAGES, toWindow * WINDOW_PAGES);
  }

  private long round(long excess, long ahead, long grace) throws MemoryException {
    clock.begin(excess, ahead, grace);
    long sum = 0;
    for (long left = clock.step(); left != ResidentClock.DONE; left = clock.step()) {
      sum += left;
    }
    return sum;
  }

  @Test
  void pagesLeaveWhenTheirUsersHadTheirTimeAndNotBefore() throws MemoryException {
    fillAndMap(0, WINDOWS);
    assertEquals(0, round(3 * WINDOW, 0, GRACE));
    assertEquals(3, cache.unmaps, "unmaps what is over, and no more");
    cache.pass(GRACE - 1);
    assertEquals(0, round(3 * WINDOW, 0, GRACE));
    cache.pass(1);
    assertEquals(3 * WINDOW, round(3 * WINDOW, 0, GRACE));
    assertEquals(3, cache.unmaps);
  }

  @Test
  void whatWillBeOverIsUnmappedAheadAndStays() throws MemoryException {
    fillAndMap(0, WINDOWS);
    assertEquals(0, round(WINDOW, 4 * WINDOW, GRACE));
    assertEquals(5, cache.unmaps);
    cache.pass(GRACE);
    assertEquals(WINDOW, round(WINDOW, 0, GRACE));
    assertEquals(WINDOW * (WINDOWS - 1), clock.residentBytes());
  }

  @Test
  void theHandPassesWhatIsInUseWithinTheGrace() throws MemoryException {
    fillAndMap(0, WINDOWS);
    int hotWindows = WINDOWS / 2;
    cache.hot.set(0, hotWindows * WINDOW_PAGES);
    long excess = 4 * WINDOW;
    long taken = 0;
    long began = cache.now;
    while (taken < excess) {
      cache.pass(10 * MILLI);
      taken += round(excess - taken, 0, GRACE);
    }
    assertTrue(cache.now - began < 3 * GRACE, (cache.now - began) / MILLI + " ms");
    assertTrue(cache.dropped.nextSetBit(0) >= hotWindows * WINDOW_PAGES, "a used page was dropped");
  }

  @Test
  void windowsInUseAreLeftAloneForEverMoreRounds() throws MemoryException {
    fillAndMap(0, WINDOWS);
    cache.hot.set(0, WINDOWS * WINDOW_PAGES);
    for (int i = 0; i < 100; i++) {
      round(WINDOWS * WINDOW, 0, GRACE);
      cache.pass(GRACE);
    }
    assertEquals(0, cache.dropped.cardinality());
    // Left alone for 1, 2, 4, 8 and then 16 laps at a time.
    assertTrue(cache.unmaps <= 11 * WINDOWS, cache.unmaps + " windows unmapped");
  }

  @Test
  void usedPagesGoWhereThereIsNoGrace() throws MemoryException {
    fillAndMap(0, WINDOWS);
    cache.hot.set(0, WINDOWS * WINDOW_PAGES);
    assertEquals(2 * WINDOW, round(2 * WINDOW, 0, 0));
  }

  @Test
  void changedPagesLeaveOnceTheyAreWritten() throws MemoryException {
    fillAndMap(0, 2);
    cache.changed.set(0, 2 * WINDOW_PAGES);
    round(2 * WINDOW, 0, GRACE);
    cache.pass(GRACE);
    assertEquals(0, round(2 * WINDOW, 0, GRACE));
    cache.pass(GRACE);
    assertEquals(2 * WINDOW, round(2 * WINDOW, 0, GRACE));
    assertEquals(2, cache.unmaps, "they wait in the queue");
  }

  @Test
  void aMappingThatShrankMeanwhileIsNotTouchedBeyondItsEnd() throws MemoryException {
    fillAndMap(0, WINDOWS);
    round(WINDOWS * WINDOW, 0, GRACE);
    cache.byteSize = WINDOW + WINDOW / 2;
    cache.pass(GRACE);
    assertEquals(WINDOW + WINDOW / 2, round(WINDOWS * WINDOW, 0, GRACE));
    cache.byteSize = WINDOWS * WINDOW;
    assertEquals((WINDOWS - 1) * WINDOW - WINDOW / 2, clock.residentBytes());
  }
}
