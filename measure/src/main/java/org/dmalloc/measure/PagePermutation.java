/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

/**
 * A random order of all pages in which each occurs once, without memory for it: a Feistel network
 * of four rounds over the next power of four, walked until it lands inside (Black, Rogaway: Ciphers
 * with Arbitrary Finite Domains, 2002). Immutable.
 */
public final class PagePermutation {
  private static final int ROUNDS = 4;

  private final long size;
  private final int halfBits;
  private final long halfMask;
  private final long[] keys = new long[ROUNDS];

  /** An order of 1 to 2<sup>62</sup> numbers; equal seeds give equal orders. */
  public PagePermutation(long size, long seed) {
    if (size < 1 || size > 1L << 62) {
      throw new IllegalArgumentException("permutation of " + size + " pages; give 1 to 2^62");
    }
    this.size = size;
    int bits = Math.max(2, 64 - Long.numberOfLeadingZeros(size - 1));
    halfBits = (bits + 1) / 2;
    halfMask = (1L << halfBits) - 1;
    RandomStream random = new RandomStream(seed);
    for (int i = 0; i < ROUNDS; i++) {
      keys[i] = random.next();
    }
  }

  /** The number at an index; both are from 0 up to but not including the size. */
  public long at(long index) {
    long value = index;
    do {
      value = encrypt(value);
    } while (value >= size);
    return value;
  }

  private long encrypt(long value) {
    long left = value >>> halfBits;
    long right = value & halfMask;
    for (long key : keys) {
      long next = left ^ (RandomStream.mix(right ^ key) & halfMask);
      left = right;
      right = next;
    }
    return left << halfBits | right;
  }
}
