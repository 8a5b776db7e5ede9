/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryRegion;

/** Fills and copies blocks, in many sections, so that a move need not wait for a long one. */
final class BlockContents {
  private static final long STEP_BYTES = 1 << 20;

  private BlockContents() {}

  static void fill(MemoryRegion region, long block, long byteSize, byte value) {
    for (long done = 0; done < byteSize; done += STEP_BYTES) {
      try (Access access = region.acquire()) {
        long length = Math.min(STEP_BYTES, byteSize - done);
        access.segment().asSlice(block + done, length).fill(value);
      }
    }
  }

  static void copy(MemoryRegion region, long from, long to, long byteSize) {
    for (long done = 0; done < byteSize; done += STEP_BYTES) {
      try (Access access = region.acquire()) {
        MemorySegment memory = access.segment();
        long length = Math.min(STEP_BYTES, byteSize - done);
        MemorySegment.copy(memory, from + done, memory, to + done, length);
      }
    }
  }
}
