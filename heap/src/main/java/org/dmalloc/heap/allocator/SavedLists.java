/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.PageTable.LONG;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What a clean close leaves in the header: the first runs of all lists, and counts. With it a heap
 * opens without a look at anything else.
 */
final class SavedLists {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private static final long CRC = 0;
  private static final long SEED = 8;
  private static final long FREE_PAGES = 16;
  private static final long HOLE_PAGES = 24;
  private static final long LARGE_BLOCKS = 32;
  private static final long LARGE_PAGES = 40;
  private static final long ROOTS_CRC = 48;
  private static final long LISTS = 64;
  private static final long CLASSES = LISTS + FreeRuns.ALL_LISTS * 4L;
  private static final long PARTIALS = CLASSES + SizeClasses.COUNT * 16L;
  private static final long END = PARTIALS + 4L * BlockCache.COUNT * SizeClasses.COUNT;

  static {
    assert END <= HeapHeader.SAVED_BYTES;
  }

  private SavedLists() {}

  /** Writes them; no span is warm. */
  static void write(Allocator heap, MemorySegment memory) {
    MemorySegment saved = MemorySegment.ofArray(new long[(int) (END / 8)]);
    saved.set(LONG, SEED, heap.header().seed());
    saved.set(LONG, FREE_PAGES, heap.runs.freePages());
    saved.set(LONG, HOLE_PAGES, heap.runs.holePages());
    saved.set(LONG, LARGE_BLOCKS, heap.largeBlocks.sum());
    saved.set(LONG, LARGE_PAGES, heap.largePages.sum());
    for (int list = 0; list < FreeRuns.ALL_LISTS; list++) {
      saved.set(INT, LISTS + list * 4L, (int) heap.runs.first(list));
    }
    for (int c = 0; c < SizeClasses.COUNT; c++) {
      long blocks = 0;
      long spans = 0;
      for (BlockCache cache : heap.caches) {
        blocks += cache.of(c).blocks();
        spans += cache.of(c).spans();
        saved.set(INT, partial(cache.number, c), (int) cache.of(c).partial());
      }
      saved.set(LONG, CLASSES + c * 16L, blocks);
      saved.set(LONG, CLASSES + c * 16L + 8, spans);
    }
    saved.set(LONG, ROOTS_CRC, rootsCrc(memory));
    saved.set(LONG, CRC, HeapHeader.crc(saved.asSlice(8), END - 8));
    MemorySegment.copy(saved, 0, memory, HeapHeader.SAVED, END);
  }

  private static long rootsCrc(MemorySegment memory) {
    long length = HeapHeader.SAVED - HeapHeader.ROOTS;
    return HeapHeader.crc(memory.asSlice(HeapHeader.ROOTS, length), length);
  }

  private static long partial(int cache, int c) {
    return PARTIALS + 4L * (cache * SizeClasses.COUNT + c);
  }

  /** Takes them over; false if they are not what was written. */
  static boolean read(Allocator heap, MemorySegment memory) {
    MemorySegment saved = MemorySegment.ofArray(new long[(int) (END / 8)]);
    MemorySegment.copy(memory, HeapHeader.SAVED, saved, 0, END);
    if (saved.get(LONG, CRC) != HeapHeader.crc(saved.asSlice(8), END - 8)
        || saved.get(LONG, SEED) != heap.header().seed()) {
      return false;
    }
    long[] firsts = new long[FreeRuns.ALL_LISTS];
    for (int list = 0; list < firsts.length; list++) {
      firsts[list] = Integer.toUnsignedLong(saved.get(INT, LISTS + list * 4L));
    }
    heap.runs.restore(firsts, saved.get(LONG, FREE_PAGES), saved.get(LONG, HOLE_PAGES));
    if (saved.get(LONG, ROOTS_CRC) != rootsCrc(memory)) {
      heap.rootsChanged(true);
    }
    heap.largeBlocks.add(saved.get(LONG, LARGE_BLOCKS));
    heap.largePages.add(saved.get(LONG, LARGE_PAGES));
    for (int c = 0; c < SizeClasses.COUNT; c++) {
      for (BlockCache cache : heap.caches) {
        cache.of(c).setPartial(Integer.toUnsignedLong(saved.get(INT, partial(cache.number, c))));
      }
      // Which cache has which of them nobody asks.
      heap.caches[0]
          .of(c)
          .count(saved.get(LONG, CLASSES + c * 16L), saved.get(LONG, CLASSES + c * 16L + 8));
    }
    return true;
  }
}
