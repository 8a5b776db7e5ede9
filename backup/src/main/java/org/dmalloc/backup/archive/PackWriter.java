/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import static org.dmalloc.backup.archive.PackFormat.BLOCK_BYTES;
import static org.dmalloc.backup.archive.PackFormat.PAGE_BYTES;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Factory;
import org.dmalloc.api.MemoryException;

/**
 * Makes the objects of a piece. Pages may come in any order, each at most once. One object is in
 * memory at a time: a full one goes to the sink as a part, and the last, the root, has the list of
 * the parts. One thread.
 */
public final class PackWriter {
  private static final byte[] ZEROS = new byte[PAGE_BYTES];

  /** Compresses without native code and without Unsafe. */
  private static final LZ4Compressor COMPRESSOR = LZ4Factory.safeInstance().fastCompressor();

  /** What the pieces of a writer lead from and to. */
  private final UUID backup;

  private final long from;
  private final long to;
  private final String key;
  private final boolean dropZeros;
  private final ObjectSink sink;
  private final LittleEndian object = new LittleEndian(1 << 16);
  private final LittleEndian entries = new LittleEndian(1 << 12);
  private final LittleEndian parts = new LittleEndian(64);
  private final byte[] block = new byte[BLOCK_BYTES];
  private int partCount;
  private int entryCount;
  private long pageCount;
  private long storedBytes;

  /** The last entry if it has zeros, which may go on. */
  private int zeroMember = -1;

  private long zeroFirst;
  private int zeroPages;

  private PackWriter(
      UUID backup, long from, long to, String key, boolean dropZeros, ObjectSink sink) {
    this.backup = backup;
    this.from = from;
    this.to = to;
    this.key = key;
    this.dropZeros = dropZeros;
    this.sink = sink;
    startObject();
  }

  /** A writer of what has changed between two checkpoints. */
  public static PackWriter delta(UUID backup, long from, long to, String key, ObjectSink sink) {
    return new PackWriter(backup, from, to, key, false, sink);
  }

  /** A writer of all that is not zero. */
  public static PackWriter base(UUID backup, long to, String key, ObjectSink sink) {
    return new PackWriter(backup, 0, to, key, true, sink);
  }

  private void startObject() {
    object.clear();
    entries.clear();
    entryCount = 0;
    object.ensure(PackFormat.HEADER_BYTES).added(PackFormat.HEADER_BYTES);
  }

  /**
   * Adds a run of whole pages.
   *
   * @param content its position does not change
   */
  public void pages(int member, long firstPage, ByteBuffer content) throws MemoryException {
    ByteBuffer left = content.duplicate();
    if (left.remaining() % PAGE_BYTES != 0) {
      throw new IllegalArgumentException(left.remaining() + " bytes are no whole pages");
    }
    long page = firstPage;
    while (left.hasRemaining()) {
      int length = Math.min(BLOCK_BYTES, left.remaining());
      left.get(block, 0, length);
      for (int at = 0; at < length; ) {
        boolean zero = isZero(at);
        int end = at + PAGE_BYTES;
        while (end < length && isZero(end) == zero) {
          end += PAGE_BYTES;
        }
        long first = page + at / PAGE_BYTES;
        if (zero) {
          zeros(member, first, (end - at) / PAGE_BYTES);
        } else {
          add(member, first, at, end - at);
        }
        at = end;
      }
      page += length / PAGE_BYTES;
    }
  }

  private boolean isZero(int at) {
    return Arrays.equals(block, at, at + PAGE_BYTES, ZEROS, 0, PAGE_BYTES);
  }

  private void zeros(int member, long first, int pages) throws MemoryException {
    if (dropZeros) {
      return;
    }
    if (zeroMember == member
        && zeroFirst + zeroPages == first
        && zeroPages <= Integer.MAX_VALUE - pages) {
      zeroPages += pages;
    } else {
      endZeros();
      zeroMember = member;
      zeroFirst = first;
      zeroPages = pages;
    }
    pageCount += pages;
  }

  private void endZeros() throws MemoryException {
    if (zeroMember >= 0) {
      int member = zeroMember;
      zeroMember = -1;
      entry(member, zeroFirst, zeroPages, 0, PackFormat.ZERO, 0);
    }
  }

  private void add(int member, long first, int at, int length) throws MemoryException {
    endZeros();
    object.ensure(COMPRESSOR.maxCompressedLength(length));
    int stored = COMPRESSOR.compress(block, at, length, object.array(), object.size());
    int codec = PackFormat.LZ4;
    if (stored >= length) {
      System.arraycopy(block, at, object.array(), object.size(), length);
      stored = length;
      codec = PackFormat.RAW;
    }
    pageCount += length / PAGE_BYTES;
    entry(member, first, length / PAGE_BYTES, stored, codec, LittleEndian.crc(block, at, length));
  }

  /** Writes an entry for what stands behind the end of the object, and moves the end. */
  private void entry(int member, long first, int pages, int stored, int codec, int crc)
      throws MemoryException {
    entries.putInt(member).putInt(pages).putLong(first).putLong(object.size());
    entries.putInt(stored).putInt(codec).putInt(crc).putInt(0);
    entryCount++;
    object.added(stored);
    if (object.size() >= PackFormat.OBJECT_BYTES || entryCount >= PackFormat.OBJECT_ENTRIES) {
      part();
    }
  }

  private void part() throws MemoryException {
    partCount++;
    ObjectRef part =
        write(PackFormat.partKey(key, partCount), PackFormat.PART, partCount, List.of());
    parts.putLong(part.byteSize()).put(part.digest());
    startObject();
  }

  /** The key of the root. */
  public String key() {
    return key;
  }

  /** Pages until now. */
  public long pageCount() {
    return pageCount;
  }

  /**
   * Writes the root, which ends the piece.
   *
   * @param at when checkpoint {@code to} was made
   */
  public Piece finish(List<MemberState> members, Instant at) throws MemoryException {
    endZeros();
    ObjectRef root = write(key, PackFormat.ROOT, partCount, members);
    Piece.Kind kind = dropZeros ? Piece.Kind.BASE : Piece.Kind.DELTA;
    return new Piece(kind, from, to, to, at, pageCount, storedBytes, root);
  }

  private ObjectRef write(String objectKey, int kind, int part, List<MemberState> members)
      throws MemoryException {
    int indexOffset = object.size();
    object.ensure(entries.size());
    System.arraycopy(entries.array(), 0, object.array(), indexOffset, entries.size());
    object.added(entries.size());
    int partsHere = 0;
    if (kind == PackFormat.ROOT) {
      for (MemberState member : members) {
        object.putInt(member.number()).putLong(member.byteSize()).putLong(member.length());
        object.putLong(member.cut()).put(member.region());
      }
      object.put(parts.toByteArray());
      partsHere = partCount;
    }
    int indexBytes = object.size() - indexOffset;
    int trailer = object.size();
    object.put(PackFormat.TRAILER_MAGIC).putLong(indexOffset).putLong(indexBytes);
    object.putInt(entryCount).putInt(members.size()).putInt(partsHere);
    object.putInt(LittleEndian.crc(object.array(), indexOffset, indexBytes));
    object.putLong((long) trailer + PackFormat.TRAILER_BYTES).putLong(0).putInt(0);
    object.putCrc(trailer);
    header(kind, part);
    MemoryContent content = new MemoryContent(object.toByteArray());
    sink.put(objectKey, content);
    storedBytes += content.byteSize();
    return ObjectRef.of(objectKey, content.byteSize(), content.sha256());
  }

  private void header(int kind, int part) {
    LittleEndian header = new LittleEndian(PackFormat.HEADER_BYTES);
    header.put(PackFormat.HEADER_MAGIC).putInt(PackFormat.VERSION).putInt(kind).put(backup);
    header.putLong(from).putLong(to).putInt(part).putLong(0).putCrc(0);
    System.arraycopy(header.array(), 0, object.array(), 0, PackFormat.HEADER_BYTES);
  }
}
