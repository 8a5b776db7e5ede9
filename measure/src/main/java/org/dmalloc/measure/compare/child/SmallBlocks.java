/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;

/**
 * An allocator of many small blocks, each named by a number. Threads use it one after the other.
 * Blocks that are left when it is closed end with it or with the process.
 */
interface SmallBlocks extends AutoCloseable {
  /** Allocates a block of undefined content; its number is not 0. */
  long allocate(int byteSize) throws IOException;

  /** Frees a block without a look at its content. */
  void free(long block) throws IOException;

  /** Stores 8 bytes to each page of a block, and 8 at its end. */
  void store(long block, int byteSize, long value) throws IOException;

  /** Loads both; something else than the value that was stored if one of them differs from it. */
  long load(long block, int byteSize) throws IOException;

  @Override
  void close() throws IOException;
}
