/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import java.util.List;

/**
 * What a heap holds at a moment. Counts of caches that are in use meanwhile may be of slightly
 * different moments.
 *
 * @param regionBytes the region's size
 * @param heapBytes how much of it the heap has taken over
 * @param metadataBytes what its own tables take of that
 * @param freeBytes bytes of free pages
 * @param punchedBytes bytes of free pages whose space was given back, or a part of it
 * @param largestFreeBytes the largest run of free pages
 * @param largeBlocks blocks that have pages of their own
 * @param largeBytes the bytes of these
 * @param extents into how many pieces growth has cut it; no block spans two
 * @param classes what blocks of the size classes there are, by ascending size, without those that
 *     were never used since the heap was opened and hold nothing
 */
public record HeapStatistics(
    long regionBytes,
    long heapBytes,
    long metadataBytes,
    long freeBytes,
    long punchedBytes,
    long largestFreeBytes,
    long largeBlocks,
    long largeBytes,
    int extents,
    List<SizeClass> classes) {
  public HeapStatistics {
    classes = List.copyOf(classes);
  }

  /**
   * The blocks of one size.
   *
   * @param byteSize of a block
   * @param blocks allocated ones
   * @param capacity blocks that the pages of this class have room for
   * @param spanBytes bytes of these pages
   * @param allocations since the heap was opened
   * @param requestedBytes what these allocations asked for in sum, with guards where there are any;
   *     the rest up to {@code allocations * byteSize} is internal waste
   */
  public record SizeClass(
      int byteSize,
      long blocks,
      long capacity,
      long spanBytes,
      long allocations,
      long requestedBytes) {}

  /**
   * Bytes that allocated blocks take of the heap: whole pages, and the size of their class, which
   * is their usable size unless there are guards ({@link HeapOptions.Debug}). The guards are a part
   * of it.
   */
  public long liveBytes() {
    return largeBytes + classes.stream().mapToLong(c -> c.blocks() * c.byteSize()).sum();
  }

  /** Allocated blocks. */
  public long liveBlocks() {
    return largeBlocks + classes.stream().mapToLong(SizeClass::blocks).sum();
  }
}
