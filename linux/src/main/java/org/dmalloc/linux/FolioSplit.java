/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;

/**
 * Splits large folios by MADV_COLD on single pages: before the kernel makes a part of a folio cold
 * it splits the folio (mm/madvise.c). One page in every 64 KiB is named, by {@code process_madvise}
 * 1,024 at once where that is allowed.
 */
final class FolioSplit {
  /** Smaller folios than this may stay: to write 64 KiB for 4 costs about the same request. */
  private static final long STEP_BYTES = 64 << 10;

  private static final long LARGE_BYTES = 2 << 20;

  private static final long VECTOR_BYTES = 16;

  private static volatile boolean batchRefused;

  private FolioSplit() {}

  static void split(MemorySegment pages, String target) throws MemoryException {
    long page = Platform.pageSize();
    long step = Math.max(STEP_BYTES, 2 * page);
    int pidfd = Prefetch.pidfd();
    mapOneOfEach(pages, page);
    long done = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment vectors = arena.allocate(Abi.IOV_MAX * VECTOR_BYTES, 8);
      while (done < pages.byteSize() && pidfd >= 0 && !batchRefused) {
        int count = 0;
        long next = done;
        for (; count < Abi.IOV_MAX && next < pages.byteSize(); next += step) {
          vectors.setAtIndex(ValueLayout.JAVA_LONG, 2L * count, pages.address() + next);
          vectors.setAtIndex(ValueLayout.JAVA_LONG, 2L * count + 1, page);
          count++;
        }
        int vectorCount = count;
        long result =
            OpenFile.retry(
                () -> Libc.processMadvise(pidfd, vectors, vectorCount, Madvise.COLD.number, pages));
        if (result == -Errno.ENOSYS || result == -Errno.EPERM) {
          batchRefused = true;
          break;
        }
        Libc.check("madvise COLD", pages.byteSize(), target, result);
        done = next;
      }
    }
    for (; done < pages.byteSize(); done += step) {
      MemorySegment single = pages.asSlice(done, page);
      long result = OpenFile.retry(() -> Libc.madvise(single, page, Madvise.COLD.number));
      Libc.check("madvise COLD", pages.byteSize(), target, result);
    }
  }

  /**
   * Maps a page of each 2 MiB, the first that is in RAM: only mapped pages are made cold, and a
   * folio that was in use when it was to be split has been unmapped without. Nothing is read for
   * it. If that is not to be had, it stays as it is.
   */
  private static void mapOneOfEach(MemorySegment pages, long page) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment flags = arena.allocate(LARGE_BYTES / page);
      for (long offset = 0; offset < pages.byteSize(); offset += LARGE_BYTES) {
        MemorySegment stretch =
            pages.asSlice(offset, Math.min(LARGE_BYTES, pages.byteSize() - offset));
        if (Libc.mincore(stretch, stretch.byteSize(), flags) < 0) {
          return;
        }
        long count = stretch.byteSize() / page;
        long first = 0;
        while (first < count && (flags.get(ValueLayout.JAVA_BYTE, first) & 1) == 0) {
          first++;
        }
        if (first < count
            && Libc.madvise(stretch.asSlice(first * page, page), page, Madvise.POPULATE_READ.number)
                < 0) {
          return;
        }
      }
    }
  }
}
