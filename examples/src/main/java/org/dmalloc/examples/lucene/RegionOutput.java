/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.lucene;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.zip.CRC32;
import org.apache.lucene.store.AlreadyClosedException;
import org.apache.lucene.store.IndexOutput;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryRegion;

/**
 * Writes a file from its beginning to its end. The region grows in place as it fills; a full disk
 * is an exception there, and no store meets it.
 */
final class RegionOutput extends IndexOutput {
  private static final int BUFFER_BYTES = 16 << 10;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final RegionFiles files;
  private final OpenFile file;
  private final MemoryRegion region;
  private final CRC32 checksum = new CRC32();
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private final MemorySegment bufferSegment = MemorySegment.ofArray(buffer);

  /** How many bytes are in the buffer, and how many are in the region before them. */
  private int buffered;

  private long written;
  private long byteSize;
  private boolean closed;

  RegionOutput(String name, RegionFiles files, OpenFile file) {
    super("RegionOutput(" + name + ")", name);
    this.files = files;
    this.file = file;
    this.region = file.region();
    this.byteSize = region.byteSize();
  }

  @Override
  public void writeByte(byte value) throws IOException {
    room(Byte.BYTES);
    buffer[buffered++] = value;
  }

  @Override
  public void writeShort(short value) throws IOException {
    room(Short.BYTES);
    bufferSegment.set(SHORT, buffered, value);
    buffered += Short.BYTES;
  }

  @Override
  public void writeInt(int value) throws IOException {
    room(Integer.BYTES);
    bufferSegment.set(INT, buffered, value);
    buffered += Integer.BYTES;
  }

  @Override
  public void writeLong(long value) throws IOException {
    room(Long.BYTES);
    bufferSegment.set(LONG, buffered, value);
    buffered += Long.BYTES;
  }

  @Override
  public void writeBytes(byte[] bytes, int offset, int length) throws IOException {
    if (length < BUFFER_BYTES) {
      room(length);
      System.arraycopy(bytes, offset, buffer, buffered, length);
      buffered += length;
    } else {
      flush();
      append(bytes, offset, length);
    }
  }

  private void room(int count) throws IOException {
    if (count > BUFFER_BYTES - buffered) {
      flush();
    }
  }

  private void flush() throws IOException {
    append(buffer, 0, buffered);
    buffered = 0;
  }

  private void append(byte[] bytes, int offset, int length) throws IOException {
    if (closed) {
      throw new AlreadyClosedException("Already closed: " + this);
    }
    if (written + length > byteSize) {
      byteSize = region.ensure(written + length);
    }
    try (Access access = region.acquire()) {
      MemorySegment.copy(bytes, offset, access.segment(), JAVA_BYTE, written, length);
    }
    checksum.update(bytes, offset, length);
    written += length;
  }

  @Override
  public long getFilePointer() {
    return written + buffered;
  }

  @Override
  public long getChecksum() throws IOException {
    flush();
    return checksum.getValue();
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    try {
      flush();
      files.written(file, written);
    } finally {
      closed = true;
      files.leave(file);
    }
  }
}
