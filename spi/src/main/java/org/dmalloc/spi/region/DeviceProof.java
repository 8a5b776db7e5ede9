/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;

/**
 * Compares memory with what the device has, after a sync that followed a failed write-back. That
 * the sync succeeded is no proof: ext4 writes pages again to blocks that its failed attempt has
 * mapped, never marks the extents of fallocate(2) as written, and the file reads as zeros.
 */
public final class DeviceProof {
  private static final long PIECE_BYTES = 1L << 20;
  private static final long PAGE = 4096;
  private static final int MAX_COMPARISONS = 10;

  private DeviceProof() {}

  /** Reads from the device, past the page cache. */
  @FunctionalInterface
  public interface Reader {
    /** Fills a buffer of whole pages from an offset in the region, a multiple of the page size. */
    void read(long offset, MemorySegment into) throws MemoryException;
  }

  /**
   * Compares a range that is in RAM.
   *
   * @param memory the whole region; others may store to it meanwhile
   * @param offset a multiple of the page size
   * @param target what to call it in messages
   * @throws MemoryException if the device has something else that nobody has changed meanwhile
   */
  public static void prove(
      MemorySegment memory, long offset, long length, String target, Reader reader)
      throws MemoryException {
    try (Arena arena = Arena.ofShared()) { // a reader may have threads of its own
      Buffers buffers = new Buffers(arena);
      for (long done = 0; done < length; done += PIECE_BYTES) {
        MemorySegment piece = memory.asSlice(offset + done, Math.min(PIECE_BYTES, length - done));
        for (int i = 1; !buffers.compare(piece, offset + done, reader); i++) {
          if (i == MAX_COMPARISONS) {
            throw MemoryException.of(
                "force",
                piece.byteSize(),
                target,
                "the file system reported success, and the device has other bytes",
                "copy its content to another region before you close it");
          }
        }
      }
    }
  }

  /** Two copies of the memory, and what the device had between them. */
  private record Buffers(MemorySegment before, MemorySegment device, MemorySegment after) {
    Buffers(Arena arena) {
      this(
          arena.allocate(PIECE_BYTES, PAGE),
          arena.allocate(PIECE_BYTES, PAGE),
          arena.allocate(PIECE_BYTES, PAGE));
    }

    /** Whether the device has every byte that did not change between the copies. */
    boolean compare(MemorySegment piece, long offset, Reader reader) throws MemoryException {
      long length = piece.byteSize();
      before.asSlice(0, length).copyFrom(piece);
      reader.read(offset, device.asSlice(0, length + (PAGE - length % PAGE) % PAGE));
      after.asSlice(0, length).copyFrom(piece);
      BusErrors.deliver();
      long at = 0;
      while (at < length) {
        long same = MemorySegment.mismatch(before, at, length, device, at, length);
        if (same < 0) {
          return true;
        }
        at += same;
        if (before.get(JAVA_BYTE, at) == after.get(JAVA_BYTE, at)) {
          return false;
        }
        at++;
      }
      return true;
    }
  }
}
