/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.region.DeviceProof;

/** Reads a region's bytes from the device, past the page cache (O_DIRECT). */
record DirectReads(StoreFile file, FileChannel channel) implements DeviceProof.Reader {
  static DirectReads open(StoreFile file) throws MemoryException {
    try {
      return new DirectReads(
          file,
          DirectFiles.open(file.path(), file.identity(), StandardOpenOption.READ, file::attach));
    } catch (IOException | UnsupportedOperationException e) {
      IOException reason = e instanceof IOException io ? io : new IOException(e);
      throw StoreErrors.of("open O_DIRECT", -1, file.path(), reason);
    }
  }

  @Override
  public void read(long offset, MemorySegment into) throws MemoryException {
    ByteBuffer buffer = into.asByteBuffer();
    long position = file.dataOffset() + offset;
    StoreErrors.run(
        "read",
        into.byteSize(),
        file.target(),
        () -> ChannelDisk.run(() -> readFully(buffer, position)));
  }

  private void readFully(ByteBuffer buffer, long position) throws IOException {
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, position + buffer.position()) < 0) {
        throw file.cutShort("read");
      }
    }
  }
}
