/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import java.util.HexFormat;

/**
 * An object, and what it must be.
 *
 * @param key in the store
 * @param byteSize its length
 * @param sha256 the digest of all its bytes, in hexadecimal digits
 */
public record ObjectRef(String key, long byteSize, String sha256) {
  /** An object with a digest of 32 bytes. */
  public static ObjectRef of(String key, long byteSize, byte[] sha256) {
    return new ObjectRef(key, byteSize, HexFormat.of().formatHex(sha256));
  }

  /** The digest; the caller's own. */
  public byte[] digest() {
    return HexFormat.of().parseHex(sha256);
  }
}
