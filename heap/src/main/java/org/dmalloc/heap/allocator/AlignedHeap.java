/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.Heap;

/** A heap that aligns addresses too, for segments. */
interface AlignedHeap extends Heap {
  /**
   * Allocates a block whose offset plus the phase is a multiple of the alignment.
   *
   * @param phase the address that the region begins at, or its last digits
   */
  long allocateAt(long byteSize, long alignment, long phase) throws MemoryException;
}
