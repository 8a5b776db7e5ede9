/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.model;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a unit: a page of a region, a smaller piece of a small one, or a block of a heap.
 * They follow from whose unit it is, its number and its version, and say so themselves, with a sum:
 * what is found in place of the right bytes can be told by name. Version 0 is zeros.
 *
 * <p>Not thread-safe: it has a buffer.
 */
public final class UnitContent {
  /** The sum and the mark, then key, number and version. */
  private static final int HEADER_BYTES = 32;

  private static final int SUM_AT = 0;
  private static final int MARK_AT = 4;
  private static final int KEY_AT = 8;
  private static final int UNIT_AT = 16;
  private static final int VERSION_AT = 24;
  private static final int MARK = 0x63686173;

  private byte[] expected = new byte[4096];
  private byte[] found = new byte[4096];
  private final CRC32C sum = new CRC32C();

  /** Stores a unit. */
  public void store(
      MemorySegment memory, long offset, int length, long key, long unit, long version) {
    generate(length, key, unit, version);
    MemorySegment.copy(MemorySegment.ofArray(expected), 0, memory, offset, length);
  }

  /**
   * What is wrong with a unit, in words; null if it is as it must be. The memory is copied before
   * anything looks at it, because a copy survives a page with nothing behind it.
   */
  public @Nullable String difference(
      MemorySegment memory, long offset, int length, long key, long unit, long version) {
    generate(length, key, unit, version);
    found = found.length < length ? new byte[length] : found;
    MemorySegment.copy(memory, offset, MemorySegment.ofArray(found), 0, length);
    int at = Arrays.mismatch(expected, 0, length, found, 0, length);
    return at < 0
        ? null
        : String.format(
            Locale.ROOT,
            "byte %d of %d is 0x%02x in place of 0x%02x; it is to have version %d, and has %s",
            at,
            length,
            found[at],
            expected[at],
            version,
            described(length, key, unit));
  }

  /** The version that a unit says to have; 0 if it is no unit, as zeros are not. */
  public static long version(MemorySegment memory, long offset) {
    return memory.get(JAVA_INT_UNALIGNED, offset + MARK_AT) == MARK
        ? memory.get(JAVA_LONG_UNALIGNED, offset + VERSION_AT)
        : 0;
  }

  private void generate(int length, long key, long unit, long version) {
    int room = (Math.max(length, HEADER_BYTES) + Long.BYTES - 1) & -Long.BYTES;
    expected = expected.length < room ? new byte[room] : expected;
    MemorySegment bytes = MemorySegment.ofArray(expected);
    if (version == 0) {
      Arrays.fill(expected, 0, room, (byte) 0);
      return;
    }
    bytes.set(JAVA_LONG_UNALIGNED, KEY_AT, key);
    bytes.set(JAVA_LONG_UNALIGNED, UNIT_AT, unit);
    bytes.set(JAVA_LONG_UNALIGNED, VERSION_AT, version);
    long state = mix(key * 31 + mix(unit * 31 + version));
    for (int at = HEADER_BYTES; at < room; at += Long.BYTES) {
      state += 0x9E3779B97F4A7C15L;
      bytes.set(JAVA_LONG_UNALIGNED, at, mix(state));
    }
    bytes.set(JAVA_INT_UNALIGNED, MARK_AT, MARK);
    bytes.set(JAVA_INT_UNALIGNED, SUM_AT, sumOf(expected, length));
  }

  /** The finishing step of SplitMix64 (Steele, Lea, Flood 2014), which scatters close numbers. */
  public static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  private int sumOf(byte[] bytes, int length) {
    sum.reset();
    sum.update(bytes, MARK_AT, Math.max(0, length - MARK_AT));
    return (int) sum.getValue();
  }

  private String described(int length, long key, long unit) {
    boolean zeros = true;
    for (int at = 0; at < length; at++) {
      zeros &= found[at] == 0;
    }
    if (zeros) {
      return "zeros";
    }
    MemorySegment bytes = MemorySegment.ofArray(found);
    if (length < HEADER_BYTES || bytes.get(JAVA_INT_UNALIGNED, MARK_AT) != MARK) {
      return "bytes of no unit";
    }
    long foundKey = bytes.get(JAVA_LONG_UNALIGNED, KEY_AT);
    long foundUnit = bytes.get(JAVA_LONG_UNALIGNED, UNIT_AT);
    String whole = sumOf(found, length) == bytes.get(JAVA_INT_UNALIGNED, SUM_AT) ? "whole" : "torn";
    String whose =
        foundKey != key
            ? " of " + Long.toHexString(foundKey) + ", unit " + foundUnit
            : foundUnit != unit ? " of unit " + foundUnit : "";
    return "version " + bytes.get(JAVA_LONG_UNALIGNED, VERSION_AT) + whose + ", " + whole;
  }
}
