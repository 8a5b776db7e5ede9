/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Proxy;
import java.util.BitSet;
import java.util.Random;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.junit.jupiter.api.Test;

final class ReservedRangesTest {
  private final ReservedRanges ranges = new ReservedRanges();

  /** What a region is asked to reserve, bit by bit. */
  private BitSet told() throws MemoryException {
    BitSet told = new BitSet();
    MemoryRegion region =
        (MemoryRegion)
            Proxy.newProxyInstance(
                MemoryRegion.class.getClassLoader(),
                new Class<?>[] {MemoryRegion.class},
                (proxy, method, arguments) -> {
                  assertEquals("reserve", method.getName());
                  int start = (int) (long) arguments[0];
                  int length = (int) (long) arguments[1];
                  assertEquals(0, told.get(start, start + length).cardinality(), "told once");
                  told.set(start, start + length);
                  return null;
                });
    ranges.reserveIn(region);
    return told;
  }

  @Test
  void rangesAreWhatWasAddedAndNotRemovedSince() throws Exception {
    long seed = Long.getLong("dmalloc.seed", System.nanoTime());
    Random random = new Random(seed);
    BitSet expected = new BitSet();
    for (int i = 0; i < 5_000; i++) {
      int start = random.nextInt(200);
      int length = random.nextInt(20);
      switch (random.nextInt(20)) {
        case 0 -> {
          ranges.cut(start);
          expected.clear(start, 300);
        }
        case 1, 2, 3, 4, 5, 6, 7, 8 -> {
          ranges.remove(start, length);
          expected.clear(start, start + length);
        }
        default -> {
          ranges.add(start, length);
          expected.set(start, start + length);
        }
      }
      assertEquals(expected, told(), "seed " + seed);
      assertEquals(expected.isEmpty(), ranges.isEmpty());
    }
  }
}
