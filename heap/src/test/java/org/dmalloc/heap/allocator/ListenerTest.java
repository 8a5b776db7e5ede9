/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapDamagedException;
import org.junit.jupiter.api.Test;

/** Listeners of checks and repairs that use the heap, or throw. */
class ListenerTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  /** What a listener may try. */
  @FunctionalInterface
  private interface Use {
    void of(Heap heap, long block) throws MemoryException;
  }

  private static Map<String, Use> uses() {
    Map<String, Use> uses = new LinkedHashMap<>();
    uses.put("allocate", (heap, block) -> heap.allocate(100));
    uses.put("allocate large", (heap, block) -> heap.allocate(1 << 20));
    uses.put("free", (heap, block) -> heap.free(block));
    uses.put("reallocate", (heap, block) -> heap.reallocate(block, 1000));
    uses.put("root", (heap, block) -> heap.root("x"));
    uses.put("setRoot", (heap, block) -> heap.setRoot("x", block));
    uses.put("walk", (heap, block) -> heap.walk((offset, usable) -> true));
    uses.put("check", (heap, block) -> heap.check());
    uses.put("repair", (heap, block) -> heap.repair());
    uses.put("statistics", (heap, block) -> heap.statistics());
    uses.put("close", (heap, block) -> heap.close());
    return uses;
  }

  @Test
  void aListenerThatUsesTheHeapIsTold() throws Exception {
    try (HeapRig rig = new HeapRig(8 << 20)) {
      Heap heap = rig.heap();
      long[] blocks = rig.blocks(10_000);
      uses()
          .forEach(
              (name, use) -> {
                ProgressListener listener =
                    (done, total) -> {
                      try {
                        use.of(heap, blocks[0]);
                      } catch (MemoryException e) {
                        throw new AssertionError(name, e);
                      }
                    };
                IllegalStateException refusal =
                    assertTimeoutPreemptively(
                        LONG,
                        () -> assertThrows(IllegalStateException.class, () -> heap.check(listener)),
                        name);
                assertTrue(
                    refusal.getMessage().contains("a listener must not use the heap"),
                    name + ": " + refusal.getMessage());
              });
      assertTrue(heap.isOpen());
      assertEquals(List.of(), heap.check().findings());
      heap.free(blocks, 0, blocks.length);
      assertEquals(0, heap.repair().liveBlocks());
    }
  }

  @Test
  void whatTheListenerOfACheckThrowsIsNoDamage() throws Exception {
    try (HeapRig rig = new HeapRig(8 << 20)) {
      Heap heap = rig.heap();
      long[] blocks = rig.blocks(10_000);
      AssertionError own = new AssertionError("the listener's own");
      assertSame(
          own,
          assertThrows(
              AssertionError.class,
              () ->
                  heap.check(
                      (done, total) -> {
                        throw own;
                      })));
      heap.free(blocks[0]);
      assertEquals(blocks.length - 1, heap.check().liveBlocks());
    }
  }

  /** How far a repair is after each call of its listener. */
  private static List<Long> steps(Heap heap) throws MemoryException {
    List<Long> steps = new ArrayList<>();
    long[] most = new long[1];
    heap.repair(
        (done, total) -> {
          assertTrue(done >= (steps.isEmpty() ? 0 : steps.getLast()) && done <= total);
          most[0] = total;
          steps.add(done);
        });
    assertTrue(steps.size() >= 6, steps::toString);
    assertTrue(steps.getLast() > most[0] / 3 * 2, steps::toString);
    return steps;
  }

  @Test
  void aRepairThatIsEndedIsEitherNotBegunOrToBeDoneAgain() throws Exception {
    try (HeapRig rig = new HeapRig(16 << 20)) {
      long[] blocks = rig.blocks(20_000);
      int stopped = 0;
      int count = steps(rig.heap()).size();
      for (int step = 0; step < count; step++) {
        Heap heap = rig.heap();
        heap.free(blocks[2 * step]);
        int last = step;
        int[] calls = new int[1];
        long[] third = new long[1];
        assertThrows(
            CancellationException.class,
            () ->
                heap.repair(
                    (done, total) -> {
                      if (calls[0]++ == last) {
                        third[0] = done * 3 / total;
                        throw new CancellationException();
                      }
                    }));
        if (third[0] == 0) {
          heap.free(blocks[2 * step + 1]); // as if nothing had been
        } else {
          stopped++;
          assertThrows(HeapDamagedException.class, () -> heap.free(blocks[2 * last + 1]));
          if (step % 2 == 0) {
            assertTrue(heap.repair().isSound());
          } else {
            heap.close();
            assertFalse(rig.killed().recovery().clean());
          }
          rig.heap().free(blocks[2 * step + 1]);
        }
        assertEquals(List.of(), rig.heap().check().findings());
        assertEquals(blocks.length - 2 * (step + 1), rig.heap().check().liveBlocks());
      }
      assertTrue(stopped > 2, "stopped " + stopped + " times");
    }
  }
}
