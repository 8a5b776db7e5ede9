/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.MappingCount;
import org.dmalloc.spi.region.Uninterrupted.Action;

/** The lock on the pages of one mapping, which keeps them in RAM. */
final class PageLock {
  private final String target;
  private volatile boolean held;

  PageLock(String target) {
    this.target = target;
  }

  boolean held() {
    return held;
  }

  /** Locks the whole mapping. */
  void lock(MemorySegment range) throws MemoryException {
    lock(range, !held);
    held = true;
  }

  /** Locks what was added to a mapping, if that is locked. */
  void extend(MemorySegment added) throws MemoryException {
    if (held) {
      lock(added, true);
    }
  }

  /** Lets go of what a mapping is going to lose. */
  void giveUp(MemorySegment lost) throws MemoryException {
    if (held) {
      Libc.check("munlock", lost.byteSize(), target, Libc.munlock(lost, lost.byteSize()));
    }
  }

  private void lock(MemorySegment range, boolean fresh) throws MemoryException {
    MappingCount.OF_PROCESS.add("mlock", range.byteSize(), target, 2);
    long result = OpenFile.retry(() -> Libc.mlock2(range, range.byteSize(), Abi.MLOCK_ONFAULT));
    if (result < 0) {
      int errno = (int) -result;
      if (fresh) {
        Libc.munlock(range, range.byteSize()); // a failure half-way leaves some pages locked
      }
      // EPERM is the limit's only where it is 0: else a policy forbids the call.
      boolean limited =
          errno == Errno.ENOMEM
              || errno == Errno.EAGAIN
              || (errno == Errno.EPERM && Platform.lockLimitBytes() == 0);
      throw limited
          ? Errno.exception("mlock", range.byteSize(), target, errno, advice())
          : Errno.exception("mlock", range.byteSize(), target, errno);
    }
  }

  private static String advice() {
    return Platform.lockLimitBytes() == Long.MAX_VALUE
        ? "free memory: RLIMIT_MEMLOCK is unlimited"
        : Platform.lockLimitStep();
  }

  /**
   * Makes a call on a part of the mapping that the kernel refuses while its pages are locked.
   *
   * @throws MemoryException if the call fails; or if the part could not be locked again, and is
   *     locked no more
   */
  void without(MemorySegment part, Action call) throws MemoryException {
    if (!held) {
      call.run();
      return;
    }
    MappingCount.OF_PROCESS.add("munlock", part.byteSize(), target, 2);
    Libc.check("munlock", part.byteSize(), target, Libc.munlock(part, part.byteSize()));
    try {
      call.run();
    } finally {
      lock(part);
    }
  }

  void unlock(MemorySegment range) throws MemoryException {
    Libc.check("munlock", range.byteSize(), target, Libc.munlock(range, range.byteSize()));
    held = false;
  }
}
