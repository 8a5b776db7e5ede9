/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;

/**
 * Reads what the service sends, and no more than there is room for. The connection below takes the
 * end of it for the end of the answer, wherever that is: whether it is whole must be seen here.
 */
final class ReceivedContent {
  private static final int CHUNK = 64 << 10;

  private ReceivedContent() {}

  /**
   * All of an object.
   *
   * @return null if it has more bytes than that
   */
  static @Nullable ByteBuffer whole(
      GetObjectResponse answer, AbortableInputStream body, int mostBytes) throws IOException {
    long byteSize = length(answer);
    if (byteSize > mostBytes) {
      body.abort();
      return null;
    }
    ByteBuffer content = ByteBuffer.allocate((int) byteSize);
    fill(content, body);
    return content.flip();
  }

  /**
   * A part of an object.
   *
   * @return whether it is the part that was asked for
   */
  static boolean part(
      GetObjectResponse answer, AbortableInputStream body, long offset, ByteBuffer into)
      throws IOException {
    String range = answer.contentRange();
    boolean fromThere =
        range == null ? offset == 0 : range.startsWith("bytes " + offset + "-"); // whole objects
    if (!fromThere || length(answer) != into.remaining()) {
      body.abort();
      return false;
    }
    fill(into, body);
    return true;
  }

  /**
   * A part of a list.
   *
   * @return the same
   */
  static ListObjectsV2Response whole(ListObjectsV2Response answer) {
    if (answer.isTruncated() == null) {
      throw cut("its list ended too early");
    }
    return answer;
  }

  /**
   * What is known of an object.
   *
   * @return the same
   */
  static HeadObjectResponse whole(HeadObjectResponse answer) {
    if (answer.contentLength() == null || answer.lastModified() == null) {
      throw cut("its answer has no length or time");
    }
    tag(answer.eTag());
    return answer;
  }

  /** A tag as it is kept and compared: without quotes. */
  static String tag(@Nullable String answered) {
    String tag = answered == null ? "" : answered.replaceFirst("^W/", "");
    boolean quoted = tag.startsWith("\"");
    if (tag.isEmpty() || (quoted && !(tag.endsWith("\"") && tag.length() > 2))) {
      throw cut("its answer has no whole ETag");
    }
    return tag.replace("\"", "");
  }

  /** What is tried again. */
  private static SdkClientException cut(String message) {
    return SdkClientException.create(message, new EOFException(message));
  }

  private static long length(GetObjectResponse answer) throws IOException {
    Long length = answer.contentLength();
    if (length == null) {
      throw new EOFException("its answer has no length");
    }
    return length;
  }

  private static void fill(ByteBuffer into, InputStream body) throws IOException {
    byte[] chunk = new byte[Math.min(CHUNK, Math.max(1, into.remaining()))];
    while (into.hasRemaining()) {
      int count = body.read(chunk, 0, Math.min(chunk.length, into.remaining()));
      if (count < 0) {
        throw new EOFException("its answer ended " + into.remaining() + " bytes too early");
      }
      into.put(chunk, 0, count);
    }
  }
}
