/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * Where a process has a memfd open, and what that is: all that another one needs to find it, and to
 * be sure that it has found it.
 *
 * <p>Printed it is one word of {@value #CHARS} characters: {@value #PREFIX} and in base64url, big
 * endian, the numbers below in the order of the components, and a CRC-32C of the word's beginning
 * and these.
 *
 * @param namespace the pid namespace that the process's number is of, by its inode
 * @param pid the number of the process there
 * @param startTicks when it started, in clock ticks since the boot: tells it from a later process
 *     of its number
 * @param descriptor the number of the memfd in it
 * @param device the memfd's, as {@link org.dmalloc.linux.FileFacts} has it
 * @param inode the memfd's number there
 * @param byteSize the memfd's size when the token was made; it never becomes smaller
 * @param secret its digest is in the memfd's name
 */
record ShareToken(
    int namespace,
    int pid,
    long startTicks,
    int descriptor,
    long device,
    long inode,
    long byteSize,
    ShareSecret secret) {
  /** Begins a token of this version. */
  static final String PREFIX = "dmalloc1.";

  private static final int NUMBERS_BYTES = 3 * Integer.BYTES + 4 * Long.BYTES;
  private static final int CHECKED_BYTES = NUMBERS_BYTES + ShareSecret.BYTES;
  private static final int BYTES = CHECKED_BYTES + Integer.BYTES;

  /** How long a token is. */
  static final int CHARS = 95;

  /** As it is handed on. */
  String print() {
    byte[] all = new byte[BYTES];
    ByteBuffer bytes = ByteBuffer.wrap(all);
    bytes.putInt(namespace).putInt(pid).putLong(startTicks).putInt(descriptor);
    bytes.putLong(device).putLong(inode).putLong(byteSize);
    secret.to(bytes);
    bytes.putInt(checksum(all));
    return print(all);
  }

  private static String print(byte[] bytes) {
    return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /**
   * Reads a printed one; blanks around it do not count.
   *
   * @param backend for messages, which have nothing of the token
   * @throws IllegalArgumentException if it is none, or was cut or changed
   */
  static ShareToken parse(String printed, String backend) {
    String word = printed.strip();
    if (!word.startsWith(PREFIX)) {
      throw refused(backend, "it does not begin with " + PREFIX);
    }
    if (word.length() != CHARS) {
      throw refused(
          backend,
          String.format(
              Locale.ROOT,
              "it has %d characters, and one of this version has %d",
              word.length(),
              CHARS));
    }
    byte[] all;
    try {
      all = Base64.getUrlDecoder().decode(word.substring(PREFIX.length()));
    } catch (IllegalArgumentException e) { // whose message has a character of it
      throw refused(backend, "it has characters that none has");
    }
    ByteBuffer bytes = ByteBuffer.wrap(all);
    // Of the last character some bits mean nothing.
    if (bytes.getInt(CHECKED_BYTES) != checksum(all) || !print(all).equals(word)) {
      throw refused(backend, "its checksum is wrong: a character was changed");
    }
    return new ShareToken(
        bytes.getInt(),
        bytes.getInt(),
        bytes.getLong(),
        bytes.getInt(),
        bytes.getLong(),
        bytes.getLong(),
        bytes.getLong(),
        ShareSecret.from(bytes));
  }

  private static int checksum(byte[] bytes) {
    CRC32C checksum = new CRC32C();
    checksum.update(PREFIX.getBytes(StandardCharsets.US_ASCII));
    checksum.update(bytes, 0, CHECKED_BYTES);
    return (int) checksum.getValue();
  }

  private static IllegalArgumentException refused(String backend, String reason) {
    return new IllegalArgumentException(
        "not a token of backend " + backend + ": " + reason + "; copy all of what 'share' prints");
  }

  /** What messages call the region that it leads to. */
  String target() {
    return "the region at descriptor " + descriptor + " of process " + pid;
  }

  /** Without the secret. */
  @Override
  public String toString() {
    return "token of " + target();
  }
}
