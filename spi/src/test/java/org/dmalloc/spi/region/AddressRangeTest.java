/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongBinaryOperator;
import org.dmalloc.spi.machine.Errno;
import org.junit.jupiter.api.Test;

final class AddressRangeTest {
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory = arena.allocate(100);
  private final AtomicInteger unmapped = new AtomicInteger();

  @Test
  void accessEndsBeforeTheAddressesAreUnmappedOnce() {
    AddressRange range =
        new AddressRange(
            arena,
            memory,
            (address, length) -> {
              assertEquals(memory.address(), address);
              assertEquals(100, length);
              assertThrows(IllegalStateException.class, () -> memory.get(JAVA_BYTE, 0));
              unmapped.incrementAndGet();
              return 0;
            });
    assertEquals(memory.address(), range.address());
    assertEquals(100, range.length());
    range.close();
    assertThrows(IllegalStateException.class, range::close);
    assertEquals(1, unmapped.get());
  }

  @Test
  void anAbandonedRangeStaysMapped() {
    AddressRange range =
        new AddressRange(arena, memory, (address, length) -> unmapped.incrementAndGet());
    range.abandon();
    assertThrows(IllegalStateException.class, () -> memory.get(JAVA_BYTE, 0));
    assertThrows(IllegalStateException.class, range::close);
    assertEquals(0, unmapped.get());
  }

  @Test
  void aKeeperGetsTheRightToUnmap() {
    AddressRange range =
        new AddressRange(arena, memory, (address, length) -> unmapped.addAndGet((int) length));
    LongBinaryOperator[] kept = new LongBinaryOperator[1];
    range.close(
        (address, length, unmap) -> {
          assertEquals(memory.address(), address);
          assertEquals(100, length);
          assertThrows(IllegalStateException.class, () -> memory.get(JAVA_BYTE, 0));
          kept[0] = unmap;
          return 0;
        });
    assertEquals(0, unmapped.get());
    assertEquals(100, kept[0].applyAsLong(memory.address(), 100));
    assertThrows(IllegalStateException.class, () -> range.close((a, l, unmap) -> 0));
  }

  @Test
  void aRefusalOfTheKernelIsToldByItsNumber() {
    AddressRange range = new AddressRange(arena, memory, (address, length) -> Errno.ENOMEM);
    String message =
        String.valueOf(assertThrows(IllegalStateException.class, range::close).getMessage());
    assertTrue(message.startsWith("munmap 100 bytes at 0x"), message);
    assertTrue(message.endsWith("ENOMEM (12)"), message);
  }

  @Test
  void anArenaMayUnmapByItself() {
    AddressRange.ofArena(arena, memory).close();
    assertThrows(IllegalStateException.class, () -> memory.get(JAVA_BYTE, 0));
  }
}
