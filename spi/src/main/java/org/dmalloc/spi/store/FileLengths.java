/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.nio.file.Path;
import org.dmalloc.api.MemoryException;

/** How long a file is for a region of some size, and how it becomes so. */
final class FileLengths {
  private static final long PAGE = 4096;

  private FileLengths() {}

  /** Takes the space for a stretch of the file, or throws. */
  @FunctionalInterface
  interface Reserve {
    void reserve(long position, long length) throws IOException;
  }

  /**
   * The file length for a region of that size: whole pages, and at least one that can be mapped.
   */
  static long of(long dataOffset, long byteSize) {
    long end = dataOffset + Math.max(1, byteSize);
    return end + (PAGE - end % PAGE) % PAGE;
  }

  /** Refuses what no file can hold, before it overflows. */
  static void checkAddressable(String operation, long byteSize, Path target)
      throws MemoryException {
    if (byteSize < 0) {
      throw new IllegalArgumentException("byteSize " + byteSize + "; give at least 0");
    }
    if (byteSize > Long.MAX_VALUE - 2 * RegionImage.DATA_OFFSET) {
      throw StoreErrors.of(operation, byteSize, target, new IOException("File too large"));
    }
  }

  /** Resizes a file without a header, whose data begins at its first byte. */
  static void resizePlain(Disk disk, long byteSize, long newByteSize, Reserve reserve)
      throws IOException {
    long newLength = of(0, newByteSize);
    if (newByteSize > byteSize) {
      lengthen(disk, byteSize, of(0, byteSize), newLength, reserve);
    } else {
      disk.setLength(newLength);
    }
  }

  /**
   * Makes a file longer: new bytes are zero, and their space is taken; on failure it has the old
   * length.
   *
   * @param dataEnd behind the region's last byte
   */
  static void lengthen(Disk disk, long dataEnd, long oldLength, long newLength, Reserve reserve)
      throws IOException {
    // What an earlier shrink left behind the last byte must not show up again: cutting the file
    // exactly there makes the kernel zero the rest of the page.
    disk.setLength(dataEnd);
    try {
      disk.setLength(newLength);
      // From there on, as blocks that are smaller than a page have been given up by the cut.
      reserve.reserve(dataEnd, newLength - dataEnd);
    } catch (IOException | RuntimeException | Error e) {
      try {
        disk.setLength(oldLength);
      } catch (IOException f) {
        e.addSuppressed(f);
      }
      throw e;
    }
  }

  /**
   * Makes a file longer that other processes have mapped, up to its last byte at most: nothing that
   * it has is cut away, which would end them by a signal. Called by one of them at a time. A file
   * that is longer already was left so by one that was killed; nobody has stored there.
   */
  static void lengthenShared(
      Disk disk, long dataEnd, long oldLength, long newLength, Reserve reserve) throws IOException {
    byte[] tail = new byte[(int) (oldLength - dataEnd)];
    disk.read(dataEnd, tail);
    if (!RegionHeader.areZeros(tail, 0, tail.length)) {
      disk.write(dataEnd, new byte[tail.length]); // what an earlier shrink left
      disk.sync();
    }
    long before = disk.length();
    if (before < newLength) {
      disk.setLength(newLength);
    }
    try {
      reserve.reserve(oldLength, newLength - oldLength);
    } catch (IOException | RuntimeException | Error e) {
      try {
        disk.setLength(before);
      } catch (IOException f) {
        e.addSuppressed(f);
      }
      throw e;
    }
  }
}
