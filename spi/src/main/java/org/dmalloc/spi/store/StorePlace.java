/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;

/**
 * Whether a store's directory is there, and is the one that it was.
 *
 * @param madeOnDemand whether it is made when the first region needs it
 * @param home what must exist then; null for nothing
 */
record StorePlace(Path directory, boolean madeOnDemand, @Nullable Path home) {
  /** Whether the directory is still to be made; throws if that cannot be told. */
  boolean isMissingByDesign(String operation) throws MemoryException {
    return madeOnDemand && !exists(operation);
  }

  /** A directory that this user may not read, or on a path that is none, is not a missing one. */
  boolean exists(String operation) throws MemoryException {
    // Java has one exception for ENOENT and ENOTDIR: what exists of the path tells which it was.
    for (Path path = directory; path != null; path = path.getParent()) {
      try {
        if (Files.readAttributes(path, BasicFileAttributes.class).isDirectory()) {
          return path.equals(directory);
        }
      } catch (NoSuchFileException e) {
        continue;
      } catch (IOException e) {
        throw StoreErrors.of(operation, -1, directory, e);
      }
      throw MemoryException.of(operation, path.toString(), "not a directory", "name a directory");
    }
    return false;
  }

  void require(String operation) throws MemoryException {
    if (exists(operation)) {
      StoreDirectory.use(directory);
      return;
    }
    if (StoreDirectory.hasGone(directory)) {
      throw StoreErrors.directoryGone(operation, directory);
    }
    if (!madeOnDemand) {
      throw StoreErrors.directoryMissing(operation, directory);
    }
    if (operation.equals("allocate")) {
      if (home != null && !Files.isDirectory(home)) {
        throw StoreErrors.homeMissing(directory, home);
      }
      try {
        Temporaries.createDirectories(directory);
        StoreDirectory.use(directory);
      } catch (IOException e) {
        throw StoreErrors.of("create directory", -1, directory, e);
      }
    }
  }
}
