/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.Access;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;

/** Fills and copies blocks, in many sections, so that a move need not wait for a long one. */
final class BlockContents {
  private static final long STEP_BYTES = 1 << 20;

  private BlockContents() {}

  /** What is done with a part of each step's length, at a distance from the block's begin. */
  @FunctionalInterface
  private interface Step {
    void on(MemorySegment memory, long done, long length);
  }

  static void fill(MemoryRegion region, long block, long byteSize, byte value)
      throws MemoryException {
    inSteps(
        region,
        byteSize,
        (memory, done, length) -> memory.asSlice(block + done, length).fill(value));
  }

  static void copy(MemoryRegion region, long from, long to, long byteSize) throws MemoryException {
    inSteps(
        region,
        byteSize,
        (memory, done, length) ->
            MemorySegment.copy(memory, from + done, memory, to + done, length));
  }

  private static void inSteps(MemoryRegion region, long byteSize, Step step)
      throws MemoryException {
    BusErrors.in(
        region,
        "heap access",
        () -> {
          for (long done = 0; done < byteSize; done += STEP_BYTES) {
            try (Access access = region.acquire()) {
              step.on(access.segment(), done, Math.min(STEP_BYTES, byteSize - done));
            }
          }
          return region;
        });
  }
}
