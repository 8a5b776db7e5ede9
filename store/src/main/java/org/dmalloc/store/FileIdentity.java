/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.store;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Which file a path names, whatever other paths lead to it: device and inode where the system has
 * them. Found by stat(2), which opens nothing and so cannot drop a lock.
 */
record FileIdentity(String key) {
  /** Throws {@link NoSuchFileException} if there is none. */
  static FileIdentity of(Path path) throws IOException {
    BasicFileAttributes attributes =
        Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!attributes.isRegularFile()) {
      // Opening a pipe would wait for its other end; a link could lead out of the store.
      throw new FileSystemException(path.toString(), null, "not a regular file");
    }
    Object key = attributes.fileKey();
    return new FileIdentity(key != null ? key.toString() : path.toRealPath().toString());
  }

  static boolean matches(Path path, FileIdentity expected) throws IOException {
    try {
      return of(path).equals(expected);
    } catch (NoSuchFileException e) {
      return false;
    }
  }
}
