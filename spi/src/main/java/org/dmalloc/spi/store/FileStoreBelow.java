/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * The file system below a directory. To find it is to read all mounts, so it is found again only
 * when the path leads to another directory, as after a mount over it.
 */
final class FileStoreBelow {
  private final Path directory;
  private volatile @Nullable Found found;

  /** A file system, and the directory that it was found below. */
  private record Found(Object directory, FileStore fileStore) {}

  FileStoreBelow(Path directory) {
    this.directory = directory;
  }

  FileStore get() throws IOException {
    Object key = Files.readAttributes(directory, BasicFileAttributes.class).fileKey();
    Found last = found;
    if (key != null && last != null && key.equals(last.directory)) {
      return last.fileStore;
    }
    FileStore below = Files.getFileStore(directory);
    found = key == null ? null : new Found(key, below);
    return below;
  }
}
