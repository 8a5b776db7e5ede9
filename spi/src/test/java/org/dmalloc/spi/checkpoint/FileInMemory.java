/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** The file of a member that is an array. */
final class FileInMemory implements MemberFile {
  private byte[] content = new byte[0];
  private long byteSize;
  private long length = -1;
  private int syncs;
  private int closed;

  byte[] content() {
    return Arrays.copyOf(content, (int) byteSize);
  }

  long byteSize() {
    return byteSize;
  }

  long length() {
    return length;
  }

  int syncs() {
    return syncs;
  }

  int closed() {
    return closed;
  }

  @Override
  public void write(long offset, ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    reach(offset + copy.length);
    System.arraycopy(copy, 0, content, (int) offset, copy.length);
  }

  private void reach(long end) {
    content = Arrays.copyOf(content, (int) Math.max(end, content.length));
  }

  @Override
  public void zero(long offset, long count) {
    reach(offset + count);
    Arrays.fill(content, (int) offset, (int) (offset + count), (byte) 0);
  }

  @Override
  public void read(long offset, ByteBuffer into) {
    into.put(Arrays.copyOfRange(content, (int) offset, (int) offset + into.remaining()));
  }

  @Override
  public boolean settle(long newByteSize, long newLength) {
    boolean changed = newByteSize != byteSize || newLength != length;
    byteSize = newByteSize;
    length = newLength;
    return changed;
  }

  @Override
  public void sync() {
    syncs++;
  }

  @Override
  public void close() {
    closed++;
  }
}
