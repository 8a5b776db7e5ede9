/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import org.apache.datasketches.hll.HllSketch;
import org.apache.datasketches.hll.TgtHllType;
import org.apache.datasketches.kll.KllDoublesSketch;
import org.apache.datasketches.kll.KllSketch;
import org.dmalloc.heap.Heap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SketchBlocksTest extends HeapExamplesTestCase {
  private static final int UPDATES = 200_000;

  /** Quantiles in a block that the sketch outgrows several times. */
  @ParameterizedTest
  @EnumSource(Ending.class)
  void quantilesComeBackAfterARestart(Ending ending) throws Exception {
    SketchBlocks blocks = new SketchBlocks(heap(), "latencies");
    KllDoublesSketch sketch = KllDoublesSketch.newDirectInstance(200, blocks.request(2048), blocks);
    long first = heap().root("latencies").orElseThrow();
    for (int i = 0; i < UPDATES; i++) {
      sketch.update((double) (i * 7919L % UPDATES));
    }
    assertTrue(heap().root("latencies").orElseThrow() != first, "it has moved to a larger block");
    assertEquals(1, heap().statistics().liveBlocks(), "blocks that it has left are free");
    double median = sketch.getQuantile(0.5);

    Heap heap = restart(ending);
    SketchBlocks again = new SketchBlocks(heap, "latencies");
    KllDoublesSketch restored = KllDoublesSketch.wrap(again.stored().orElseThrow(), again);
    assertEquals(UPDATES, restored.getN());
    assertEquals(median, restored.getQuantile(0.5));
    double error = KllSketch.getNormalizedRankError(200, false) * 3;
    assertEquals(0.5, restored.getQuantile(0.5) / UPDATES, error);
    for (int i = 0; i < UPDATES; i++) {
      restored.update(2 * UPDATES);
    }
    assertEquals(2 * UPDATES, restored.getN());
    assertEquals(1, heap.statistics().liveBlocks());
  }

  /** Distinct counts in a block of the size that the sketch has at most. */
  @ParameterizedTest
  @EnumSource(Ending.class)
  void distinctCountsComeBackAfterARestart(Ending ending) throws Exception {
    long byteSize = HllSketch.getMaxUpdatableSerializationBytes(12, TgtHllType.HLL_8);
    MemorySegment block = heap().allocator().allocate(byteSize, Long.BYTES);
    heap().setRoot("visitors", heap().offsetOf(block));
    HllSketch sketch = new HllSketch(12, TgtHllType.HLL_8, block);
    for (int i = 0; i < UPDATES; i++) {
      sketch.update(i % 50_000L);
    }
    double estimate = sketch.getEstimate();

    Heap heap = restart(ending);
    HllSketch restored = HllSketch.writableWrap(heap.pinned(heap.root("visitors").orElseThrow()));
    assertEquals(estimate, restored.getEstimate());
    assertEquals(50_000, restored.getEstimate(), 50_000 * 0.1);
    restored.update("another");
    assertTrue(restored.getEstimate() >= estimate);
  }
}
