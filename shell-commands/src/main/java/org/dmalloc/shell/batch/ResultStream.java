/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.batch;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where results go. The streams above it swallow what fails; this one keeps it, so that a command
 * whose output is lost is not a success. It is never closed: what comes later must still be able to
 * speak.
 */
final class ResultStream extends OutputStream {
  private final OutputStream target;
  private volatile @Nullable IOException failure;

  ResultStream(OutputStream target) {
    this.target = target;
  }

  /** Why the first write that failed did; null if none has. */
  @Nullable IOException failure() {
    return failure;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    try {
      target.write(bytes, offset, length);
    } catch (IOException e) {
      keep(e);
      throw e;
    }
  }

  @Override
  public void flush() throws IOException {
    try {
      target.flush();
    } catch (IOException e) {
      keep(e);
      throw e;
    }
  }

  private synchronized void keep(IOException e) {
    if (failure == null) {
      failure = e;
    }
  }

  @Override
  public void close() throws IOException {
    flush();
  }

  /**
   * Whether a failure is that of a pipe that nobody reads any more, as of {@code head}. Its words
   * are the system's, in any language: they are compared with those of a pipe of one's own.
   */
  static boolean isClosedPipe(IOException failure) {
    try {
      Pipe pipe = Pipe.open();
      try (Pipe.SinkChannel sink = pipe.sink()) {
        pipe.source().close();
        sink.write(ByteBuffer.allocate(1));
        return false;
      }
    } catch (IOException e) {
      return Objects.equals(e.getMessage(), failure.getMessage());
    }
  }
}
