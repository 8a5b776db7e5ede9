/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ShiftingTraceTest {
  private static final long LIVE_BYTES = 4 << 20;

  /** Remembers what is live, and each call. */
  private static final class Recording implements TracedHeap {
    private final TreeMap<Long, Integer> live = new TreeMap<>();
    private final List<Long> calls = new ArrayList<>();
    private long next = 16;

    @Override
    public long allocate(int byteSize) {
      long block = next;
      next += byteSize;
      live.put(block, byteSize);
      calls.add((long) byteSize);
      assertTrue(liveBytes() <= LIVE_BYTES, "more is live than wanted");
      return block;
    }

    private long liveBytes;

    private long liveBytes() {
      liveBytes += live.lastEntry().getValue();
      return liveBytes;
    }

    @Override
    public void free(long block) {
      Integer size = live.remove(block);
      assertTrue(size != null, () -> block + " is not allocated");
      liveBytes -= size;
      calls.add(-block);
    }

    @Override
    public void fill(long block, int byteSize) {
      assertEquals(live.get(block), byteSize);
    }

    @Override
    public void trim() {}

    @Override
    public Use use() {
      return new Use(0, 0, 0);
    }

    @Override
    public void close() {}
  }

  private static Recording replay(long seed) throws IOException {
    Recording heap = new Recording();
    ShiftingTrace trace = new ShiftingTrace(heap, LIVE_BYTES, seed);
    for (ShiftingTrace.Phase phase : ShiftingTrace.PHASES) {
      int before = heap.calls.size();
      trace.run(phase);
      assertTrue(
          heap.calls.subList(before, heap.calls.size()).stream()
              .allMatch(call -> call < 0 || (call >= phase.least() && call <= phase.most())),
          phase::toString);
      assertTrue(trace.liveBytes() > LIVE_BYTES * 9 / 10, phase::toString);
      assertEquals(heap.live.size(), trace.liveBlocks());
    }
    trace.freeNineTenths();
    assertTrue(trace.liveBytes() <= LIVE_BYTES / 10);
    assertEquals(heap.liveBytes, trace.liveBytes());
    return heap;
  }

  @Test
  void holdsTheLiveBytesWhileSizesShift() throws IOException {
    replay(7);
  }

  @Test
  void aSeedGivesOneTrace() throws IOException {
    List<Long> once = replay(42).calls;
    assertEquals(once, replay(42).calls);
    assertNotEquals(once, replay(43).calls);
  }
}
