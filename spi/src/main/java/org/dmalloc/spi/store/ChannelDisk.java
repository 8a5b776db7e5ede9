/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.util.concurrent.atomic.AtomicReference;
import org.dmalloc.spi.region.Uninterrupted;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Disk} on a {@link FileChannel}, which, other than {@link java.io.RandomAccessFile}, can
 * be opened without making a file of that name. A channel closes itself, and drops the process's
 * locks, when the calling thread is interrupted; so its calls run where no interrupt reaches them.
 */
final class ChannelDisk implements Disk {
  /** One write, and the largest folio of Linux's page cache that it makes. */
  private static final long WRITE_PIECE_BYTES = 32L << 10;

  /** As many zeros as one write can take. */
  static final int MOST_ZEROS = 1 << 20;

  /** Made when a file is first filled. Outside of the heap, or each write would copy them. */
  private static final class Zeros {
    private static final ByteBuffer ALL = ByteBuffer.allocateDirect(MOST_ZEROS).asReadOnlyBuffer();
  }

  /** One write past the page cache; a multiple of what devices and file systems ask for. */
  static final int DIRECT_BYTES = 4096;

  /** Any thread but the calling one. */
  private static final Thread ANOTHER_THREAD = Thread.ofPlatform().unstarted(() -> {});

  private final FileChannel channel;
  private final @Nullable FileIdentity file;
  private final @Nullable LockedFile locked;
  private final AtomicReference<@Nullable IOException> failedSync = new AtomicReference<>();

  /** A disk for those who only read, without a lock. */
  ChannelDisk(FileChannel channel, FileIdentity file) {
    this(channel, file, null);
  }

  private ChannelDisk(
      FileChannel channel, @Nullable FileIdentity file, @Nullable LockedFile locked) {
    this.channel = channel;
    this.file = file;
    this.locked = locked;
  }

  static ChannelDisk of(LockedFile locked) {
    return new ChannelDisk(locked.channel(), locked.fileOrNull(), locked);
  }

  FileChannel channel() {
    return channel;
  }

  @Override
  public long length() throws IOException {
    return call(channel::size);
  }

  @Override
  public void read(long position, byte[] into) throws IOException {
    read(position, ByteBuffer.wrap(into));
  }

  /** Fills all that the buffer has left, with zeros where the file ends first. */
  void read(long position, ByteBuffer buffer) throws IOException {
    long start = position - buffer.position();
    run(
        () -> {
          while (buffer.hasRemaining() && channel.read(buffer, start + buffer.position()) >= 0) {
            // Until it is full, or the file ends.
          }
          while (buffer.hasRemaining()) {
            buffer.put((byte) 0);
          }
        });
  }

  @Override
  public void write(long position, byte[] bytes) throws IOException {
    write(position, ByteBuffer.wrap(bytes));
  }

  /** Writes up to {@link #MOST_ZEROS} of them. */
  void writeZeros(long position, int count) throws IOException {
    write(position, Zeros.ALL.slice(0, count));
  }

  /**
   * Writes them on the calling thread, to a file that nobody has yet: an interrupt closes it. A
   * thread on another processor would take the pages that are cold here, where they are freed.
   */
  void writeFirstZeros(long position, int count) throws IOException {
    writeHere(position, Zeros.ALL.slice(0, count));
  }

  /** Writes all that the buffer has left. */
  void write(long position, ByteBuffer buffer) throws IOException {
    run(() -> writeHere(position, buffer));
  }

  private void writeHere(long position, ByteBuffer buffer) throws IOException {
    long start = position - buffer.position();
    while (buffer.hasRemaining()) {
      channel.write(buffer, start + buffer.position());
    }
  }

  @Override
  public void writeThrough(long position, byte[] bytes) throws IOException {
    FileChannel direct = locked == null ? null : locked.direct();
    if (direct == null) {
      write(position, bytes);
      return;
    }
    long start = position - position % DIRECT_BYTES;
    byte[] block = new byte[DIRECT_BYTES];
    read(start, block);
    System.arraycopy(bytes, 0, block, (int) (position - start), bytes.length);
    ByteBuffer buffer = ByteBuffer.allocateDirect(2 * DIRECT_BYTES).alignedSlice(DIRECT_BYTES);
    buffer.put(block).flip();
    run(
        () -> {
          while (buffer.hasRemaining()) {
            direct.write(buffer, start + buffer.position());
          }
        });
  }

  /** Writes content that may belong to the calling thread alone. */
  void write(long position, MemorySegment content) throws IOException {
    if (content.isAccessibleBy(ANOTHER_THREAD)) {
      run(() -> writeInPieces(position, content));
    } else {
      writeCopies(position, content);
    }
  }

  private void writeInPieces(long position, MemorySegment content) throws IOException {
    long length = content.byteSize();
    for (long done = 0; done < length; ) {
      long step = Math.min(WRITE_PIECE_BYTES, length - done);
      ByteBuffer piece = content.asSlice(done, step).asByteBuffer();
      while (piece.hasRemaining()) {
        done += channel.write(piece, position + done);
      }
    }
  }

  private void writeCopies(long position, MemorySegment content) throws IOException {
    long length = content.byteSize();
    for (long done = 0; done < length; ) {
      byte[] piece = new byte[(int) Math.min(WRITE_PIECE_BYTES, length - done)];
      MemorySegment.copy(content, JAVA_BYTE, done, piece, 0, piece.length);
      write(position + done, piece);
      done += piece.length;
    }
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
    try {
      run(() -> channel.force(true));
    } catch (IOException e) {
      failedSync.set(e);
      noteLost(true);
      throw e;
    }
  }

  /** The last {@link #sync} that failed since this was asked; null if none has. */
  @Nullable IOException takeFailedSync() {
    return failedSync.getAndSet(null);
  }

  @Override
  public void sync(long position, int length) throws IOException {
    run(
        () -> {
          try (Arena arena = Arena.ofConfined()) {
            channel.map(MapMode.READ_WRITE, position, length, arena).force();
          } catch (UncheckedIOException e) {
            noteLost(true);
            throw StoreErrors.unwrapped(e);
          }
        });
  }

  @Override
  public boolean isLost() {
    return file != null && LostWrites.of(file);
  }

  @Override
  public void noteLost(boolean lost) {
    if (file != null) { // one without a name has no header
      LostWrites.set(file, lost);
    }
  }

  /** Runs a call on a channel where no interrupt can reach it: one would close the channel. */
  static <T> T call(Uninterrupted.Work<T, IOException> work) throws IOException {
    return Uninterrupted.call("dmalloc store", IOException.class, work);
  }

  /** A call without a result. */
  @FunctionalInterface
  interface Step {
    void run() throws IOException;

    /** The same as work with a result, which says nothing. */
    default Uninterrupted.Work<Boolean, IOException> asWork() {
      return () -> {
        run();
        return true;
      };
    }
  }

  /** Like {@link #call}, for a call without a result. */
  static void run(Step step) throws IOException {
    call(step.asWork());
  }
}
