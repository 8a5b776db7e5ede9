/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;

/** What an object says it has, checked against its sums. */
final class PackIndex {
  private static final int MEMBER_BYTES = 32;
  private static final int PART_BYTES = 40;

  private final ObjectRef ref;
  private final String location;
  private final ByteBuffer index;
  private final int entryCount;
  private final List<MemberState> members;
  private final List<ObjectRef> parts;

  private PackIndex(
      ObjectRef ref,
      String location,
      ByteBuffer index,
      int entryCount,
      List<MemberState> members,
      List<ObjectRef> parts) {
    this.ref = ref;
    this.location = location;
    this.index = index;
    this.entryCount = entryCount;
    this.members = members;
    this.parts = parts;
  }

  /** Reads the end of an object, not its blocks. */
  static PackIndex read(BackupStore store, ObjectRef ref) throws MemoryException {
    requireSize(ref, store.location());
    byte[] header = new byte[PackFormat.HEADER_BYTES];
    store.read(ref.key(), 0, ByteBuffer.wrap(header));
    byte[] trailer = new byte[PackFormat.TRAILER_BYTES];
    store.read(ref.key(), ref.byteSize() - trailer.length, ByteBuffer.wrap(trailer));
    Trailer end = Trailer.parse(trailer, ref, store.location());
    byte[] index = new byte[end.indexBytes];
    store.read(ref.key(), end.indexOffset, ByteBuffer.wrap(index));
    return parse(header, end, index, ref, store.location());
  }

  static void requireSize(ObjectRef ref, String location) throws MemoryException {
    if (ref.byteSize() < PackFormat.HEADER_BYTES + PackFormat.TRAILER_BYTES
        || ref.byteSize() > PackFormat.MOST_OBJECT_BYTES) {
      throw ArchiveErrors.damaged(ref.key(), location, "its length is " + ref.byteSize());
    }
  }

  /** Takes the index out of a whole object. */
  static PackIndex of(byte[] object, ObjectRef ref, String location) throws MemoryException {
    requireSize(ref, location);
    int trailerAt = object.length - PackFormat.TRAILER_BYTES;
    Trailer end =
        Trailer.parse(Arrays.copyOfRange(object, trailerAt, object.length), ref, location);
    byte[] header = Arrays.copyOf(object, PackFormat.HEADER_BYTES);
    byte[] index =
        Arrays.copyOfRange(object, (int) end.indexOffset, (int) end.indexOffset + end.indexBytes);
    return parse(header, end, index, ref, location);
  }

  private record Trailer(
      long indexOffset, int indexBytes, int entries, int members, int parts, int indexCrc) {
    static Trailer parse(byte[] trailer, ObjectRef ref, String location) throws MemoryException {
      ByteBuffer in = ByteBuffer.wrap(trailer).order(ByteOrder.LITTLE_ENDIAN);
      int crcAt = PackFormat.TRAILER_BYTES - Integer.BYTES;
      if (in.getInt(crcAt) != LittleEndian.crc(trailer, 0, crcAt)
          || !Arrays.equals(
              LittleEndian.bytes(in, PackFormat.TRAILER_MAGIC.length), PackFormat.TRAILER_MAGIC)) {
        throw ArchiveErrors.damaged(ref.key(), location, "its end is not that of an object");
      }
      long indexOffset = in.getLong();
      long indexBytes = in.getLong();
      Trailer end =
          new Trailer(
              indexOffset, (int) indexBytes, in.getInt(), in.getInt(), in.getInt(), in.getInt());
      long indexEnd = ref.byteSize() - PackFormat.TRAILER_BYTES;
      if (in.getLong() != ref.byteSize()
          || indexOffset < PackFormat.HEADER_BYTES
          || indexBytes < 0
          || indexOffset != indexEnd - indexBytes
          || end.entries < 0
          || (long) end.entries * PackFormat.ENTRY_BYTES > indexBytes) {
        throw ArchiveErrors.damaged(ref.key(), location, "its index is not where it must be");
      }
      return end;
    }
  }

  private static PackIndex parse(
      byte[] header, Trailer end, byte[] index, ObjectRef ref, String location)
      throws MemoryException {
    requireHeader(header, ref, location);
    if (LittleEndian.crc(index, 0, index.length) != end.indexCrc) {
      throw ArchiveErrors.damaged(ref.key(), location, "the sum of its index is wrong");
    }
    ByteBuffer in = ByteBuffer.wrap(index).order(ByteOrder.LITTLE_ENDIAN);
    in.position(end.entries * PackFormat.ENTRY_BYTES);
    try {
      if ((long) end.members * MEMBER_BYTES + (long) end.parts * PART_BYTES > in.remaining()) {
        throw new IllegalArgumentException("too many members or parts");
      }
      List<MemberState> members = new ArrayList<>();
      for (int i = 0; i < end.members; i++) {
        int number = in.getInt();
        long byteSize = in.getLong();
        long length = in.getLong();
        long cut = in.getLong();
        members.add(new MemberState(number, LittleEndian.string(in), byteSize, length, cut));
      }
      List<ObjectRef> parts = new ArrayList<>();
      for (int i = 1; i <= end.parts; i++) {
        long byteSize = in.getLong();
        String key = PackFormat.partKey(ref.key(), i);
        parts.add(ObjectRef.of(key, byteSize, LittleEndian.bytes(in, 32)));
      }
      return new PackIndex(ref, location, in, end.entries, List.copyOf(members), parts);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw ArchiveErrors.damaged(ref.key(), location, "its tables: " + e.getMessage());
    }
  }

  private static void requireHeader(byte[] header, ObjectRef ref, String location)
      throws MemoryException {
    ByteBuffer in = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    int crcAt = PackFormat.HEADER_BYTES - Integer.BYTES;
    boolean magic =
        Arrays.equals(
            LittleEndian.bytes(in, PackFormat.HEADER_MAGIC.length), PackFormat.HEADER_MAGIC);
    if (!magic || in.getInt(crcAt) != LittleEndian.crc(header, 0, crcAt)) {
      throw ArchiveErrors.damaged(ref.key(), location, "its start is not that of an object");
    }
    int version = in.getInt();
    if (version != PackFormat.VERSION) {
      throw MemoryException.of(
          "read backup",
          ref.key() + " in " + location,
          "format " + version + " is newer than " + PackFormat.VERSION,
          "read it with a newer version of dmalloc");
    }
  }

  /** Takes the entries of an index. */
  @FunctionalInterface
  interface EntryVisitor {
    void entry(int member, long firstPage, int pages, long offset, int stored, int codec, int crc)
        throws MemoryException;
  }

  void forEach(EntryVisitor visitor) throws MemoryException {
    for (int i = 0; i < entryCount; i++) {
      int at = i * PackFormat.ENTRY_BYTES;
      int pages = index.getInt(at + 4);
      long first = index.getLong(at + 8);
      long offset = index.getLong(at + 16);
      int stored = index.getInt(at + 24);
      int codec = index.getInt(at + 28);
      if (first < 0
          || pages < 1
          || stored < 0
          || offset < PackFormat.HEADER_BYTES
          || offset > ref.byteSize() - stored
          || codec < PackFormat.RAW
          || codec > PackFormat.ZERO
          || (codec != PackFormat.ZERO && pages > PackFormat.BLOCK_PAGES)) {
        throw ArchiveErrors.damaged(ref.key(), location, "entry " + i + " of its index");
      }
      visitor.entry(index.getInt(at), first, pages, offset, stored, codec, index.getInt(at + 32));
    }
  }

  List<MemberState> members() {
    return members;
  }

  List<ObjectRef> parts() {
    return parts;
  }

  /** The backup that the header names. */
  static UUID backup(byte[] object) {
    return LittleEndian.uuid(ByteBuffer.wrap(object).order(ByteOrder.LITTLE_ENDIAN).position(16));
  }
}
