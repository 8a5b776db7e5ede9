/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.LongStream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;

/**
 * Announces many ranges to the kernel by one {@code process_madvise(MADV_WILLNEED)} on this
 * process's own pidfd, for each 1,024 of them. The kernel plugs the block queue for the length of
 * the call, so that a device sees the whole batch at once.
 *
 * <p>Kernels before 5.10 lack the call, and those before 6.13 want CAP_SYS_NICE for it; there it is
 * one madvise(2) per range, which reads the same pages with one system call each.
 */
final class Prefetch {
  static final String BATCH = "process_madvise";
  static final String SINGLE = "madvise";

  /**
   * MADV_WILLNEED on a file reads no more than the larger of read_ahead_kb and the device's largest
   * request, and says nothing about the rest (force_page_cache_ra in mm/readahead.c). The default
   * of the first is 128 KiB.
   */
  private static final long READ_AHEAD_BYTES = 128L << 10;

  /** So many pieces of a long range are announced together: 1 GiB. */
  private static final int ANNOUNCED_PIECES = 8192;

  private static final long VECTOR_BYTES = 16;
  private static final int UNKNOWN = -1;
  private static final int UNAVAILABLE = -2;

  /** Kept for the life of the process; a pidfd holds nothing but a number. */
  private static int ownPidfd = UNKNOWN;

  private static volatile boolean batchRefused;

  private Prefetch() {}

  static String call() {
    return batchRefused || pidfd() == UNAVAILABLE ? SINGLE : BATCH;
  }

  /** Announces all of each range of whole pages; a long one in pieces that the kernel takes. */
  static void announce(MemorySegment pages, long[] offsets, long length, String target)
      throws MemoryException {
    if (length <= READ_AHEAD_BYTES) {
      if (length > 0) {
        announceWhole(pages, offsets, length, target);
      }
      return;
    }
    for (long next : offsets) {
      long end = next + length;
      while (next < end) {
        int count = (int) Math.min((end - next) / READ_AHEAD_BYTES, ANNOUNCED_PIECES);
        long piece = count > 0 ? READ_AHEAD_BYTES : end - next;
        long start = next;
        long[] pieces =
            LongStream.range(0, Math.max(count, 1)).map(i -> start + i * piece).toArray();
        announceWhole(pages, pieces, piece, target);
        next += pieces.length * piece;
      }
    }
  }

  private static void announceWhole(MemorySegment pages, long[] offsets, long length, String target)
      throws MemoryException {
    int pidfd = pidfd();
    int done = 0;
    while (done < offsets.length && !batchRefused && pidfd != UNAVAILABLE) {
      int count = Math.min(Abi.IOV_MAX, offsets.length - done);
      if (!announceBatch(pages, offsets, done, count, length, pidfd, target)) {
        batchRefused = true;
        break;
      }
      done += count;
    }
    for (; done < offsets.length; done++) {
      Madvise.WILLNEED.call(around(pages, offsets[done], length), target);
    }
  }

  /** False if the kernel refuses to take batches from this process. */
  private static boolean announceBatch(
      MemorySegment pages,
      long[] offsets,
      int first,
      int count,
      long length,
      int pidfd,
      String target)
      throws MemoryException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment vectors = arena.allocate(count * VECTOR_BYTES, 8);
      for (int i = 0; i < count; i++) {
        MemorySegment range = around(pages, offsets[first + i], length);
        vectors.setAtIndex(ValueLayout.JAVA_LONG, 2L * i, range.address());
        vectors.setAtIndex(ValueLayout.JAVA_LONG, 2L * i + 1, range.byteSize());
      }
      for (int done = 0; done < count; ) {
        MemorySegment rest = vectors.asSlice(done * VECTOR_BYTES);
        int left = count - done;
        long result =
            OpenFile.retry(
                () -> Libc.processMadvise(pidfd, rest, left, Madvise.WILLNEED.number, pages));
        if (result == -Errno.ENOSYS || result == -Errno.EPERM) {
          return false;
        }
        if (result <= 0) {
          int errno = result == 0 ? Errno.EINVAL : (int) -result;
          throw Errno.exception("process_madvise WILLNEED", left * length, target, errno);
        }
        done += consume(rest, left, result);
      }
    }
    return true;
  }

  /**
   * The number of ranges that {@code bytes} cover; a range that is done in part (the kernel takes
   * up to 2 GiB at once) is cut to its rest.
   */
  static int consume(MemorySegment vectors, int count, long bytes) {
    long left = bytes;
    for (int i = 0; i < count; i++) {
      long length = vectors.getAtIndex(ValueLayout.JAVA_LONG, 2L * i + 1);
      if (left < length) {
        long start = vectors.getAtIndex(ValueLayout.JAVA_LONG, 2L * i);
        vectors.setAtIndex(ValueLayout.JAVA_LONG, 2L * i, start + left);
        vectors.setAtIndex(ValueLayout.JAVA_LONG, 2L * i + 1, length - left);
        return i;
      }
      left -= length;
    }
    return count;
  }

  private static MemorySegment around(MemorySegment pages, long offset, long length) {
    long start = Platform.roundDownToPage(offset);
    return pages.asSlice(start, Platform.roundUpToPage(offset + length) - start);
  }

  /** This process's pidfd; negative if it cannot be had. */
  static synchronized int pidfd() {
    if (ownPidfd == UNKNOWN) {
      long result = Libc.pidfdOpen(ProcessHandle.current().pid());
      ownPidfd = result < 0 ? UNAVAILABLE : (int) result;
    }
    return ownPidfd;
  }
}
