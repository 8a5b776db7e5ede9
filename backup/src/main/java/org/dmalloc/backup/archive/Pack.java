/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import static org.dmalloc.backup.archive.PackFormat.PAGE_BYTES;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;

/** An object that was read as a whole and has the digest that it must have. */
final class Pack {
  private static final LZ4SafeDecompressor DECOMPRESSOR =
      LZ4Factory.safeInstance().safeDecompressor();

  private static final ByteBuffer ZEROS =
      ByteBuffer.allocate(PackFormat.BLOCK_BYTES).asReadOnlyBuffer();

  private final byte[] object;
  private final ObjectRef ref;
  private final String location;
  private final PackIndex index;
  private final byte[] block = new byte[PackFormat.BLOCK_BYTES];

  private Pack(byte[] object, ObjectRef ref, String location) throws MemoryException {
    this.object = object;
    this.ref = ref;
    this.location = location;
    this.index = PackIndex.of(object, ref, location);
  }

  static Pack read(BackupStore store, ObjectRef ref) throws MemoryException {
    PackIndex.requireSize(ref, store.location());
    byte[] object = new byte[(int) ref.byteSize()];
    store.read(ref.key(), 0, ByteBuffer.wrap(object));
    if (!Arrays.equals(MemoryContent.digest().digest(object), ref.digest())) {
      throw ArchiveErrors.damaged(ref.key(), store.location(), "its SHA-256 digest is wrong");
    }
    return new Pack(object, ref, store.location());
  }

  UUID backup() {
    return PackIndex.backup(object);
  }

  List<MemberState> members() {
    return index.members();
  }

  List<ObjectRef> parts() {
    return index.parts();
  }

  /** How many pages it has. */
  long pageCount() throws MemoryException {
    long[] count = {0};
    index.forEach((member, first, pages, offset, stored, codec, crc) -> count[0] += pages);
    return count[0];
  }

  /** Takes pages. */
  @FunctionalInterface
  interface Visitor {
    /**
     * Takes a run.
     *
     * @param content at most {@link PackFormat#BLOCK_BYTES}; valid during the call
     */
    void pages(int member, long firstPage, ByteBuffer content) throws MemoryException;
  }

  /** Shows all pages in the order in which they lie. */
  void read(Visitor visitor) throws MemoryException {
    index.forEach(
        (member, first, pages, offset, stored, codec, crc) -> {
          if (codec == PackFormat.ZERO) {
            for (int done = 0; done < pages; done += PackFormat.BLOCK_PAGES) {
              int length = Math.min(PackFormat.BLOCK_PAGES, pages - done) * PAGE_BYTES;
              visitor.pages(member, first + done, ZEROS.slice(0, length));
            }
          } else {
            int length = pages * PAGE_BYTES;
            unpack(object, (int) offset, stored, codec, block, length, crc, ref, location);
            visitor.pages(member, first, ByteBuffer.wrap(block, 0, length).slice());
          }
        });
  }

  /** Makes pages of what is stored, and checks them. */
  static void unpack(
      byte[] from,
      int offset,
      int stored,
      int codec,
      byte[] into,
      int length,
      int crc,
      ObjectRef ref,
      String location)
      throws MemoryException {
    int unpacked;
    if (codec == PackFormat.RAW) {
      unpacked = Math.min(stored, length);
      System.arraycopy(from, offset, into, 0, unpacked);
    } else {
      try {
        unpacked = DECOMPRESSOR.decompress(from, offset, stored, into, 0, length);
      } catch (LZ4Exception e) {
        throw ArchiveErrors.damaged(ref.key(), location, "a block: " + e.getMessage());
      }
    }
    if (unpacked != length || LittleEndian.crc(into, 0, length) != crc) {
      throw ArchiveErrors.damaged(ref.key(), location, "the sum of a block is wrong");
    }
  }
}
