/* SPDX-License-Identifier: Apache-2.0 */
package com.example.arena;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.region.RegionBacking;

/** A segment of an arena of its own: all that a backend without capabilities implements. */
record ArenaBacking(Arena arena, MemorySegment segment) implements RegionBacking {
  private static final int ENOMEM = 12;

  static ArenaBacking allocate(long byteSize, long alignment) throws MemoryException {
    Arena arena = Arena.ofShared();
    try {
      return new ArenaBacking(arena, arena.allocate(byteSize, alignment));
    } catch (OutOfMemoryError e) {
      arena.close();
      throw MemoryException.of(
          "allocate", byteSize, ArenaProvider.NAME, "ENOMEM", ENOMEM, "ask for less", e);
    }
  }

  @Override
  public void unmap() {
    arena.close();
  }
}
