/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * What the tests store to a block: bytes that depend on a number and their place. Of large blocks
 * only a part is stored, so that millions of operations take seconds: the first 256 bytes, 8 of
 * every 512 after them, and the last.
 */
final class Stamp {
  private static final long DENSE = 256;
  private static final long STRIDE = 512;

  private Stamp() {}

  static void write(MemorySegment block, long byteSize, long stamp) {
    for (long at = 0; at + Long.BYTES <= byteSize; at = next(at)) {
      block.set(JAVA_LONG_UNALIGNED, at, word(stamp, at));
    }
    for (long at = tail(byteSize); at < byteSize; at++) {
      block.set(JAVA_BYTE, at, byteAt(stamp, at));
    }
  }

  /** Fails unless the block holds what {@link #write} stored. */
  static void check(MemorySegment block, long byteSize, long stamp, String what) {
    checkPrefix(block, byteSize, byteSize, stamp, what);
  }

  /**
   * The same, of a part of it.
   *
   * @param kept how many of the first bytes are looked at
   * @param byteSize how many were written
   */
  static void checkPrefix(MemorySegment block, long kept, long byteSize, long stamp, String what) {
    for (long at = 0; at + Long.BYTES <= kept; at = next(at)) {
      long found = block.get(JAVA_LONG_UNALIGNED, at);
      if (found != word(stamp, at)) {
        throw new AssertionError(
            "%s: the 8 bytes at %d of %d are %x in place of %x"
                .formatted(what, at, byteSize, found, word(stamp, at)));
      }
    }
    if (kept == byteSize || kept <= DENSE) {
      for (long at = tail(kept); at < kept; at++) {
        if (block.get(JAVA_BYTE, at) != byteAt(stamp, at)) {
          throw new AssertionError("%s: the byte at %d of %d".formatted(what, at, byteSize));
        }
      }
    }
  }

  static void checkZero(MemorySegment block, String what) {
    long words = block.byteSize() / Long.BYTES * Long.BYTES;
    for (long at = 0; at < words; at += Long.BYTES) {
      if (block.get(JAVA_LONG_UNALIGNED, at) != 0) {
        throw new AssertionError(what + ": not zero in the 8 bytes at " + at);
      }
    }
    for (long at = words; at < block.byteSize(); at++) {
      if (block.get(JAVA_BYTE, at) != 0) {
        throw new AssertionError(what + ": not zero at " + at);
      }
    }
  }

  private static long next(long at) {
    return at < DENSE ? at + Long.BYTES : at + STRIDE;
  }

  private static long tail(long byteSize) {
    return Math.max(0, byteSize - Long.BYTES);
  }

  private static byte byteAt(long stamp, long at) {
    return (byte) (word(stamp, at & -Long.BYTES) >>> ((at & (Long.BYTES - 1)) * Byte.SIZE));
  }

  /** SplitMix64's finalizer: every bit of the result depends on every bit of the input. */
  private static long word(long stamp, long at) {
    long z = stamp + at * 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
