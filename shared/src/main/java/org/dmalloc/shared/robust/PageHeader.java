/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.dmalloc.api.MemoryException;

/**
 * The fixed part of a page, in 64 bytes: what the page is for. It stands at the page's begin and
 * again at its end, and is never written after the page was made. docs/locks-format.md has it.
 *
 * @param capacity of a ring, in bytes; 0 for a lock that belongs to none
 * @param nonce drawn at random when the page was made, which tells it from all others
 */
record PageHeader(Kind kind, long capacity, long nonce) {
  /** {@code "dmshared"} in the order of memory. */
  static final long MAGIC = 0x64657261_68736d64L;

  static final int VERSION = 1;
  static final int LONGS = 8;

  /** The longs that the checksum is over. */
  private static final int CHECKED_LONGS = LONGS - 1;

  /** What a page is for; the numbers are those of the format. */
  enum Kind {
    LOCK(1, "a lock"),
    READ_WRITE_LOCK(2, "a reader/writer lock"),
    PRODUCERS(3, "a ring"),
    CONSUMERS(4, "the consumers' page of a ring"),
    RING(5, "the page of a ring's positions");

    final int number;
    final String words;

    Kind(int number, String words) {
      this.number = number;
      this.words = words;
    }

    boolean isLock() {
      return this != RING;
    }
  }

  /** The eight longs as they stand in memory. */
  long[] longs() {
    long[] longs = new long[LONGS];
    longs[0] = MAGIC;
    longs[1] = ((long) kind.number << 32) | VERSION;
    longs[2] = capacity;
    longs[3] = nonce;
    longs[CHECKED_LONGS] = checksum(longs);
    return longs;
  }

  private static long checksum(long[] longs) {
    ByteBuffer bytes =
        ByteBuffer.allocate(CHECKED_LONGS * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < CHECKED_LONGS; i++) {
      bytes.putLong(longs[i]);
    }
    CRC32C crc = new CRC32C();
    crc.update(bytes.flip());
    return crc.getValue();
  }

  /** Whether these are the longs of a page of this suite, of whatever version. */
  static boolean isThere(long[] longs) {
    return longs[0] == MAGIC;
  }

  /**
   * Reads what {@link #longs} has made.
   *
   * @param target where it was found, for messages
   */
  static PageHeader read(String operation, long[] longs, String target) throws MemoryException {
    if (!isThere(longs)) {
      throw MemoryException.of(
          operation, target, "there is no lock or ring", "create one, or look for it by 'locks'");
    }
    int version = (int) longs[1];
    if (version != VERSION && longs[CHECKED_LONGS] == checksum(longs)) {
      throw MemoryException.of(
          operation,
          target,
          "format " + version + ", and this version knows " + VERSION,
          "use the version that made it");
    }
    int number = (int) (longs[1] >>> 32);
    return Arrays.stream(Kind.values())
        .filter(kind -> kind.number == number && longs[CHECKED_LONGS] == checksum(longs))
        .findFirst()
        .map(kind -> new PageHeader(kind, longs[2], longs[3]))
        .orElseThrow(
            () ->
                MemoryException.of(
                    operation,
                    target,
                    "its header is damaged",
                    "close all that use it, erase it and create it again"));
  }
}
