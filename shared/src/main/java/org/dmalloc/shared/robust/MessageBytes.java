/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;
import org.dmalloc.api.MemoryException;
import org.dmalloc.shared.MessageRing;

/**
 * How a message lies in a ring: its length and a checksum, 4 bytes each, then its bytes, up to a
 * multiple of 8. What does not fit at the end goes on at the begin; the first 8 bytes are never
 * parted. The checksum is over the bytes, and mixed with length and position, so that what an
 * earlier round has left there is no message.
 */
final class MessageBytes {
  private static final int MIX = 0x9e3779b9;

  private final SharedPage page;
  private final long start;
  private final long capacity;

  /**
   * Makes it over a part of the region.
   *
   * @param page for messages
   */
  MessageBytes(SharedPage page, long start, long capacity) {
    this.page = page;
    this.start = start;
    this.capacity = capacity;
  }

  /** What a message takes. */
  static long size(int length) {
    return (long) MessageRing.OVERHEAD + length + (-length & (MessageRing.OVERHEAD - 1));
  }

  private long at(long position) {
    return start + position % capacity;
  }

  private static int checksum(byte[] message, long position) {
    CRC32C crc = new CRC32C();
    crc.update(message);
    return (int) crc.getValue() ^ (Long.hashCode(position) + message.length) * MIX;
  }

  void write(MemorySegment memory, long position, byte[] message) {
    long at = at(position);
    memory.set(JAVA_INT, at, message.length);
    memory.set(JAVA_INT, at + Integer.BYTES, checksum(message, position));
    long first = at(position + MessageRing.OVERHEAD);
    int whole = (int) Math.min(message.length, start + capacity - first);
    MemorySegment.copy(message, 0, memory, JAVA_BYTE, first, whole);
    MemorySegment.copy(message, whole, memory, JAVA_BYTE, start, message.length - whole);
  }

  /**
   * Reads a message.
   *
   * @param there how many bytes were sent from that position on
   * @throws MemoryException if there is none
   */
  byte[] read(MemorySegment memory, long position, long there) throws MemoryException {
    long at = at(position);
    int length = memory.get(JAVA_INT, at);
    if (length < 0 || size(length) > there) {
      throw page.damaged("a message of " + length + " bytes at position " + position);
    }
    byte[] message = new byte[length];
    long first = at(position + MessageRing.OVERHEAD);
    int whole = (int) Math.min(length, start + capacity - first);
    MemorySegment.copy(memory, JAVA_BYTE, first, message, 0, whole);
    MemorySegment.copy(memory, JAVA_BYTE, start, message, whole, length - whole);
    if (memory.get(JAVA_INT, at + Integer.BYTES) != checksum(message, position)) {
      throw page.damaged("the checksum of the message at position " + position + " is wrong");
    }
    return message;
  }
}
