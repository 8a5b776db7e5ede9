/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import org.dmalloc.spi.machine.Errno;

/**
 * A mapped range of addresses and the arena that unmaps it when it is closed, unless it was {@link
 * #abandon() abandoned} because the addresses now belong to another range.
 */
final class AddressRange {
  private final Arena arena = Arena.ofShared();
  private final MemorySegment segment;
  private final long address;
  private final long length;
  private boolean abandoned; // written and read by the closing thread only

  /** Takes over a mapping of whole pages. */
  AddressRange(long address, long length) {
    this.address = address;
    this.length = length;
    this.segment =
        MemorySegment.ofAddress(address).reinterpret(length, arena, mapped -> unmapUnlessLeft());
  }

  MemorySegment segment() {
    return segment;
  }

  long address() {
    return address;
  }

  long length() {
    return length;
  }

  /** Ends all access and unmaps. An {@link IllegalStateException} means a call is in progress. */
  void close() {
    arena.close();
  }

  /** Ends all access and leaves the addresses mapped, for a successor. */
  void abandon() {
    abandoned = true;
    try {
      arena.close();
    } catch (IllegalStateException inUse) {
      abandoned = false;
      throw inUse;
    }
  }

  private void unmapUnlessLeft() {
    if (!abandoned) {
      unmap(address, length);
    }
  }

  static void unmap(long address, long length) {
    long result = Libc.munmap(MemorySegment.ofAddress(address), length);
    if (result < 0) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "munmap %d bytes at 0x%x: %s (%d)",
              length,
              address,
              Errno.name((int) -result),
              -result));
    }
  }
}
