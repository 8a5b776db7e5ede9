/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class PrefetchTest {
  @Test
  void goesOnAfterTheRangesThatTheKernelTook() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment vectors =
          arena.allocateFrom(JAVA_LONG, 0x1000, 0x2000, 0x8000, 0x1000, 0xA000, 0x1000);
      assertEquals(2, Prefetch.consume(vectors, 3, 0x3000));
      assertEquals(3, Prefetch.consume(vectors, 3, 0x4000));
    }
  }

  @Test
  void cutsARangeThatTheKernelTookInPart() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment vectors = arena.allocateFrom(JAVA_LONG, 0x1000, 0x2000, 0x8000, 0x3000);
      assertEquals(1, Prefetch.consume(vectors, 2, 0x3000));
      assertArrayEquals(new long[] {0x1000, 0x2000, 0x9000, 0x2000}, vectors.toArray(JAVA_LONG));
    }
  }
}
