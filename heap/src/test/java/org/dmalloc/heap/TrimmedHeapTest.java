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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a heap in a file takes of RAM once it is trimmed. */
class TrimmedHeapTest {
  private static final long REGION = 128 << 20;
  private static final long FILLED = 48 << 20;
  private static final int MOST = 64 << 10;

  /** A hole lets go of no part of a large folio that is not written; the kernel makes such ones. */
  @ParameterizedTest
  @ValueSource(strings = {"panama", "managed"})
  void takesNoMemoryForFreePages(String backend, @TempDir Path directory) throws Exception {
    try (HeapPlace place =
        HeapPlace.make(
            backend, directory, HeapService.load(), HeapOptions.DEFAULT, REGION, REGION)) {
      Heap heap = place.heap();
      long seed = Seed.of(getClass()).nextLong();
      List<Long> blocks = fill(heap, new SplittableRandom(seed));
      Collections.shuffle(blocks, new Random(seed));
      for (long block : blocks.subList(0, blocks.size() * 9 / 10)) {
        heap.free(block);
      }
      assertTakesNoMemoryOnceTrimmed(place);
    }
  }

  /** The ends of a long run share large folios with blocks in use, which are not written yet. */
  @Test
  void takesNoMemoryForTheEndsOfLongRuns(@TempDir Path directory) throws Exception {
    try (HeapPlace place =
        HeapPlace.make(
            "panama", directory, HeapService.load(), HeapOptions.DEFAULT, REGION, REGION)) {
      Heap heap = place.heap();
      List<Long> blocks = new ArrayList<>();
      for (long filled = 0; filled < FILLED; filled += MOST) {
        blocks.add(store(heap, MOST));
      }
      Collections.sort(blocks);
      int most = 100; // 6.25 MiB in a row, about 1 MiB between
      for (int first = 8; first + most < blocks.size(); first += most + 17) {
        for (long block : blocks.subList(first, first + most)) {
          heap.free(block);
        }
      }
      assertTakesNoMemoryOnceTrimmed(place);
    }
  }

  @Test
  void givesPagesBackThatWereNeverUsed(@TempDir Path directory) throws Exception {
    try (HeapPlace place =
        HeapPlace.make(
            "panama", directory, HeapService.load(), HeapOptions.DEFAULT, REGION, REGION)) {
      store(place.heap(), MOST);
      assertTakesNoMemoryOnceTrimmed(place);
      assertEquals(0, place.heap().trim());
      long block = store(place.heap(), 32 << 20); // its space is taken again
      assertEquals(32 << 20, place.heap().usableSize(block));
    }
  }

  private static void assertTakesNoMemoryOnceTrimmed(HeapPlace place) throws Exception {
    assertTrue(place.heap().trim() > 0);
    HeapStatistics held = place.heap().statistics();
    assertEquals(held.freeBytes(), held.punchedBytes());
    long mayBeResident = held.heapBytes() - held.freeBytes() + (1 << 20);
    long resident = place.region().residency().residentBytes();
    assertTrue(resident <= mayBeResident, resident + " bytes are resident, " + held);
  }

  private static List<Long> fill(Heap heap, SplittableRandom random) throws Exception {
    List<Long> blocks = new ArrayList<>();
    for (long filled = 0; filled < FILLED; ) {
      int size = 16 << random.nextInt(13);
      size = Math.min(MOST, size + random.nextInt(size));
      blocks.add(store(heap, size));
      filled += size;
    }
    return blocks;
  }

  private static long store(Heap heap, long byteSize) throws Exception {
    MemorySegment memory = heap.region().segment();
    long block = heap.allocate(byteSize);
    for (long at = block; at < block + byteSize; at += 4096) {
      memory.set(JAVA_BYTE, at, (byte) 1);
    }
    return block;
  }
}
