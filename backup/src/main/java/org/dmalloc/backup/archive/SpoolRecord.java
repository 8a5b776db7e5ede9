/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A piece on its way to a store.
 *
 * @param regions the names of the members at its checkpoint
 * @param objects all of them, the root last
 */
public record SpoolRecord(Piece piece, List<String> regions, List<ObjectRef> objects) {
  public SpoolRecord {
    regions = List.copyOf(regions);
    objects = List.copyOf(objects);
  }

  /** What its objects take. */
  public long byteSize() {
    return objects.stream().mapToLong(ObjectRef::byteSize).sum();
  }

  /** As it lies in a file. */
  public byte[] encode() {
    LittleEndian out = new LittleEndian(256);
    out.putInt(PackFormat.VERSION).putInt(regions.size());
    regions.forEach(out::put);
    out.putInt(objects.size());
    objects.forEach(each -> out.put(each.key()).putLong(each.byteSize()).put(each.digest()));
    Head.encode(piece, out);
    return out.putCrc(0).toByteArray();
  }

  /** Reads one; empty if it is not complete, or of another version. */
  public static Optional<SpoolRecord> decode(ByteBuffer content) {
    byte[] bytes = LittleEndian.bytes(content, content.remaining());
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int crcAt = bytes.length - Integer.BYTES;
    if (crcAt < 0
        || in.getInt(crcAt) != LittleEndian.crc(bytes, 0, crcAt)
        || in.getInt() != PackFormat.VERSION) {
      return Optional.empty();
    }
    try {
      List<String> regions = new ArrayList<>();
      for (int left = in.getInt(); left > 0; left--) {
        regions.add(LittleEndian.string(in));
      }
      List<ObjectRef> objects = new ArrayList<>();
      for (int left = in.getInt(); left > 0; left--) {
        objects.add(
            ObjectRef.of(LittleEndian.string(in), in.getLong(), LittleEndian.bytes(in, 32)));
      }
      return Optional.of(new SpoolRecord(Head.piece(in), regions, objects));
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
