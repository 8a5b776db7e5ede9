/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;

/**
 * Finds and makes resident pages with the two questions that Java has: {@link
 * MemorySegment#isLoaded} and {@link MemorySegment#load}.
 *
 * <p>{@code isLoaded} is true if <i>every</i> page of a segment is resident, so a run of pages is
 * asked first and counted at once when it is; only where it is not, page by page. Pages here are 4
 * KiB: where the system's are larger, their parts give the same answer and add up.
 */
final class ResidentPages {
  static final long PAGE = 4096;

  /**
   * Long enough to make a resident gigabyte cheap, short enough to be often resident as a whole.
   */
  private static final long RUN = 64 * PAGE;

  private static final long BRING_IN = 16L << 20;

  private ResidentPages() {}

  /** The start of the page that holds the offset. */
  static long floor(long offset) {
    return offset - offset % PAGE;
  }

  /** The end of the page that holds the byte before the offset. */
  static long ceiling(long offset) {
    return floor(offset + PAGE - 1);
  }

  /** Counts the resident bytes of the pages from one page boundary to another. */
  static long count(MemorySegment segment, long from, long to) {
    long resident = 0;
    for (long run = from; run < to; run += RUN) {
      long end = Math.min(to, run + RUN);
      if (isLoaded(segment, run, end)) {
        resident += end - run;
      } else {
        for (long page = run; page < end; page += PAGE) {
          resident += isLoaded(segment, page, page + PAGE) ? PAGE : 0;
        }
      }
    }
    return resident;
  }

  private static boolean isLoaded(MemorySegment segment, long from, long to) {
    // The segment ends inside its last page.
    return segment.asSlice(from, Math.min(to, segment.byteSize()) - from).isLoaded();
  }

  /**
   * Reads all pages in.
   *
   * @param outcome what is there when it was cancelled, in words
   * @throws MemoryException if the thread is interrupted or the listener throws
   */
  static void bringIn(MemorySegment segment, Path file, ProgressListener progress, String outcome)
      throws MemoryException {
    long size = segment.byteSize();
    report(progress, 0, size, file, outcome);
    for (long at = 0; at < size; at += BRING_IN) {
      if (Thread.currentThread().isInterrupted()) {
        throw MemoryException.interrupted("prefault", size, file.toString(), at, outcome);
      }
      long length = Math.min(BRING_IN, size - at);
      segment.asSlice(at, length).load();
      report(progress, at + length, size, file, outcome);
    }
  }

  private static void report(
      ProgressListener progress, long done, long size, Path file, String outcome)
      throws MemoryException {
    try {
      progress.progressed(done, size);
    } catch (RuntimeException cancel) {
      throw MemoryException.of(
          "prefault",
          size,
          file.toString(),
          "cancelled by its progress listener",
          MemoryException.NO_ERRNO,
          outcome,
          cancel);
    }
  }
}
