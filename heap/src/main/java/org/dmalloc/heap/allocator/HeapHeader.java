/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.PageTable.LONG;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.dmalloc.heap.HeapDamagedException;
import org.dmalloc.heap.HeapOptions;
import org.jspecify.annotations.Nullable;

/**
 * What a heap says of itself at the region's start, twice; and the offsets of what else stands
 * there. docs/heap-format.md has the layout.
 *
 * @param seed what the checks of descriptors are made with, another in every heap
 * @param createdMillis since 1970
 * @param generation counts the writings of the header
 */
record HeapHeader(long seed, long createdMillis, long generation, Extents extents) {
  static final int VERSION = 1;

  /** The bytes "DMHEAP", and two that tell byte order and text conversions. */
  static final long MAGIC = 0x0D0A_5041_4548_4D44L;

  static final int PAGE = SizeClasses.PAGE;
  static final int COPIES = 2;

  /** {@link #OPEN} or {@link #CLEAN}. */
  static final long STATE = 2L * PAGE;

  private static final long NOTES = STATE + 2048;
  private static final int NOTE_BYTES = 64;

  /** Names of blocks. */
  static final long ROOTS = 3L * PAGE;

  static final int ROOT_BYTES = 64;

  /** What a clean close leaves. */
  static final long SAVED = 5L * PAGE;

  static final long SAVED_BYTES = 4L * PAGE;

  /** Where the first extent begins. */
  static final long BYTES = SAVED + SAVED_BYTES;

  /** The heap is in use, or was when its process ended. */
  static final long OPEN = 0x4E45_504F_4E45_504FL;

  /** The heap was closed, and {@link #SAVED} holds. */
  static final long CLEAN = 0x4E41_454C_434E_4141L;

  private static final int VERSION_AT = 8;
  private static final int PAGE_AT = 12;
  private static final int SEED_AT = 16;
  private static final int CREATED_AT = 24;
  private static final int GENERATION_AT = 32;
  private static final int COUNT_AT = 40;
  private static final int EXTENTS_AT = 64;
  private static final int CRC_AT = PAGE - 8;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  static {
    assert EXTENTS_AT + 16 * Extents.MOST <= CRC_AT;
    assert ROOTS + (long) ROOT_BYTES * (HeapOptions.MAX_ROOTS + 2) <= SAVED;
  }

  /** Where the region keeps the small block that a cache handed out last. */
  static long note(int cache) {
    return NOTES + (long) cache * NOTE_BYTES;
  }

  /** Where the region keeps the large block that a thread of that cache got last. */
  static long largeNote(int cache) {
    return note(cache) + 8;
  }

  HeapHeader with(Extents newExtents) {
    return new HeapHeader(seed, createdMillis, generation + 1, newExtents);
  }

  /** Writes one copy after the other. */
  void write(MemorySegment memory) {
    MemorySegment page = MemorySegment.ofArray(new long[PAGE / 8]);
    page.set(LONG, 0, MAGIC);
    page.set(INT, VERSION_AT, VERSION);
    page.set(INT, PAGE_AT, PAGE);
    page.set(LONG, SEED_AT, seed);
    page.set(LONG, CREATED_AT, createdMillis);
    page.set(LONG, GENERATION_AT, generation);
    page.set(LONG, COUNT_AT, extents.count());
    for (int i = 0; i < extents.count(); i++) {
      page.set(LONG, EXTENTS_AT + i * 16L, extents.first(i));
      page.set(LONG, EXTENTS_AT + i * 16L + 8, extents.pages(i));
    }
    page.set(LONG, CRC_AT, crc(page, CRC_AT));
    // The copy that is to hold meanwhile comes last.
    int first = flaw(memory, 0).isEmpty() && !isNewest(memory, 1) ? 1 : 0;
    for (int i = 0; i < COPIES; i++) {
      VarHandle.storeStoreFence();
      MemorySegment.copy(page, 0, memory, (long) (first ^ i) * PAGE, PAGE);
    }
  }

  private static boolean isNewest(MemorySegment memory, int copy) {
    return flaw(memory, copy).isEmpty()
        && memory.get(LONG, (long) copy * PAGE + GENERATION_AT)
            > memory.get(LONG, (long) (copy ^ 1) * PAGE + GENERATION_AT);
  }

  static long crc(MemorySegment bytes, long length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
    return crc.getValue();
  }

  /**
   * Whether one copy is older than the other or damaged: a process was killed between the two, and
   * the next that is killed while it writes the newer one would leave the older one alone.
   */
  static boolean copiesDiffer(MemorySegment memory) {
    byte[] copies = memory.asSlice(0, 2L * PAGE).toArray(ValueLayout.JAVA_BYTE);
    return !Arrays.equals(copies, 0, PAGE, copies, PAGE, 2 * PAGE);
  }

  /** Whether one of the copies says that there is a heap. */
  static boolean isThere(MemorySegment memory) {
    return memory.byteSize() >= HeapOptions.MIN_BYTES
        && (memory.get(LONG, 0) == MAGIC || memory.get(LONG, PAGE) == MAGIC);
  }

  /** What is wrong with a copy; empty if it is good. */
  static Optional<String> flaw(MemorySegment memory, int copy) {
    MemorySegment page = memory.asSlice((long) copy * PAGE, PAGE);
    if (page.get(LONG, 0) != MAGIC) {
      return Optional.of("has no magic number");
    }
    if (isNewer(page)) {
      return Optional.of("is of version " + page.get(INT, VERSION_AT) + ", known is " + VERSION);
    }
    if (!crcAgrees(page)) {
      return Optional.of("does not agree with its checksum");
    }
    return decode(page) == null ? Optional.of("contradicts itself") : Optional.empty();
  }

  /** Whether a copy was written by a dmalloc that has a later format. */
  private static boolean isNewer(MemorySegment page) {
    return page.get(LONG, 0) == MAGIC && page.get(INT, VERSION_AT) > VERSION && crcAgrees(page);
  }

  private static boolean crcAgrees(MemorySegment page) {
    return page.get(LONG, CRC_AT) == crc(page, CRC_AT);
  }

  private static @Nullable HeapHeader decode(MemorySegment page) {
    long count = page.get(LONG, COUNT_AT);
    if (page.get(INT, VERSION_AT) != VERSION
        || page.get(INT, PAGE_AT) != PAGE
        || count < 1
        || count > Extents.MOST) {
      return null;
    }
    long[] firsts = new long[(int) count];
    long[] pages = new long[(int) count];
    long next = BYTES / PAGE;
    for (int i = 0; i < count; i++) {
      firsts[i] = page.get(LONG, EXTENTS_AT + i * 16L);
      pages[i] = page.get(LONG, EXTENTS_AT + i * 16L + 8);
      if (firsts[i] != next || pages[i] < 2 || pages[i] > 1L << 32) {
        return null;
      }
      next += pages[i];
    }
    if (next > Extents.MOST_PAGES) {
      return null;
    }
    return new HeapHeader(
        page.get(LONG, SEED_AT),
        page.get(LONG, CREATED_AT),
        page.get(LONG, GENERATION_AT),
        Extents.of(firsts, pages));
  }

  /**
   * Reads the newest good copy.
   *
   * @throws HeapDamagedException if there is none, or the region is shorter than the heap
   */
  static HeapHeader read(MemorySegment memory, String target) throws HeapDamagedException {
    if (!isThere(memory)) {
      throw new HeapDamagedException(
          "open heap", target, 0, "there is no heap", "make one by heap create", null);
    }
    HeapHeader newest = null;
    for (int copy = 0; copy < COPIES; copy++) {
      if (flaw(memory, copy).isEmpty()) {
        HeapHeader header = decode(memory.asSlice((long) copy * PAGE, PAGE));
        if (header != null && (newest == null || header.generation > newest.generation)) {
          newest = header;
        }
      }
    }
    if (newest == null) {
      requireKnownVersion(memory, target);
      throw new HeapDamagedException(
          "open heap",
          target,
          0,
          "both copies of the header are unusable: the first "
              + flaw(memory, 0).orElse("")
              + ", the second "
              + flaw(memory, 1).orElse(""),
          "bring the region's content back from a backup",
          null);
    }
    if (newest.extents.byteSize() > memory.byteSize()) {
      throw new HeapDamagedException(
          "open heap",
          target,
          memory.byteSize(),
          "the heap has " + newest.extents.byteSize() + " bytes, and its region ends",
          "bring the region's content back from a backup",
          null);
    }
    return newest;
  }

  private static void requireKnownVersion(MemorySegment memory, String target)
      throws HeapDamagedException {
    for (int copy = 0; copy < COPIES; copy++) {
      MemorySegment page = memory.asSlice((long) copy * PAGE, PAGE);
      if (isNewer(page)) {
        throw new HeapDamagedException(
            "open heap",
            target,
            (long) copy * PAGE + VERSION_AT,
            "its format is version "
                + page.get(INT, VERSION_AT)
                + ", and this dmalloc knows "
                + VERSION,
            "open it with a newer dmalloc",
            null);
      }
    }
  }
}
