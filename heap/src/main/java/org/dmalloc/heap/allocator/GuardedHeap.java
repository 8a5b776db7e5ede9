/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongPredicate;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.heap.DoubleFreeException;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapLeaks;
import org.dmalloc.heap.HeapLeaks.Site;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapRecovery;
import org.dmalloc.heap.HeapReport;
import org.dmalloc.heap.HeapReport.Finding;
import org.dmalloc.heap.HeapStatistics;

/**
 * Debug mode: a heap over another one, which knows of no such thing. It remembers who allocated
 * each block and how much was asked for, writes a pattern behind that and looks at it when the
 * block is freed, and fills freed blocks with another, which it looks for when they are handed out
 * again. What it remembers is on the Java heap; blocks that were there before are freed as ever.
 */
final class GuardedHeap implements AlignedHeap {
  private static final int GUARD_BYTES = 16;
  private static final byte GUARD = (byte) 0xFD;
  private static final byte FREED = (byte) 0xDD;
  private static final int FRAMES = 16;
  private static final int MOST_FREED = 1 << 16;
  private static final String OWN = "org.dmalloc.heap.";
  private static final StackWalker STACKS = StackWalker.getInstance();

  private final RegionHeap heap;
  private final HeapOptions.Debug debug;
  private final Map<Long, Allocated> blocks = new ConcurrentHashMap<>();
  private final Map<Long, Freed> freed = new ConcurrentHashMap<>();
  private final Queue<Finding> violations = new ConcurrentLinkedQueue<>();
  private final AtomicLong allocations = new AtomicLong();

  private GuardedHeap(RegionHeap heap) {
    this.heap = heap;
    this.debug = heap.options().debug();
  }

  /** The heap itself, unless its options ask for more. */
  static Heap over(RegionHeap heap) {
    return heap.options().debug().equals(HeapOptions.Debug.OFF) ? heap : new GuardedHeap(heap);
  }

  private record Allocated(long byteSize, String owner, List<StackTraceElement> stack) {
    String inWords() {
      String at = stack.isEmpty() ? "" : " at " + stack.getFirst();
      return byteSize + " bytes that " + owner + " allocated" + at;
    }
  }

  private record Freed(long usable, String by) {}

  // --- allocating ---

  @Override
  public long allocateAt(long byteSize, long alignment, long phase) throws MemoryException {
    return allocated(heap.allocateAt(guarded(byteSize), alignment, phase), byteSize);
  }

  @Override
  public long allocate(long byteSize) throws MemoryException {
    return allocated(heap.allocate(guarded(byteSize)), byteSize);
  }

  @Override
  public long allocate(long byteSize, long alignment) throws MemoryException {
    return allocated(heap.allocate(guarded(byteSize), alignment), byteSize);
  }

  @Override
  public long tryAllocate(long byteSize) throws MemoryException {
    return allocated(heap.tryAllocate(guarded(byteSize)), byteSize);
  }

  @Override
  public long tryAllocate(long byteSize, long alignment) throws MemoryException {
    return allocated(heap.tryAllocate(guarded(byteSize), alignment), byteSize);
  }

  /** Sizes that are refused are passed on as they are. */
  private long guarded(long byteSize) {
    return debug.guards() && byteSize > 0 && byteSize <= Long.MAX_VALUE - GUARD_BYTES
        ? byteSize + GUARD_BYTES
        : byteSize;
  }

  private long allocated(long block, long byteSize) throws MemoryException {
    if (block == NULL) {
      return NULL;
    }
    if (debug.guards()) {
      long usable = heap.usableSize(block);
      checkFreed(block, usable);
      fill(block + byteSize, usable - byteSize, GUARD);
    }
    int every = debug.sitesEvery();
    boolean sampled = every > 0 && allocations.getAndIncrement() % every == 0;
    String owner = Thread.currentThread().getName();
    blocks.put(block, new Allocated(byteSize, owner, sampled ? stack() : List.of()));
    return block;
  }

  private static List<StackTraceElement> stack() {
    return STACKS.walk(
        frames ->
            frames
                .filter(frame -> !frame.getClassName().startsWith(OWN))
                .limit(FRAMES)
                .map(StackWalker.StackFrame::toStackTraceElement)
                .toList());
  }

  private void fill(long offset, long length, byte value) throws MemoryException {
    BlockContents.fill(region(), offset, length, value);
  }

  /** Notes a store to a block after it was freed. What had its space given back is zero. */
  private void checkFreed(long block, long usable) {
    Freed before = freed.remove(block);
    if (before == null || before.usable != usable) {
      return;
    }
    try (Access access = region().acquire()) {
      for (long i = 0; i < usable; i++) {
        byte value = access.segment().get(JAVA_BYTE, block + i);
        if (value != FREED && value != 0) {
          violations.add(
              new Finding(
                  block + i, "a block was stored to after " + before.by + " had freed it", false));
          return;
        }
      }
    }
  }

  @Override
  public long allocateZeroed(long count, long byteSize) throws MemoryException {
    return zeroed(allocate(product(count, byteSize)), count * byteSize);
  }

  @Override
  public long tryAllocateZeroed(long count, long byteSize) throws MemoryException {
    return zeroed(tryAllocate(product(count, byteSize)), count * byteSize);
  }

  private long product(long count, long byteSize) {
    return heap.product(count, byteSize);
  }

  private long zeroed(long block, long byteSize) throws MemoryException {
    if (block != NULL) {
      fill(block, byteSize, (byte) 0);
    }
    return block;
  }

  @Override
  public long reallocate(long block, long byteSize) throws MemoryException {
    if (block != NULL) {
      usableSize(block); // or the new block could be the one that was freed
    }
    return block == NULL ? allocate(byteSize) : copied(block, allocate(byteSize), byteSize);
  }

  @Override
  public long tryReallocate(long block, long byteSize) throws MemoryException {
    if (block != NULL) {
      usableSize(block);
    }
    return block == NULL ? tryAllocate(byteSize) : copied(block, tryAllocate(byteSize), byteSize);
  }

  /** Always to another block: whoever keeps the old one is found out. */
  private long copied(long from, long to, long byteSize) throws MemoryException {
    if (to != NULL) {
      boolean done = false;
      try {
        long kept = Math.min(usableSize(from), byteSize);
        BlockContents.copy(region(), from, to, kept);
        free(from);
        done = true;
      } finally {
        if (!done) {
          free(to);
        }
      }
    }
    return to;
  }

  @Override
  public void allocate(long byteSize, long[] into, int from, int count) throws MemoryException {
    Objects.checkFromIndexSize(from, count, into.length);
    int done = 0;
    try {
      for (; done < count; done++) {
        into[from + done] = allocate(byteSize);
      }
    } finally {
      if (done < count) {
        free(into, from, done);
      }
    }
  }

  // --- freeing ---

  @Override
  public void free(long block) throws MemoryException {
    if (block == NULL) {
      return;
    }
    Allocated was = blocks.get(block);
    if (was == null) {
      heap.free(block); // from before this opening, or no block
      return;
    }
    long usable = heap.usableSize(block);
    if (debug.guards()) {
      checkGuard(block, usable, was);
    }
    if (!blocks.remove(block, was)) {
      throw new DoubleFreeException(
          "free " + block + " in " + heap + ": another thread frees it at the same time", block);
    }
    if (debug.guards()) {
      fill(block, usable, FREED);
      if (freed.size() < MOST_FREED && usable <= SizeClasses.LARGEST) {
        freed.put(block, new Freed(usable, Thread.currentThread().getName()));
      }
    }
    heap.free(block);
  }

  private void checkGuard(long block, long usable, Allocated was) {
    try (Access access = region().acquire()) {
      for (long i = was.byteSize; i < usable; i++) {
        if (access.segment().get(JAVA_BYTE, block + i) != GUARD) {
          throw new IllegalStateException(
              "free "
                  + block
                  + " in "
                  + heap
                  + ": byte "
                  + (i - was.byteSize)
                  + " behind its end was overwritten; it has "
                  + was.inWords()
                  + ", and stays allocated");
        }
      }
    }
  }

  @Override
  public void free(long[] some, int from, int count) throws MemoryException {
    Objects.checkFromIndexSize(from, count, some.length);
    RegionHeap.freeEach(this, some, from, count);
  }

  @Override
  public long usableSize(long block) throws MemoryException {
    long usable = heap.usableSize(block);
    Allocated was = blocks.get(block);
    return was == null || !debug.guards() ? usable : was.byteSize;
  }

  // --- what was recorded ---

  @Override
  public HeapLeaks leaks() {
    Map<List<StackTraceElement>, List<Allocated>> bySite = new HashMap<>();
    List<Allocated> all = new ArrayList<>(blocks.values());
    all.forEach(one -> bySite.computeIfAbsent(one.stack, s -> new ArrayList<>()).add(one));
    List<Site> sites = new ArrayList<>();
    bySite.forEach(
        (stack, those) -> {
          TreeSet<String> owners = new TreeSet<>();
          those.forEach(one -> owners.add(one.owner));
          sites.add(new Site(stack, List.copyOf(owners), those.size(), bytes(those)));
        });
    sites.sort(Comparator.comparingLong(Site::bytes).reversed());
    return new HeapLeaks(all.size(), bytes(all), sites);
  }

  private static long bytes(List<Allocated> some) {
    return some.stream().mapToLong(Allocated::byteSize).sum();
  }

  @Override
  public HeapReport check() throws MemoryException {
    return check(ProgressListener.NONE);
  }

  @Override
  public HeapReport check(ProgressListener progress) throws MemoryException {
    return withViolations(heap.check(progress));
  }

  @Override
  public HeapReport repair() throws MemoryException {
    return repair(ProgressListener.NONE);
  }

  @Override
  public HeapReport repair(ProgressListener progress) throws MemoryException {
    return withViolations(heap.repair(progress));
  }

  private HeapReport withViolations(HeapReport report) {
    List<Finding> all = new ArrayList<>(report.findings());
    all.addAll(violations);
    return new HeapReport(
        all, report.liveBlocks(), report.liveBytes(), report.freeBytes(), report.checkedPages());
  }

  // --- what is the same ---

  @Override
  public MemoryRegion region() {
    return heap.region();
  }

  @Override
  public HeapOptions options() {
    return heap.options();
  }

  @Override
  public HeapRecovery recovery() {
    return heap.recovery();
  }

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
    return heap.offsetOf(segment);
  }

  @Override
  public Arena confinedArena() {
    return new BlockArena(this, Arena.ofConfined());
  }

  @Override
  public Arena sharedArena() {
    return new BlockArena(this, Arena.ofShared());
  }

  @Override
  public OptionalLong root(String name) throws MemoryException {
    return heap.root(name);
  }

  @Override
  public void setRoot(String name, long offset) throws MemoryException {
    heap.setRoot(name, offset);
  }

  @Override
  public Map<String, Long> roots() throws MemoryException {
    return heap.roots();
  }

  @Override
  public void runs(RunVisitor visitor) throws MemoryException {
    heap.runs(visitor);
  }

  @Override
  public void walk(Visitor visitor) throws MemoryException {
    heap.walk(
        (block, usable) -> {
          Allocated was = debug.guards() ? blocks.get(block) : null;
          return visitor.block(block, was == null ? usable : was.byteSize);
        });
  }

  @Override
  public long sweep(LongPredicate live) throws MemoryException {
    return RegionHeap.sweep(this, live);
  }

  @Override
  public HeapStatistics statistics() {
    return heap.statistics();
  }

  @Override
  public long trim() throws MemoryException {
    return heap.trim();
  }

  @Override
  public boolean isOpen() {
    return heap.isOpen();
  }

  @Override
  public void close() {
    heap.close();
  }

  @Override
  public String toString() {
    return heap + ", in debug mode";
  }
}
