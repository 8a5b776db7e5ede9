/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.Sharing;
import org.dmalloc.spi.machine.AddressSpace;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.MappingCount;
import org.dmalloc.spi.machine.VirtualAreas;
import org.jspecify.annotations.Nullable;

/**
 * The calls that make a mapping, open and shut the addresses behind it, and move it.
 *
 * <p><b>Room to grow.</b> Of a shared mapping the room is the same mapping, of the file behind its
 * end: to reach it a segment would have to lead there, and none does. A private one would be
 * counted against the commit limit for all of its room. So there the room has no permissions until
 * mprotect(2) opens it, which counts what is opened, and changes nothing where it is refused. In
 * either way what is opened and what was before are one area of the kernel.
 *
 * <p><b>Moves.</b> Advice for a part of a mapping splits it into several areas of the kernel, and
 * mremap grows only one area. Such a mapping is moved area by area to a reserved range, the last
 * one growing on the way, so that each keeps its advice.
 *
 * @param file what to map, from {@code fileOffset} on; null for memory without a file
 * @param flags of mmap(2), as all of it is mapped at first
 * @param alignment of the first address; a power of two, at least a page
 * @param promised whether the kernel counts the memory as promised, since it may need RAM or swap
 * @param device whether the file is a device, each mapping of which is memory of its own
 */
record MmapCall(
    String target,
    MappingKind kind,
    int flags,
    @Nullable OpenFile file,
    long fileOffset,
    long alignment,
    boolean promised,
    boolean device) {

  /** Maps a file, or memory without one, at any page. */
  static MmapCall of(String target, MappingKind kind, @Nullable OpenFile file, long fileOffset) {
    int flags = kind.flags | (file == null ? Abi.MAP_ANONYMOUS : 0);
    return new MmapCall(target, kind, flags, file, fileOffset, Platform.pageSize(), false, false);
  }

  /** An aligned one replaces a part of the addresses that are reserved for it. */
  MmapCall aligned(long bytes) {
    int fixed = bytes > Platform.pageSize() ? Abi.MAP_FIXED : 0;
    return new MmapCall(target, kind, flags | fixed, file, fileOffset, bytes, promised, device);
  }

  MmapCall promised(boolean isPromised) {
    return new MmapCall(target, kind, flags, file, fileOffset, alignment, isPromised, device);
  }

  /** The kernel counts all of a device's memory when it is mapped, unless told not to. */
  MmapCall ofDevice(boolean isDevice, boolean hasRoom) {
    int unreserved = isDevice && hasRoom ? Abi.MAP_NORESERVE : 0;
    return new MmapCall(
        target, kind, flags | unreserved, file, fileOffset, alignment, promised, isDevice);
  }

  /** The same for another descriptor of the device, and a size without room. */
  MmapCall reopened(OpenFile newFile) {
    return new MmapCall(
        target, kind, flags & ~Abi.MAP_NORESERVE, newFile, fileOffset, alignment, promised, device);
  }

  /** Whether room must be opened before it is used. */
  boolean opensRoom() {
    return kind.sharing() == Sharing.PRIVATE;
  }

  /**
   * Maps whole pages, with room to grow.
   *
   * @param room the addresses in all, at least {@code length}
   * @return the first address
   */
  long map(long length, long room) throws MemoryException {
    // An aligned one is cut out of a larger one; closed room is an area of its own.
    int added = (alignment > Platform.pageSize() ? 2 : 1) + (room > length ? 1 : 0);
    MappingCount.OF_PROCESS.add("mmap", room, target, added);
    boolean opens = opensRoom() && room > length;
    int protection = opens ? Abi.PROT_NONE : kind.protection();
    MemorySegment hint = MemorySegment.NULL;
    if (alignment > Platform.pageSize()) {
      long reserved = Relocation.reserve(room, alignment);
      if (reserved < 0) {
        throw refused(length, room, (int) -reserved);
      }
      hint = MemorySegment.ofAddress(reserved);
    }
    long address = map(hint, room, protection, flags, 0);
    if (address < 0) {
      if (hint.address() != 0) {
        Relocation.unmap(hint.address(), room);
      }
      throw refused(length, room, (int) -address);
    }
    if (opens) {
      try {
        open(MemorySegment.ofAddress(address).reinterpret(length));
      } catch (MemoryException e) {
        Relocation.unmap(address, room);
        throw e;
      }
    }
    return address;
  }

  private long map(MemorySegment hint, long length, int protection, int how, long offset) {
    return file == null
        ? Libc.mmap(hint, length, protection, how, -1, 0)
        : file.use(fd -> Libc.mmap(hint, length, protection, how, fd, fileOffset + offset));
  }

  /** Makes room of a private mapping usable, as fresh pages; on failure nothing has changed. */
  void open(MemorySegment room) throws MemoryException {
    long result = Libc.mprotect(room, room.byteSize(), kind.protection());
    if (result < 0) {
      throw failure("mprotect", room.byteSize(), (int) -result);
    }
  }

  /**
   * Makes pages of a private mapping room again, and throws their content away.
   *
   * @param offset of the pages, from the start of the mapping
   */
  void shut(MemorySegment pages, long offset) throws MemoryException {
    MappingCount.OF_PROCESS.add("mmap", pages.byteSize(), target, 2);
    long result = map(pages, pages.byteSize(), Abi.PROT_NONE, flags | Abi.MAP_FIXED, offset);
    if (result < 0) {
      throw failure("mmap", pages.byteSize(), (int) -result);
    }
  }

  /**
   * Grows a mapping that is not in use beyond its room and returns its new address. After an
   * exception it is mapped as before.
   *
   * @param old what is mapped; room behind it stays where it is
   */
  long move(MemorySegment old, long newLength) throws MemoryException {
    int mayMove = alignment == Platform.pageSize() ? Abi.MREMAP_MAYMOVE : 0;
    long result = Libc.mremap(old, old.byteSize(), newLength, mayMove, MemorySegment.NULL);
    if (result >= 0) {
      return result;
    }
    boolean severalAreas = result == -Errno.EFAULT;
    boolean noRoomInPlace = result == -Errno.ENOMEM && mayMove == 0;
    if (!severalAreas && !noRoomInPlace) {
      throw failure("mremap", newLength, (int) -result);
    }
    List<VirtualAreas.Area> areas = VirtualAreas.in(old.address(), old.address() + old.byteSize());
    long room = Relocation.reserve(newLength, alignment);
    if (room < 0) {
      throw failure("mremap", newLength, (int) -room);
    }
    // The last area goes first: it alone needs new memory, and if it gets none nothing has moved.
    for (int i = areas.size() - 1; i >= 0; i--) {
      VirtualAreas.Area area = areas.get(i);
      boolean last = i == areas.size() - 1;
      long grown = last ? area.length() + newLength - old.byteSize() : area.length();
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

  private MemoryException refused(long length, long room, int errno) {
    if (room == length) {
      return failure("mmap", length, errno);
    }
    String step =
        errno == Errno.ENOMEM ? AddressSpace.OF_PROCESS.nextStep(room, false) + "; or " : "";
    return Errno.exception(
        "mmap",
        room,
        target,
        errno,
        step + "give a smaller maximum: addresses are reserved for all of it");
  }

  private MemoryException failure(String operation, long length, int errno) {
    return errno == Errno.ENOMEM
        ? Errno.exception(
            operation, length, target, errno, AddressSpace.OF_PROCESS.nextStep(length, promised))
        : Errno.exception(operation, length, target, errno);
  }
}
