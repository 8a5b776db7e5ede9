/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A move does not bring back what was punched while it ran. */
@Timeout(120)
final class PunchedMoveTest {
  private static final long MIB = 1L << 20;
  private static final long SIZE = 4 * MIB;

  @TempDir Path directory;
  private final Rig rig = new Rig();

  private static void assertIs(int value, MemoryRegion region, long from, long length) {
    MemorySegment expected = MemorySegment.ofArray(new byte[(int) length]).fill((byte) value);
    try (Access access = region.acquire()) {
      assertEquals(-1, access.segment().asSlice(from, length).mismatch(expected));
    }
  }

  /** From a file whose stores the kernel tracks, which does not see holes. */
  @Test
  void whatIsPunchedAfterItWasCopiedStaysEmpty() throws Exception {
    rig.add(Rig.panama("disk", directory), 9);
    rig.add(InMemoryProvider.memory("memory"), 8);
    for (Step step : new Step[] {Step.COPYING, Step.PASSED}) {
      for (Punch space : Punch.values()) {
        ManagedRegion region = rig.allocate(RegionRequest.ofSize(SIZE));
        try (Access access = region.acquire()) {
          access.segment().fill((byte) 7);
        }
        rig.move(region, "disk");
        AtomicLong punched = new AtomicLong();
        rig.probe =
            (moved, reached) -> {
              if (reached == step && punched.getAndIncrement() == 0) {
                region.punch(100, MIB, space);
              }
            };
        rig.move(region, "memory");
        rig.probe = Step.Probe.NONE;
        assertTrue(punched.get() > 0, "punched during the move");
        assertIs(7, region, 0, 100);
        assertIs(0, region, 100, MIB);
        assertIs(7, region, MIB + 100, SIZE - MIB - 100);
        assertSame(Reservation.RESERVED, region.info().reservation(), "a fresh place");
        region.close();
      }
    }
  }

  /** One thread stores and punches a part, others use the rest, and the region moves to and fro. */
  @Test
  void movesBesidePunchingAndStoringLoseNothing() throws Exception {
    rig.add(Rig.panama("disk", directory), 9);
    rig.add(InMemoryProvider.memory("memory"), 8);
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(SIZE));
    AtomicBoolean stop = new AtomicBoolean();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    AtomicLong rounds = new AtomicLong();
    long seed = Long.getLong("dmalloc.seed", System.nanoTime());
    Thread puncher =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    Random random = new Random(seed);
                    while (!stop.get()) {
                      long from = random.nextLong(MIB);
                      long length = 1 + random.nextLong(MIB);
                      try (Access access = region.acquire()) {
                        access.segment().asSlice(from, length).fill((byte) 5);
                      }
                      region.punch(
                          from, length, random.nextBoolean() ? Punch.RELEASE : Punch.KEEP_RESERVED);
                      assertIs(0, region, from, length);
                      rounds.incrementAndGet();
                    }
                  } catch (Throwable t) {
                    failure.compareAndSet(null, t);
                  }
                });
    Thread writer =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    for (long value = 1; !stop.get(); value++) {
                      try (Access access = region.acquire()) {
                        access.segment().set(JAVA_LONG, 3 * MIB, value);
                      }
                      try (Access access = region.acquire()) {
                        assertEquals(value, access.segment().get(JAVA_LONG, 3 * MIB));
                      }
                    }
                  } catch (Throwable t) {
                    failure.compareAndSet(null, t);
                  }
                });
    int moved = 0;
    while ((moved < 30 || rounds.get() < 100) && failure.get() == null) {
      try {
        rig.move(region, moved % 2 == 0 ? "memory" : "disk");
        moved++;
      } catch (MemoryException e) {
        // Allowed: on a busy machine a section may outlast all attempts. Nothing has changed then.
        assertTrue(String.valueOf(e.getMessage()).contains("access section"), e.getMessage());
      }
    }
    stop.set(true);
    puncher.join();
    writer.join();
    if (failure.get() != null) {
      throw new AssertionError("seed " + seed, failure.get());
    }
    assertIs(0, region, 2 * MIB, MIB);
    try (Access access = region.acquire()) {
      assertEquals(0, access.segment().get(JAVA_BYTE, SIZE - 1));
    }
    region.close();
  }
}
