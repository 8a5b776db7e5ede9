/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Metadata that somebody has changed. Either the heap says so, or it goes on and gives no byte out
 * twice. {@code -Ddmalloc.flips=} says how many bits are tried; each of them with a number that is
 * large enough.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DamagedHeapTest {
  private static final int FLIPS = Integer.getInteger("dmalloc.flips", 4000);
  private static final int BYTES = 512 << 10;
  private static final HeapService SERVICE = HeapService.load();
  private static final HeapOptions OPTIONS =
      HeapOptions.DEFAULT.withGrowth(HeapOptions.Growth.NONE);

  private final Dmalloc dmalloc = Dmalloc.open();
  private final SplittableRandom random = Seed.of(getClass());
  private final TreeMap<Long, HeapModel.Block> blocks = new TreeMap<>();
  private final Map<String, Long> roots = new HashMap<>();
  private final List<AssertionError> failures = new ArrayList<>();

  /** How many blocks a change can have made unknown: a flipped bit may have been a block's. */
  private int maxBitsGone = 1;

  private MemoryRegion region;
  private byte[] image;

  @BeforeEach
  void makeHeap() throws MemoryException {
    region = dmalloc.provider("anon").allocate(RegionRequest.ofSize(BYTES));
    Heap heap = SERVICE.create(region, OPTIONS);
    List<Long> dead = new ArrayList<>();
    for (int i = 0; i < 120; i++) {
      long byteSize =
          switch (i % 4) {
            case 0 -> random.nextLong(1, 129);
            case 1 -> random.nextLong(1, 2049);
            case 2 -> 48;
            default -> i % 8 == 3 ? random.nextLong(1, 20_000) : 16;
          };
      long offset = heap.tryAllocateZeroed(1, byteSize);
      if (offset != Heap.NULL && i % 3 == 0) {
        dead.add(offset);
      } else if (offset != Heap.NULL) {
        HeapModel.Block block =
            new HeapModel.Block(offset, byteSize, heap.usableSize(offset), random.nextLong());
        try (Access access = region.acquire()) {
          Stamp.write(heap.segment(access, offset), byteSize, block.stamp);
        }
        blocks.put(offset, block);
      }
    }
    for (long offset : dead) {
      heap.free(offset);
    }
    setRoot(heap, "first", blocks.firstKey());
    setRoot(heap, "last", blocks.lastKey());
    heap.close();
    image = new byte[BYTES];
    try (Access access = region.acquire()) {
      MemorySegment.copy(access.segment(), JAVA_BYTE, 0, image, 0, BYTES);
    }
  }

  private void setRoot(Heap heap, String name, long offset) throws MemoryException {
    heap.setRoot(name, offset);
    roots.put(name, offset);
  }

  @AfterEach
  void end() {
    region.close();
    dmalloc.close();
  }

  private void restore(MemoryRegion to) {
    try (Access access = to.acquire()) {
      MemorySegment.copy(image, 0, access.segment(), JAVA_BYTE, 0, BYTES);
    }
  }

  /** The bytes that are no block's, of pages in which one of them is not zero. */
  private BitSet metadata() {
    BitSet blockBytes = new BitSet(BYTES);
    blocks.values().forEach(b -> blockBytes.set((int) b.offset, (int) (b.offset + b.usable)));
    BitSet metadata = new BitSet(BYTES);
    for (int page = 0; page < BYTES; page += 4096) {
      boolean used = false;
      for (int at = page; at < page + 4096; at++) {
        used |= image[at] != 0 && !blockBytes.get(at);
      }
      if (used) {
        metadata.set(page, page + 4096);
      }
    }
    metadata.andNot(blockBytes);
    return metadata;
  }

  @Test
  void eachFlippedBitIsFoundOrHarmless() throws Exception {
    int[] bytes = metadata().stream().toArray();
    int bits = bytes.length * Byte.SIZE;
    Map<String, Integer> outcomes = new TreeMap<>();
    int flips = Math.min(bits, FLIPS);
    for (int flip = 0; flip < flips; flip++) {
      // With as many flips as bits each has its turn; with fewer, those that are set come first.
      int bit = flips == bits ? flip : random.nextInt(bits);
      int at = bytes[bit / Byte.SIZE];
      if (flips < bits && image[at] == 0 && random.nextInt(4) != 0) {
        at = nextUsed(bytes, bit / Byte.SIZE);
      }
      int mask = 1 << bit % Byte.SIZE;
      restore(region);
      try (Access access = region.acquire()) {
        access.segment().set(JAVA_BYTE, at, (byte) (image[at] ^ mask));
      }
      outcomes.merge(outcome("bit " + bit % Byte.SIZE + " of byte " + at), 1, Integer::sum);
    }
    System.getLogger(getClass().getName())
        .log(System.Logger.Level.INFO, "{0} flips: {1}", flips, outcomes);
    throwFailures();
    assertTrue(outcomes.getOrDefault("found", 0) > 0, outcomes::toString);
  }

  private int nextUsed(int[] bytes, int from) {
    for (int i = 0; i < bytes.length; i++) {
      int at = bytes[(from + i) % bytes.length];
      if (image[at] != 0) {
        return at;
      }
    }
    throw new AssertionError("no metadata");
  }

  @Test
  void changedStretchesAreFoundOrHarmless() throws Exception {
    int[] bytes = metadata().stream().toArray();
    Map<String, Integer> outcomes = new TreeMap<>();
    maxBitsGone = blocks.size();
    for (int trial = 0; trial < FLIPS / 10; trial++) {
      restore(region);
      int from = random.nextInt(bytes.length);
      int length = random.nextInt(1, 128);
      int kind = random.nextInt(3);
      try (Access access = region.acquire()) {
        for (int i = from; i < Math.min(bytes.length, from + length); i++) {
          byte garbage = (byte) (kind == 0 ? 0 : kind == 1 ? -1 : random.nextInt());
          access.segment().set(JAVA_BYTE, bytes[i], garbage);
        }
      }
      String what = length + " bytes from " + bytes[from] + ", kind " + kind;
      outcomes.merge(outcome(what), 1, Integer::sum);
    }
    System.getLogger(getClass().getName())
        .log(System.Logger.Level.INFO, "stretches: {0}", outcomes);
    throwFailures();
    assertTrue(outcomes.getOrDefault("found", 0) > 0, outcomes::toString);
  }

  /** What came of a change; a failure is kept, so that others are found as well. */
  private String outcome(String change) {
    try {
      return tryOut();
    } catch (Throwable t) {
      failures.add(new AssertionError(change, t));
      return "failed";
    }
  }

  private void throwFailures() {
    if (!failures.isEmpty()) {
      AssertionError all =
          new AssertionError(failures.size() + " changes failed", failures.getFirst());
      failures.stream().skip(1).limit(10).forEach(all::addSuppressed);
      throw all;
    }
  }

  /** Opens the heap and looks: it says what is wrong, or all of it works. */
  private String tryOut() throws MemoryException {
    boolean heapThere = SERVICE.isHeap(region);
    Heap heap;
    try {
      heap = SERVICE.open(region, OPTIONS);
    } catch (HeapDamagedException refused) {
      assertTrue(
          refused.offset() >= 0 && refused.offset() <= BYTES, "where: " + refused.getMessage());
      return repairedIfPossible();
    }
    assertTrue(heapThere, "it opens, and isHeap says no");
    try {
      HeapReport report = heap.check();
      if (!report.findings().isEmpty()) {
        checkFindings(report);
        heap.repair();
        checkRepaired(heap, report);
        allocateAll(heap, false);
        return "found";
      }
      // Where all of a root was made zeros nothing says that there was one.
      boolean known = maxBitsGone > 1 || heap.roots().size() == roots.size();
      assertTrue(
          known && roots.entrySet().containsAll(heap.roots().entrySet()),
          () -> "roots are others, and check() finds nothing: " + roots);
      if (maxBitsGone > 1 && hasOtherBits(heap)) {
        allocateAll(heap, false);
        return "as many bits";
      }
      allocateAll(heap, true);
      return "harmless";
    } finally {
      heap.close();
    }
  }

  /**
   * Whether other blocks are said to be allocated, and as many of each size: garbage in a bitmap
   * that has as many bits set is what nothing tells from what was there.
   */
  private boolean hasOtherBits(Heap heap) throws MemoryException {
    Map<Long, Integer> before = new HashMap<>();
    blocks.values().forEach(block -> before.merge(block.usable, 1, Integer::sum));
    Map<Long, Integer> now = new HashMap<>();
    Set<Long> offsets = new TreeSet<>();
    heap.walk(
        (offset, usable) -> {
          now.merge(usable, 1, Integer::sum);
          return offsets.add(offset);
        });
    return now.equals(before) && !offsets.equals(blocks.keySet());
  }

  /** What cannot be opened is repaired, and works then, or is refused again. */
  private String repairedIfPossible() throws MemoryException {
    HeapReport report;
    try {
      report = SERVICE.repair(region);
    } catch (HeapDamagedException hopeless) {
      return "refused";
    }
    checkFindings(report);
    assertFalse(report.findings().isEmpty(), "what was refused has findings");
    Heap heap = SERVICE.open(region, OPTIONS);
    checkRepaired(heap, report);
    allocateAll(heap, false);
    heap.close();
    return "repaired";
  }

  /** What is left of the damage harms nobody: pages that may have held blocks are kept apart. */
  private static void checkRepaired(Heap heap, HeapReport before) throws MemoryException {
    HeapReport after = heap.check();
    for (HeapReport.Finding finding : after.findings()) {
      assertTrue(
          finding.what().contains("quarantine"),
          () -> "after the repair of " + before + ": " + after);
    }
  }

  private static void checkFindings(HeapReport report) {
    for (HeapReport.Finding finding : report.findings()) {
      assertTrue(finding.offset() >= 0 && finding.offset() <= BYTES, finding::toString);
      assertFalse(finding.what().isBlank(), "what is wrong");
    }
  }

  /**
   * Allocates until the heap is full: nothing that it gives out lies outside the region or in
   * another block.
   *
   * @param whole whether all blocks of before must be there
   */
  private void allocateAll(Heap heap, boolean whole) throws MemoryException {
    HeapReport before = heap.check();
    int bitsGone = 0;
    BitSet taken = new BitSet(BYTES);
    Map<Long, Long> walked = new HashMap<>();
    heap.walk(
        (offset, usable) -> {
          take(taken, offset, usable);
          walked.put(offset, usable);
          return true;
        });
    if (whole) {
      assertEquals(blocks.keySet(), new TreeSet<>(walked.keySet()), "blocks");
    }
    List<Long> filling = new ArrayList<>();
    for (long byteSize : new long[] {65536, 10_000, 2048, 400, 48, 16}) {
      for (long block = heap.tryAllocate(byteSize);
          block != Heap.NULL;
          block = heap.tryAllocate(byteSize)) {
        take(taken, block, heap.usableSize(block));
        filling.add(block);
        try (Access access = region.acquire()) {
          heap.segment(access, block).fill((byte) 0x5a);
        }
      }
    }
    try (Access access = region.acquire()) {
      for (HeapModel.Block block : blocks.values()) {
        if (whole) {
          assertEquals(block.usable, heap.usableSize(block.offset));
        }
        boolean shown = Long.valueOf(block.usable).equals(walked.get(block.offset));
        try {
          Stamp.check(
              access.segment().asSlice(block.offset, block.usable),
              block.byteSize,
              block.stamp,
              block + " after " + before);
        } catch (AssertionError lost) {
          // Where the bit is gone that stood for a block, nobody can know of it.
          if (shown || ++bitsGone > maxBitsGone) {
            throw lost;
          }
        }
      }
    }
    for (long block : filling) {
      heap.free(block);
    }
    checkRepaired(heap, before);
  }

  private static void take(BitSet taken, long offset, long usable) {
    assertTrue(
        offset > 0 && usable > 0 && offset + usable <= BYTES,
        usable + " bytes at " + offset + " leave the region");
    int next = taken.nextSetBit((int) offset);
    assertTrue(
        next < 0 || next >= offset + usable,
        usable + " bytes at " + offset + " are given out twice");
    taken.set((int) offset, (int) (offset + usable));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 8, 64, 4095, 4096, 8192, 65_536, BYTES / 2, BYTES - 4096, BYTES - 1})
  void aRegionThatWasCutShortIsRefused(int byteSize) throws Exception {
    region.resize(byteSize);
    assertThrows(HeapDamagedException.class, () -> SERVICE.open(region, OPTIONS));
    assertFalse(byteSize == 0 && SERVICE.isHeap(region));
  }

  @Test
  void aRegionThatHasGrownIsOpened() throws Exception {
    region.resize(2 * BYTES);
    try (Heap heap = SERVICE.open(region, OPTIONS)) {
      assertEquals(List.of(), heap.check().findings());
      assertEquals(roots, heap.roots());
      assertTrue(heap.allocate(BYTES / 2) > 0, "what others grew the region by is used");
    }
  }

  @Test
  void contentThatIsNoHeapIsRefusedAndCanBeOverwritten() throws Exception {
    for (int kind = 0; kind < 3; kind++) {
      try (Access access = region.acquire()) {
        access.segment().fill((byte) (kind == 0 ? 0 : 0xff));
        if (kind == 2) {
          byte[] bytes = new byte[BYTES];
          random.nextBytes(bytes);
          access.segment().copyFrom(MemorySegment.ofArray(bytes));
        }
      }
      assertFalse(SERVICE.isHeap(region));
      assertThrows(HeapDamagedException.class, () -> SERVICE.open(region, OPTIONS));
      assertThrows(HeapDamagedException.class, () -> SERVICE.repair(region));
      try (Heap heap = SERVICE.create(region, OPTIONS)) {
        assertEquals(List.of(), heap.check().findings());
        assertEquals(0, heap.statistics().liveBlocks());
        assertEquals(Map.of(), heap.roots());
        long block = heap.allocateZeroed(1, 100_000);
        try (Access access = region.acquire()) {
          Stamp.checkZero(heap.segment(access, block).asSlice(0, 100_000), "calloc over garbage");
        }
      }
    }
  }

  @Test
  void aHeapIsNotOverwrittenUntilItIsErased() throws Exception {
    assertThrows(IllegalStateException.class, () -> SERVICE.create(region, OPTIONS));
    try (Access access = region.acquire()) {
      assertEquals(
          -1, access.segment().mismatch(MemorySegment.ofArray(image)), "the refusal stored");
    }
    SERVICE.erase(region);
    assertFalse(SERVICE.isHeap(region));
    assertThrows(HeapDamagedException.class, () -> SERVICE.open(region, OPTIONS));
    SERVICE.create(region, OPTIONS).close();
  }

  @Test
  void anOpenHeapIsNeitherOpenedNorErasedNorRepairedBesides() throws Exception {
    try (Heap heap = SERVICE.open(region, OPTIONS)) {
      assertThrows(IllegalStateException.class, () -> SERVICE.open(region, OPTIONS));
      assertThrows(IllegalStateException.class, () -> SERVICE.create(region, OPTIONS));
      assertThrows(IllegalStateException.class, () -> SERVICE.erase(region));
      assertThrows(IllegalStateException.class, () -> SERVICE.repair(region));
      assertTrue(SERVICE.heaps().contains(heap)); // other tests leave some, as killed processes do
      assertEquals(heap, SERVICE.find(region).orElseThrow());
      allocateAll(heap, true);
    }
    assertTrue(SERVICE.find(region).isEmpty());
  }

  @Test
  void aRegionThatIsTooSmallIsRefused() throws Exception {
    try (MemoryRegion small =
        dmalloc.provider("anon").allocate(RegionRequest.ofSize(HeapOptions.MIN_BYTES - 1))) {
      assertThrows(IllegalArgumentException.class, () -> SERVICE.create(small, OPTIONS));
      assertFalse(SERVICE.isHeap(small));
    }
    try (MemoryRegion smallest =
            dmalloc.provider("anon").allocate(RegionRequest.ofSize(HeapOptions.MIN_BYTES));
        Heap heap = SERVICE.create(smallest, OPTIONS)) {
      heap.free(heap.allocate(1));
      assertEquals(List.of(), heap.check().findings());
    }
  }
}
