/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.SealedCheckpoint;
import org.dmalloc.spi.machine.Errno;

/**
 * Finds the pages that the file has differently, where the kernel does not tell what was stored.
 */
final class Unequal {
  private static final int PAGE = SealedCheckpoint.PAGE_BYTES;

  private Unequal() {}

  /** The pages among both sets whose private copy is not what the file has. */
  static PageSet of(Member member, PageSet copied, PageSet asked) throws MemoryException {
    PageSet both = copied.copy();
    PageSet others = copied.copy();
    others.removeAll(asked);
    both.removeAll(others);
    PageSet unequal = new PageSet();
    ByteBuffer page = ByteBuffer.allocate(PAGE);
    byte[] inMemory = new byte[PAGE];
    both.forEachRun(
        (offset, length) -> {
          for (long at = offset; at < offset + length; at += PAGE) {
            page.clear();
            read(member, at, page);
            MemorySegment.copy(member.memory.pages(), JAVA_BYTE, at, inMemory, 0, PAGE);
            BusErrors.deliver();
            if (!Arrays.equals(page.array(), inMemory)) {
              unequal.add(at, PAGE);
            }
          }
        });
    return unequal;
  }

  private static void read(Member member, long offset, ByteBuffer into) throws MemoryException {
    try {
      member.file.read(offset, into);
    } catch (IOException e) {
      throw Errno.exception("read", PAGE, member.region.toString(), e);
    }
  }
}
