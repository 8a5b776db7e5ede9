/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * What the regions of a provider put off, in all directories that it uses: directories whose
 * entries the device may not have, files that were closed before it had their headers, and open
 * files of which that is so.
 *
 * <p>Thread-safe. A change that comes during a {@link #force} is kept for the next one.
 */
final class UnforcedNames {
  private final Set<Path> directories = new HashSet<>();
  private final Map<FileIdentity, Path> closed = new HashMap<>();
  private final Set<StoreFile> open = new HashSet<>();

  /** Makes all files of a file system durable by one call. */
  @FunctionalInterface
  interface FileSystemSync {
    /** Waits for the file system of the directory; false if there is no such call. */
    boolean sync(Path directory) throws IOException;
  }

  private record Noted(
      Set<Path> directories, Map<FileIdentity, Path> closed, Set<StoreFile> open) {}

  /** Entries of the directory were made, changed or deleted. */
  synchronized void changed(Path directory) {
    directories.add(directory);
  }

  /** The device may not have all of a file that is open. */
  synchronized void add(StoreFile file) {
    open.add(file);
  }

  /** The device has all of it, or nobody wants it any more. */
  synchronized void forced(StoreFile file) {
    open.remove(file);
  }

  /** A file is about to be closed. */
  synchronized void closed(StoreFile file) {
    open.remove(file);
    if (file.unforced() != null) {
      closed.put(file.identity(), file.path());
    }
  }

  /** A closed file has another path. */
  synchronized void renamed(FileIdentity file, Path path) {
    closed.replace(file, path);
  }

  /** A file has gone for good, and nothing of it is wanted any more. */
  synchronized void deleted(FileIdentity file) {
    closed.remove(file);
  }

  /** How many files and directories are to be forced. */
  int count() {
    return paths().size();
  }

  /** The files and directories that are to be forced. */
  synchronized Set<Path> paths() {
    Set<Path> paths = new HashSet<>(directories);
    paths.addAll(closed.values());
    open.forEach(file -> paths.add(file.path()));
    return paths;
  }

  /** Waits for each file system as a whole; false if that is not possible. */
  boolean forceAtOnce(FileSystemSync bulk) throws IOException {
    Noted noted = take();
    Map<StoreFile, StoreFile.Unforced> seen = new HashMap<>();
    boolean done = false;
    try {
      Set<Path> all = new HashSet<>(noted.directories);
      noted.closed.values().forEach(path -> all.add(Objects.requireNonNull(path.getParent())));
      for (StoreFile file : noted.open) {
        StoreFile.Unforced now = file.written();
        if (now != null) {
          seen.put(file, now);
          all.add(file.store().directory());
        }
      }
      for (Path directory : all) {
        // One that has gone has taken all with it that was in it.
        if (Files.isDirectory(directory) && !sync(bulk, directory, seen.keySet())) {
          return false;
        }
      }
      for (Map.Entry<StoreFile, StoreFile.Unforced> file : seen.entrySet()) {
        file.getKey().forced(file.getValue());
      }
      done = true;
      return true;
    } finally {
      putBack(noted, done);
    }
  }

  /** A failure is told once, and may be that of any of the files. */
  private static boolean sync(FileSystemSync bulk, Path directory, Set<StoreFile> open)
      throws IOException {
    try {
      return bulk.sync(directory);
    } catch (IOException e) {
      open.forEach(StoreFile::waitFailed);
      throw e;
    }
  }

  /** Waits for directories and for files that are closed; those that are open are others' task. */
  void force() throws IOException {
    Noted noted = take();
    boolean done = false;
    try {
      for (Map.Entry<FileIdentity, Path> file : noted.closed.entrySet()) {
        force(file.getKey(), file.getValue());
      }
      for (Path directory : noted.directories) {
        force(directory);
      }
      done = true;
    } finally {
      putBack(noted, done);
    }
  }

  private synchronized Noted take() {
    Noted noted = new Noted(Set.copyOf(directories), Map.copyOf(closed), Set.copyOf(open));
    directories.clear();
    closed.clear();
    return noted;
  }

  private synchronized void putBack(Noted noted, boolean done) {
    if (!done) {
      directories.addAll(noted.directories);
      closed.putAll(noted.closed);
    }
  }

  private static void force(Path directory) throws IOException {
    try {
      DirectoryEntries.force(directory);
    } catch (NoSuchFileException e) {
      // The directory has gone, with all that was in it.
    }
  }

  /** Forces a file that the path names still; one that is gone has nothing to be forced. */
  private static void force(FileIdentity file, Path path) throws IOException {
    try {
      synchronized (OpenFiles.monitor(file)) {
        if (FileIdentity.matches(path, file)) {
          FileChannel channel = FileIdentity.open(path, false);
          try {
            ChannelDisk.run(() -> channel.force(true));
          } finally {
            OpenFiles.leave(file, channel);
          }
        }
      }
    } catch (NoSuchFileException e) {
      // Deleted meanwhile.
    }
  }
}
