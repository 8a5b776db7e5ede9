/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.heap;

import java.time.Duration;

/**
 * What is measured of a heap.
 *
 * @param least bytes of the smallest block
 * @param most bytes of the largest block; sizes between are drawn so that each doubling is equally
 *     frequent
 * @param liveBytes how much is allocated all the time, by all threads
 * @param remotePercent how many of a hundred blocks another thread frees than has allocated them
 * @param time of the measurement, without the warm-up
 * @param seed of all random choices
 */
public record HeapPlan(
    int threads,
    long least,
    long most,
    long liveBytes,
    int remotePercent,
    Duration time,
    long seed) {
  /** The longest list of blocks that a thread has. */
  private static final long MOST_SLOTS = 1L << 28;

  public HeapPlan {
    if (least < 8 || most < least) {
      throw new IllegalArgumentException(
          "blocks of " + least + " to " + most + " bytes; give at least 8, and the smaller first");
    }
    if (slots(threads, least, most, liveBytes) < 1) {
      throw new IllegalArgumentException(
          liveBytes + " bytes of blocks for " + threads + " threads; give at least a block each");
    }
    if (slots(threads, least, most, liveBytes) > MOST_SLOTS) {
      throw new IllegalArgumentException(
          liveBytes + " bytes are more than " + MOST_SLOTS + " blocks a thread; give less");
    }
  }

  /** How many blocks each thread has at a time. */
  int slots() {
    return (int) slots(threads, least, most, liveBytes);
  }

  private static long slots(int threads, long least, long most, long liveBytes) {
    return (long) ((double) liveBytes / threads / meanBytes(least, most));
  }

  /** The mean of sizes whose logarithms are equally distributed. */
  private static double meanBytes(long least, long most) {
    return least == most ? least : (most - least) / Math.log((double) most / least);
  }
}
