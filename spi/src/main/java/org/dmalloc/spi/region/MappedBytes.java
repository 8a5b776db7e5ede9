/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Compares mapped memory, a piece at a time, by copies of it on the heap.
 *
 * <p>{@link MemorySegment#mismatch} is code without a handler for signals: where a page has nothing
 * behind it, it ends the JVM, and a copy is an {@link InternalError}. Pieces stay in the
 * processor's cache, so that the memory is still read once.
 *
 * <p>After such an error, which compiled code throws late, a result says nothing: {@link
 * org.dmalloc.api.BusErrors#deliver} before it counts.
 *
 * <p><b>Threads.</b> One at a time.
 */
public final class MappedBytes {
  private static final int PIECE_BYTES = 32 << 10;
  private static final byte[] ZEROS = new byte[PIECE_BYTES];

  private byte[] one = new byte[0];
  private byte[] two = new byte[0];

  /**
   * The first byte in which two segments differ, from {@code begin} to before {@code end} in both.
   *
   * @return counted from {@code begin}; −1 if there is none
   */
  public long mismatch(MemorySegment first, MemorySegment second, long begin, long end) {
    one = room(one, end - begin);
    two = room(two, end - begin);
    for (long at = begin; at < end; at += one.length) {
      int length = (int) Math.min(one.length, end - at);
      MemorySegment.copy(first, JAVA_BYTE, at, one, 0, length);
      MemorySegment.copy(second, JAVA_BYTE, at, two, 0, length);
      int differs = Arrays.mismatch(one, 0, length, two, 0, length);
      if (differs >= 0) {
        return at - begin + differs;
      }
    }
    return -1;
  }

  /** Whether a segment has nothing but zeros from {@code begin} to before {@code end}. */
  public boolean isZero(MemorySegment memory, long begin, long end) {
    one = room(one, end - begin);
    for (long at = begin; at < end; at += one.length) {
      int length = (int) Math.min(one.length, end - at);
      MemorySegment.copy(memory, JAVA_BYTE, at, one, 0, length);
      if (!Arrays.equals(one, 0, length, ZEROS, 0, length)) {
        return false;
      }
    }
    return true;
  }

  /** Room for so many bytes, or for a piece of them. */
  private static byte[] room(byte[] had, long bytes) {
    int wanted = (int) Math.min(PIECE_BYTES, bytes);
    return had.length >= wanted ? had : new byte[wanted];
  }
}
