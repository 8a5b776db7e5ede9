/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/**
 * How far copies that follow a backup are.
 *
 * @param backup that they follow
 * @param number of the checkpoint that they have, or a later one in part
 * @param names of the copies by the members' numbers
 */
public record FollowRecord(UUID backup, long number, TreeMap<Integer, String> names) {
  public FollowRecord {
    names = new TreeMap<>(names);
  }

  /** As it lies in a file. */
  public byte[] encode() {
    LittleEndian out = new LittleEndian(256);
    out.putInt(PackFormat.VERSION).put(backup).putLong(number).putInt(names.size());
    names.forEach((member, name) -> out.putInt(member).put(name));
    return out.putCrc(0).toByteArray();
  }

  /** Reads one; empty if it is not right, or of another version. */
  public static Optional<FollowRecord> decode(ByteBuffer content) {
    byte[] bytes = LittleEndian.bytes(content, content.remaining());
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int crcAt = bytes.length - Integer.BYTES;
    if (crcAt < 0
        || in.getInt(crcAt) != LittleEndian.crc(bytes, 0, crcAt)
        || in.getInt() != PackFormat.VERSION) {
      return Optional.empty();
    }
    try {
      UUID backup = LittleEndian.uuid(in);
      long number = in.getLong();
      TreeMap<Integer, String> names = new TreeMap<>();
      for (int left = in.getInt(); left > 0; left--) {
        names.put(in.getInt(), LittleEndian.string(in));
      }
      return Optional.of(new FollowRecord(backup, number, names));
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
