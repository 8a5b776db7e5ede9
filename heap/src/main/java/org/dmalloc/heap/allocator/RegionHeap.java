/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.HeapTables.CUT;

import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.LongPredicate;
import java.util.function.Supplier;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapFullException;
import org.dmalloc.heap.HeapLeaks;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapRecovery;
import org.dmalloc.heap.HeapReport;
import org.dmalloc.heap.HeapStatistics;
import org.dmalloc.heap.allocator.Allocator.Shortage;

/** A heap as its users see it, over an {@link Allocator}. */
final class RegionHeap implements AlignedHeap {
  private final Allocator allocator;
  private final HeapRecovery recovery;
  private final Runnable onClose;
  private final LockedRoots roots;
  private final boolean writable;
  private boolean closed;

  /**
   * A heap that is open.
   *
   * @param onClose runs once it is closed
   */
  RegionHeap(Allocator allocator, HeapRecovery recovery, Runnable onClose) {
    this.allocator = allocator;
    this.recovery = recovery;
    this.onClose = onClose;
    this.roots = new LockedRoots(allocator, this::isOpen);
    this.writable = !allocator.readOnly;
  }

  Allocator allocatorOfRegion() {
    return allocator;
  }

  @Override
  public MemoryRegion region() {
    return allocator.region;
  }

  @Override
  public HeapOptions options() {
    return allocator.options;
  }

  @Override
  public HeapRecovery recovery() {
    return recovery;
  }

  @Override
  public String toString() {
    return allocator.toString();
  }

  // --- allocating ---

  @Override
  public long allocate(long byteSize) throws MemoryException {
    long block = quick(byteSize);
    return block > 0 ? block : orThrow(byteSize, MIN_ALIGNMENT, 0);
  }

  @Override
  public long tryAllocate(long byteSize) throws MemoryException {
    long block = quick(byteSize);
    return block > 0 ? block : allocator.allocate(byteSize, MIN_ALIGNMENT, 0, new Shortage());
  }

  /** Not a block if it is to go the long way. */
  private long quick(long byteSize) throws MemoryException {
    return byteSize >= 1 && byteSize <= SizeClasses.LARGEST && writable
        ? allocator.quick(SizeClasses.of(byteSize), byteSize)
        : Allocator.NONE;
  }

  @Override
  public long allocate(long byteSize, long alignment) throws MemoryException {
    return orThrow(byteSize, alignment, 0);
  }

  @Override
  public long tryAllocate(long byteSize, long alignment) throws MemoryException {
    return allocator.allocate(byteSize, alignment, 0, new Shortage());
  }

  @Override
  public long allocateAt(long byteSize, long alignment, long phase) throws MemoryException {
    return orThrow(byteSize, alignment, phase);
  }

  private long orThrow(long byteSize, long alignment, long phase) throws MemoryException {
    Shortage shortage = new Shortage();
    long block = allocator.allocate(byteSize, alignment, phase, shortage);
    if (block == NULL) {
      throw full(byteSize, shortage);
    }
    return block;
  }

  private HeapFullException full(long byteSize, Shortage shortage) {
    return new HeapFullException(
        byteSize,
        toString(),
        shortage.freePages << SizeClasses.PAGE_SHIFT,
        shortage.largestRun << SizeClasses.PAGE_SHIFT,
        shortage.reason,
        shortage.nextStep,
        shortage.cause);
  }

  @Override
  public long allocateZeroed(long count, long byteSize) throws MemoryException {
    return zeroed(allocate(product(count, byteSize)), count * byteSize);
  }

  @Override
  public long tryAllocateZeroed(long count, long byteSize) throws MemoryException {
    long block = tryAllocate(product(count, byteSize));
    return block == NULL ? NULL : zeroed(block, count * byteSize);
  }

  /** The bytes of calloc; throws if they are no size. */
  long product(long count, long byteSize) {
    if (count < 1
        || byteSize < 1
        || Math.multiplyHigh(count, byteSize) != 0
        || count * byteSize < 0) {
      throw new IllegalArgumentException(
          "allocate "
              + count
              + " times "
              + byteSize
              + " bytes in "
              + this
              + "; give at least 1, and no product above "
              + Long.MAX_VALUE);
    }
    return count * byteSize;
  }

  private long zeroed(long block, long byteSize) throws MemoryException {
    BlockContents.fill(region(), block, byteSize, (byte) 0);
    return block;
  }

  @Override
  public long reallocate(long block, long byteSize) throws MemoryException {
    Shortage shortage = new Shortage();
    long now = reallocate(block, byteSize, shortage);
    if (now == NULL) {
      throw full(byteSize, shortage);
    }
    return now;
  }

  @Override
  public long tryReallocate(long block, long byteSize) throws MemoryException {
    return reallocate(block, byteSize, new Shortage());
  }

  private long reallocate(long block, long byteSize, Shortage shortage) throws MemoryException {
    if (block == NULL) {
      return allocator.allocate(byteSize, MIN_ALIGNMENT, 0, shortage);
    }
    allocator.requireWritable("reallocate");
    long had = usableSize(block, "reallocate");
    if (byteSize < 1) {
      throw new IllegalArgumentException(
          "reallocate " + block + " to " + byteSize + " bytes in " + this + "; give at least 1");
    }
    boolean staysSmall = byteSize <= had && had <= SizeClasses.LARGEST && byteSize > had / 2;
    if (staysSmall
        || (had > SizeClasses.LARGEST && allocator.blocks.resizeInPlace(block, byteSize))) {
      return block;
    }
    long other = allocator.allocate(byteSize, MIN_ALIGNMENT, 0, shortage);
    if (other == NULL) {
      return byteSize <= had ? block : NULL;
    }
    long kept = Math.min(had, byteSize);
    BlockContents.copy(region(), block, other, kept);
    free(block);
    return other;
  }

  @Override
  public void free(long block) throws MemoryException {
    if (block != NULL) {
      allocator.requireWritable("free");
      allocator.blocks.free(block);
    }
  }

  @Override
  public void allocate(long byteSize, long[] blocks, int from, int count) throws MemoryException {
    Objects.checkFromIndexSize(from, count, blocks.length);
    int done = 0;
    Access all = region().acquire(); // those inside it cost less
    try {
      for (; done < count; done++) {
        blocks[from + done] = allocate(byteSize);
      }
    } finally {
      all.close();
      if (done < count) {
        free(blocks, from, done);
      }
    }
  }

  @Override
  public void free(long[] blocks, int from, int count) throws MemoryException {
    Objects.checkFromIndexSize(from, count, blocks.length);
    freeEach(this, blocks, from, count);
  }

  /** Frees all, in one section, and throws the first error at the end. */
  static void freeEach(Heap heap, long[] blocks, int from, int count) throws MemoryException {
    Exception first = null;
    Access all = heap.region().acquire();
    try {
      for (int i = from; i < from + count; i++) {
        try {
          heap.free(blocks[i]);
        } catch (MemoryException | RuntimeException e) {
          if (first == null) {
            first = e;
          } else {
            first.addSuppressed(e);
          }
        }
      }
    } finally {
      all.close();
    }
    if (first instanceof MemoryException e) {
      throw e;
    } else if (first instanceof RuntimeException e) {
      throw e;
    }
  }

  @Override
  public long usableSize(long block) throws MemoryException {
    return usableSize(block, "size of");
  }

  private long usableSize(long block, String operation) throws MemoryException {
    return allocator.blocks.usableSize(block, operation);
  }

  // --- segments ---

  @Override
  public MemorySegment segment(Access section, long block) throws MemoryException {
    return section.segment().asSlice(block, usableSize(block));
  }

  @Override
  public MemorySegment pinned(long block) throws MemoryException {
    long byteSize = usableSize(block);
    return region().segment().asSlice(block, byteSize);
  }

  @Override
  public SegmentAllocator allocator() {
    return (byteSize, alignment) -> BlockArena.block(this, byteSize, alignment);
  }

  @Override
  public long offsetOf(MemorySegment segment) {
    MemorySegment all = region().segment();
    long offset = segment.address() - all.address();
    if (!segment.isNative() || offset < 0 || offset >= all.byteSize()) {
      throw new IllegalArgumentException(segment + " does not lie in " + region());
    }
    return offset;
  }

  @Override
  public Arena confinedArena() {
    return new BlockArena(this, Arena.ofConfined());
  }

  @Override
  public Arena sharedArena() {
    return new BlockArena(this, Arena.ofShared());
  }

  // --- roots ---

  @Override
  public OptionalLong root(String name) throws MemoryException {
    return roots.get(name);
  }

  @Override
  public void setRoot(String name, long offset) throws MemoryException {
    roots.set(name, offset);
  }

  @Override
  public Map<String, Long> roots() throws MemoryException {
    return roots.all();
  }

  // --- going through all ---

  @Override
  public void walk(Visitor visitor) throws MemoryException {
    new BlockWalk(allocator).blocks(visitor);
  }

  @Override
  public void runs(RunVisitor visitor) throws MemoryException {
    new BlockWalk(allocator).runs(visitor);
  }

  @Override
  public long sweep(LongPredicate live) throws MemoryException {
    allocator.requireWritable("sweep");
    return sweep(this, live);
  }

  /** Frees what is not live. */
  static long sweep(Heap heap, LongPredicate live) throws MemoryException {
    long[] freed = new long[1];
    heap.walk(
        (block, byteSize) -> {
          if (!live.test(block)) {
            heap.free(block);
            freed[0]++;
          }
          return true;
        });
    return freed[0];
  }

  @Override
  public HeapReport check() throws MemoryException {
    return check(ProgressListener.NONE);
  }

  @Override
  public HeapReport check(ProgressListener progress) throws MemoryException {
    requireOpen();
    return allocator.alone(memory -> withRoots(() -> HeapCheck.of(allocator, memory, progress)));
  }

  @Override
  public HeapReport repair() throws MemoryException {
    return repair(ProgressListener.NONE);
  }

  @Override
  public HeapReport repair(ProgressListener progress) throws MemoryException {
    requireOpen();
    allocator.requireWritable("repair");
    return allocator.alone(
        memory -> {
          requireOpen();
          HeapReport report = withRoots(() -> HeapRebuild.repair(allocator, memory, progress));
          allocator.goOn();
          return report;
        });
  }

  /**
   * Runs it while nobody changes a root. Whoever does waits for nothing. What a listener throws is
   * no damage.
   */
  private HeapReport withRoots(Supplier<HeapReport> work) {
    allocator.rooting.lock();
    try {
      return work.get();
    } finally {
      allocator.rooting.unlock();
    }
  }

  private void requireOpen() {
    if (!isOpen()) {
      throw new IllegalStateException(this + " is closed");
    }
  }

  @Override
  public HeapStatistics statistics() {
    try (Access access = region().acquire()) {
      return HeapCounts.of(allocator, access.segment());
    } catch (VirtualMachineError e) {
      allocator.stopped = CUT;
      try {
        throw allocator.lost(e);
      } catch (MemoryException lost) {
        throw new UncheckedIOException(lost.getMessage(), lost);
      }
    }
  }

  @Override
  public long trim() throws MemoryException {
    allocator.requireWritable("trim");
    return allocator.reclaim.trim();
  }

  @Override
  public HeapLeaks leaks() {
    return HeapLeaks.NONE;
  }

  // --- the end ---

  @Override
  public boolean isOpen() {
    return !closedNow();
  }

  private synchronized boolean closedNow() {
    return closed;
  }

  @Override
  public void close() {
    allocator.requireNotAlone();
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    try {
      HeapState.close(allocator);
    } catch (MemoryException e) {
      throw new UncheckedIOException("close of " + this + ": " + e.getMessage(), e);
    } finally {
      allocator.stop(null);
      onClose.run();
    }
  }
}
