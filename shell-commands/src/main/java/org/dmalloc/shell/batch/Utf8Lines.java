/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.batch;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The lines of an input, each decoded by itself: bytes that are not UTF-8 invalidate only their
 * line. A byte order mark before the first line is dropped.
 */
final class Utf8Lines {
  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private final InputStream in;
  private long number;

  Utf8Lines(InputStream in) {
    this.in = new BufferedInputStream(in);
  }

  /** The number of the last line that was read, from 1. */
  long number() {
    return number;
  }

  /**
   * The next line without its end; null at the end of the input. Throws {@link
   * CharacterCodingException} if it is not UTF-8; the next call continues after it.
   */
  @Nullable String next() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int b = in.read();
    if (b < 0) {
      return null;
    }
    for (; b >= 0 && b != '\n'; b = in.read()) {
      bytes.write(b);
    }
    number++;
    String line =
        StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes.toByteArray())).toString();
    if (number == 1 && line.startsWith(BYTE_ORDER_MARK)) {
      line = line.substring(BYTE_ORDER_MARK.length());
    }
    return line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
  }
}
