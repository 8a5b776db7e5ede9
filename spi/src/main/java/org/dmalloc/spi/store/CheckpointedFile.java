/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.dmalloc.spi.checkpoint.MemberFile;

/** The file of a checkpointed region, as its journal writes it. */
final class CheckpointedFile implements MemberFile {
  /** As much is read at once to find what is not zero. */
  private static final int PIECE = 1 << 16;

  private final StoreFile file;
  private final ChannelDisk disk;

  /** Whether the file is closed with this. */
  private final boolean owned;

  CheckpointedFile(StoreFile file, boolean owned) {
    this.file = file;
    this.disk = file.disk();
    this.owned = owned;
  }

  @Override
  public void write(long offset, ByteBuffer content) throws IOException {
    long position = position(offset);
    if (!disk.isLost()) {
      disk.write(position, MemorySegment.ofBuffer(content));
      return;
    }
    // After a failed wait, past the memory that takes what was lost for written.
    while (content.hasRemaining()) {
      byte[] block = new byte[Math.min(ChannelDisk.DIRECT_BYTES, content.remaining())];
      content.get(block);
      disk.writeThrough(position, block);
      position += block.length;
    }
  }

  /** Writes where there is something else: Java has no call that makes a hole. */
  @Override
  public void zero(long offset, long length) throws IOException {
    long end = Math.min(position(offset) + length, disk.length());
    byte[] piece = new byte[PIECE];
    for (long at = position(offset); at < end; ) {
      int step = (int) Math.min(piece.length, end - at);
      disk.read(at, piece);
      if (disk.isLost() || !RegionHeader.areZeros(piece, 0, step)) {
        write(at - file.dataOffset(), ByteBuffer.allocate(step));
      }
      at += step;
    }
  }

  @Override
  public void read(long offset, ByteBuffer into) throws IOException {
    disk.read(position(offset), into);
  }

  private long position(long offset) {
    return file.dataOffset() + offset;
  }

  @Override
  public boolean settle(long byteSize, long length) throws IOException {
    return file.settleAt(byteSize, length);
  }

  @Override
  public void sync() throws IOException {
    file.forceAll();
  }

  @Override
  public void close() throws IOException {
    if (owned) {
      file.close();
    }
  }
}
