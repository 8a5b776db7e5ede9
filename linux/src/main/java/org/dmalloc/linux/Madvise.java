/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.AddressSpace;
import org.dmalloc.spi.machine.Errno;

/** The advice of madvise(2), its numbers (asm-generic/mman-common.h), and what an error means. */
enum Madvise {
  NORMAL(0, ""),
  RANDOM(1, ""),
  SEQUENTIAL(2, ""),
  WILLNEED(3, ""),
  DONTNEED(4, "unlock the region first"),
  /** Throws the pages and the space of a shared mapping away. */
  REMOVE(9, "unlock the region first"),
  COLD(20, "unlock the region first; needs Linux 5.4"),
  PAGEOUT(21, "unlock the region first; needs Linux 5.4"),
  HUGEPAGE(14, "needs a kernel with transparent huge pages"),
  NOHUGEPAGE(15, "needs a kernel with transparent huge pages"),
  COLLAPSE(
      25, "needs Linux 6.1, whole aligned huge pages, and memory or a file that can have them"),
  POPULATE_READ(22, "needs Linux 5.14"),
  POPULATE_WRITE(23, "needs Linux 5.14");

  final int number;

  private final String whenInvalid;

  Madvise(int number, String whenInvalid) {
    this.number = number;
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

  /** Whether it marks the mapping, so that a part with another mark becomes one of its own. */
  boolean splits() {
    return EnumSet.of(NORMAL, RANDOM, SEQUENTIAL, HUGEPAGE, NOHUGEPAGE).contains(this);
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
    if (splits() && (errno == Errno.EAGAIN || errno == Errno.ENOMEM)) { // no room for a split
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
