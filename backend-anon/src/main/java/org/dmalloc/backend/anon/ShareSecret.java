/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * What only those know who were given the token of a memfd. The memfd's name has its {@linkplain
 * #digest() digest}, which all processes of the user can read, and which leads back to nothing.
 */
final class ShareSecret {
  /** Of the secret, and of what its digest is cut to. */
  static final int BYTES = 16;

  private static final byte[] PURPOSE = "dmalloc memfd 1".getBytes(StandardCharsets.US_ASCII);

  private final byte[] bytes;

  private ShareSecret(byte[] bytes) {
    this.bytes = bytes;
  }

  /** A new one. */
  static ShareSecret random() {
    byte[] bytes = new byte[BYTES];
    new SecureRandom().nextBytes(bytes);
    return new ShareSecret(bytes);
  }

  static ShareSecret from(ByteBuffer token) {
    byte[] bytes = new byte[BYTES];
    token.get(bytes);
    return new ShareSecret(bytes);
  }

  void to(ByteBuffer token) {
    token.put(bytes);
  }

  /** What a memfd's name has of it: 32 hexadecimal digits. */
  String digest() {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      sha.update(PURPOSE);
      return HexFormat.of().formatHex(Arrays.copyOf(sha.digest(bytes), BYTES));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Without a word of it. */
  @Override
  public String toString() {
    return "secret";
  }
}
