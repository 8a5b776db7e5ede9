/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;

/**
 * The object that says what a backup has. It is replaced as a whole, under a condition.
 *
 * @param backup the {@linkplain org.dmalloc.api.backing.CheckpointLog#id() group}
 * @param group its name
 * @param regions the names of the members at the last checkpoint that is kept
 * @param writer who may write; of a closed one, who did
 * @param created when the backup was begun
 * @param written when this was written
 * @param sequence one more with each write
 * @param pieces in the order of {@link Piece#to()}
 */
public record Head(
    UUID backup,
    String group,
    List<String> regions,
    Writer writer,
    Instant created,
    Instant written,
    long sequence,
    List<Piece> pieces) {
  private static final byte[] MAGIC = "dmbkhead".getBytes(StandardCharsets.US_ASCII);
  private static final String PREFIX = "heads/";

  /**
   * Who writes.
   *
   * @param epoch one more with each writer; in the keys of what it writes
   * @param instance tells this writer from all others
   * @param owner the same for all writers that follow each other by right
   * @param open false once it has ended its work
   */
  public record Writer(long epoch, UUID instance, String owner, boolean open) {}

  public Head {
    regions = List.copyOf(regions);
    pieces = List.copyOf(pieces);
  }

  /** Where all heads lie. */
  public static String prefix() {
    return PREFIX;
  }

  public static String key(UUID backup) {
    return PREFIX + PackFormat.hex(backup);
  }

  /** Whose head a key is; empty if it is none. */
  public static Optional<UUID> backupOf(String key) {
    String hex = key.substring(Math.min(PREFIX.length(), key.length()));
    if (!key.startsWith(PREFIX) || !hex.matches("[0-9a-f]{32}")) {
      return Optional.empty();
    }
    return Optional.of(
        new UUID(Long.parseUnsignedLong(hex, 0, 16, 16), Long.parseUnsignedLong(hex, 16, 32, 16)));
  }

  /** Where the objects of a backup lie. */
  public static String objectPrefix(UUID backup) {
    return "objects/" + PackFormat.hex(backup) + "/";
  }

  public Head withPieces(List<Piece> newPieces) {
    return new Head(backup, group, regions, writer, created, written, sequence, newPieces);
  }

  public Head withRegions(List<String> newRegions) {
    return new Head(backup, group, newRegions, writer, created, written, sequence, pieces);
  }

  public Head withWriter(Writer newWriter) {
    return new Head(backup, group, regions, newWriter, created, written, sequence, pieces);
  }

  /** The one that is written next. */
  public Head next(Instant now) {
    return new Head(backup, group, regions, writer, created, now, sequence + 1, pieces);
  }

  /** As it lies in the store. */
  public byte[] encode() {
    LittleEndian out = new LittleEndian(1 << 12);
    out.put(MAGIC).putInt(PackFormat.VERSION).put(backup).put(group).putInt(regions.size());
    regions.forEach(out::put);
    out.putLong(writer.epoch).put(writer.instance).put(writer.owner).putInt(writer.open ? 1 : 0);
    out.put(created).put(written).putLong(sequence).putInt(pieces.size());
    pieces.forEach(piece -> encode(piece, out));
    return out.putCrc(0).toByteArray();
  }

  static void encode(Piece piece, LittleEndian out) {
    ObjectRef root = piece.root();
    out.putInt(piece.isBase() ? 1 : 2).putLong(piece.from()).putLong(piece.to());
    out.putLong(piece.exact()).put(piece.at()).putLong(piece.pages()).putLong(piece.storedBytes());
    out.put(root == null ? "" : root.key());
    if (root != null) {
      out.putLong(root.byteSize()).put(root.digest());
    }
  }

  /**
   * Reads a head.
   *
   * @throws MemoryException if it is damaged, or of a newer format
   */
  public static Head decode(ByteBuffer content, String key, String location)
      throws MemoryException {
    byte[] bytes = LittleEndian.bytes(content.duplicate(), content.remaining());
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int crcAt = bytes.length - Integer.BYTES;
    if (crcAt < MAGIC.length
        || !Arrays.equals(LittleEndian.bytes(in, MAGIC.length), MAGIC)
        || in.getInt(crcAt) != LittleEndian.crc(bytes, 0, crcAt)) {
      throw ArchiveErrors.damaged(key, location, "the sum of the head is wrong");
    }
    int version = in.getInt();
    if (version != PackFormat.VERSION) {
      throw MemoryException.of(
          "read backup",
          key + " in " + location,
          "format " + version + " is newer than " + PackFormat.VERSION,
          "read it with a newer version of dmalloc");
    }
    try {
      return decode(in);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw ArchiveErrors.damaged(key, location, "the head: " + e.getMessage());
    }
  }

  private static Head decode(ByteBuffer in) {
    UUID backup = LittleEndian.uuid(in);
    String group = LittleEndian.string(in);
    List<String> regions = new ArrayList<>();
    for (int left = in.getInt(); left > 0; left--) {
      regions.add(LittleEndian.string(in));
    }
    Writer writer =
        new Writer(in.getLong(), LittleEndian.uuid(in), LittleEndian.string(in), in.getInt() != 0);
    Instant created = LittleEndian.instant(in);
    Instant written = LittleEndian.instant(in);
    long sequence = in.getLong();
    List<Piece> pieces = new ArrayList<>();
    for (int left = in.getInt(); left > 0; left--) {
      pieces.add(piece(in));
    }
    return new Head(backup, group, regions, writer, created, written, sequence, pieces);
  }

  static Piece piece(ByteBuffer in) {
    Piece.Kind kind = in.getInt() == 1 ? Piece.Kind.BASE : Piece.Kind.DELTA;
    long from = in.getLong();
    long to = in.getLong();
    long exact = in.getLong();
    Instant at = LittleEndian.instant(in);
    long pages = in.getLong();
    long storedBytes = in.getLong();
    String key = LittleEndian.string(in);
    ObjectRef root =
        key.isEmpty() ? null : ObjectRef.of(key, in.getLong(), LittleEndian.bytes(in, 32));
    return new Piece(kind, from, to, exact, at, pages, storedBytes, root);
  }

  /** The bytes of a head that is to be written, if it is not too large. */
  public ByteBuffer content(String location) throws MemoryException {
    byte[] bytes = encode();
    if (bytes.length > BackupStore.MAX_HEAD_BYTES) {
      throw MemoryException.of(
          "write backup",
          bytes.length,
          key(backup) + " in " + location,
          pieces.size() + " pieces are too many for the list of them",
          "merge some: keep fewer checkpoints by the retention policy");
    }
    return ByteBuffer.wrap(bytes);
  }
}
