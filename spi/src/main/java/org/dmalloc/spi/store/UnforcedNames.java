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
import org.dmalloc.spi.region.SuspectFiles;

/**
 * What the regions of a provider put off, in all directories that it uses: directories whose
 * entries the device may not have, files that were closed before it had their headers, and open
 * files of which that is so.
 *
 * <p>Thread-safe. A change that comes during a {@link #force} is kept for the next one.
 */
final class UnforcedNames {
  private volatile DirectoryEntries.Calls calls = new DirectoryEntries.Calls() {};
  private final Set<Path> directories = new HashSet<>();
  private final Map<FileIdentity, Closed> closed = new HashMap<>();
  private final Set<StoreFile> open = new HashSet<>();

  /** Makes all files of a file system durable by one call. */
  @FunctionalInterface
  interface FileSystemSync {
    /** Waits for the file system of the directory; false if there is no such call. */
    boolean sync(Path directory) throws IOException;
  }

  /**
   * A file that was closed.
   *
   * @param what the device is to have, which may be dropped from memory once it failed to be
   *     written
   * @param key as {@link StoreFile#fileKey} gives it
   */
  private record Closed(StoreFile.Unforced what, String key) {
    Path path() {
      return what.path();
    }
  }

  private record Noted(
      Set<Path> directories, Map<FileIdentity, Closed> closed, Set<StoreFile> open) {}

  void callBy(DirectoryEntries.Calls others) {
    calls = others;
  }

  /** The calls by which names are changed in all directories of the provider. */
  DirectoryEntries.Calls calls() {
    return calls;
  }

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
    StoreFile.Unforced what = file.unforced();
    if (what != null) {
      closed.put(file.identity(), new Closed(what, file.fileKey()));
    }
  }

  /** A closed file has another path. */
  synchronized void renamed(FileIdentity file, Path path) {
    closed.computeIfPresent(
        file, (f, old) -> new Closed(new StoreFile.Unforced(old.what.header(), path), old.key));
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
    closed.values().forEach(file -> paths.add(file.path()));
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
      for (Map.Entry<FileIdentity, Closed> file : noted.closed.entrySet()) {
        if (LostWrites.of(file.getKey())) {
          force(file.getKey(), file.getValue());
        }
        all.add(Objects.requireNonNull(file.getValue().path().getParent()));
      }
      for (StoreFile file : noted.open) {
        StoreFile.Unforced now = file.written();
        if (now != null) {
          seen.put(file, now);
          all.add(file.store().directory());
        }
      }
      for (Path directory : all) {
        // One that has gone has taken all with it that was in it.
        if (Files.isDirectory(directory) && !sync(bulk, directory, noted)) {
          return false;
        }
      }
      for (Map.Entry<StoreFile, StoreFile.Unforced> file : seen.entrySet()) {
        file.getKey().forced(file.getValue());
      }
      done = true;
      return true;
    } finally {
      settle(noted, done);
    }
  }

  /** A failure is told once, and may be that of any of the files. */
  private static boolean sync(FileSystemSync bulk, Path directory, Noted noted) throws IOException {
    try {
      return bulk.sync(directory);
    } catch (IOException e) {
      noted.open.forEach(StoreFile::waitFailed);
      noted.closed.forEach(
          (identity, file) -> {
            try {
              sync(identity, file); // it may be told of its data, while it is in memory
            } catch (IOException f) {
              e.addSuppressed(f);
            }
            LostWrites.set(identity, true);
          });
      throw e;
    }
  }

  /** Waits for directories and for files that are closed; those that are open are others' task. */
  void force() throws IOException {
    Noted noted = take();
    boolean done = false;
    try {
      for (Map.Entry<FileIdentity, Closed> file : noted.closed.entrySet()) {
        force(file.getKey(), file.getValue());
      }
      for (Path directory : noted.directories) {
        force(directory);
      }
      done = true;
    } finally {
      settle(noted, done);
    }
  }

  private synchronized Noted take() {
    // The closed files stay: a renaming or a deletion meanwhile must meet them.
    Noted noted = new Noted(Set.copyOf(directories), Map.copyOf(closed), Set.copyOf(open));
    directories.clear();
    return noted;
  }

  private synchronized void settle(Noted noted, boolean done) {
    if (done) {
      noted.closed.forEach(closed::remove); // unless it was renamed or closed again meanwhile
    } else {
      directories.addAll(noted.directories);
    }
  }

  private void force(Path directory) throws IOException {
    try {
      calls.force(directory);
    } catch (NoSuchFileException e) {
      // The directory has gone, with all that was in it.
    }
  }

  /**
   * Forces a file that the path names still; one that is gone has nothing to be forced. Where a
   * force failed before, its header is written again first, which nobody may have open then.
   */
  private static void force(FileIdentity identity, Closed file) throws IOException {
    if (!LostWrites.of(identity)) {
      sync(identity, file);
      return;
    }
    try (LockedFile locked =
        LockedFile.open("force names", file.path(), OpenMode.WRITER, "its header")) {
      if (locked.identity().equals(identity)) {
        HeaderCopies.rewrite(locked.disk(), file.what.header());
        RegionImage.load(locked.disk(), file.path()).heal();
      }
    } catch (NoSuchFileException e) {
      // Deleted meanwhile.
    }
  }

  /** Waits until the device has a closed file, which the caller has locked. */
  void force(LockedFile locked, Path path) throws IOException {
    if (locked.disk().isLost()) {
      rewrite(locked);
      RegionImage.load(locked.disk(), path).heal();
    } else {
      locked.disk().sync();
    }
  }

  /** Writes the header of a locked file again that a failed wait may have lost. */
  void rewrite(LockedFile locked) throws IOException {
    Closed noted;
    synchronized (this) {
      noted = closed.get(locked.identity());
    }
    if (noted != null && locked.disk().isLost()) {
      HeaderCopies.rewrite(locked.disk(), noted.what.header());
    }
  }

  /** Waits for a file; what it may have lost is noted, header and data, if that fails. */
  private static void sync(FileIdentity identity, Closed file) throws IOException {
    try {
      synchronized (OpenFiles.monitor(identity)) {
        if (FileIdentity.matches(file.path(), identity)) {
          FileChannel channel = FileIdentity.open(file.path(), false);
          try {
            new ChannelDisk(channel, identity).sync();
          } finally {
            OpenFiles.leave(identity, channel);
          }
        }
      }
    } catch (NoSuchFileException e) {
      // Deleted meanwhile.
    } catch (IOException e) {
      if (LostWrites.of(identity)) {
        SuspectFiles.lost(
            file.key, file.path(), String.valueOf(e.getMessage()), file.what.header().byteSize());
      }
      throw e;
    }
  }
}
