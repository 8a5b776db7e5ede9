/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.spi.region.Uninterrupted.Action;

/**
 * Finds what was written since it was copied by comparing both memories ({@link MappedBytes}), at
 * about 80 ms per GiB and half a microsecond or more for each page that differs. Works everywhere;
 * the visitor must copy what it is told of, or it is told of it again.
 *
 * <p>The last comparison, for which users wait, is shared among all processors. Those beside the
 * users take one: it reads 27 GB/s already, which is most of what the memory gives, so that a
 * second one would take a sixth off a pass, and all of itself from the users.
 *
 * @param check made now and then beside the users; what it throws ends the pass
 */
record PageComparison(MemorySegment source, MemorySegment copy, Action check)
    implements DirtyTracking {
  static final String METHOD = "comparison";

  private static final long PAGE = 4096;

  /** Some milliseconds of equal memory. */
  private static final long STEP_BYTES = 64 << 20;

  /** What is worth a thread: some milliseconds. */
  private static final long MIN_SHARE_BYTES = 16 << 20;

  @Override
  public void collect(Visitor visitor) throws MemoryException {
    long size = source.byteSize();
    for (long done = 0; done < size; done += STEP_BYTES) {
      check.run();
      collect(done, Math.min(size, done + STEP_BYTES), visitor);
    }
  }

  private void collect(long begin, long end, Visitor visitor) throws MemoryException {
    MappedBytes bytes = new MappedBytes();
    long offset = begin;
    while (offset < end) {
      long equal = bytes.mismatch(source, copy, offset, end);
      if (equal < 0) {
        return;
      }
      long start = (offset + equal) / PAGE * PAGE;
      long next = Math.min(start + PAGE, end);
      while (next < end && bytes.mismatch(source, copy, next, Math.min(next + PAGE, end)) >= 0) {
        next = Math.min(next + PAGE, end);
      }
      visitor.written(start, next - start);
      offset = next;
    }
  }

  @Override
  public void collectLast(Visitor visitor) throws MemoryException {
    long size = source.byteSize();
    int processors = Runtime.getRuntime().availableProcessors();
    int shares = Math.clamp(size / MIN_SHARE_BYTES, 1, processors);
    long shareBytes = size / shares / PAGE * PAGE;
    List<FutureTask<List<long[]>>> others = new ArrayList<>();
    for (int share = 1; share < shares; share++) {
      long begin = share * shareBytes;
      long end = share == shares - 1 ? size : begin + shareBytes;
      FutureTask<List<long[]>> task = new FutureTask<>(() -> differences(begin, end));
      others.add(task);
      Thread.ofPlatform().daemon().name("dmalloc comparison").start(task);
    }
    collect(0, shares == 1 ? size : shareBytes, visitor);
    for (FutureTask<List<long[]>> task : others) {
      for (long[] range : Uninterrupted.get(task)) {
        visitor.written(range[0], range[1]);
      }
    }
  }

  private List<long[]> differences(long begin, long end) throws MemoryException {
    List<long[]> ranges = new ArrayList<>();
    collect(begin, end, (offset, length) -> ranges.add(new long[] {offset, length}));
    BusErrors.deliver();
    return ranges;
  }

  @Override
  public String method() {
    return METHOD;
  }

  @Override
  public void close() {}
}
