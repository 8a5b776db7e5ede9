/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.lucene;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.apache.lucene.store.MemorySegmentAccessInput;

/**
 * Reads by the raw segment, and shows it to Lucene, whose vector code takes it where there is one.
 */
final class SegmentInput extends RegionInput implements MemorySegmentAccessInput {
  /** The bytes of this input; no bytes once it was ended. */
  private MemorySegment segment;

  private boolean ended;

  private SegmentInput(
      String description, Opened opened, long start, MemorySegment segment, boolean clone) {
    super(description, opened, start, segment.byteSize(), clone);
    this.segment = segment;
  }

  static SegmentInput over(String name, Opened opened) {
    MemorySegment all = opened.region().segment();
    return new SegmentInput(name, opened, 0, all.asSlice(0, opened.region().length()), false);
  }

  @Override
  RegionInput part(String description, long offset, long byteSize) {
    return new SegmentInput(
        description, opened, start + offset, segment.asSlice(offset, byteSize), true);
  }

  @Override
  public SegmentInput clone() {
    return (SegmentInput) copy();
  }

  @Override
  void end() {
    ended = true;
    segment = MemorySegment.NULL;
  }

  @Override
  boolean ended() {
    return ended;
  }

  /** What went wrong with an access, in Lucene's words. */
  private IOException failure(String action, long at, RuntimeException cause) throws IOException {
    requireOpen();
    if (cause instanceof IllegalStateException) {
      throw alreadyClosed(cause);
    }
    return outside(action, at);
  }

  @Override
  public byte readByte() throws IOException {
    byte value = readByte(position);
    position += Byte.BYTES;
    return value;
  }

  @Override
  public short readShort() throws IOException {
    short value = readShort(position);
    position += Short.BYTES;
    return value;
  }

  @Override
  public int readInt() throws IOException {
    int value = readInt(position);
    position += Integer.BYTES;
    return value;
  }

  @Override
  public long readLong() throws IOException {
    long value = readLong(position);
    position += Long.BYTES;
    return value;
  }

  @Override
  public byte readByte(long at) throws IOException {
    try {
      return segment.get(JAVA_BYTE, at);
    } catch (IndexOutOfBoundsException | IllegalStateException e) {
      throw failure("read", at, e);
    }
  }

  @Override
  public short readShort(long at) throws IOException {
    try {
      return segment.get(SHORT, at);
    } catch (IndexOutOfBoundsException | IllegalStateException e) {
      throw failure("read", at, e);
    }
  }

  @Override
  public int readInt(long at) throws IOException {
    try {
      return segment.get(INT, at);
    } catch (IndexOutOfBoundsException | IllegalStateException e) {
      throw failure("read", at, e);
    }
  }

  @Override
  public long readLong(long at) throws IOException {
    try {
      return segment.get(LONG, at);
    } catch (IndexOutOfBoundsException | IllegalStateException e) {
      throw failure("read", at, e);
    }
  }

  @Override
  public void readBytes(byte[] into, int offset, int count) throws IOException {
    position += read(position, JAVA_BYTE, into, offset, count);
  }

  @Override
  public void readBytes(long at, byte[] into, int offset, int count) throws IOException {
    read(at, JAVA_BYTE, into, offset, count);
  }

  @Override
  public void readInts(int[] into, int offset, int count) throws IOException {
    position += read(position, INT, into, offset, count);
  }

  @Override
  public void readLongs(long[] into, int offset, int count) throws IOException {
    position += read(position, LONG, into, offset, count);
  }

  @Override
  public void readFloats(float[] into, int offset, int count) throws IOException {
    position += read(position, FLOAT, into, offset, count);
  }

  private long read(long at, ValueLayout layout, Object into, int offset, int count)
      throws IOException {
    try {
      MemorySegment.copy(segment, layout, at, into, offset, count);
      return count * layout.byteSize();
    } catch (IndexOutOfBoundsException | IllegalStateException e) {
      throw failure("read", at, e);
    }
  }

  @Override
  public MemorySegment segmentSliceOrNull(long at, long byteSize) throws IOException {
    try {
      return segment.asSlice(at, byteSize);
    } catch (IndexOutOfBoundsException | IllegalStateException e) {
      throw failure("slice", at, e);
    }
  }
}
