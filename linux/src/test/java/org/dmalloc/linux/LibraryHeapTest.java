/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;
import org.junit.jupiter.api.Test;

class LibraryHeapTest {
  @Test
  void givesABlockThatEndsWithItsArena() throws MemoryException {
    MemorySegment block;
    try (Arena arena = Arena.ofConfined()) {
      block = LibraryHeap.allocate(1 << 20, arena);
      assertEquals(1 << 20, block.byteSize());
      block.set(JAVA_LONG_UNALIGNED, (1 << 20) - 8, 42);
      assertEquals(42, block.get(JAVA_LONG_UNALIGNED, (1 << 20) - 8));
    }
    assertThrows(IllegalStateException.class, () -> block.get(JAVA_LONG_UNALIGNED, 0));
  }

  @Test
  void reportsWhatTheAddressSpaceCannotHold() {
    try (Arena arena = Arena.ofConfined()) {
      MemoryException refused =
          assertThrows(MemoryException.class, () -> LibraryHeap.allocate(1L << 60, arena));
      assertEquals(Errno.ENOMEM, refused.errno());
    }
  }

  @Test
  void givesBlocksByAddressUntilTheyAreFreed() throws MemoryException {
    long first = LibraryHeap.allocate(100);
    long second = LibraryHeap.allocate(100);
    assertTrue(Math.abs(first - second) >= 100, first + ", " + second);
    LibraryHeap.memory().set(JAVA_LONG_UNALIGNED, first + 92, 42);
    LibraryHeap.memory().set(JAVA_LONG_UNALIGNED, second, 43);
    assertEquals(42, LibraryHeap.memory().get(JAVA_LONG_UNALIGNED, first + 92));
    LibraryHeap.free(first);
    LibraryHeap.free(second);
    assertThrows(IllegalArgumentException.class, () -> LibraryHeap.allocate(0));
  }
}
