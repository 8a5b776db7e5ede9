/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryRegion;

/** Bytes that depend on a seed and their offset: lost, swapped and shifted pages all show. */
final class Pattern {
  private Pattern() {}

  static void write(MemorySegment segment, long seed) {
    long words = segment.byteSize() / Long.BYTES;
    for (long i = 0; i < words; i++) {
      segment.set(JAVA_LONG_UNALIGNED, i * Long.BYTES, word(seed, i));
    }
    for (long at = words * Long.BYTES; at < segment.byteSize(); at++) {
      segment.set(JAVA_BYTE, at, byteAt(seed, at));
    }
  }

  static void check(MemorySegment segment, long seed) {
    check(segment, seed, segment.byteSize());
  }

  static void check(MemorySegment segment, long seed, long byteCount) {
    long words = byteCount / Long.BYTES;
    for (long i = 0; i < words; i++) {
      if (segment.get(JAVA_LONG_UNALIGNED, i * Long.BYTES) != word(seed, i)) {
        fail("pattern " + seed + " is broken in the 8 bytes at " + i * Long.BYTES);
      }
    }
    for (long at = words * Long.BYTES; at < byteCount; at++) {
      assertEquals(byteAt(seed, at), segment.get(JAVA_BYTE, at), "pattern broken at " + at);
    }
  }

  /** Checks that the bytes from one offset to another are all zero. */
  static void checkZero(MemorySegment segment, long from, long to) {
    MemorySegment part = segment.asSlice(from, to - from);
    for (long at = 0; at < part.byteSize(); at++) {
      if (part.get(JAVA_BYTE, at) != 0) {
        fail("byte " + (from + at) + " is " + part.get(JAVA_BYTE, at) + " in place of 0");
      }
    }
  }

  static void write(MemoryRegion region, long seed) {
    try (Access access = region.acquire()) {
      write(access.segment(), seed);
    }
  }

  /** Fills the region, and checks it in another section. */
  static void writeAndCheck(MemoryRegion region, long seed) {
    write(region, seed);
    check(region, seed);
  }

  static void check(MemoryRegion region, long seed) {
    try (Access access = region.acquire()) {
      check(access.segment(), seed);
    }
  }

  /** Checks inside a section of its own that the region is zero throughout. */
  static void checkZero(MemoryRegion region) {
    try (Access access = region.acquire()) {
      checkZero(access.segment(), 0, region.byteSize());
    }
  }

  /** Numbers for a random test, from {@code -Ddmalloc.seed} or new ones; logs the seed. */
  static SplittableRandom random(String test) {
    long seed = Long.getLong("dmalloc.seed", System.nanoTime());
    System.getLogger(Pattern.class.getName())
        .log(System.Logger.Level.INFO, "{0}: -Ddmalloc.seed={1}", test, Long.toString(seed));
    return new SplittableRandom(seed);
  }

  private static byte byteAt(long seed, long offset) {
    return (byte) (word(seed, offset / Long.BYTES) >>> (offset % Long.BYTES * Byte.SIZE));
  }

  /** SplitMix64's finalizer: every bit of the result depends on every bit of the input. */
  private static long word(long seed, long index) {
    long z = seed + index * 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
