/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.util.EnumSet;
import java.util.Set;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;

/**
 * What no process can do to a file in memory any more, from the moment at which one of them has
 * added the seal and as long as the file is there. Holes can be punched all the same; they read as
 * zero.
 */
public enum Seal {
  /** To make it shorter, which would make an access behind its end a signal. */
  SHRINK(Abi.F_SEAL_SHRINK),
  /** To make it longer. */
  GROW(Abi.F_SEAL_GROW),
  /** To add a seal. */
  SEAL(Abi.F_SEAL_SEAL);

  private final int flag;

  Seal(int flag) {
    this.flag = flag;
  }

  /**
   * Adds seals.
   *
   * @throws MemoryException on a file that is not in memory, or is sealed against seals
   */
  public static void add(OpenFile file, Seal... seals) throws MemoryException {
    int flags = 0;
    for (Seal seal : seals) {
      flags |= seal.flag;
    }
    int all = flags;
    file.call("fcntl F_ADD_SEALS", -1, fd -> Libc.fcntl(fd, Abi.F_ADD_SEALS, all));
  }

  /** The seals of a file, of those here; none if it can have none. */
  public static Set<Seal> of(OpenFile file) throws MemoryException {
    long flags = file.use(fd -> Libc.fcntl(fd, Abi.F_GET_SEALS, 0));
    EnumSet<Seal> seals = EnumSet.noneOf(Seal.class);
    if (flags == -Errno.EINVAL) {
      return seals;
    }
    Libc.check("fcntl F_GET_SEALS", -1, file.target(), flags);
    for (Seal seal : values()) {
      if ((flags & seal.flag) != 0) {
        seals.add(seal);
      }
    }
    return seals;
  }
}
