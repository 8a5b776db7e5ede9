/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a heap in a file takes of RAM once it is trimmed. */
class TrimmedHeapTest {
  private static final long REGION = 128 << 20;
  private static final long FILLED = 48 << 20;
  private static final int MOST = 64 << 10;

  /** A hole lets go of no part of a large folio that is not written; the kernel makes such ones. */
  @Test
  void takesNoMemoryForFreePages(@TempDir Path directory) throws Exception {
    try (HeapPlace place =
        HeapPlace.make(
            "panama", directory, HeapService.load(), HeapOptions.DEFAULT, REGION, REGION)) {
      Heap heap = place.heap();
      long seed = Seed.of(getClass()).nextLong();
      List<Long> blocks = fill(heap, new SplittableRandom(seed));
      Collections.shuffle(blocks, new Random(seed));
      for (long block : blocks.subList(0, blocks.size() * 9 / 10)) {
        heap.free(block);
      }
      assertTrue(heap.trim() > 0);
      HeapStatistics held = heap.statistics();
      assertEquals(held.freeBytes(), held.punchedBytes());
      long mayBeResident = held.heapBytes() - held.freeBytes() + (1 << 20);
      long resident = place.region().residency().residentBytes();
      assertTrue(resident <= mayBeResident, resident + " bytes are resident, " + held);
    }
  }

  private static List<Long> fill(Heap heap, SplittableRandom random) throws Exception {
    MemorySegment memory = heap.region().segment();
    List<Long> blocks = new ArrayList<>();
    for (long filled = 0; filled < FILLED; ) {
      int size = 16 << random.nextInt(13);
      size = Math.min(MOST, size + random.nextInt(size));
      long block = heap.allocate(size);
      for (long at = block; at < block + size; at += 4096) {
        memory.set(JAVA_BYTE, at, (byte) 1);
      }
      blocks.add(block);
      filled += size;
    }
    return blocks;
  }
}
