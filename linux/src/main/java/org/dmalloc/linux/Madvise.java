/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.AddressSpace;
import org.dmalloc.spi.machine.Errno;

/** The advice of madvise(2), its numbers, and what its refusal means. */
enum Madvise {
  NORMAL(Abi.MADV_NORMAL, ""),
  RANDOM(Abi.MADV_RANDOM, ""),
  SEQUENTIAL(Abi.MADV_SEQUENTIAL, ""),
  WILLNEED(Abi.MADV_WILLNEED, ""),
  DONTNEED(Abi.MADV_DONTNEED, "unlock the region first"),
  COLD(Abi.MADV_COLD, "unlock the region first; needs Linux 5.4"),
  PAGEOUT(Abi.MADV_PAGEOUT, "unlock the region first; needs Linux 5.4"),
  HUGEPAGE(Abi.MADV_HUGEPAGE, "needs a kernel with transparent huge pages"),
  NOHUGEPAGE(Abi.MADV_NOHUGEPAGE, "needs a kernel with transparent huge pages"),
  COLLAPSE(
      Abi.MADV_COLLAPSE,
      "needs Linux 6.1, whole aligned huge pages, and memory or a file that can have them"),
  POPULATE_READ(Abi.MADV_POPULATE_READ, "needs Linux 5.14"),
  POPULATE_WRITE(Abi.MADV_POPULATE_WRITE, "needs Linux 5.14");

  final int number;

  /** Whether it marks the mapping, so that a part with another mark becomes one of its own. */
  final boolean splits;

  private final String whenInvalid;

  Madvise(int number, String whenInvalid) {
    this.number = number;
    this.splits =
        switch (number) {
          case Abi.MADV_NORMAL,
              Abi.MADV_RANDOM,
              Abi.MADV_SEQUENTIAL,
              Abi.MADV_HUGEPAGE,
              Abi.MADV_NOHUGEPAGE ->
              true;
          default -> false;
        };
    this.whenInvalid = whenInvalid;
  }

  static Madvise of(Advice advice) {
    return switch (advice) {
      case NORMAL -> NORMAL;
      case RANDOM -> RANDOM;
      case SEQUENTIAL -> SEQUENTIAL;
      case WILL_NEED -> WILLNEED;
      case DONT_NEED -> DONTNEED;
      case COLD -> COLD;
      case PAGE_OUT -> PAGEOUT;
      case HUGE_PAGE -> HUGEPAGE;
      case NO_HUGE_PAGE -> NOHUGEPAGE;
      case COLLAPSE -> COLLAPSE;
      case POPULATE_READ -> POPULATE_READ;
      case POPULATE_WRITE -> POPULATE_WRITE;
    };
  }

  /** Makes the call for a range of whole pages. */
  void call(MemorySegment range, String target) throws MemoryException {
    long result = OpenFile.retry(() -> Libc.madvise(range, range.byteSize(), number));
    if (result < 0) {
      throw failure((int) -result, range.byteSize(), target);
    }
  }

  private MemoryException failure(int errno, long byteSize, String target) {
    String operation = "madvise " + name();
    if (errno == Errno.EINVAL && !whenInvalid.isEmpty()) {
      return Errno.exception(operation, byteSize, target, errno, whenInvalid);
    }
    if (splits && (errno == Errno.EAGAIN || errno == Errno.ENOMEM)) { // no room for a split
      return Errno.exception(
          operation, byteSize, target, errno, AddressSpace.OF_PROCESS.nextStep(0, false));
    }
    if (errno == Errno.EFAULT && (this == POPULATE_READ || this == POPULATE_WRITE)) {
      return Errno.exception(
          operation,
          byteSize,
          target,
          errno,
          "the file was cut short or its file system is full; restore its size or free space");
    }
    return Errno.exception(operation, byteSize, target, errno);
  }
}
