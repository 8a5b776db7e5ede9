/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.Test;

/**
 * Writers and readers at work while regions move. A writer owns its cells and counts them up, so it
 * knows at every moment what it must read: one lost store shows at the next visit. A pair of words
 * far apart is written in one section: one torn move shows to any reader.
 */
final class MovingUnderLoadTest {
  private static final long SIZE = 600_000;
  private static final int MOVES = 100;

  private final long seed = Long.getLong("dmalloc.seed", System.nanoTime());
  private final Rig rig = new Rig();
  private final AtomicBoolean stop = new AtomicBoolean();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  @Test
  void nothingIsLostOrTorn() throws Exception {
    InMemoryStore disk = new InMemoryStore("/disk");
    List<String> names = List.of("memory", "files", "more-memory", "other-files");
    rig.add(InMemoryProvider.memory("memory"), 9);
    rig.add(InMemoryProvider.files("files", disk), 8);
    rig.add(InMemoryProvider.memory("more-memory"), 7);
    rig.add(InMemoryProvider.files("other-files", disk), 6);
    List<ManagedRegion> regions = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      RegionRequest request = RegionRequest.ofSize(SIZE);
      ManagedRegion region = rig.allocate(i == 3 ? request.withName("stored") : request);
      regions.add(region);
      int each = i;
      threads.add(Thread.ofPlatform().start(() -> guard(() -> write(region, 0, each))));
      threads.add(Thread.ofVirtual().start(() -> guard(() -> write(region, 8, each + 10))));
      threads.add(Thread.ofPlatform().start(() -> guard(() -> readPairs(region))));
    }
    Random random = new Random(seed);
    int moved = 0;
    while (moved < MOVES && failure.get() == null) {
      int which = random.nextInt(4);
      String target =
          which == 3 ? names.get(1 + 2 * random.nextInt(2)) : names.get(random.nextInt(4));
      try {
        rig.move(regions.get(which), target);
        moved++;
      } catch (MemoryException e) {
        // Allowed: on a busy machine a section may outlast all attempts. Nothing has changed then.
        assertTrue(String.valueOf(e.getMessage()).contains("access section"), e.getMessage());
      }
    }
    stop.set(true);
    for (Thread thread : threads) {
      thread.join();
    }
    if (failure.get() != null) {
      throw new AssertionError("seed " + seed, failure.get());
    }
    regions.forEach(MemoryRegion::close);
    assertEquals(0, rig.provider.statistics().openRegions(), "seed " + seed);
    rig.regions
        .backends()
        .forEach(b -> assertEquals(0, b.provider().statistics().openRegions(), b.name()));
  }

  private void guard(Runnable work) {
    try {
      work.run();
    } catch (Throwable t) {
      failure.compareAndSet(null, t);
      stop.set(true);
    }
  }

  /** Counts its own cells up, one of each 32 bytes, in a random order. */
  private void write(MemoryRegion region, long lane, long salt) {
    Random random = new Random(seed + salt);
    int cells = (int) (SIZE / 32);
    long[] expected = new long[cells];
    while (!stop.get()) {
      int cell = random.nextInt(cells);
      long at = cell * 32L + lane;
      try (Access access = region.acquire()) {
        MemorySegment segment = access.segment();
        if (segment.get(JAVA_LONG, at) != expected[cell]) {
          throw new AssertionError(
              String.format(
                  Locale.ROOT,
                  "lost store at %d: %d, not %d",
                  at,
                  segment.get(JAVA_LONG, at),
                  expected[cell]));
        }
        segment.set(JAVA_LONG, at, ++expected[cell]);
      }
      if (lane == 0 && (cell & 63) == 0) {
        pair(region, expected[cell]);
      }
    }
  }

  /** Two words at both ends of the region, equal whenever no section is writing them. */
  private static void pair(MemoryRegion region, long value) {
    synchronized (region) {
      try (Access access = region.acquire()) {
        access.segment().set(JAVA_LONG, 16, value);
        access.segment().set(JAVA_LONG, SIZE / 32 * 32 - 16, value);
      }
    }
  }

  private void readPairs(MemoryRegion region) {
    while (!stop.get()) {
      synchronized (region) {
        try (Access access = region.acquire()) {
          long low = access.segment().get(JAVA_LONG, 16);
          long high = access.segment().get(JAVA_LONG, SIZE / 32 * 32 - 16);
          if (low != high) {
            throw new AssertionError(String.format(Locale.ROOT, "torn: %d and %d", low, high));
          }
        }
      }
      Thread.onSpinWait();
    }
  }
}
