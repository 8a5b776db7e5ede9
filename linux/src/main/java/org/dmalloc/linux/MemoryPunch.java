/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.Sharing;

/** Gives memory back that has no file to punch a hole into; it reads as zeros from then on. */
public final class MemoryPunch {
  private MemoryPunch() {}

  /**
   * Empties a range of private memory, which loses its own pages (MADV_DONTNEED), or of shared
   * memory without a descriptor, whose file in the kernel loses them (MADV_REMOVE). The whole pages
   * inside the range are given back; what is left at its ends is zeroed by stores.
   *
   * <p>A private mapping of a file shows the file's bytes again, so that this is for files that
   * nothing was written to.
   *
   * @throws IndexOutOfBoundsException if the range lies outside
   * @throws MemoryException if the kernel refuses; nothing has changed then. Or if locked pages
   *     could not be locked again; the range is empty and unlocked then
   */
  public static void punch(Mapping mapping, long offset, long length) throws MemoryException {
    MemorySegment segment = mapping.segment();
    long size = segment.byteSize();
    Objects.checkFromIndexSize(offset, length, size);
    long end = offset + length;
    long first = Math.min(end, Platform.roundUpToPage(offset));
    // Behind the last byte there is nothing in its page.
    long last = end == size ? end : Math.max(first, Platform.roundDownToPage(end));
    try {
      if (last > first) {
        Madvise call =
            mapping.kind().sharing() == Sharing.PRIVATE ? Madvise.DONTNEED : Madvise.REMOVE;
        mapping.adviseUnlocked(call, mapping.range(first, last - first));
      }
    } finally {
      segment.asSlice(offset, first - offset).fill((byte) 0);
      segment.asSlice(last, end - last).fill((byte) 0);
      BusErrors.deliver();
    }
  }
}
