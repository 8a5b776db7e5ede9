/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Locale;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.VirtualAreas;
import org.dmalloc.spi.region.AddressRange;

/**
 * Makes room for mappings: finds addresses, and lets a mapping grow by mremap(2).
 *
 * <p>Advice for a part of a mapping splits it into several areas of the kernel, and mremap grows
 * only one area. Such a mapping is moved area by area to a reserved range, the last one growing on
 * the way, so that each keeps its advice.
 */
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

  /** Makes the exception for a call that failed. */
  @FunctionalInterface
  interface Failure {
    MemoryException of(String operation, long byteSize, int errno);
  }

  /**
   * Grows a mapping that nobody uses now and returns its new address. After an exception it is
   * mapped as before.
   */
  static long grow(AddressRange old, long newLength, long alignment, Failure failure)
      throws MemoryException {
    MemorySegment start = MemorySegment.ofAddress(old.address());
    int flags = alignment == Platform.pageSize() ? Abi.MREMAP_MAYMOVE : 0;
    long result = Libc.mremap(start, old.length(), newLength, flags, MemorySegment.NULL);
    if (result >= 0) {
      return result;
    }
    boolean severalAreas = result == -Errno.EFAULT;
    boolean noRoomInPlace = result == -Errno.ENOMEM && flags == 0;
    if (!severalAreas && !noRoomInPlace) {
      throw failure.of("mremap", newLength, (int) -result);
    }
    List<VirtualAreas.Area> areas = VirtualAreas.in(old.address(), old.address() + old.length());
    long room = reserve(newLength, alignment);
    if (room < 0) {
      throw failure.of("mremap", newLength, (int) -room);
    }
    // The last area goes first: it alone needs new memory, and if it gets none nothing has moved.
    for (int i = areas.size() - 1; i >= 0; i--) {
      VirtualAreas.Area area = areas.get(i);
      boolean last = i == areas.size() - 1;
      long grown = last ? area.length() + newLength - old.length() : area.length();
      long destination = room + area.start() - old.address();
      long moved = move(area.start(), area.length(), destination, grown);
      if (moved < 0) {
        MemoryException reason = failure.of("mremap", newLength, (int) -moved);
        moveBack(areas.subList(i + 1, areas.size()), old, room, newLength, reason);
        throw reason;
      }
    }
    return room;
  }

  /** Undoes a half-finished move: the areas in {@code moved} return, and the room is given up. */
  static void moveBack(
      List<VirtualAreas.Area> moved,
      AddressRange old,
      long room,
      long roomLength,
      MemoryException reason) {
    if (!moved.isEmpty()) {
      unmap(room + old.length(), roomLength - old.length());
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
    unmap(room, old.length());
  }

  /** Takes over a mapping of whole pages; what it is made of outlives this class's bundle. */
  static AddressRange own(long address, long length) {
    Arena arena = Arena.ofShared();
    MemorySegment segment = MemorySegment.ofAddress(address).reinterpret(length, arena, null);
    return new AddressRange(arena, segment, Libc.unmapping(address, length));
  }

  static void unmap(long address, long length) {
    AddressRange.unmap(address, length, Libc.unmapping(address, length));
  }

  static long move(long from, long length, long to, long newLength) {
    return Libc.mremap(
        MemorySegment.ofAddress(from), length, newLength, MOVE, MemorySegment.ofAddress(to));
  }
}
