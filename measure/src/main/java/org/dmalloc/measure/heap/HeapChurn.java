/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.heap;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.Heap;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.RandomStream;
import org.dmalloc.measure.Worker;
import org.dmalloc.measure.WorkerContext;
import org.dmalloc.measure.WrongContentException;

/**
 * One thread's blocks. An operation frees one of them, chosen at random, and allocates another in
 * its place. Its first 8 bytes are stored, a stamp that no other has, and compared before it is
 * freed.
 */
final class HeapChurn implements Worker {
  private final Heap heap;
  private final HeapPlan plan;
  private final ConcurrentLinkedQueue<Long> handedOn;
  private final RandomStream random;
  private final long[] blocks;
  private final long[] stamps;
  private final double ratio;

  /** Takes the blocks that threads have handed to each other. */
  HeapChurn(Heap heap, HeapPlan plan, WorkerContext context, ConcurrentLinkedQueue<Long> handedOn) {
    this.heap = heap;
    this.plan = plan;
    this.handedOn = handedOn;
    this.random = context.random();
    this.blocks = new long[plan.slots()];
    this.stamps = new long[plan.slots()];
    this.ratio = Math.log((double) plan.most() / plan.least());
  }

  /** Fills all places. */
  void fill() throws MemoryException {
    for (int i = 0; i < blocks.length; i++) {
      allocate(i);
    }
  }

  @Override
  public int work(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      int place = (int) random.below(blocks.length);
      free(place);
      allocate(place);
    }
    return count;
  }

  private void allocate(int place) throws MemoryException {
    long byteSize = plan.least();
    if (ratio > 0) {
      byteSize = (long) (plan.least() * Math.exp(random.nextDouble() * ratio));
    }
    long block = heap.allocate(byteSize);
    blocks[place] = block;
    stamps[place] = random.next();
    try (Access access = heap.region().acquire()) {
      access.segment().set(JAVA_LONG, block, stamps[place]);
    }
  }

  private void free(int place) throws IOException {
    long block = blocks[place];
    long found;
    try (Access access = heap.region().acquire()) {
      found = access.segment().get(JAVA_LONG, block);
    }
    if (found != stamps[place]) {
      throw new WrongContentException(block / PageContent.PAGE_BYTES, found, stamps[place]);
    }
    blocks[place] = Heap.NULL; // whatever happens now, it is not freed twice
    Long freed = block;
    if (random.below(100) < plan.remotePercent()) {
      handedOn.add(block);
      freed = handedOn.poll();
    }
    if (freed != null) {
      heap.free(freed);
    }
  }

  /** Frees what is left, also after a failure. */
  void freeAll() throws MemoryException {
    heap.free(blocks, 0, blocks.length);
    Arrays.fill(blocks, Heap.NULL);
  }
}
