/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.OutOfMemoryException;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VarCharVector;
import org.dmalloc.heap.Heap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ArrowBlocksTest extends HeapExamplesTestCase {
  private static final int VALUES = 100_000;

  private BufferAllocator arrow() {
    return new RootAllocator(
        RootAllocator.configBuilder()
            .allocationManagerFactory(ArrowBlocks.factory(heap()))
            .build());
  }

  @Test
  void vectorsLieInTheHeapAndGrowThere() throws Exception {
    try (BufferAllocator arrow = arrow();
        IntVector numbers = new IntVector("numbers", arrow);
        VarCharVector texts = new VarCharVector("texts", arrow)) {
      for (int i = 0; i < VALUES; i++) {
        numbers.setSafe(i, i * 3);
        texts.setSafe(i, ("text " + i).getBytes(StandardCharsets.UTF_8));
      }
      numbers.setValueCount(VALUES);
      texts.setValueCount(VALUES);
      for (ArrowBuf buffer : numbers.getFieldBuffers()) {
        assertTrue(isInside(buffer.memoryAddress(), buffer.capacity()), buffer::toString);
      }
      for (int i = 0; i < VALUES; i += 97) {
        assertEquals(i * 3, numbers.get(i));
        assertEquals("text " + i, new String(texts.get(i), StandardCharsets.UTF_8));
      }
      assertTrue(heap().statistics().liveBytes() >= arrow.getAllocatedMemory());
    }
    assertEquals(0, heap().statistics().liveBlocks(), "after the vectors were closed");
  }

  @ParameterizedTest
  @EnumSource(Ending.class)
  void aStoredVectorComesBackAfterARestart(Ending ending) throws Exception {
    for (int round = 0; round < 2; round++) {
      try (BufferAllocator arrow = arrow();
          IntVector vector = new IntVector("v", arrow)) {
        vector.allocateNew(VALUES);
        for (int i = 0; i < VALUES; i++) {
          if (i % 7 == 0) {
            vector.setNull(i);
          } else {
            vector.set(i, i ^ round);
          }
        }
        vector.setValueCount(VALUES);
        ArrowBlocks.store(heap(), "column", vector);
      }
      Heap heap = restart(ending);
      try (BufferAllocator arrow = arrow();
          IntVector vector = new IntVector("v", arrow)) {
        ArrowBlocks.load(heap, "column", arrow, vector);
        assertEquals(VALUES, vector.getValueCount());
        for (int i = 0; i < VALUES; i++) {
          assertEquals(i % 7 == 0, vector.isNull(i), "null at " + i);
          assertTrue(i % 7 == 0 || vector.get(i) == (i ^ round), "value at " + i);
        }
      }
      assertEquals(1, heap.statistics().liveBlocks(), "the stored vector");
    }
  }

  @Test
  void aFullHeapIsArrowsOwnException() {
    try (BufferAllocator arrow = arrow()) {
      assertThrows(OutOfMemoryException.class, () -> arrow.buffer(1L << 30));
      try (ArrowBuf buffer = arrow.buffer(1000)) {
        assertTrue(isInside(buffer.memoryAddress(), 1000));
      }
      assertEquals(0, arrow.getAllocatedMemory());
    }
  }
}
