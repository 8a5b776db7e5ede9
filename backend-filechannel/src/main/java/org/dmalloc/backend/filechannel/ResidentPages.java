/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.spi.region.LongOperation;
import org.dmalloc.spi.region.MappedBytes;
import org.dmalloc.spi.store.StoreFile;

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

  private static final VarHandle WORD = ValueLayout.JAVA_LONG.varHandle();

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
  static long count(MemorySegment segment, long from, long to) throws MemoryException {
    long[] resident = new long[1];
    eachResidentPages(segment, from, to, (run, length) -> resident[0] += length);
    return resident[0];
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
    LongOperation operation =
        new LongOperation("prefault", file.toString(), size, progress, outcome);
    operation.report(0);
    for (long at = 0; at < size; at += BRING_IN) {
      operation.checkNotInterrupted(at);
      long length = Math.min(BRING_IN, size - at);
      segment.asSlice(at, length).load();
      operation.report(at + length);
    }
  }

  /** Is shown parts of a region. */
  @FunctionalInterface
  interface RunVisitor {
    /** Visits a part that is resident. */
    void visit(long offset, long length) throws MemoryException;
  }

  /** Shows what of a range is resident, in runs of some pages. */
  static void eachResident(MemorySegment segment, long offset, long length, RunVisitor visitor)
      throws MemoryException {
    long size = segment.byteSize(); // inside the last page
    eachResidentPages(
        segment,
        floor(offset),
        ceiling(offset + length),
        (run, count) -> visitor.visit(run, Math.min(count, size - run)));
  }

  private static void eachResidentPages(
      MemorySegment segment, long from, long to, RunVisitor visitor) throws MemoryException {
    for (long run = from; run < to; run += RUN) {
      long end = Math.min(to, run + RUN);
      if (isLoaded(segment, run, end)) {
        visitor.visit(run, end - run);
        continue;
      }
      for (long page = run; page < end; page += PAGE) {
        if (isLoaded(segment, page, page + PAGE)) {
          visitor.visit(page, PAGE);
        }
      }
    }
  }

  /**
   * Copies the pages that differ to a region that grows, so that those that do not need no copy of
   * their own.
   *
   * @param region for messages
   */
  static void copyChanged(
      MemorySegment from, MemorySegment into, String region, ProgressListener progress)
      throws MemoryException {
    LongOperation operation = LongOperation.ofGrowth("copy", region, from.byteSize(), progress);
    MappedBytes bytes = new MappedBytes();
    for (long page = 0; page < from.byteSize(); page += PAGE) {
      if (page % BRING_IN == 0) {
        operation.checkNotInterrupted(page);
        operation.report(page);
      }
      long end = Math.min(page + PAGE, from.byteSize());
      if (bytes.mismatch(from, into, page, end) >= 0) {
        MemorySegment.copy(from, page, into, page, end - page);
      }
    }
    BusErrors.deliver();
  }

  /**
   * Makes the pages of a range that are resident dirty, by adding nothing to a word of each: stores
   * that users make meanwhile are not lost.
   *
   * @param sparse whether a page may want disk space that is not reserved; then there must be
   *     enough for all, because a page that gets none is a signal
   * @throws MemoryException if it cannot be done without that risk
   */
  static void touch(MemorySegment segment, long offset, long length, StoreFile file, boolean sparse)
      throws MemoryException {
    file.checkLength("force");
    if (sparse) {
      file.data().requireRoom("force", length);
    }
    try {
      eachResident(
          segment,
          offset,
          length,
          (run, count) -> {
            for (long page = run; page < run + count; page += PAGE) {
              if (run + count - page >= Long.BYTES) {
                WORD.getAndAdd(segment, page, 0L);
              } else {
                file.data().touchPadding();
              }
            }
          });
      BusErrors.deliver();
    } catch (InternalError e) {
      throw MemoryException.of(
          "force",
          length,
          file.path().toString(),
          "a page could not be made dirty: its file system is full, or the file was cut short",
          MemoryException.NO_ERRNO,
          "free space and force again",
          BusErrors.require(e));
    }
  }
}
