/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** An arena of the JDK for each block, which is the only way that it frees single blocks. */
final class ArenaBlocks implements Blocks {
  private final Supplier<Arena> maker;
  private final @Nullable Arena[] arenas;

  private ArenaBlocks(Supplier<Arena> maker, int slots) {
    this.maker = maker;
    arenas = new Arena[slots];
  }

  static Allocator confined() {
    return slots -> new ArenaBlocks(Arena::ofConfined, slots);
  }

  static Allocator shared() {
    return slots -> new ArenaBlocks(Arena::ofShared, slots);
  }

  @Override
  public void replace(int slot, int byteSize) {
    Arena old = arenas[slot];
    if (old != null) {
      old.close();
    }
    Arena arena = maker.get();
    arenas[slot] = arena;
    MemorySegment block = arena.allocate(byteSize, 16);
    block.set(JAVA_LONG_UNALIGNED, 0, byteSize);
    block.set(JAVA_LONG_UNALIGNED, byteSize - Long.BYTES, slot);
  }
}
