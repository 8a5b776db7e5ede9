/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Allocations and frees whose sizes shift from phase to phase while about the same number of bytes
 * is live: what an allocator keeps of the pages of one phase is fragmentation in the next. The same
 * seed gives the same trace.
 */
final class ShiftingTrace {
  /** What is allocated in a phase; each power of two of its sizes alike. */
  record Phase(String name, int least, int most) {}

  static final List<Phase> PHASES =
      List.of(
          new Phase("16–256 B", 16, 256),
          new Phase("64 B–4 KiB", 64, 4 << 10),
          new Phase("1–64 KiB", 1 << 10, 64 << 10),
          new Phase("16 B–64 KiB", 16, 64 << 10),
          new Phase("128–512 B", 128, 512));

  private final TracedHeap heap;
  private final long liveBytesWanted;
  private final SplittableRandom random;
  private long[] blocks = new long[1024];
  private int[] sizes = new int[1024];
  private int count;
  private long liveBytes;

  ShiftingTrace(TracedHeap heap, long liveBytesWanted, long seed) {
    this.heap = heap;
    this.liveBytesWanted = liveBytesWanted;
    random = new SplittableRandom(seed);
  }

  /** Bytes that were asked for in the live blocks. */
  long liveBytes() {
    return liveBytes;
  }

  int liveBlocks() {
    return count;
  }

  /** Allocates twice the live bytes; frees random blocks so that no more than these are live. */
  void run(Phase phase) throws IOException {
    long end = 2 * liveBytesWanted;
    for (long allocated = 0; allocated < end; ) {
      int size = Sizes.logUniform(random, phase.least, phase.most);
      while (liveBytes + size > liveBytesWanted) {
        freeRandom();
      }
      allocate(size);
      allocated += size;
    }
  }

  private void allocate(int size) throws IOException {
    if (count == blocks.length) {
      blocks = Arrays.copyOf(blocks, 2 * count);
      sizes = Arrays.copyOf(sizes, 2 * count);
    }
    blocks[count] = heap.allocate(size);
    sizes[count] = size;
    heap.fill(blocks[count], size);
    count++;
    liveBytes += size;
  }

  /** Frees random blocks until a tenth of the bytes is left. */
  void freeNineTenths() throws IOException {
    long left = liveBytes / 10;
    while (liveBytes > left) {
      freeRandom();
    }
  }

  private void freeRandom() throws IOException {
    int index = random.nextInt(count);
    heap.free(blocks[index]);
    liveBytes -= sizes[index];
    count--;
    blocks[index] = blocks[count];
    sizes[index] = sizes[count];
  }
}
