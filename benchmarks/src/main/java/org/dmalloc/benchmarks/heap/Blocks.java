/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import java.io.IOException;

/**
 * Live blocks of an allocator in numbered slots. One thread at a time uses it; another may take it
 * over, and then frees what it did not allocate.
 */
interface Blocks {
  /**
   * Frees the block of a slot, if there is one, allocates another, and stores 8 bytes at its begin
   * and 8 at its end.
   *
   * @param byteSize at least 16
   */
  void replace(int slot, int byteSize) throws IOException;

  /**
   * Like {@link #replace}, and copies the first {@code byteSize} bytes of an array into the block.
   */
  default void replace(int slot, int byteSize, byte[] content) throws IOException {
    throw new UnsupportedOperationException("copies no records");
  }
}
