/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * What all pages of a journal that are not content have in common: 4096 bytes, little-endian, a
 * magic number first, a checksum of all before it last.
 */
final class PageFormat {
  static final int PAGE = 4096;
  static final int VERSION = 1;
  static final int CHECKSUM_AT = PAGE - Integer.BYTES;

  /** Each begins as the magic of a region's file does; the third byte tells the kind of page. */
  static final long SUPERBLOCK = 0x0a1a0a0d_534a4489L; // 89 'D' 'J' 'S' 0d 0a 1a 0a

  static final long SLOT = 0x0a1a0a0d_484a4489L; // 89 'D' 'J' 'H' …
  static final long INDEX = 0x0a1a0a0d_494a4489L; // 89 'D' 'J' 'I' …
  static final long SEAL = 0x0a1a0a0d_454a4489L; // 89 'D' 'J' 'E' …

  private PageFormat() {}

  static ByteBuffer page() {
    return ByteBuffer.allocate(PAGE).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The next pages of a buffer that has more. */
  static ByteBuffer slice(ByteBuffer buffer, int at, int length) {
    return buffer.slice(at, length).order(ByteOrder.LITTLE_ENDIAN);
  }

  static int checksum(ByteBuffer content) {
    CRC32C crc = new CRC32C();
    crc.update(content.duplicate());
    return (int) crc.getValue();
  }

  /** Writes the checksum of a page, and returns it. */
  static int seal(ByteBuffer page) {
    int checksum = checksum(page.slice(0, CHECKSUM_AT));
    page.putInt(CHECKSUM_AT, checksum);
    return checksum;
  }

  static boolean is(ByteBuffer page, long magic) {
    return page.getLong(0) == magic
        && page.getInt(CHECKSUM_AT) == checksum(page.slice(0, CHECKSUM_AT));
  }

  static void putId(ByteBuffer page, int at, UUID id) {
    page.putLong(at, Long.reverseBytes(id.getMostSignificantBits()));
    page.putLong(at + Long.BYTES, Long.reverseBytes(id.getLeastSignificantBits()));
  }

  static UUID id(ByteBuffer page, int at) {
    return new UUID(
        Long.reverseBytes(page.getLong(at)), Long.reverseBytes(page.getLong(at + Long.BYTES)));
  }

  /** The smallest multiple of a page that is not below. */
  static long wholePages(long bytes) {
    return (bytes + PAGE - 1) / PAGE * PAGE;
  }
}
