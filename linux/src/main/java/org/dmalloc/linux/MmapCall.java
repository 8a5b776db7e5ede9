/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.AddressSpace;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.MappingCount;
import org.dmalloc.spi.machine.VirtualAreas;
import org.dmalloc.spi.region.AddressRange;
import org.jspecify.annotations.Nullable;

/**
 * The mmap(2) that makes a mapping, and the mremap(2) that lets it grow.
 *
 * <p>Advice for a part of a mapping splits it into several areas of the kernel, and mremap grows
 * only one area. Such a mapping is moved area by area to a reserved range, the last one growing on
 * the way, so that each keeps its advice.
 *
 * @param file what to map, from {@code fileOffset} on; null for memory without a file
 * @param alignment of the first address; a power of two, at least a page
 * @param promised whether the kernel counts the memory as promised, since it may need RAM or swap
 */
record MmapCall(
    String target,
    MappingKind kind,
    @Nullable OpenFile file,
    long fileOffset,
    long alignment,
    boolean promised) {

  /** Maps whole pages, and returns the first address. */
  long map(long length) throws MemoryException {
    // An aligned one is cut out of a larger one.
    int added = alignment > Platform.pageSize() ? 2 : 1;
    MappingCount.OF_PROCESS.add("mmap", length, target, added);
    MemorySegment hint = MemorySegment.NULL;
    if (alignment > Platform.pageSize()) {
      long room = Relocation.reserve(length, alignment);
      if (room < 0) {
        throw failure("mmap", length, (int) -room);
      }
      hint = MemorySegment.ofAddress(room);
    }
    long address = map(hint, length);
    if (address < 0) {
      if (hint.address() != 0) {
        Relocation.unmap(hint.address(), length);
      }
      throw failure("mmap", length, (int) -address);
    }
    return address;
  }

  private long map(MemorySegment hint, long length) {
    return file == null
        ? Libc.mmap(hint, length, kind.protection(), flags(), -1, 0)
        : file.use(fd -> Libc.mmap(hint, length, kind.protection(), flags(), fd, fileOffset));
  }

  /** An aligned mapping replaces a part of the addresses that were reserved for it. */
  int flags() {
    int anonymous = file == null ? Abi.MAP_ANONYMOUS : 0;
    int fixed = alignment > Platform.pageSize() ? Abi.MAP_FIXED : 0;
    return kind.flags | anonymous | fixed;
  }

  /**
   * Grows a mapping that is not in use and returns its new address. After an exception it is mapped
   * as before.
   */
  long grow(AddressRange old, long newLength) throws MemoryException {
    MemorySegment start = MemorySegment.ofAddress(old.address());
    int flags = alignment == Platform.pageSize() ? Abi.MREMAP_MAYMOVE : 0;
    long result = Libc.mremap(start, old.length(), newLength, flags, MemorySegment.NULL);
    if (result >= 0) {
      return result;
    }
    boolean severalAreas = result == -Errno.EFAULT;
    boolean noRoomInPlace = result == -Errno.ENOMEM && flags == 0;
    if (!severalAreas && !noRoomInPlace) {
      throw failure("mremap", newLength, (int) -result);
    }
    List<VirtualAreas.Area> areas = VirtualAreas.in(old.address(), old.address() + old.length());
    long room = Relocation.reserve(newLength, alignment);
    if (room < 0) {
      throw failure("mremap", newLength, (int) -room);
    }
    // The last area goes first: it alone needs new memory, and if it gets none nothing has moved.
    for (int i = areas.size() - 1; i >= 0; i--) {
      VirtualAreas.Area area = areas.get(i);
      boolean last = i == areas.size() - 1;
      long grown = last ? area.length() + newLength - old.length() : area.length();
      long destination = room + area.start() - old.address();
      long moved = Relocation.move(area.start(), area.length(), destination, grown);
      if (moved < 0) {
        MemoryException reason = failure("mremap", newLength, (int) -moved);
        Relocation.moveBack(areas.subList(i + 1, areas.size()), old, room, newLength, reason);
        throw reason;
      }
    }
    return room;
  }

  private MemoryException failure(String operation, long length, int errno) {
    return errno == Errno.ENOMEM
        ? Errno.exception(
            operation, length, target, errno, AddressSpace.OF_PROCESS.nextStep(length, promised))
        : Errno.exception(operation, length, target, errno);
  }
}
