/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.jspecify.annotations.Nullable;

/**
 * Heaps as simple as can be, with a flaw each if so asked: what shows that the model would find it.
 * Where blocks are is known on the Java heap alone.
 */
final class ReferenceHeaps implements HeapService {
  /** What is wrong with the heap. */
  enum Flaw {
    NONE,
    OVERLAPS,
    UNALIGNED,
    SMALLER_THAN_ASKED,
    CALLOC_NOT_ZERO,
    REALLOC_LOSES_THE_END,
    TAKES_DOUBLE_FREES,
    TAKES_OFFSETS_INSIDE_BLOCKS,
    REFUSED_REALLOC_CHANGES,
    ALLOCATES_BEYOND_THE_END,
    BULK_LEAVES_OUT_ONE,
    WALK_LEAVES_OUT_THE_LAST,
    LOSES_A_BLOCK_ON_OPEN,
    LOSES_A_ROOT_ON_OPEN,
    SWEEP_ASKS_TWICE,
    COUNTS_ONE_MORE
  }

  private static final long FIRST = 4096;

  /** What lasts over a close. */
  private static final class State {
    final TreeMap<Long, Long> blocks = new TreeMap<>();
    final TreeMap<String, Long> roots = new TreeMap<>();
  }

  private final Flaw flaw;
  private final Map<String, State> stored = new HashMap<>();

  ReferenceHeaps(Flaw flaw) {
    this.flaw = flaw;
  }

  private static String key(MemoryRegion region) {
    String name = region.info().name();
    return name == null ? "#" + region.id() : name;
  }

  @Override
  public Heap create(MemoryRegion region, HeapOptions options) {
    State state = new State();
    stored.put(key(region), state);
    return new ReferenceHeap(region, options, state, true);
  }

  @Override
  public Heap open(MemoryRegion region, HeapOptions options) {
    State state = stored.get(key(region));
    if (flaw == Flaw.LOSES_A_BLOCK_ON_OPEN) {
      state.blocks.pollFirstEntry();
    }
    if (flaw == Flaw.LOSES_A_ROOT_ON_OPEN) {
      state.roots.pollFirstEntry();
    }
    return new ReferenceHeap(region, options, state, ReferenceHeap.lastWasClean);
  }

  @Override
  public HeapReport repair(MemoryRegion region) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void erase(MemoryRegion region) {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean isHeap(MemoryRegion region) {
    return stored.containsKey(key(region));
  }

  @Override
  public Optional<Heap> find(MemoryRegion region) {
    return Optional.empty();
  }

  @Override
  public List<Heap> heaps() {
    return List.of();
  }

  private final class ReferenceHeap implements Heap {
    static boolean lastWasClean = true;

    private final MemoryRegion region;
    private final HeapOptions options;
    private final State state;
    private final HeapRecovery recovery;
    private boolean closed;
    private long calls;

    ReferenceHeap(MemoryRegion region, HeapOptions options, State state, boolean clean) {
      this.region = region;
      this.options = options;
      this.state = state;
      this.recovery =
          new HeapRecovery(clean, Duration.ZERO, clean ? -1 : state.blocks.size(), List.of());
    }

    /** Whether the flaw shows in this call; not in each, so that a model must go on to find it. */
    private boolean fails(Flaw one) {
      return flaw == one && ++calls % 100 == 0;
    }

    private void checkOpen() {
      if (closed) {
        throw new IllegalStateException("the heap is closed");
      }
    }

    @Override
    public MemoryRegion region() {
      return region;
    }

    @Override
    public HeapOptions options() {
      return options;
    }

    @Override
    public HeapRecovery recovery() {
      return recovery;
    }

    @Override
    public long allocate(long byteSize) throws MemoryException {
      return allocate(byteSize, MIN_ALIGNMENT);
    }

    @Override
    public long allocate(long byteSize, long alignment) throws MemoryException {
      long block = tryAllocate(byteSize, alignment);
      if (block == NULL) {
        throw new HeapFullException(byteSize, "reference", 0, 0, "the region ends", "free", null);
      }
      return block;
    }

    @Override
    public long tryAllocate(long byteSize) throws MemoryException {
      return tryAllocate(byteSize, MIN_ALIGNMENT);
    }

    @Override
    public synchronized long tryAllocate(long byteSize, long alignment) throws MemoryException {
      checkOpen();
      if (byteSize < 1 || Long.bitCount(alignment) != 1 || alignment > MAX_ALIGNMENT) {
        throw new IllegalArgumentException("size " + byteSize + ", alignment " + alignment);
      }
      long maximum = region.info().maximum();
      if (byteSize > maximum) {
        return NULL;
      }
      long size = (byteSize + 15) & -16;
      long step = Math.max(alignment, MIN_ALIGNMENT);
      long at = (FIRST + step - 1) & -step;
      for (Map.Entry<Long, Long> each : state.blocks.entrySet()) {
        if (each.getKey() >= at + size) {
          break;
        }
        if (each.getKey() + each.getValue() > at) {
          at = (each.getKey() + each.getValue() + step - 1) & -step;
        }
      }
      if (at + size > region.byteSize()) {
        if (at + size > maximum) {
          return NULL;
        }
        region.resize(Math.min(maximum, (at + size) * 3 / 2));
      }
      if (fails(Flaw.OVERLAPS)
          && !state.blocks.isEmpty()
          && state.blocks.lastEntry().getValue() > 16) {
        at = state.blocks.lastKey() + 16;
      } else if (fails(Flaw.UNALIGNED)) {
        at += 8;
      } else if (fails(Flaw.SMALLER_THAN_ASKED)) {
        size = Math.max(1, byteSize - 1);
      } else if (fails(Flaw.ALLOCATES_BEYOND_THE_END)) {
        at = region.byteSize() - size / 2 & -step;
      }
      state.blocks.put(at, size);
      return at;
    }

    @Override
    public long allocateZeroed(long count, long byteSize) throws MemoryException {
      return allocate(zero(count, byteSize));
    }

    private long zero(long count, long byteSize) {
      if (count < 1 || Math.multiplyHigh(count, byteSize) != 0 || count * byteSize < 0) {
        throw new IllegalArgumentException(count + " times " + byteSize);
      }
      return count * byteSize;
    }

    @Override
    public synchronized long tryAllocateZeroed(long count, long byteSize) throws MemoryException {
      long block = tryAllocate(zero(count, byteSize));
      if (block != NULL) {
        try (Access access = region.acquire()) {
          segment(access, block).fill((byte) (fails(Flaw.CALLOC_NOT_ZERO) ? 1 : 0));
        }
      }
      return block;
    }

    @Override
    public long reallocate(long block, long byteSize) throws MemoryException {
      long moved = tryReallocate(block, byteSize);
      if (moved == NULL) {
        throw new HeapFullException(byteSize, "reference", 0, 0, "the region ends", "free", null);
      }
      return moved;
    }

    @Override
    public synchronized long tryReallocate(long block, long byteSize) throws MemoryException {
      if (block == NULL) {
        return tryAllocate(byteSize);
      }
      long old = usableSize(block);
      long moved = tryAllocate(byteSize);
      if (moved != NULL) {
        try (Access access = region.acquire()) {
          long kept = Math.min(old, byteSize);
          if (fails(Flaw.REALLOC_LOSES_THE_END)) {
            kept = kept * 7 / 8;
          }
          MemorySegment.copy(access.segment(), block, access.segment(), moved, kept);
        }
        free(block);
      } else if (flaw == Flaw.REFUSED_REALLOC_CHANGES) {
        state.blocks.put(block, old + 1);
      }
      return moved;
    }

    @Override
    public synchronized void free(long block) {
      checkOpen();
      if (block == NULL) {
        return;
      }
      Long inside = state.blocks.floorKey(block);
      if (flaw == Flaw.TAKES_OFFSETS_INSIDE_BLOCKS
          && inside != null
          && block < inside + state.blocks.get(inside)) {
        state.blocks.remove(inside);
        return;
      }
      if (state.blocks.remove(block) == null
          && !(flaw == Flaw.TAKES_DOUBLE_FREES && block % 16 == 0 && block >= FIRST)) {
        throw new DoubleFreeException("no block at " + block, block);
      }
    }

    @Override
    public void allocate(long byteSize, long[] blocks, int from, int count) throws MemoryException {
      for (int i = from; i < from + count; i++) {
        if (fails(Flaw.BULK_LEAVES_OUT_ONE) && i > from) {
          blocks[i] = blocks[i - 1];
          continue;
        }
        blocks[i] = tryAllocate(byteSize);
        if (blocks[i] == NULL) {
          free(blocks, from, i - from);
          throw new HeapFullException(byteSize, "reference", 0, 0, "the region ends", "free", null);
        }
      }
    }

    @Override
    public void free(long[] blocks, int from, int count) {
      for (int i = from; i < from + count; i++) {
        free(blocks[i]);
      }
    }

    @Override
    public synchronized long usableSize(long block) {
      checkOpen();
      Long size = state.blocks.get(block);
      if (size == null) {
        throw new DoubleFreeException("no block at " + block, block);
      }
      return size;
    }

    @Override
    public MemorySegment segment(Access section, long block) {
      return section.segment().asSlice(block, usableSize(block));
    }

    @Override
    public MemorySegment pinned(long block) {
      return region.segment().asSlice(block, usableSize(block));
    }

    @Override
    public SegmentAllocator allocator() {
      throw new UnsupportedOperationException();
    }

    @Override
    public long offsetOf(MemorySegment segment) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Arena confinedArena() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Arena sharedArena() {
      throw new UnsupportedOperationException();
    }

    @Override
    public OptionalLong root(String name) {
      Long offset = state.roots.get(name);
      return offset == null ? OptionalLong.empty() : OptionalLong.of(offset);
    }

    @Override
    public void setRoot(String name, long offset) {
      if (offset == NULL) {
        state.roots.remove(name);
      } else {
        state.roots.put(name, offset);
      }
    }

    @Override
    public Map<String, Long> roots() {
      checkOpen();
      return state.roots;
    }

    @Override
    public synchronized void walk(Visitor visitor) throws MemoryException {
      checkOpen();
      List<Long> all = new ArrayList<>(state.blocks.keySet());
      if (flaw == Flaw.WALK_LEAVES_OUT_THE_LAST && !all.isEmpty()) {
        all.removeLast();
      }
      for (long block : all) {
        if (!visitor.block(block, state.blocks.get(block))) {
          return;
        }
      }
    }

    @Override
    public void runs(RunVisitor visitor) {
      throw new UnsupportedOperationException();
    }

    @Override
    public synchronized long sweep(LongPredicate live) {
      List<Long> dead = new ArrayList<>();
      for (long block : state.blocks.keySet()) {
        if (!live.test(block) || (flaw == Flaw.SWEEP_ASKS_TWICE && !live.test(block))) {
          dead.add(block);
        }
      }
      dead.forEach(this::free);
      return dead.size();
    }

    @Override
    public synchronized HeapReport check() {
      checkOpen();
      return new HeapReport(List.of(), state.blocks.size(), liveBytes(), 0, 1);
    }

    private long liveBytes() {
      return state.blocks.values().stream().mapToLong(Long::longValue).sum();
    }

    @Override
    public HeapReport repair() {
      return check();
    }

    @Override
    public synchronized HeapStatistics statistics() {
      long bytes = region.byteSize();
      int more = flaw == Flaw.COUNTS_ONE_MORE ? 1 : 0;
      return new HeapStatistics(
          bytes, bytes, 0, 0, 0, 0, state.blocks.size() + more, liveBytes(), 1, List.of());
    }

    @Override
    public long trim() {
      checkOpen();
      return 0;
    }

    @Override
    public HeapLeaks leaks() {
      return HeapLeaks.NONE;
    }

    @Override
    public boolean isOpen() {
      return !closed;
    }

    @Override
    public void close() {
      if (!closed) {
        lastWasClean = isOpen(region);
      }
      closed = true;
    }

    private static boolean isOpen(@Nullable MemoryRegion region) {
      return region != null && region.info().open();
    }
  }
}
