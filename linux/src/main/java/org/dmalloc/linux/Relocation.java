/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Locale;
import java.util.function.LongBinaryOperator;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.VirtualAreas;
import org.dmalloc.spi.region.AddressRange;

/** Reserves addresses for mappings, moves areas of them there and back, and unmaps. */
final class Relocation {
  private static final int MOVE = Abi.MREMAP_MAYMOVE | Abi.MREMAP_FIXED;
  private static final int NO_FILE = -1;

  private Relocation() {}

  /**
   * Reserves addresses that nothing can be read from or written to, to be replaced by a mapping.
   *
   * @param alignment a power of two, at least a page
   * @return the first address, or the negated error number
   */
  static long reserve(long length, long alignment) {
    long slack = alignment - Platform.pageSize();
    long start =
        Libc.mmap(
            MemorySegment.NULL,
            length + slack,
            Abi.PROT_NONE,
            Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_NORESERVE,
            NO_FILE,
            0);
    if (start < 0) {
      return start;
    }
    long aligned = (start + alignment - 1) & -alignment;
    if (aligned > start) {
      unmap(start, aligned - start);
    }
    if (start + slack > aligned) {
      unmap(aligned + length, start + slack - aligned);
    }
    return aligned;
  }

  /** Undoes a half-finished move: the areas in {@code moved} return, and the room is given up. */
  static void moveBack(
      List<VirtualAreas.Area> moved,
      MemorySegment old,
      long room,
      long roomLength,
      MemoryException reason) {
    if (!moved.isEmpty()) {
      unmap(room + old.byteSize(), roomLength - old.byteSize());
    }
    for (VirtualAreas.Area area : moved) {
      // Another thread may have mapped something in the gap meanwhile: claim it before moving in.
      long claimed =
          Libc.mmap(
              MemorySegment.ofAddress(area.start()),
              area.length(),
              Abi.PROT_NONE,
              Abi.MAP_PRIVATE | Abi.MAP_ANONYMOUS | Abi.MAP_NORESERVE | Abi.MAP_FIXED_NOREPLACE,
              NO_FILE,
              0);
      long source = room + area.start() - old.address();
      long result =
          claimed == area.start()
              ? move(source, area.length(), area.start(), area.length())
              : -Errno.EEXIST;
      if (result < 0) {
        throw new IllegalStateException(
            String.format(
                Locale.ROOT,
                "a failed resize could not be undone: %d bytes stay at 0x%x (%s); close the region",
                area.length(),
                source,
                Errno.name((int) -result)),
            reason);
      }
    }
    unmap(room, old.byteSize());
  }

  /** Takes over a mapping of whole pages; what it is made of outlives this class's bundle. */
  static AddressRange own(long address, long length) {
    return own(address, length, Libc.unmapping());
  }

  /** Takes over whole pages that something else than munmap(2) lets go. */
  static AddressRange own(long address, long length, LongBinaryOperator unmap) {
    Arena arena = Arena.ofShared();
    MemorySegment segment = MemorySegment.ofAddress(address).reinterpret(length, arena, null);
    return new AddressRange(arena, segment, unmap);
  }

  static void unmap(long address, long length) {
    AddressRange.unmap(address, length, Libc.unmapping());
  }

  static long move(long from, long length, long to, long newLength) {
    return Libc.mremap(
        MemorySegment.ofAddress(from), length, newLength, MOVE, MemorySegment.ofAddress(to));
  }
}
