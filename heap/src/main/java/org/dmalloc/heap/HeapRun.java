/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

/**
 * Pages of a heap that belong together; see {@link Heap#runs}.
 *
 * @param offset where they begin, in bytes from the region's start
 * @param byteSize how many bytes they are
 * @param blockBytes how large a block of theirs is; 0 if they have none
 * @param blocks allocated blocks
 * @param capacity blocks that they have room for
 */
public record HeapRun(
    long offset, long byteSize, Kind kind, long blockBytes, int blocks, int capacity) {
  /** What the pages are used for. */
  public enum Kind {
    /** Nothing; their space is taken. */
    FREE,
    /** Nothing; their space was given back, or a part of it. */
    PUNCHED,
    /** Blocks of one size class. */
    SMALL,
    /** One block, which has them to itself. */
    LARGE,
    /** What the heap says of itself. */
    METADATA,
    /** Nothing any more, after damage. */
    UNUSABLE
  }
}
