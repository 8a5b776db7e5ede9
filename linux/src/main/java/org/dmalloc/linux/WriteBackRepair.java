/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.MemoryException;

/**
 * Makes pages of a file dirty again that the kernel takes for clean since it failed to write them.
 *
 * <p>The failed write-back has taken the write permission from the page table, so
 * MADV_POPULATE_WRITE takes a fault at each page, which makes it dirty and stores nothing. Users
 * may store meanwhile. That is not enough on ext4: the page's buffers still say that the blocks
 * below them are mapped, so the next write-back goes to the blocks and never turns the extents of
 * fallocate(2) from unwritten into written; it succeeds, and the file reads as zeros. The kernel
 * forgets the buffers of a page when it tries to reclaim it. So the pages are paged out while a
 * pipe holds references on them (vmsplice), which makes the last step of reclaiming fail: they stay
 * in the page cache with their content, without buffers.
 */
final class WriteBackRepair {
  private static final long PIECE_BYTES = 1L << 20;
  private static final int SPLICE_F_NONBLOCK = 2;

  private WriteBackRepair() {}

  static void rewrite(MemorySegment pages, String target) throws MemoryException {
    eachRun(
        pages,
        target,
        (offset, length) -> {
          for (long done = 0; done < length; ) {
            MemorySegment rest = pages.asSlice(offset + done, length - done);
            try (HeldPages held = HeldPages.of(rest)) {
              long bytes = Platform.roundDownToPage(held.bytes());
              if (bytes > 0) {
                // What cannot be paged out keeps its buffers: a comparison with the device tells.
                Libc.madvise(rest, bytes, Madvise.PAGEOUT.number);
              } else {
                bytes = rest.byteSize(); // no pipe to be had
              }
              Madvise.POPULATE_WRITE.call(rest.asSlice(0, bytes), target);
              done += bytes;
            }
          }
        });
  }

  /** Shows each run of pages that are in RAM, of a piece at most. */
  static void eachRun(MemorySegment pages, String target, Mapping.RunVisitor visitor)
      throws MemoryException {
    ResidencyProbe.eachRun(pages, PIECE_BYTES, target, visitor);
  }

  /** References on pages, held by a pipe. */
  private record HeldPages(int readEnd, int writeEnd, long bytes) implements AutoCloseable {
    private static final HeldPages NONE = new HeldPages(-1, -1, 0);

    /** Takes references on the first pages of a run, on all where the pipe may be that large. */
    static HeldPages of(MemorySegment run) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment ends = arena.allocate(Long.BYTES, Integer.BYTES);
        if (Libc.pipe2(ends, Abi.O_CLOEXEC | Abi.O_NONBLOCK) < 0) {
          return NONE;
        }
        int readEnd = ends.getAtIndex(JAVA_INT, 0);
        int writeEnd = ends.getAtIndex(JAVA_INT, 1);
        Libc.fcntl(writeEnd, Abi.F_SETPIPE_SZ, (int) PIECE_BYTES);
        MemorySegment vector = arena.allocate(2L * Long.BYTES, Long.BYTES);
        vector.setAtIndex(JAVA_LONG, 0, run.address());
        vector.setAtIndex(JAVA_LONG, 1, run.byteSize());
        long held = Libc.vmsplice(writeEnd, vector, SPLICE_F_NONBLOCK, run);
        return new HeldPages(readEnd, writeEnd, Math.max(0, held));
      }
    }

    @Override
    public void close() {
      if (writeEnd >= 0) {
        Libc.close(readEnd);
        Libc.close(writeEnd);
      }
    }
  }
}
