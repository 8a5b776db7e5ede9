/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.move;

import java.util.List;

/**
 * The moves to measure: every size with every rate of writing, in every direction between two of
 * the backends. Invalid values throw {@link IllegalArgumentException}.
 *
 * @param writtenPercents pages that are written per second meanwhile, in percent of all
 * @param backends names of the backends, at least two
 * @param moves how many moves in each direction; {@link #BY_SIZE} for fewer the larger the region
 */
public record MovePlan(
    List<Long> byteSizes, List<Double> writtenPercents, List<String> backends, int moves) {
  /** The number of moves is that of {@link #movesFor}. */
  public static final int BY_SIZE = 0;

  private static final long MIB = 1L << 20;
  private static final long MAX_BYTES = (long) Integer.MAX_VALUE * PageWriter.PAGE_BYTES;

  public MovePlan {
    byteSizes = List.copyOf(byteSizes);
    writtenPercents = List.copyOf(writtenPercents);
    backends = List.copyOf(backends);
    if (byteSizes.isEmpty() || writtenPercents.isEmpty()) {
      throw new IllegalArgumentException("no size or no rate of writing; give at least one");
    }
    for (long byteSize : byteSizes) {
      if (byteSize < PageWriter.PAGE_BYTES
          || byteSize > MAX_BYTES
          || byteSize % PageWriter.PAGE_BYTES != 0) {
        throw new IllegalArgumentException(
            "size of " + byteSize + " bytes; give whole pages of 4 KiB, from one to 8 TiB");
      }
    }
    for (double percent : writtenPercents) {
      if (!(percent >= 0 && percent <= 1000)) {
        throw new IllegalArgumentException(percent + " percent written per second; give 0 to 1000");
      }
    }
    if (backends.size() < 2 || backends.stream().distinct().count() < backends.size()) {
      throw new IllegalArgumentException(
          "moves among " + backends + "; give two backends or more, each once");
    }
    if (moves < 0) {
      throw new IllegalArgumentException(moves + " moves; give at least 1");
    }
  }

  public int movesFor(long byteSize) {
    if (moves != BY_SIZE) {
      return moves;
    }
    return byteSize <= 128 * MIB ? 20 : byteSize <= 1024 * MIB ? 5 : 3;
  }
}
