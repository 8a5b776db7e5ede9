/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;
import java.util.zip.CRC32C;

/** Bytes that are added at the end of an array that grows. */
final class LittleEndian {
  private ByteBuffer bytes;

  LittleEndian(int capacity) {
    bytes = ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Room for so many more; the array may be another afterwards. */
  LittleEndian ensure(int more) {
    if (bytes.remaining() < more) {
      long wanted = Math.max(2L * bytes.capacity(), (long) bytes.position() + more);
      byte[] larger = Arrays.copyOf(bytes.array(), (int) Math.min(wanted, Integer.MAX_VALUE - 64L));
      bytes = ByteBuffer.wrap(larger).order(ByteOrder.LITTLE_ENDIAN).position(bytes.position());
    }
    return this;
  }

  LittleEndian putInt(int value) {
    ensure(Integer.BYTES).bytes.putInt(value);
    return this;
  }

  LittleEndian putLong(long value) {
    ensure(Long.BYTES).bytes.putLong(value);
    return this;
  }

  LittleEndian put(byte[] value) {
    ensure(value.length).bytes.put(value);
    return this;
  }

  LittleEndian put(UUID value) {
    return putLong(value.getMostSignificantBits()).putLong(value.getLeastSignificantBits());
  }

  LittleEndian put(Instant value) {
    return putLong(value.getEpochSecond()).putInt(value.getNano());
  }

  LittleEndian put(String value) {
    byte[] encoded = value.getBytes(StandardCharsets.UTF_8);
    return putInt(encoded.length).put(encoded);
  }

  int size() {
    return bytes.position();
  }

  byte[] array() {
    return bytes.array();
  }

  /** Says that so many bytes were put into the array behind the end. */
  void added(int count) {
    bytes.position(bytes.position() + count);
  }

  void clear() {
    bytes.clear();
  }

  byte[] toByteArray() {
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  /** Adds the CRC-32C of all that comes from an offset on. */
  LittleEndian putCrc(int from) {
    return putInt(crc(array(), from, size() - from));
  }

  static int crc(byte[] of, int offset, int length) {
    CRC32C crc = new CRC32C();
    crc.update(of, offset, length);
    return (int) crc.getValue();
  }

  static UUID uuid(ByteBuffer from) {
    return new UUID(from.getLong(), from.getLong());
  }

  static Instant instant(ByteBuffer from) {
    return Instant.ofEpochSecond(from.getLong(), from.getInt());
  }

  static byte[] bytes(ByteBuffer from, int count) {
    byte[] bytes = new byte[count];
    from.get(bytes);
    return bytes;
  }

  static String string(ByteBuffer from) {
    int length = from.getInt();
    if (length < 0 || length > from.remaining()) {
      throw new IllegalArgumentException("a text of " + length + " bytes");
    }
    return new String(bytes(from, length), StandardCharsets.UTF_8);
  }
}
