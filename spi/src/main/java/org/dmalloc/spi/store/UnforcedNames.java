/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What a provider's regions put off: directories whose entries the device may not have, and files
 * that were closed before the device had their headers. Files that are open know it themselves.
 *
 * <p>Thread-safe. A change that comes during a {@link #force} is kept for the next one.
 */
final class UnforcedNames {
  private final Set<Path> directories = new HashSet<>();
  private final Map<FileIdentity, Path> closed = new HashMap<>();

  /** Entries of the directory were made, changed or deleted. */
  synchronized void changed(Path directory) {
    directories.add(directory);
  }

  /** A file was closed that was written to since it was forced. */
  synchronized void closed(FileIdentity file, Path path) {
    closed.put(file, path);
  }

  synchronized boolean isEmpty() {
    return directories.isEmpty() && closed.isEmpty();
  }

  /** Makes what was noted durable, of a whole file system at once, or says that it cannot. */
  @FunctionalInterface
  interface FileSystemSync {
    /** Returns false if the system has no such call; waits for the file system of the path. */
    boolean sync(Path directory) throws IOException;
  }

  /** Waits until the device has all that was noted; on failure it stays noted. */
  void force(FileSystemSync bulk) throws IOException {
    Set<Path> now;
    Map<FileIdentity, Path> files;
    synchronized (this) {
      now = new HashSet<>(directories);
      files = new HashMap<>(closed);
      directories.clear();
      closed.clear();
    }
    try {
      Set<Path> each = new HashSet<>(now);
      files.values().forEach(path -> each.add(parent(path)));
      Set<Path> synced = new HashSet<>();
      for (Path directory : each) {
        if (bulk.sync(directory)) {
          synced.add(directory);
        }
      }
      for (Map.Entry<FileIdentity, Path> file : files.entrySet()) {
        if (!synced.contains(parent(file.getValue()))) {
          force(file.getKey(), file.getValue());
        }
      }
      for (Path directory : now) {
        if (!synced.contains(directory)) {
          DirectoryEntries.force(directory);
        }
      }
    } catch (IOException | RuntimeException | Error e) {
      synchronized (this) {
        directories.addAll(now);
        closed.putAll(files);
      }
      throw e;
    }
  }

  private static Path parent(Path file) {
    Path directory = file.getParent();
    return directory == null ? file : directory;
  }

  /** Forces a file that the path names still; one that is gone has nothing to be forced. */
  private static void force(FileIdentity file, Path path) throws IOException {
    try {
      synchronized (OpenFiles.monitor(file)) {
        if (!FileIdentity.matches(path, file)) {
          return;
        }
        FileChannel channel = FileIdentity.open(path, false);
        try {
          ChannelDisk.run(() -> channel.force(true));
        } finally {
          OpenFiles.leave(file, channel);
        }
      }
    } catch (NoSuchFileException e) {
      // Deleted meanwhile.
    }
  }
}
