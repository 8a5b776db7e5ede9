/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;

/** Files that share blocks (reflinks). A store to a shared block takes a new one, in either. */
public final class SharedBlocks {
  private static final Set<String> FILE_SYSTEMS = Set.of("xfs", "btrfs", "bcachefs", "ocfs2");

  private SharedBlocks() {}

  /** Whether {@link #share} may work: both files lie on one file system that has that. */
  public static boolean possible(OpenFile from, OpenFile to) throws MemoryException {
    return to.facts().device() == from.facts().device()
        && FILE_SYSTEMS.contains(to.fileSystem().type());
  }

  /**
   * Has a file share the blocks of another one from a position to its end, in place of its own
   * (FICLONERANGE). Waits until what is changed of the other one is written.
   *
   * @return false, and nothing has changed, if the file system refuses
   */
  public static boolean share(OpenFile from, long fromPosition, OpenFile to, long position)
      throws MemoryException {
    long result =
        to.use(fd -> from.<Long, MemoryException>use(own -> call(fd, own, fromPosition, position)));
    if (result == -Errno.EOPNOTSUPP || result == -Errno.EINVAL) {
      return false;
    }
    Libc.check("ioctl FICLONERANGE", -1, to.target(), result);
    return true;
  }

  private static long call(int fd, int from, long fromPosition, long position) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment range = arena.allocate(32, 8);
      range.set(ValueLayout.JAVA_LONG, 0, from);
      range.set(ValueLayout.JAVA_LONG, 8, fromPosition);
      range.set(ValueLayout.JAVA_LONG, 16, 0); // to the end
      range.set(ValueLayout.JAVA_LONG, 24, position);
      return OpenFile.retry(() -> Libc.ioctl(fd, Abi.FICLONERANGE, range));
    }
  }
}
