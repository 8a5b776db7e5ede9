/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** What a measurement costs without an allocator: each slot has a block for ever. */
final class Harness implements Blocks {
  private static final long SLOT_BYTES = 8192;

  private final MemorySegment all;

  Harness(int slots) {
    all = Arena.ofAuto().allocate(slots * SLOT_BYTES, Long.BYTES);
  }

  @Override
  public void replace(int slot, int byteSize) {
    long at = slot * SLOT_BYTES;
    all.set(JAVA_LONG_UNALIGNED, at, byteSize);
    all.set(JAVA_LONG_UNALIGNED, at + (byteSize & (SLOT_BYTES - Long.BYTES)), slot);
  }
}
