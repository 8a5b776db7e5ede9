/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.zip.CRC32C;
import org.dmalloc.api.Reservation;
import org.jspecify.annotations.Nullable;

/**
 * The metadata of one region file: 512 bytes, little-endian, one disk sector, so that a write of it
 * is rarely torn; the checksum tells when it was.
 *
 * @param version the format version that wrote it
 * @param generation counts the changes; the valid copy with the greater one holds
 * @param byteSize the region's size
 * @param dataOffset where the region's first byte lies in the file
 * @param createdAt when the region was allocated, in milliseconds
 * @param flags bit 0: the space is reserved; bits 1 and 32: see {@link HandOver}; other bits below
 *     32 mean something that a reader must understand, the bits from 32 on something that it may
 *     ignore
 * @param handOver the note of a move between stores; null if there is none
 */
record RegionHeader(
    int version,
    long generation,
    long byteSize,
    long dataOffset,
    Instant createdAt,
    long flags,
    @Nullable HandOver handOver) {
  static final int BYTES = 512;
  static final int VERSION = 1;

  /** The two copies stand a page apart, so that one bad sector or page write spares the other. */
  static final long[] COPY_POSITIONS = {0, 4096};

  static final long FLAG_RESERVED = 1;

  /** Not a valid first byte of text, the name, and the line ends that a text transfer changes. */
  static final long MAGIC = 0x0a1a0a0d_524d4489L; // 89 'D' 'M' 'R' 0d 0a 1a 0a

  private static final long MUST_UNDERSTAND = 0xffff_ffffL & ~FLAG_RESERVED & ~HandOver.FLAGS;
  private static final int CHECKSUM_AT = BYTES - Integer.BYTES;

  /** What a copy's 512 bytes turned out to be. */
  enum Condition {
    /** Checksum and values are right. */
    VALID,
    /** Checksum is right, but a newer version wrote it. */
    TOO_NEW,
    /** It begins like a header, but the checksum or a value is wrong. */
    DAMAGED,
    /** It is no header at all. */
    FOREIGN
  }

  Reservation reservation() {
    return (flags & FLAG_RESERVED) != 0 ? Reservation.RESERVED : Reservation.SPARSE;
  }

  /** Where the region's last byte ends in the file; a shorter file is cut. */
  long dataEnd() {
    return dataOffset + byteSize;
  }

  RegionHeader resized(long newByteSize) {
    return new RegionHeader(
        version, generation + 1, newByteSize, dataOffset, createdAt, flags, handOver);
  }

  /** The same values, to hold in place of a later header. */
  RegionHeader after(RegionHeader later) {
    return new RegionHeader(
        version, later.generation + 1, byteSize, dataOffset, createdAt, flags, handOver);
  }

  RegionHeader noting(@Nullable HandOver note) {
    long others = flags & ~HandOver.FLAGS;
    return new RegionHeader(
        version,
        generation + 1,
        byteSize,
        dataOffset,
        createdAt,
        note == null ? others : others | note.flag(),
        note);
  }

  byte[] encode() {
    ByteBuffer buffer = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putLong(MAGIC).putInt(version).putInt(BYTES);
    buffer.putLong(generation).putLong(byteSize).putLong(dataOffset);
    buffer.putLong(createdAt.toEpochMilli()).putLong(flags);
    if (handOver != null) {
      handOver.encode(buffer);
    }
    buffer.putInt(CHECKSUM_AT, checksum(buffer.array()));
    return buffer.array();
  }

  static Condition examine(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (buffer.getLong(0) != MAGIC) {
      return Condition.FOREIGN;
    }
    // Magic, version and checksum stay in their places in every version to come.
    if (buffer.getInt(CHECKSUM_AT) != checksum(bytes)) {
      return Condition.DAMAGED;
    }
    RegionHeader header = decode(bytes);
    if (header.version > VERSION || (header.flags & MUST_UNDERSTAND) != 0) {
      return Condition.TOO_NEW;
    }
    boolean sane =
        header.version >= 1
            && header.byteSize >= 1
            && header.dataOffset >= COPY_POSITIONS[1] + BYTES
            && header.dataOffset % 4096 == 0
            && header.byteSize <= Long.MAX_VALUE - header.dataOffset
            && ((header.flags & HandOver.FLAGS) == 0) == (header.handOver == null);
    return sane ? Condition.VALID : Condition.DAMAGED;
  }

  static RegionHeader decode(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long flags = buffer.getLong(48);
    return new RegionHeader(
        buffer.getInt(8),
        buffer.getLong(16),
        buffer.getLong(24),
        buffer.getLong(32),
        Instant.ofEpochMilli(buffer.getLong(40)),
        flags,
        HandOver.decode(buffer, flags));
  }

  private static int checksum(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, CHECKSUM_AT);
    return (int) crc.getValue();
  }
}
