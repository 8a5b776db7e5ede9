/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import java.util.List;

/**
 * What debug mode knows of the blocks that were allocated since the heap was opened and are not
 * freed.
 *
 * @param blocks how many there are
 * @param bytes what was asked for in sum
 * @param sites by the stack that allocated them, the most bytes first
 */
public record HeapLeaks(long blocks, long bytes, List<Site> sites) {
  /** What there is without debug mode. */
  public static final HeapLeaks NONE = new HeapLeaks(0, 0, List.of());

  public HeapLeaks {
    sites = List.copyOf(sites);
  }

  /**
   * A place that allocated.
   *
   * @param stack the frames of the callers, the nearest first; empty for allocations that were not
   *     sampled
   * @param owners names of threads that allocated there
   * @param blocks how many of its blocks are left
   * @param bytes what was asked for in sum
   */
  public record Site(List<StackTraceElement> stack, List<String> owners, long blocks, long bytes) {
    public Site {
      stack = List.copyOf(stack);
      owners = List.copyOf(owners);
    }
  }
}
