/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.SnapshotOrigin;
import org.dmalloc.spi.checkpoint.JournalRef;
import org.jspecify.annotations.Nullable;

/**
 * The metadata of one region file: 512 bytes, little-endian, one disk sector, so that a write of it
 * is rarely torn; the checksum tells when it was.
 *
 * @param version the format version that wrote it
 * @param generation counts the changes; the valid copy with the greater one holds
 * @param byteSize the region's size
 * @param ownLength how many bytes are in use, as the region's owner said; {@link #NO_LENGTH} if he
 *     never did
 * @param dataOffset where the region's first byte lies in the file
 * @param createdAt when the region was allocated, in milliseconds
 * @param flags bit 0: the space is reserved; bits 1 and 32: see {@link HandOver}; bit 2: it has a
 *     length of its own; bit 3: its size is 0; bit 4: it is checkpointed; bit 5: it is a snapshot,
 *     which nobody may open for writing; bit 33: space that was reserved has been given up since;
 *     other bits below 32 mean something that a reader must understand, the bits from 32 on
 *     something that it may ignore
 * @param handOver the note of a move between stores; null if there is none
 * @param journal the journal of a checkpointed region; null for any other
 * @param snapshot what it is a snapshot of, in the place of the note; null if it is none
 */
record RegionHeader(
    int version,
    long generation,
    long byteSize,
    long ownLength,
    long dataOffset,
    Instant createdAt,
    long flags,
    @Nullable HandOver handOver,
    @Nullable JournalRef journal,
    @Nullable SnapshotOrigin snapshot) {
  static final int BYTES = 512;
  static final int VERSION = 1;

  /** The two copies stand a page apart, so that one bad sector or page write spares the other. */
  static final long[] COPY_POSITIONS = {0, 4096};

  static final long FLAG_RESERVED = 1;

  /** As {@link #ownLength}: all bytes are in use, whatever the size becomes. */
  static final long NO_LENGTH = -1;

  private static final long FLAG_LENGTH = 1L << 2;
  private static final long FLAG_EMPTY = 1L << 3;
  private static final long FLAG_CHECKPOINTED = 1L << 4;

  /** Flags that follow from the other values. */
  private static final long DERIVED =
      FLAG_LENGTH | FLAG_EMPTY | FLAG_CHECKPOINTED | HandOver.FLAGS | SnapshotMark.FLAG;

  /** Parts of the reserved space were given up: they read as zeros, and a store takes them anew. */
  static final long FLAG_HOLES = 1L << 33;

  /** Not a valid first byte of text, the name, and the line ends that a text transfer changes. */
  static final long MAGIC = 0x0a1a0a0d_524d4489L; // 89 'D' 'M' 'R' 0d 0a 1a 0a

  private static final long MUST_UNDERSTAND = 0xffff_ffffL & ~FLAG_RESERVED & ~DERIVED;
  private static final int CHECKSUM_AT = BYTES - Integer.BYTES;
  private static final int FLAGS_AT = 48;
  static final int LENGTH_AT = CHECKSUM_AT - Long.BYTES;
  private static final int MEMBER_AT = LENGTH_AT - Integer.BYTES;

  /** Where the id of the journal is. */
  static final int JOURNAL_AT = MEMBER_AT - 2 * Long.BYTES;

  /** What a copy's 512 bytes turned out to be. */
  enum Condition {
    /** Checksum and values are right. */
    VALID,
    /** Checksum is right, but a newer version wrote it. */
    TOO_NEW,
    /** It begins like a header, but the checksum or a value is wrong. */
    DAMAGED,
    /** Zeros, or zeros from its middle on: the first write of it never reached the device. */
    UNWRITTEN,
    /** It is no header at all. */
    FOREIGN
  }

  /** A first header. */
  static RegionHeader first(
      long byteSize,
      long dataOffset,
      Reservation reservation,
      @Nullable HandOver note,
      @Nullable JournalRef journal) {
    long flags = reservation == Reservation.RESERVED ? FLAG_RESERVED : 0;
    Instant now = Instant.ofEpochMilli(System.currentTimeMillis());
    return new RegionHeader(
        VERSION, 1, byteSize, NO_LENGTH, dataOffset, now, flags, note, journal, null);
  }

  RegionHeader {
    long derived =
        (ownLength == NO_LENGTH ? 0 : FLAG_LENGTH)
            | (byteSize == 0 ? FLAG_EMPTY : 0)
            | (journal == null ? 0 : FLAG_CHECKPOINTED)
            | (handOver == null ? 0 : handOver.flag())
            | (snapshot == null ? 0 : SnapshotMark.FLAG);
    flags = (flags & ~DERIVED) | derived;
  }

  /** How many of the region's bytes are in use. */
  long length() {
    return ownLength == NO_LENGTH ? byteSize : ownLength;
  }

  /** The copy that a generation is written to first; the other one follows. */
  static int firstCopyOf(long generation) {
    return (int) ((generation - 1) & 1);
  }

  Reservation reservation() {
    return (flags & FLAG_RESERVED) != 0 ? Reservation.RESERVED : Reservation.SPARSE;
  }

  boolean hasHoles() {
    return (flags & FLAG_HOLES) != 0;
  }

  RegionHeader withHoles(boolean holes) {
    return new RegionHeader(
        version,
        generation,
        byteSize,
        ownLength,
        dataOffset,
        createdAt,
        holes ? flags | FLAG_HOLES : flags & ~FLAG_HOLES,
        handOver,
        journal,
        snapshot);
  }

  /** Where the region's last byte ends in the file; a shorter file is cut. */
  long dataEnd() {
    return dataOffset + byteSize;
  }

  /** With a size, of which no more can be in use. */
  RegionHeader resized(long newByteSize) {
    return with(newByteSize, Math.min(ownLength, newByteSize), handOver);
  }

  /** With size and length as a checkpoint has them. */
  RegionHeader settled(long newByteSize, long newLength) {
    return with(newByteSize, newLength, handOver);
  }

  RegionHeader using(long newLength) {
    return with(byteSize, newLength, handOver);
  }

  RegionHeader noting(@Nullable HandOver note) {
    return with(byteSize, ownLength, note);
  }

  private RegionHeader with(long newByteSize, long newLength, @Nullable HandOver note) {
    return new RegionHeader(
        version,
        generation,
        newByteSize,
        newLength,
        dataOffset,
        createdAt,
        flags,
        note,
        journal,
        snapshot);
  }

  /** As a snapshot, which has no note of a move, and no journal. */
  RegionHeader of(SnapshotOrigin origin) {
    return new RegionHeader(
        version, generation, byteSize, ownLength, dataOffset, createdAt, flags, null, null, origin);
  }

  /** The same values, to hold in place of an earlier header, and to be written to that copy. */
  RegionHeader after(RegionHeader earlier, int copy) {
    long next = earlier.generation + 1;
    return new RegionHeader(
        version,
        firstCopyOf(next) == copy ? next : next + 1,
        byteSize,
        ownLength,
        dataOffset,
        createdAt,
        flags,
        handOver,
        journal,
        snapshot);
  }

  byte[] encode() {
    ByteBuffer buffer = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putLong(MAGIC).putInt(version).putInt(BYTES);
    buffer.putLong(generation).putLong(byteSize).putLong(dataOffset);
    buffer.putLong(createdAt.toEpochMilli()).putLong(flags);
    if (handOver != null) {
      handOver.encode(buffer);
    }
    if (journal != null) {
      UUID id = journal.journal();
      buffer.putLong(JOURNAL_AT, Long.reverseBytes(id.getMostSignificantBits()));
      buffer.putLong(JOURNAL_AT + Long.BYTES, Long.reverseBytes(id.getLeastSignificantBits()));
      buffer.putInt(MEMBER_AT, journal.member());
    }
    if (snapshot != null) {
      SnapshotMark.encode(snapshot, buffer);
    }
    if (ownLength != NO_LENGTH) {
      buffer.putLong(LENGTH_AT, ownLength);
    }
    buffer.putInt(CHECKSUM_AT, checksum(buffer.array()));
    return buffer.array();
  }

  static Condition examine(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (buffer.getLong(0) != MAGIC) {
      return areZeros(bytes, 0, BYTES) ? Condition.UNWRITTEN : Condition.FOREIGN;
    }
    // Magic, version and checksum stay in their places in every version to come.
    if (buffer.getInt(CHECKSUM_AT) != checksum(bytes)) {
      return areZeros(bytes, BYTES / 2, BYTES) ? Condition.UNWRITTEN : Condition.DAMAGED;
    }
    long flags = buffer.getLong(FLAGS_AT);
    RegionHeader header = decode(bytes);
    if (header.version > VERSION || (flags & MUST_UNDERSTAND) != 0) {
      return Condition.TOO_NEW;
    }
    boolean sane =
        header.version >= 1
            && header.byteSize >= 0
            && header.dataOffset >= COPY_POSITIONS[1] + BYTES
            && header.dataOffset % 4096 == 0
            && header.byteSize <= Long.MAX_VALUE - header.dataOffset
            && header.ownLength >= NO_LENGTH
            && header.ownLength <= header.byteSize
            && (header.handOver == null || header.snapshot == null)
            && header.flags == flags;
    return sane ? Condition.VALID : Condition.DAMAGED;
  }

  static boolean areZeros(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      if (bytes[i] != 0) {
        return false;
      }
    }
    return true;
  }

  static RegionHeader decode(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long flags = buffer.getLong(FLAGS_AT);
    return new RegionHeader(
        buffer.getInt(8),
        buffer.getLong(16),
        buffer.getLong(24),
        (flags & FLAG_LENGTH) == 0 ? NO_LENGTH : buffer.getLong(LENGTH_AT),
        buffer.getLong(32),
        Instant.ofEpochMilli(buffer.getLong(40)),
        flags,
        HandOver.decode(buffer, flags),
        decodeJournal(buffer, flags),
        SnapshotMark.decode(buffer, flags));
  }

  private static @Nullable JournalRef decodeJournal(ByteBuffer buffer, long flags) {
    if ((flags & FLAG_CHECKPOINTED) == 0) {
      return null;
    }
    UUID id =
        new UUID(
            Long.reverseBytes(buffer.getLong(JOURNAL_AT)),
            Long.reverseBytes(buffer.getLong(JOURNAL_AT + Long.BYTES)));
    return new JournalRef(id, buffer.getInt(MEMBER_AT));
  }

  private static int checksum(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, CHECKSUM_AT);
    return (int) crc.getValue();
  }
}
