/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import java.time.Duration;
import java.util.Objects;

/**
 * How a heap is used. None of it is stored: the next opening may say something else.
 *
 * @param growth whether it grows with its region
 * @param punchAfter how long pages are free before their space is given back; {@link #NEVER} for
 *     never
 * @param punchFrom the shortest run of free pages whose space is given back, in bytes, at least
 *     4096
 * @param debug what is checked beside
 */
public record HeapOptions(Growth growth, Duration punchAfter, long punchFrom, Debug debug) {
  /** The smallest region that a heap fits into, in bytes. */
  public static final long MIN_BYTES = 128 << 10;

  /** How many roots a heap has at most. */
  public static final int MAX_ROOTS = 126;

  /** The longest name of a root, in bytes of UTF-8. */
  public static final int MAX_ROOT_NAME = 47;

  /** Space of free pages stays taken. */
  public static final Duration NEVER = Duration.ofSeconds(Long.MAX_VALUE);

  /** Grows in place, gives back what was free for 10 s in runs of 1 MiB, checks nothing beside. */
  public static final HeapOptions DEFAULT =
      new HeapOptions(Growth.IN_PLACE, Duration.ofSeconds(10), 1 << 20, Debug.OFF);

  public HeapOptions {
    Objects.requireNonNull(growth, "growth");
    Objects.requireNonNull(debug, "debug");
    if (punchAfter.isNegative()) {
      throw new IllegalArgumentException("punchAfter " + punchAfter + "; give at least 0");
    }
    if (punchFrom < 4096) {
      throw new IllegalArgumentException("punchFrom " + punchFrom + "; give at least 4096 bytes");
    }
  }

  /** Whether a heap that is full makes its region larger. */
  public enum Growth {
    /** Up to the region's maximum, and its ceiling of autogrowth if it has one. */
    IN_PLACE,
    /** Never; what others grow the region by is used. */
    NONE
  }

  /**
   * What debug mode does.
   *
   * @param guards whether 16 bytes or more behind each block are watched, and freed blocks filled
   *     with a pattern. Statistics and reports count these bytes as the block's
   * @param sitesEvery records the stack of one allocation in so many; 0 for none
   */
  public record Debug(boolean guards, int sitesEvery) {
    /** Nothing, at no cost. */
    public static final Debug OFF = new Debug(false, 0);

    public Debug {
      if (sitesEvery < 0) {
        throw new IllegalArgumentException("sitesEvery " + sitesEvery + "; give at least 0");
      }
    }
  }

  public HeapOptions withGrowth(Growth newGrowth) {
    return new HeapOptions(newGrowth, punchAfter, punchFrom, debug);
  }

  public HeapOptions withPunchAfter(Duration newPunchAfter) {
    return new HeapOptions(growth, newPunchAfter, punchFrom, debug);
  }

  public HeapOptions withPunchFrom(long newPunchFrom) {
    return new HeapOptions(growth, punchAfter, newPunchFrom, debug);
  }

  public HeapOptions withDebug(Debug newDebug) {
    return new HeapOptions(growth, punchAfter, punchFrom, newDebug);
  }
}
