/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.dmalloc.heap.allocator.PageTable.LONG;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.HeapOptions;

/**
 * Names of blocks, in a table of the header. A slot is a check, an offset, the name's length in a
 * byte, and the name. The check holds for all of the slot, and a number that counts up with each
 * change of the name's offset; 0 says that the slot is free.
 *
 * <p>A change takes another slot, whose check is stored last, and then frees the old one. So a
 * process that is killed leaves the old value or the new one; of two slots with one name the one
 * with the higher number holds. Two slots more than names keep a free one for that.
 *
 * <p>Called with the heap's lock for roots held.
 */
final class Roots {
  private static final int SLOTS = HeapOptions.MAX_ROOTS + 2;
  private static final int OFFSET_AT = 8;
  private static final int LENGTH_AT = 16;
  private static final int NAME_AT = 17;
  private static final long NUMBER_MASK = 0xFFFF;
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  private Roots() {}

  static byte[] encode(String name) {
    byte[] bytes;
    try {
      ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(name));
      bytes = new byte[encoded.remaining()];
      encoded.get(bytes);
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("root name: it has half of a surrogate pair", e);
    }
    if (bytes.length < 1 || bytes.length > HeapOptions.MAX_ROOT_NAME || name.indexOf(0) >= 0) {
      throw new IllegalArgumentException(
          "root '"
              + name
              + "' has "
              + bytes.length
              + " bytes; give 1 to "
              + HeapOptions.MAX_ROOT_NAME
              + ", without a zero");
    }
    return bytes;
  }

  private static long slot(int index) {
    return HeapHeader.ROOTS + (long) index * HeapHeader.ROOT_BYTES;
  }

  private static int length(MemorySegment memory, long slot) {
    return memory.get(BYTE, slot + LENGTH_AT);
  }

  /** The check of what a slot has; never 0. */
  private static long check(MemorySegment memory, long seed, long slot, long number) {
    long crc = HeapHeader.crc(memory.asSlice(slot + 8), HeapHeader.ROOT_BYTES - 8);
    long hash = (crc ^ seed ^ (number << 32)) * 0x9E37_79B9_7F4A_7C15L;
    return ((hash ^ (hash >>> 29)) & ~NUMBER_MASK) | number;
  }

  private static boolean isUsed(MemorySegment memory, long slot) {
    return memory.get(LONG, slot) != 0;
  }

  private static boolean isGood(MemorySegment memory, long seed, long slot) {
    long check = memory.get(LONG, slot);
    int length = length(memory, slot);
    return length > 0
        && length <= HeapOptions.MAX_ROOT_NAME
        && check == check(memory, seed, slot, check & NUMBER_MASK);
  }

  private static long number(MemorySegment memory, long slot) {
    return memory.get(LONG, slot) & NUMBER_MASK;
  }

  /** The slot that holds for a name; −1 if there is none. */
  private static long find(MemorySegment memory, long seed, byte[] name) {
    long found = -1;
    for (int i = 0; i < SLOTS; i++) {
      long slot = slot(i);
      if (isUsed(memory, slot)
          && length(memory, slot) == name.length
          && Arrays.equals(name(memory, slot), name)
          && isGood(memory, seed, slot)
          && (found < 0 || isNewer(number(memory, slot), number(memory, found)))) {
        found = slot;
      }
    }
    return found;
  }

  private static boolean isNewer(long number, long than) {
    return (short) (number - than) > 0;
  }

  static OptionalLong get(MemorySegment memory, long seed, byte[] name) {
    long slot = find(memory, seed, name);
    return slot < 0 ? OptionalLong.empty() : OptionalLong.of(memory.get(LONG, slot + OFFSET_AT));
  }

  static void set(MemorySegment memory, long seed, String target, String name, long offset)
      throws MemoryException {
    byte[] bytes = encode(name);
    long before = find(memory, seed, bytes);
    if (offset != 0) {
      boolean more = before < 0 && all(memory, seed).size() >= HeapOptions.MAX_ROOTS;
      long slot = more ? -1 : free(memory);
      if (slot < 0) {
        throw MemoryException.of(
            "root '" + name + "'",
            target,
            "there are " + HeapOptions.MAX_ROOTS + " roots already",
            "take one away, or keep an index of your own in a block");
      }
      memory.asSlice(slot, HeapHeader.ROOT_BYTES).fill((byte) 0);
      memory.set(LONG, slot + OFFSET_AT, offset);
      memory.set(BYTE, slot + LENGTH_AT, (byte) bytes.length);
      MemorySegment.copy(bytes, 0, memory, BYTE, slot + NAME_AT, bytes.length);
      long number = before < 0 ? 1 : (number(memory, before) + 1) & NUMBER_MASK;
      VarHandle.storeStoreFence();
      memory.set(LONG, slot, check(memory, seed, slot, number));
      VarHandle.storeStoreFence(); // the old one is freed after it
    }
    long holds = find(memory, seed, bytes);
    freeOthers(memory, seed, bytes, holds);
    if (offset == 0 && holds >= 0) {
      VarHandle.storeStoreFence();
      memory.set(LONG, holds, 0);
    }
  }

  /** Frees the older slots of a name. */
  private static void freeOthers(MemorySegment memory, long seed, byte[] name, long holds) {
    for (int i = 0; i < SLOTS; i++) {
      long slot = slot(i);
      if (slot != holds && isGood(memory, seed, slot) && Arrays.equals(name(memory, slot), name)) {
        memory.set(LONG, slot, 0);
      }
    }
  }

  private static byte[] name(MemorySegment memory, long slot) {
    byte[] name = new byte[length(memory, slot)];
    MemorySegment.copy(memory, BYTE, slot + NAME_AT, name, 0, name.length);
    return name;
  }

  /** Frees what a process that was killed in the middle of a change had not come to free. */
  static void freeOld(MemorySegment memory, long seed) {
    for (int i = 0; i < SLOTS; i++) {
      long slot = slot(i);
      if (isUsed(memory, slot) && isGood(memory, seed, slot)) {
        byte[] name = name(memory, slot);
        freeOthers(memory, seed, name, find(memory, seed, name));
      }
    }
  }

  private static long free(MemorySegment memory) {
    for (int i = 0; i < SLOTS; i++) {
      if (!isUsed(memory, slot(i))) {
        return slot(i);
      }
    }
    return -1;
  }

  static Map<String, Long> all(MemorySegment memory, long seed) {
    Map<String, Long> roots = new TreeMap<>();
    for (int i = 0; i < SLOTS; i++) {
      long slot = slot(i);
      if (isUsed(memory, slot) && isGood(memory, seed, slot)) {
        byte[] name = name(memory, slot);
        long holds = find(memory, seed, name);
        roots.put(new String(name, StandardCharsets.UTF_8), memory.get(LONG, holds + OFFSET_AT));
      }
    }
    return roots;
  }

  /** Slots that do not agree with their checks, by their offset in the region. */
  static Map<Long, String> flaws(MemorySegment memory, long seed) {
    Map<Long, String> flaws = new TreeMap<>();
    for (int i = 0; i < SLOTS; i++) {
      long slot = slot(i);
      if (isUsed(memory, slot) && !isGood(memory, seed, slot)) {
        flaws.put(slot, "a root does not agree with its check");
      }
    }
    return flaws;
  }

  /** Frees the slots that do not agree with their checks: nobody can name them. */
  static void removeDamaged(MemorySegment memory, long seed) {
    flaws(memory, seed).keySet().forEach(slot -> memory.set(LONG, slot, 0));
  }
}
