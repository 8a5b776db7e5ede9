/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.model;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class UnitContentTest {
  private static final long KEY = 77;
  private static final int BYTES = 512;

  private final UnitContent content = new UnitContent();
  private final MemorySegment memory = Arena.ofAuto().allocate(4 * BYTES);

  private String difference(long unit, long version) {
    return content.difference(memory, unit * BYTES, BYTES, KEY, unit, version);
  }

  private void store(long unit, long version) {
    content.store(memory, unit * BYTES, BYTES, KEY, unit, version);
  }

  @Test
  void whatWasStoredIsFound() {
    store(1, 5);
    assertNull(difference(1, 5));
    assertNull(difference(0, 0), "nothing was stored beside it");
    assertNull(difference(2, 0), "nothing was stored beside it");
  }

  @Test
  void everyBitCounts() {
    store(1, 5);
    for (int bit = 0; bit < 8 * BYTES; bit++) {
      int at = BYTES + bit / 8;
      byte before = memory.get(JAVA_BYTE, at);
      memory.set(JAVA_BYTE, at, (byte) (before ^ (1 << (bit % 8))));
      assertNotNull(difference(1, 5), "bit " + bit);
      memory.set(JAVA_BYTE, at, before);
    }
    assertNull(difference(1, 5));
  }

  @Test
  void whatIsThereInsteadIsTold() {
    assertTrue(difference(1, 5).endsWith("is to have version 5, and has zeros"));
    store(1, 4);
    assertTrue(difference(1, 5).endsWith("and has version 4, whole"), difference(1, 5));
    MemorySegment.copy(memory, BYTES, memory, 2 * BYTES, BYTES);
    assertTrue(difference(2, 5).endsWith("and has version 4 of unit 1, whole"), difference(2, 5));
    content.store(memory, 3 * BYTES, BYTES, 78, 9, 2);
    assertTrue(difference(3, 5).endsWith("and has version 2 of 4e, unit 9, whole"));
    memory.set(JAVA_BYTE, 2 * BYTES - 1, (byte) (memory.get(JAVA_BYTE, 2 * BYTES - 1) + 1));
    assertTrue(difference(1, 4).endsWith("and has version 4, torn"), difference(1, 4));
    memory.fill((byte) 3);
    assertTrue(difference(1, 4).endsWith("and has bytes of no unit"), difference(1, 4));
  }

  @Test
  void unitsOfAnySizeHaveContent() {
    for (int length = 1; length < 200; length++) {
      content.store(memory, 0, length, KEY, 3, 8);
      assertNull(content.difference(memory, 0, length, KEY, 3, 8), "of " + length + " bytes");
    }
    assertNotNull(content.difference(memory, 0, 199, KEY, 3, 9));
    assertEquals(4L * BYTES, memory.byteSize());
  }
}
