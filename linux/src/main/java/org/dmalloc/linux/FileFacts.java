/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What statx(2) tells about an open file. Its structure is the same on every architecture.
 *
 * @param byteSize the length of the file
 * @param allocatedBytes what it takes on disk
 * @param device the device it lies on, as {@code major << 32 | minor}
 * @param inode its number there; device and inode together identify a file
 * @param linkCount the names it has; 0 for an unnamed file
 * @param regular whether it is a plain file, not a directory or a device
 */
public record FileFacts(
    long byteSize, long allocatedBytes, long device, long inode, int linkCount, boolean regular) {
  static final long STRUCT_BYTES = 256;
  private static final long SECTOR_BYTES = 512;
  private static final int TYPE_MASK = 0xF000;
  private static final int TYPE_REGULAR = 0x8000;

  static FileFacts read(MemorySegment statx) {
    return new FileFacts(
        statx.get(ValueLayout.JAVA_LONG, 40),
        statx.get(ValueLayout.JAVA_LONG, 48) * SECTOR_BYTES,
        (long) statx.get(ValueLayout.JAVA_INT, 136) << 32
            | Integer.toUnsignedLong(statx.get(ValueLayout.JAVA_INT, 140)),
        statx.get(ValueLayout.JAVA_LONG, 32),
        statx.get(ValueLayout.JAVA_INT, 16),
        (statx.get(ValueLayout.JAVA_SHORT, 28) & TYPE_MASK) == TYPE_REGULAR);
  }
}
