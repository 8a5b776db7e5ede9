/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MappedBytesTest {
  private static final long SIZE = 100_001;

  private final MappedBytes bytes = new MappedBytes();

  @ParameterizedTest
  @ValueSource(longs = {7, 8, 32_767, 32_768, 65_000, SIZE - 1})
  void theFirstDifferenceCountsFromTheBegin(long at) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment one = arena.allocate(SIZE);
      MemorySegment two = arena.allocate(SIZE);
      assertEquals(-1, bytes.mismatch(one, two, 7, SIZE));
      assertTrue(bytes.isZero(one, 0, SIZE));
      one.set(JAVA_BYTE, at, (byte) 0x80);
      assertEquals(at - 7, bytes.mismatch(one, two, 7, SIZE));
      assertEquals(at - 7, bytes.mismatch(two, one, 7, SIZE));
      assertEquals(-1, bytes.mismatch(one, two, 7, at));
      assertEquals(-1, bytes.mismatch(one, two, at + 1, SIZE));
      assertFalse(bytes.isZero(one, at, at + 1));
      assertFalse(bytes.isZero(one, 0, SIZE));
      assertTrue(bytes.isZero(one, 0, at));
      assertTrue(bytes.isZero(one, at + 1, SIZE));
    }
  }
}
