/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.dmalloc.backup.ObjectContent;

/** Content that is in memory. */
public final class MemoryContent implements ObjectContent {
  private final byte[] bytes;
  private final byte[] sha256;

  public MemoryContent(byte[] bytes) {
    this.bytes = bytes;
    this.sha256 = digest().digest(bytes);
  }

  /** A new SHA-256, which every Java has. */
  public static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public long byteSize() {
    return bytes.length;
  }

  @Override
  public byte[] sha256() {
    return sha256.clone();
  }

  @Override
  public InputStream open() {
    return new ByteArrayInputStream(bytes);
  }
}
