/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import org.dmalloc.spi.region.Uninterrupted;

/**
 * A {@link Disk} on a {@link FileChannel}, which, other than {@link java.io.RandomAccessFile}, can
 * be opened without making a file of that name. A channel closes itself, and drops the process's
 * locks, when the calling thread is interrupted; so its calls run where no interrupt reaches them.
 */
final class ChannelDisk implements Disk {
  private final FileChannel channel;

  ChannelDisk(FileChannel channel) {
    this.channel = channel;
  }

  @Override
  public long length() throws IOException {
    return call(channel::size);
  }

  @Override
  public void read(long position, byte[] into) throws IOException {
    call(
        () -> {
          ByteBuffer buffer = ByteBuffer.wrap(into);
          while (buffer.hasRemaining() && channel.read(buffer, position + buffer.position()) >= 0) {
            // Until it is full, or the file ends.
          }
          while (buffer.hasRemaining()) {
            buffer.put((byte) 0);
          }
          return into;
        });
  }

  @Override
  public void write(long position, byte[] bytes) throws IOException {
    call(
        () -> {
          ByteBuffer buffer = ByteBuffer.wrap(bytes);
          while (buffer.hasRemaining()) {
            channel.write(buffer, position + buffer.position());
          }
          return bytes;
        });
  }

  @Override
  public void setLength(long newLength) throws IOException {
    call(
        () -> {
          if (newLength > channel.size()) {
            // The one call of a channel that lengthens a file and takes no space for it.
            try (Arena arena = Arena.ofConfined()) {
              channel.map(MapMode.READ_WRITE, newLength - 1, 1, arena);
            }
          }
          return channel.truncate(newLength);
        });
  }

  @Override
  public void sync() throws IOException {
    call(
        () -> {
          channel.force(true);
          return channel;
        });
  }

  @Override
  public void sync(long position, int length) throws IOException {
    call(
        () -> {
          try (Arena arena = Arena.ofConfined()) {
            channel.map(MapMode.READ_WRITE, position, length, arena).force();
          } catch (UncheckedIOException e) {
            throw new IOException(Refusal.text(e), e);
          }
          return channel;
        });
  }

  /** Runs a call on a channel where no interrupt can reach it: one would close the channel. */
  static <T> T call(Uninterrupted.Work<T, IOException> work) throws IOException {
    return Uninterrupted.call("dmalloc store", IOException.class, work);
  }
}
