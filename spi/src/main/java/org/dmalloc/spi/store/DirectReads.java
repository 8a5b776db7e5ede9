/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.region.DeviceProof;

/** Reads a region's bytes from the device, past the page cache (O_DIRECT). */
record DirectReads(StoreFile file, FileChannel channel) implements DeviceProof.Reader {
  static DirectReads open(StoreFile file) throws MemoryException {
    Path path = file.path();
    try {
      requireSame(path, file); // nor open a pipe
      FileChannel channel =
          FileChannel.open(
              path, StandardOpenOption.READ, directOption(), LinkOption.NOFOLLOW_LINKS);
      file.attach(channel);
      requireSame(path, file);
      return new DirectReads(file, channel);
    } catch (IOException | UnsupportedOperationException e) {
      IOException reason = e instanceof IOException io ? io : new IOException(e);
      throw StoreErrors.of("open O_DIRECT", -1, path, reason);
    }
  }

  private static void requireSame(Path path, StoreFile file) throws IOException {
    if (!FileIdentity.matches(path, file.identity())) {
      throw new IOException("the path does not name this file any more");
    }
  }

  /** By name, through the platform's loader: it is in the module jdk.unsupported. */
  private static OpenOption directOption() throws IOException {
    try {
      Class<?> options =
          Class.forName(
              "com.sun.nio.file.ExtendedOpenOption", true, ClassLoader.getPlatformClassLoader());
      return (OpenOption) options.getField("DIRECT").get(null);
    } catch (ReflectiveOperationException e) {
      throw new IOException("this Java has no direct I/O", e);
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
