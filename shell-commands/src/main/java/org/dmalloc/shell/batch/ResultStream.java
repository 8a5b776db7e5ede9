/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.batch;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The stream of results. The streams above it swallow failures. This one keeps them, so that a
 * command with lost output does not succeed. It is never closed, because later output must still be
 * possible.
 */
final class ResultStream extends OutputStream {
  private final OutputStream target;
  private volatile @Nullable IOException failure;

  ResultStream(OutputStream target) {
    this.target = target;
  }

  /** The first failure of a write; null if none failed. */
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
   * Whether nobody reads the pipe any more, as with {@code head}. The system's message may be in
   * any language, so it is compared with that of a broken pipe made for this purpose.
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
