/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

/**
 * A stream of random numbers that costs about a nanosecond each, so that it hides no access time:
 * SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014). One
 * thread uses it.
 */
public final class RandomStream {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private long state;

  /** Equal seeds give equal streams. */
  public RandomStream(long seed) {
    state = seed;
  }

  public long next() {
    state += GOLDEN_GAMMA;
    return mix(state);
  }

  /** A number from 0 up to but not including {@code bound}, by multiplication (Lemire 2019). */
  public long below(long bound) {
    return Math.unsignedMultiplyHigh(next(), bound);
  }

  /** A number from 0 up to but not including 1. */
  public double nextDouble() {
    return (next() >>> 11) * 0x1.0p-53;
  }

  /** Spreads the bits of a number over 64; a bijection. */
  public static long mix(long number) {
    long z = number;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
