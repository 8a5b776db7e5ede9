/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.ObjectContent;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.http.ContentStreamProvider;

/**
 * Content as the client reads it, which may be twice: for the signature, and to send it. Knows
 * whether it was the content that failed, and not the connection. One thread.
 */
final class SentContent implements ContentStreamProvider, AutoCloseable {
  private final ObjectContent content;
  private final List<InputStream> streams = new ArrayList<>();
  private @Nullable IOException failure;

  SentContent(ObjectContent content) {
    this.content = content;
  }

  @Override
  public InputStream newStream() {
    try {
      InputStream stream = new Watched(content.open());
      streams.add(stream);
      return stream;
    } catch (MemoryException e) {
      failure = e;
      throw new UncheckedIOException(e);
    }
  }

  /** Throws what the content threw, if it did. */
  void requireRead(Attempts.Task task) throws MemoryException {
    if (failure instanceof MemoryException memory) {
      throw memory;
    }
    if (failure != null) {
      throw MemoryException.of(
          task.operation(),
          task.bytes(),
          task.key(),
          "its content cannot be read: " + failure.getMessage(),
          MemoryException.NO_ERRNO,
          "nothing was written",
          failure);
    }
  }

  @Override
  public void close() throws MemoryException {
    for (InputStream stream : streams) {
      try {
        stream.close();
      } catch (IOException e) {
        throw MemoryException.of("close", "content of an object", String.valueOf(e), "");
      }
    }
  }

  private final class Watched extends FilterInputStream {
    Watched(InputStream stream) {
      super(stream);
    }

    @Override
    public int read() throws IOException {
      try {
        return super.read();
      } catch (IOException e) {
        failure = e;
        throw e;
      }
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      try {
        return super.read(into, offset, length);
      } catch (IOException e) {
        failure = e;
        throw e;
      }
    }

    /** The client would go back by it; a new stream does that. */
    @Override
    public boolean markSupported() {
      return false;
    }
  }
}
