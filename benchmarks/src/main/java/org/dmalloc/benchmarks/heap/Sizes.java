/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import java.util.SplittableRandom;

/**
 * Sizes of blocks and the slots that they replace, drawn in advance, so that drawing takes no part
 * in a measurement.
 */
final class Sizes {
  static final int LEAST = 16;
  static final int MOST = 64 << 10;

  private static final int DRAWN = 1 << 16;

  private final int[] sizes = new int[DRAWN];
  private final int[] slots = new int[DRAWN];
  private int at;

  /**
   * Draws sizes from {@value #LEAST} bytes on, each power of two alike.
   *
   * @param most the largest, in bytes
   * @param slotCount how many slots there are
   */
  Sizes(long seed, int most, int slotCount) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < DRAWN; i++) {
      sizes[i] = logUniform(random, LEAST, most);
      slots[i] = random.nextInt(slotCount);
    }
  }

  static int logUniform(SplittableRandom random, int least, int most) {
    double octaves = Math.log((double) most / least);
    return (int) Math.min(most, Math.round(least * Math.exp(random.nextDouble() * octaves)));
  }

  /** Goes on to the next pair; after the last the first comes again. */
  void next() {
    at = (at + 1) & (DRAWN - 1);
  }

  int size() {
    return sizes[at];
  }

  int slot() {
    return slots[at];
  }
}
