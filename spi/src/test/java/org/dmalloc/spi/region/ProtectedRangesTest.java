/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.ProtectedRange;
import org.junit.jupiter.api.Test;

final class ProtectedRangesTest {
  private final ProtectedRanges ranges = new ProtectedRanges();

  private void protect(long offset, long length) {
    ranges.set(offset, length, AccessMode.READ_ONLY);
  }

  private void lift(long offset, long length) {
    ranges.set(offset, length, AccessMode.READ_WRITE);
  }

  private void assertAre(ProtectedRange... expected) {
    assertEquals(List.of(expected), ranges.list());
    assertEquals(expected.length == 0, ranges.isEmpty());
  }

  @Test
  void rangesThatTouchAreOne() {
    assertAre();
    protect(10, 10);
    protect(30, 10);
    assertAre(new ProtectedRange(10, 10), new ProtectedRange(30, 10));
    protect(20, 10);
    assertAre(new ProtectedRange(10, 30));
    protect(5, 100);
    assertAre(new ProtectedRange(5, 100));
    protect(0, 2);
    assertAre(new ProtectedRange(0, 2), new ProtectedRange(5, 100));
  }

  @Test
  void liftingCutsAndSplits() {
    protect(10, 30);
    lift(20, 5);
    assertAre(new ProtectedRange(10, 10), new ProtectedRange(25, 15));
    lift(0, 12);
    lift(38, 100);
    assertAre(new ProtectedRange(12, 8), new ProtectedRange(25, 13));
    lift(0, 1000);
    assertAre();
  }

  @Test
  void refusalsNameTheRangeAndTheRegion() {
    protect(10, 10);
    ranges.requireNone("punch", "region 3", 0, 10);
    ranges.requireNone("punch", "region 3", 20, 10);
    ranges.requireNone("punch", "region 3", 15, 0);
    IllegalStateException e =
        assertThrows(
            IllegalStateException.class, () -> ranges.requireNone("punch", "region 3", 19, 4));
    assertEquals(
        "punch of 4 bytes at 19 of region 3: some of them are protected; lift that first",
        e.getMessage());
  }

  @Test
  void anySequenceIsThatOfABitSet() {
    long seed = Long.getLong("dmalloc.seed", System.nanoTime());
    Random random = new Random(seed);
    BitSet expected = new BitSet();
    for (int i = 0; i < 5_000; i++) {
      int offset = random.nextInt(200);
      int length = random.nextInt(30);
      boolean protects = random.nextBoolean();
      ranges.set(offset, length, protects ? AccessMode.READ_ONLY : AccessMode.READ_WRITE);
      expected.set(offset, offset + length, protects);
      BitSet told = new BitSet();
      for (ProtectedRange range : ranges.list()) {
        assertFalse(told.get(Math.max(0, (int) range.offset() - 1)), "they would be one");
        told.set((int) range.offset(), (int) (range.offset() + range.length()));
      }
      assertEquals(expected, told, "seed " + seed);
      int from = random.nextInt(200);
      int count = random.nextInt(30);
      boolean touched = !expected.get(from, from + count).isEmpty();
      assertEquals(touched, ranges.touch(from, count), "seed " + seed);
    }
  }
}
