/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SizeClassesTest {
  @Test
  void eachSizeGetsTheSmallestClassThatFits() {
    for (int size = 1; size <= SizeClasses.LARGEST; size++) {
      int c = SizeClasses.of(size);
      assertTrue(SizeClasses.bytes(c) >= size, size + " in " + SizeClasses.bytes(c));
      assertTrue(c == 0 || SizeClasses.bytes(c - 1) < size, size + " in " + SizeClasses.bytes(c));
    }
    assertEquals(SizeClasses.LARGEST, SizeClasses.bytes(SizeClasses.COUNT - 1));
  }

  @Test
  void noMoreThanOneNinthIsWastedAboveTheSmallestSizes() {
    for (int size = 129; size <= SizeClasses.LARGEST; size++) {
      int waste = SizeClasses.bytes(SizeClasses.of(size)) - size;
      assertTrue(waste * 9 <= SizeClasses.bytes(SizeClasses.of(size)), size + " wastes " + waste);
    }
    for (int c = 0; c < 8; c++) {
      assertEquals((c + 1) * 16, SizeClasses.bytes(c));
    }
  }

  @Test
  void blocksTileTheirSpansWithoutARest() {
    for (int c = 0; c < SizeClasses.COUNT; c++) {
      long bytes = (long) SizeClasses.spanPages(c) * SizeClasses.PAGE;
      assertEquals(bytes, (long) SizeClasses.capacity(c) * SizeClasses.bytes(c));
      assertEquals(0, SizeClasses.bytes(c) % 16);
      assertTrue(SizeClasses.capacity(c) >= 8);
      assertTrue(SizeClasses.words(c) * 8L <= (long) SizeClasses.spanPages(c) * 32);
      assertTrue(bytes <= 512 << 10, "a span of " + bytes);
    }
  }

  @Test
  void eachByteOfASpanIsFoundInItsBlock() {
    for (int c = 0; c < SizeClasses.COUNT; c++) {
      int size = SizeClasses.bytes(c);
      for (int i = 0; i < SizeClasses.capacity(c); i++) {
        assertEquals(i, SizeClasses.indexOf(c, (long) i * size));
        assertEquals(i, SizeClasses.indexOf(c, (long) i * size + size - 1));
      }
    }
  }

  @Test
  void alignedClassesAreMultiplesOfTheAlignment() {
    for (int alignment = 16; alignment <= SizeClasses.PAGE; alignment *= 2) {
      for (int size = 1; size <= SizeClasses.LARGEST; size += 13) {
        int c = SizeClasses.of(size, alignment);
        assertTrue(c >= 0 && SizeClasses.bytes(c) >= size, size + " at " + alignment);
        assertEquals(0, SizeClasses.bytes(c) % alignment);
      }
    }
  }

  @Test
  void theBitsOfAWordAreThoseOfBlocks() {
    for (int c = 0; c < SizeClasses.COUNT; c++) {
      int bits = 0;
      for (int word = 0; word < SizeClasses.words(c); word++) {
        bits += Long.bitCount(SizeClasses.validBits(c, word));
      }
      assertEquals(SizeClasses.capacity(c), bits);
    }
  }
}
