/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import java.io.InputStream;
import org.dmalloc.api.MemoryException;
import org.osgi.annotation.versioning.ProviderType;

/** What an object is to have. Its length is known before it is read, and it can be read again. */
@ProviderType
public interface ObjectContent {
  /** Its length in bytes. */
  long byteSize();

  /** The SHA-256 digest of all its bytes, 32 bytes; the caller's own. */
  byte[] sha256();

  /**
   * Its bytes from the start, for each call anew. The caller closes the stream.
   *
   * @throws MemoryException if the content cannot be read; so does the stream, as an {@link
   *     java.io.IOException}
   */
  InputStream open() throws MemoryException;
}
