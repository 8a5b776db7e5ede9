/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.dmalloc.spi.region.Uninterrupted;

/**
 * A file of a journal by a {@link FileChannel}, which an interrupt of the calling thread would
 * close: its calls run where none reaches them.
 */
final class ChannelJournalDisk implements JournalDisk, Closeable {
  private final FileChannel channel;

  private ChannelJournalDisk(FileChannel channel) {
    this.channel = channel;
  }

  /** Opens an existing file, or one that is made, with {@link StandardOpenOption}s. */
  static ChannelJournalDisk open(Path path, StandardOpenOption... options) throws IOException {
    return new ChannelJournalDisk(openChannel(path, options));
  }

  /** Opens what must be a plain file: another user's pipe would wait for its other end. */
  static FileChannel openChannel(Path path, StandardOpenOption... options) throws IOException {
    Set<OpenOption> all = new HashSet<>(List.of(options));
    all.add(LinkOption.NOFOLLOW_LINKS);
    boolean makes = all.contains(StandardOpenOption.CREATE_NEW);
    if (!makes && Files.exists(path, LinkOption.NOFOLLOW_LINKS) && !isFile(path)) {
      throw new FileSystemException(path.toString(), null, "not a file of a journal");
    }
    return FileChannel.open(path, all, JournalDirectory.mode(path, "rw-------"));
  }

  private static boolean isFile(Path path) {
    return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
  }

  @Override
  public long length() throws IOException {
    return call(channel::size);
  }

  @Override
  public void read(long position, ByteBuffer into) throws IOException {
    call(
        () -> {
          int start = into.position();
          while (into.hasRemaining()
              && channel.read(into, position + into.position() - start) >= 0) {
            // Until it is full, or the file ends.
          }
          while (into.hasRemaining()) {
            into.put((byte) 0);
          }
          return true;
        });
  }

  @Override
  public void write(long position, ByteBuffer content) throws IOException {
    call(
        () -> {
          int start = content.position();
          while (content.hasRemaining()) {
            channel.write(content, position + content.position() - start);
          }
          return true;
        });
  }

  @Override
  public void setLength(long newLength) throws IOException {
    call(
        () -> {
          if (newLength > channel.size()) {
            channel.write(ByteBuffer.allocate(1), newLength - 1);
          }
          return channel.truncate(newLength);
        });
  }

  @Override
  public void sync() throws IOException {
    call(
        () -> {
          channel.force(false); // fdatasync(2), which waits for the length too
          return true;
        });
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  static <T> T call(Uninterrupted.Work<T, IOException> work) throws IOException {
    return Uninterrupted.call("dmalloc journal", IOException.class, work);
  }
}
