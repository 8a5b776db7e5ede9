/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.ObjectContent;
import org.dmalloc.backup.StoreConflictException;
import org.dmalloc.backup.archive.MemoryContent;

/** Writes an object that may be there already from an attempt whose answer was lost. */
final class StorePut {
  private static final int COMPARE_BYTES = 1 << 20;

  private StorePut() {}

  static void put(BackupStore store, String key, ObjectContent content) throws MemoryException {
    try {
      store.put(key, content);
    } catch (StoreConflictException e) {
      if (!isThere(store, key, content)) {
        throw e;
      }
    }
  }

  private static boolean isThere(BackupStore store, String key, ObjectContent content)
      throws MemoryException {
    boolean sameSize =
        store.list(key).stream()
            .anyMatch(
                object -> object.key().equals(key) && object.byteSize() == content.byteSize());
    if (!sameSize) {
      return false;
    }
    MessageDigest digest = MemoryContent.digest();
    byte[] buffer = new byte[(int) Math.min(COMPARE_BYTES, content.byteSize())];
    for (long at = 0; at < content.byteSize(); ) {
      int count = (int) Math.min(buffer.length, content.byteSize() - at);
      store.read(key, at, ByteBuffer.wrap(buffer, 0, count));
      digest.update(buffer, 0, count);
      at += count;
    }
    return MessageDigest.isEqual(digest.digest(), content.sha256());
  }
}
