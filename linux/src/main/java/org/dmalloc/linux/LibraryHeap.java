/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;

/** Memory from malloc(3) of the C library: what a program gets that asks for nothing special. */
public final class LibraryHeap {
  private static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private LibraryHeap() {}

  /**
   * Takes a block, and frees it when the arena closes. Its content is undefined; a block beyond the
   * library's threshold (128 KiB in glibc, at first) is an anonymous mapping of its own, and zero.
   *
   * @param byteSize at least 1
   * @throws MemoryException if there is no memory or address space
   */
  public static MemorySegment allocate(long byteSize, Arena arena) throws MemoryException {
    return block(byteSize).reinterpret(byteSize, arena, Libc::free);
  }

  /**
   * Takes a block that its user frees, as a C program does: whoever uses it after that, or beyond
   * its size, destroys other memory. For measurements, which know what they do.
   *
   * @param byteSize at least 1
   * @return its address, which {@link #free} takes and {@link #memory} is indexed by
   * @throws MemoryException if there is no memory or address space
   */
  public static long allocate(long byteSize) throws MemoryException {
    return block(byteSize).address();
  }

  private static MemorySegment block(long byteSize) throws MemoryException {
    Platform.require();
    if (byteSize < 1) {
      throw new IllegalArgumentException("byteSize " + byteSize + "; give at least 1");
    }
    MemorySegment block = Libc.malloc(byteSize);
    if (block.address() == 0) {
      throw Errno.exception("malloc", byteSize, "", Errno.ENOMEM);
    }
    return block;
  }

  /** Frees a block of {@link #allocate(long)}, once. */
  public static void free(long address) {
    Libc.free(MemorySegment.ofAddress(address));
  }

  /** All memory of the process, by address. */
  public static MemorySegment memory() {
    return MEMORY;
  }
}
