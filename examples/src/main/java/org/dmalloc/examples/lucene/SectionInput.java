/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.lucene;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.apache.lucene.util.BitUtil;
import org.dmalloc.api.Access;

/**
 * Reads by sections: a single value or an array in one of its own, and small values in order
 * through a window, a section for each 256 bytes.
 */
final class SectionInput extends RegionInput {
  private static final int WINDOW_BYTES = 256;
  private static final byte[] NO_WINDOW = {};

  /** The length; less than nothing once it was ended, so that one comparison finds both. */
  private long limit;

  /** Bytes of the file that were copied in one section, for reads in order. */
  private byte[] window = NO_WINDOW;

  private long windowStart;
  private int windowCount;

  /** Where the last read by itself, or the window, ended: a read from there is one in order. */
  private long windowNext = -1;

  private SectionInput(String description, Opened opened, long start, long length, boolean clone) {
    super(description, opened, start, length, clone);
    this.limit = length;
  }

  static SectionInput over(String name, Opened opened) {
    return new SectionInput(name, opened, 0, opened.region().length(), false);
  }

  @Override
  RegionInput part(String description, long offset, long byteSize) {
    return new SectionInput(description, opened, start + offset, byteSize, true);
  }

  @Override
  public SectionInput clone() {
    SectionInput copy = (SectionInput) copy();
    copy.window = NO_WINDOW; // it would be filled for both
    copy.windowCount = 0;
    return copy;
  }

  @Override
  void end() {
    limit = -1;
    windowCount = 0;
  }

  @Override
  boolean ended() {
    return limit < 0;
  }

  /** Checks a range of the file and returns where it is in the region. */
  private long place(long at, long count) throws IOException {
    if (at < 0 || count > limit - at) {
      requireOpen();
      throw outside("read", at);
    }
    return start + at;
  }

  /**
   * Has bytes from the position on in the window, and returns their place there; negative if they
   * are to be read singly. A file does not change once it is written, so that what was copied of it
   * is true. One value is read by itself; who goes on behind it gets a window.
   */
  private int inWindow(int count) throws IOException {
    long at = position - windowStart;
    if (at >= 0 && at <= windowCount - count) {
      position += count;
      return (int) at;
    }
    if (position != windowNext) {
      windowNext = position + count;
      return -1;
    }
    if (window.length == 0) {
      window = new byte[WINDOW_BYTES];
    }
    int fits = (int) Math.min(WINDOW_BYTES, limit - position);
    if (fits < count) {
      return -1;
    }
    read(position, JAVA_BYTE, window, 0, fits);
    windowStart = position;
    windowCount = fits;
    windowNext = position + fits;
    position += count;
    return 0;
  }

  @Override
  public byte readByte() throws IOException {
    int at = inWindow(Byte.BYTES);
    if (at >= 0) {
      return window[at];
    }
    byte value = readByte(position);
    position += Byte.BYTES;
    return value;
  }

  @Override
  public short readShort() throws IOException {
    int at = inWindow(Short.BYTES);
    if (at >= 0) {
      return (short) BitUtil.VH_LE_SHORT.get(window, at);
    }
    short value = readShort(position);
    position += Short.BYTES;
    return value;
  }

  @Override
  public int readInt() throws IOException {
    int at = inWindow(Integer.BYTES);
    if (at >= 0) {
      return (int) BitUtil.VH_LE_INT.get(window, at);
    }
    int value = readInt(position);
    position += Integer.BYTES;
    return value;
  }

  @Override
  public long readLong() throws IOException {
    int at = inWindow(Long.BYTES);
    if (at >= 0) {
      return (long) BitUtil.VH_LE_LONG.get(window, at);
    }
    long value = readLong(position);
    position += Long.BYTES;
    return value;
  }

  @Override
  public byte readByte(long at) throws IOException {
    long place = place(at, Byte.BYTES);
    try (Access access = opened.acquire()) {
      return access.segment().get(JAVA_BYTE, place);
    }
  }

  @Override
  public short readShort(long at) throws IOException {
    long place = place(at, Short.BYTES);
    try (Access access = opened.acquire()) {
      return access.segment().get(SHORT, place);
    }
  }

  @Override
  public int readInt(long at) throws IOException {
    long place = place(at, Integer.BYTES);
    try (Access access = opened.acquire()) {
      return access.segment().get(INT, place);
    }
  }

  @Override
  public long readLong(long at) throws IOException {
    long place = place(at, Long.BYTES);
    try (Access access = opened.acquire()) {
      return access.segment().get(LONG, place);
    }
  }

  @Override
  public void readBytes(byte[] into, int offset, int count) throws IOException {
    long at = position - windowStart;
    if (at >= 0 && at <= windowCount - count) {
      System.arraycopy(window, (int) at, into, offset, count);
      position += count;
    } else {
      advance(read(position, JAVA_BYTE, into, offset, count));
    }
  }

  @Override
  public void readBytes(long at, byte[] into, int offset, int count) throws IOException {
    read(at, JAVA_BYTE, into, offset, count);
  }

  @Override
  public void readInts(int[] into, int offset, int count) throws IOException {
    advance(read(position, INT, into, offset, count));
  }

  @Override
  public void readLongs(long[] into, int offset, int count) throws IOException {
    advance(read(position, LONG, into, offset, count));
  }

  @Override
  public void readFloats(float[] into, int offset, int count) throws IOException {
    advance(read(position, FLOAT, into, offset, count));
  }

  private long read(long at, ValueLayout layout, Object into, int offset, int count)
      throws IOException {
    long byteSize = count * layout.byteSize();
    long place = place(at, byteSize);
    try (Access access = opened.acquire()) {
      MemorySegment.copy(access.segment(), layout, place, into, offset, count);
    }
    return byteSize;
  }

  private void advance(long byteSize) {
    position += byteSize;
    windowNext = position;
  }
}
