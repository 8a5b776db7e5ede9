/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;

/**
 * Random calls of a heap, each held against a list of what it has given out. One thread uses a
 * model; several models may share a heap, and hand blocks over to each other.
 */
final class HeapModel {
  private static final int BULK = 100;
  private static final int ROOT_NAMES = 20;

  /** A block that was allocated and not freed. */
  static final class Block {
    final long offset;
    final long byteSize;
    final long usable;
    final long stamp;
    private int index;

    Block(long offset, long byteSize, long usable, long stamp) {
      this.offset = offset;
      this.byteSize = byteSize;
      this.usable = usable;
      this.stamp = stamp;
    }

    @Override
    public String toString() {
      return "block of " + byteSize + " bytes at " + offset;
    }
  }

  private final SplittableRandom random;
  private final long maxLiveBytes;
  private final TreeMap<Long, Block> blocks = new TreeMap<>();
  private final List<Block> order = new ArrayList<>();
  private final TreeMap<String, Long> roots = new TreeMap<>();
  private Heap heap;
  private MemoryRegion region;
  private long liveBytes;
  private long targetBytes;
  private long refusals;

  HeapModel(Heap heap, SplittableRandom random, long maxLiveBytes) {
    this.heap = heap;
    this.region = heap.region();
    this.random = random;
    this.maxLiveBytes = maxLiveBytes;
    this.targetBytes = maxLiveBytes / 2;
  }

  /** Goes on with a heap that was opened again. */
  void use(Heap reopened) {
    heap = reopened;
    region = reopened.region();
  }

  NavigableMap<Long, Block> blocks() {
    return blocks;
  }

  /** How often the heap was full. */
  long refusals() {
    return refusals;
  }

  /** One call, or some, that change nothing for other users of the heap. */
  void step() throws MemoryException {
    int dice = random.nextInt(1000);
    if (dice < 600) {
      balance();
    } else if (dice < 640) {
      zeroed();
    } else if (dice < 690) {
      aligned();
    } else if (dice < 790) {
      reallocate();
    } else if (dice < 900) {
      look();
    } else if (dice < 905) {
      allocateMany();
    } else if (dice < 910) {
      freeMany();
    } else if (dice < 960) {
      wrongOffsets();
    } else {
      wrongSizes();
    }
  }

  /** Like {@link #step}, for the only user of the heap. */
  void stepAlone() throws MemoryException {
    int dice = random.nextInt(10_000);
    if (dice < 20) {
      doubleFree();
    } else if (dice < 50) {
      setRoot();
    } else if (dice < 60) {
      heap.trim();
    } else if (dice < 70) {
      checkStatistics();
    } else if (dice < 72) {
      verify();
    } else if (dice < 73) {
      sweep();
    } else {
      step();
    }
  }

  /** Gives blocks to another model, or takes them from it and frees them. */
  void handOver(Queue<Block> exchange) throws MemoryException {
    if (random.nextInt(20) == 0 && !order.isEmpty()) {
      exchange.add(forget(any()));
    } else if (random.nextInt(10) == 0) {
      Block foreign = exchange.poll();
      if (foreign != null) {
        checkContent(foreign);
        heap.free(foreign.offset);
      }
    }
  }

  private void balance() throws MemoryException {
    boolean grow = liveBytes < targetBytes;
    if (random.nextInt(10) == 0) {
      grow = !grow;
    }
    if (grow) {
      allocate();
    } else if (!order.isEmpty()) {
      free(any());
    }
    if (random.nextInt(5000) == 0) {
      targetBytes = random.nextLong(maxLiveBytes / 20, maxLiveBytes);
    }
  }

  /** Mostly small, as in programs; powers of two and their neighbours more often than others. */
  private long size() {
    int dice = random.nextInt(1000);
    if (dice < 550) {
      return random.nextLong(1, 129);
    }
    if (dice < 800) {
      return random.nextLong(1, 4097);
    }
    if (dice < 900) {
      long power = 1L << random.nextInt(18);
      return Math.max(1, power + random.nextInt(-1, 2));
    }
    if (dice < 970) {
      return random.nextLong(1, (64 << 10) + 1);
    }
    if (dice < 998) {
      return random.nextLong(1, 300 << 10);
    }
    return random.nextLong(1, 3 << 20);
  }

  private void allocate() throws MemoryException {
    long byteSize = size();
    long offset;
    if (random.nextBoolean()) {
      try {
        offset = heap.allocate(byteSize);
      } catch (HeapFullException full) {
        refused(full, byteSize, 1);
        return;
      }
      assertTrue(offset != Heap.NULL, "allocate gave NULL");
    } else {
      offset = heap.tryAllocate(byteSize);
      if (offset == Heap.NULL) {
        refusals++;
        return;
      }
    }
    take(offset, byteSize, Heap.MIN_ALIGNMENT);
  }

  private void refused(HeapFullException full, long byteSize, long alignment) {
    refusals++;
    assertTrue(full.largestFreeBytes() <= full.freeBytes(), full.getMessage());
    assertTrue(
        full.largestFreeBytes() < 2 * (byteSize + alignment) + (1 << 20),
        () -> "there is room for " + byteSize + " bytes: " + full.getMessage());
  }

  private void aligned() throws MemoryException {
    long alignment = 1L << random.nextInt(random.nextInt(20) == 0 ? 22 : 13);
    long byteSize = size();
    long offset = heap.tryAllocate(byteSize, alignment);
    if (offset == Heap.NULL) {
      refusals++;
    } else {
      take(offset, byteSize, Math.max(alignment, Heap.MIN_ALIGNMENT));
    }
  }

  private void zeroed() throws MemoryException {
    long byteSize = size();
    long count = random.nextInt(4) == 0 && byteSize < 4096 ? random.nextLong(1, 30) : 1;
    long offset = heap.tryAllocateZeroed(count, byteSize);
    if (offset == Heap.NULL) {
      refusals++;
      return;
    }
    try (Access access = region.acquire()) {
      MemorySegment segment = heap.segment(access, offset).asSlice(0, count * byteSize);
      Stamp.checkZero(segment, "calloc of " + count * byteSize + " at " + offset);
    }
    take(offset, count * byteSize, Heap.MIN_ALIGNMENT);
  }

  private void allocateMany() throws MemoryException {
    long byteSize = random.nextInt(5) == 0 ? size() : random.nextLong(1, 4096);
    int from = random.nextInt(3);
    int count = random.nextInt(BULK + 1);
    long[] offsets = new long[from + count + 2];
    Arrays.fill(offsets, -7);
    try {
      heap.allocate(byteSize, offsets, from, count);
    } catch (HeapFullException full) {
      refusals++;
      return;
    }
    for (int i = 0; i < offsets.length; i++) {
      if (i < from || i >= from + count) {
        assertEquals(-7, offsets[i], "an entry outside the range was set");
      } else {
        take(offsets[i], byteSize, Heap.MIN_ALIGNMENT);
      }
    }
  }

  private void freeMany() throws MemoryException {
    int from = random.nextInt(3);
    int count = Math.min(random.nextInt(BULK + 1), order.size());
    long[] offsets = new long[from + count + 4];
    Arrays.fill(offsets, 0, from, -7);
    for (int i = from; i < from + count; i++) {
      Block block = any();
      checkContent(block);
      offsets[i] = forget(block).offset;
    }
    heap.free(offsets, from, count + 2); // the last two are NULL
  }

  private void free(Block block) throws MemoryException {
    checkContent(block);
    heap.free(block.offset);
    forget(block);
  }

  private void reallocate() throws MemoryException {
    if (order.isEmpty() || random.nextInt(20) == 0) {
      long byteSize = size();
      long offset = heap.tryReallocate(Heap.NULL, byteSize);
      if (offset != Heap.NULL) {
        take(offset, byteSize, Heap.MIN_ALIGNMENT);
      }
      return;
    }
    Block old = any();
    long byteSize =
        switch (random.nextInt(3)) {
          case 0 -> size();
          case 1 -> Math.max(1, old.byteSize + random.nextLong(-40, 41));
          default -> Math.max(1, old.byteSize / 2 * random.nextLong(1, 5));
        };
    byteSize = Math.min(byteSize, 8 << 20);
    checkContent(old);
    long offset = heap.tryReallocate(old.offset, byteSize);
    if (offset == Heap.NULL) {
      refusals++;
      checkContent(old);
      assertEquals(old.usable, heap.usableSize(old.offset), "a refused realloc changed the size");
      return;
    }
    forget(old);
    try (Access access = region.acquire()) {
      Stamp.checkPrefix(
          heap.segment(access, offset),
          Math.min(byteSize, old.byteSize),
          old.byteSize,
          old.stamp,
          "reallocated from " + old + " to " + byteSize + " at " + offset);
    }
    take(offset, byteSize, Heap.MIN_ALIGNMENT);
  }

  private void look() throws MemoryException {
    if (!order.isEmpty()) {
      Block block = any();
      assertEquals(block.usable, heap.usableSize(block.offset), block::toString);
      checkContent(block);
    }
  }

  /** Offsets that are none, or lie inside a block of this model: refused, and nothing changes. */
  private void wrongOffsets() throws MemoryException {
    long byteSize = region.byteSize();
    long[] wrong = {
      -1,
      -16,
      Long.MIN_VALUE,
      Long.MAX_VALUE,
      Long.MAX_VALUE - 15,
      byteSize,
      byteSize + 16,
      byteSize - 1,
      1,
      16,
      48,
      random.nextLong(),
      random.nextLong() & -16
    };
    refuse(wrong[random.nextInt(wrong.length)]);
    if (!order.isEmpty()) {
      Block block = any();
      refuse(block.offset + 1);
      if (block.usable > 16) {
        refuse(block.offset + (random.nextLong(16, block.usable) & -16));
        refuse(block.offset + random.nextLong(1, block.usable));
      }
      assertEquals(block.usable, heap.usableSize(block.offset), block::toString);
    }
    heap.free(Heap.NULL);
  }

  private void refuse(long offset) {
    if (offset == Heap.NULL || blocks.containsKey(offset)) {
      return;
    }
    assertThrows(IllegalArgumentException.class, () -> heap.free(offset), () -> "free " + offset);
    assertThrows(
        IllegalArgumentException.class, () -> heap.usableSize(offset), () -> "size of " + offset);
    assertThrows(
        IllegalArgumentException.class,
        () -> heap.tryReallocate(offset, 100),
        () -> "reallocate " + offset);
  }

  private void wrongSizes() throws MemoryException {
    switch (random.nextInt(8)) {
      case 0 -> assertThrows(IllegalArgumentException.class, () -> heap.allocate(0));
      case 1 -> assertThrows(IllegalArgumentException.class, () -> heap.tryAllocate(-1));
      case 2 -> assertThrows(IllegalArgumentException.class, () -> heap.allocate(16, 3));
      case 3 -> assertThrows(IllegalArgumentException.class, () -> heap.allocate(16, 4L << 20));
      case 4 ->
          assertThrows(
              IllegalArgumentException.class, () -> heap.tryAllocateZeroed(1L << 33, 1L << 33));
      case 5 -> assertEquals(Heap.NULL, heap.tryAllocate(Long.MAX_VALUE));
      case 6 -> assertEquals(Heap.NULL, heap.tryAllocate(Long.MAX_VALUE - 4095, 2 << 20));
      default -> assertEquals(Heap.NULL, heap.tryAllocateZeroed(Long.MAX_VALUE, 1));
    }
    if (!order.isEmpty()) {
      Block block = any();
      assertThrows(IllegalArgumentException.class, () -> heap.reallocate(block.offset, 0));
      assertEquals(Heap.NULL, heap.tryReallocate(block.offset, Long.MAX_VALUE));
      checkContent(block);
    }
  }

  private void doubleFree() throws MemoryException {
    if (!order.isEmpty()) {
      Block block = any();
      free(block);
      refuse(block.offset);
    }
  }

  private void setRoot() throws MemoryException {
    String name = "wurzel-ß" + random.nextInt(ROOT_NAMES);
    if (random.nextInt(3) == 0 || order.isEmpty()) {
      heap.setRoot(name, Heap.NULL);
      roots.remove(name);
      assertEquals(OptionalLong.empty(), heap.root(name));
    } else {
      long offset = any().offset;
      heap.setRoot(name, offset);
      roots.put(name, offset);
      assertEquals(OptionalLong.of(offset), heap.root(name));
    }
  }

  private void sweep() throws MemoryException {
    Set<Long> asked = new HashSet<>();
    Set<Long> unwanted = new HashSet<>();
    for (Block block : order) {
      if (random.nextInt(10) == 0) {
        unwanted.add(block.offset);
      }
    }
    long freed =
        heap.sweep(
            offset -> {
              assertTrue(asked.add(offset), "asked twice of " + offset);
              assertTrue(blocks.containsKey(offset), "asked of no block: " + offset);
              return !unwanted.contains(offset);
            });
    assertEquals(unwanted.size(), freed, "freed by sweep");
    unwanted.forEach(offset -> forget(blocks.get(offset)));
  }

  /** What the heap says of itself agrees with the model; for the only user of the heap. */
  void checkStatistics() {
    checkStatistics(heap, blocks.size(), liveBytes);
  }

  private static void checkStatistics(Heap heap, long liveBlocks, long liveBytes) {
    HeapStatistics statistics = heap.statistics();
    assertEquals(liveBlocks, statistics.liveBlocks(), statistics::toString);
    checkLiveBytes(heap, liveBytes, statistics.liveBytes());
    checkSums(heap.region(), statistics);
  }

  /** Guards take bytes that are not usable. */
  private static void checkLiveBytes(Heap heap, long expected, long found) {
    assertTrue(
        found == expected || (heap.options().debug().guards() && found > expected),
        () -> "live bytes " + found + " in place of " + expected);
  }

  static void checkSums(MemoryRegion region, HeapStatistics statistics) {
    assertEquals(region.byteSize(), statistics.regionBytes());
    assertTrue(statistics.heapBytes() <= statistics.regionBytes(), statistics::toString);
    assertTrue(statistics.largestFreeBytes() <= statistics.freeBytes(), statistics::toString);
    assertTrue(statistics.punchedBytes() <= statistics.freeBytes(), statistics::toString);
    long spans = 0;
    int last = 0;
    for (HeapStatistics.SizeClass each : statistics.classes()) {
      assertTrue(each.byteSize() > last, "classes ascend");
      last = each.byteSize();
      spans += each.spanBytes();
      assertTrue(each.blocks() <= each.capacity(), each::toString);
      assertTrue(each.capacity() * each.byteSize() <= each.spanBytes(), each::toString);
      assertTrue(each.requestedBytes() <= each.allocations() * each.byteSize(), each::toString);
    }
    assertTrue(
        spans + statistics.largeBytes() + statistics.freeBytes() + statistics.metadataBytes()
            <= statistics.heapBytes(),
        statistics::toString);
  }

  /** Every invariant of the heap, every block and its content; for the only user of the heap. */
  void verify() throws MemoryException {
    verify(heap, blocks);
    assertEquals(roots, heap.roots());
  }

  /** The same for a heap with these blocks, which nobody uses now. */
  static void verify(Heap heap, NavigableMap<Long, Block> blocks) throws MemoryException {
    HeapReport report = heap.check();
    assertEquals(List.of(), report.findings());
    long liveBytes = blocks.values().stream().mapToLong(block -> block.usable).sum();
    assertEquals(blocks.size(), report.liveBlocks(), "live blocks by check()");
    checkLiveBytes(heap, liveBytes, report.liveBytes());
    checkStatistics(heap, blocks.size(), liveBytes);
    List<Block> shown = new ArrayList<>(blocks.size());
    heap.walk(
        (offset, usable) -> {
          Block block = blocks.get(offset);
          assertTrue(block != null, "walk shows what is no block: " + offset);
          assertEquals(block.usable, usable, block::toString);
          shown.add(block);
          return true;
        });
    assertEquals(List.copyOf(blocks.values()), shown, "blocks in the order of offsets");
    long end = 0;
    for (Block block : blocks.values()) {
      assertTrue(block.offset >= end, block + " overlaps the one before");
      end = block.offset + block.usable;
      assertEquals(block.usable, heap.usableSize(block.offset), block::toString);
      checkContent(heap, block);
    }
  }

  /** Frees all, and finds the heap empty. */
  void freeAll() throws MemoryException {
    while (!order.isEmpty()) {
      free(order.getLast());
    }
    verify();
  }

  /** A closed heap refuses everything. */
  static void checkClosed(Heap closed, long block) {
    assertFalse(closed.isOpen());
    assertThrows(IllegalStateException.class, () -> closed.allocate(16));
    assertThrows(IllegalStateException.class, () -> closed.tryAllocate(16));
    assertThrows(IllegalStateException.class, () -> closed.free(block));
    assertThrows(IllegalStateException.class, () -> closed.usableSize(block));
    assertThrows(IllegalStateException.class, () -> closed.walk((offset, usable) -> true));
    assertThrows(IllegalStateException.class, closed::check);
    assertThrows(IllegalStateException.class, closed::roots);
    assertThrows(IllegalStateException.class, closed::trim);
    closed.close();
  }

  private Block any() {
    return order.get(random.nextInt(order.size()));
  }

  /** Notes a block that was given out, and stores its stamp. */
  private void take(long offset, long byteSize, long alignment) throws MemoryException {
    String what = "block of " + byteSize + " bytes at " + offset;
    assertEquals(0, offset & (alignment - 1), what + " is not aligned to " + alignment);
    long usable = heap.usableSize(offset);
    assertTrue(usable >= byteSize, what + " has " + usable);
    assertTrue(offset > 0 && offset + usable <= region.byteSize(), what + " leaves the region");
    Map.Entry<Long, Block> before = blocks.floorEntry(offset);
    assertTrue(
        before == null || before.getKey() + before.getValue().usable <= offset,
        () -> what + " overlaps the " + before);
    Map.Entry<Long, Block> after = blocks.higherEntry(offset);
    assertTrue(
        after == null || offset + usable <= after.getKey(), () -> what + " overlaps the " + after);
    Block block = new Block(offset, byteSize, usable, random.nextLong());
    try (Access access = region.acquire()) {
      MemorySegment segment = heap.segment(access, offset);
      assertEquals(usable, segment.byteSize(), what);
      assertEquals(
          access.segment().address() + offset, segment.address(), "address of the " + what);
      Stamp.write(segment, byteSize, block.stamp);
    }
    block.index = order.size();
    order.add(block);
    assertSame(null, blocks.put(offset, block));
    liveBytes += usable;
  }

  private Block forget(Block block) {
    Block last = order.removeLast();
    if (last != block) {
      order.set(block.index, last);
      last.index = block.index;
    }
    blocks.remove(block.offset);
    liveBytes -= block.usable;
    return block;
  }

  private void checkContent(Block block) throws MemoryException {
    checkContent(heap, block);
  }

  private static void checkContent(Heap heap, Block block) throws MemoryException {
    try (Access access = heap.region().acquire()) {
      Stamp.check(
          heap.segment(access, block.offset), block.byteSize, block.stamp, block.toString());
    }
  }
}
