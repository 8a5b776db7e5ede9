/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.HeapOptions;
import org.jspecify.annotations.Nullable;

/**
 * One thread for all heaps, while any is open: once a second it gives back the empty spans of
 * caches that nobody has used since, leaves those that others may take over, and gives back the
 * space of pages that are free for long enough. Nobody waits for it: a cache that is in use is
 * passed over.
 */
final class HeapKeeper implements Runnable {
  private static final Logger LOG = System.getLogger(HeapKeeper.class.getName());
  private static final long PERIOD_NANOS = 1_000_000_000;

  /** Guarded by the lock of the open heaps. */
  private static @Nullable Thread running;

  private final Map<Allocator, long[]> calls = new WeakHashMap<>();

  /** What a heap refused, so that it is not told each second. */
  private final Map<Allocator, String> told = new WeakHashMap<>();

  private HeapKeeper() {}

  /** Starts it unless it runs. With the lock of the open heaps held. */
  static void start() {
    if (running == null) {
      running = Thread.ofPlatform().daemon().name("dmalloc heap keeper").start(new HeapKeeper());
    }
  }

  @Override
  public void run() {
    do {
      LockSupport.parkNanos(PERIOD_NANOS);
      List<Allocator> heaps = OpenHeaps.allocators();
      heaps.forEach(this::keep);
    } while (!OpenHeaps.ifNone(() -> running = null));
  }

  private void keep(Allocator heap) {
    if (heap.readOnly || heap.isStopped()) {
      return;
    }
    try {
      reclaimIdle(heap);
      if (!heap.options.punchAfter().equals(HeapOptions.NEVER)) {
        long since = SpaceOfRegion.seconds() - heap.options.punchAfter().toSeconds();
        heap.reclaim.punch(heap.options.punchFrom(), since);
      }
    } catch (MemoryException | RuntimeException | VirtualMachineError e) {
      String message = String.valueOf(e.getMessage());
      boolean ended = heap.isStopped() || !heap.region.info().open();
      if (!ended && !message.equals(told.put(heap, message))) {
        LOG.log(Level.WARNING, "{0}: what is free was not given back: {1}", heap, message);
      }
    }
  }

  private void reclaimIdle(Allocator heap) throws MemoryException {
    long[] before = calls.computeIfAbsent(heap, h -> new long[BlockCache.COUNT]);
    for (BlockCache cache : heap.caches) {
      long now = cache.calls();
      if (now != before[cache.number]) {
        before[cache.number] = now;
      } else if (cache.mayHaveEmpty() || cache.hasWarm()) {
        heap.reclaim.idle(cache);
      }
    }
  }
}
