/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.SnapshotOrigin;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.LockHolders;
import org.dmalloc.spi.region.Uninterrupted.Work;
import org.jspecify.annotations.Nullable;

/** Makes a {@link MemoryException} of an error of the store or of Java's file calls. */
final class StoreErrors {
  private static final String OUT_OF_STORE = "move it out of the store, or choose another name";
  private static final String RESTORE = "restore the file from a backup";
  private static final String COPY = "copy its content to another region before you close it";

  /**
   * The operations that make a file, which can be made in another directory; to write is to give
   * one its content.
   */
  private static final Set<String> CREATING =
      Set.of("allocate", "create directory", "move", "snapshot", "write");

  private StoreErrors() {}

  /** Works on files; what the work throws becomes a {@link MemoryException}, as by {@link #of}. */
  static <T> T call(String operation, long byteSize, Path path, Work<T, IOException> work)
      throws MemoryException {
    try {
      return work.run();
    } catch (IOException e) {
      throw of(operation, byteSize, path, e);
    }
  }

  static void run(String operation, long byteSize, Path path, ChannelDisk.Step work)
      throws MemoryException {
    call(operation, byteSize, path, work.asWork());
  }

  static MemoryException noHeader(Path path, long length, boolean damaged, boolean neverWritten) {
    if (damaged) {
      return of("open", path, "damaged: both header copies fail their checksums", RESTORE);
    }
    if (length == 0) {
      return of("open", path, "empty: its creation was cut off", "delete the region");
    }
    return neverWritten
        ? of("open", path, "empty: its creation was cut off by a power loss", "delete the region")
        : foreign("open", path, "move it out of the store");
  }

  static MemoryException foreign(String operation, Path path, String nextStep) {
    return of(operation, path, "foreign: not a region file, it lacks the magic number", nextStep);
  }

  static MemoryException nameTaken(String operation, Path target) {
    String nextStep = "the name is taken: open or delete that region, or choose another name";
    try {
      if (RegionFileProbe.isForeign(target)) {
        return foreign(operation, target, OUT_OF_STORE);
      }
    } catch (FileIdentity.NotRegularException e) {
      return of(operation, -1, target, e);
    } catch (IOException e) {
      nextStep = "the name is taken by what cannot be examined: choose another name";
    }
    return Errno.exception(operation, -1, target.toString(), Errno.EEXIST, nextStep);
  }

  static MemoryException directoryMissing(String operation, Path directory) {
    String nextStep = "create it: mkdir -m 700 -p " + directory;
    return Errno.exception(operation, -1, directory.toString(), Errno.ENOENT, nextStep);
  }

  /** For a default store below a home directory that does not exist. */
  static MemoryException homeMissing(Path directory, Path home) {
    return of(
        "create directory",
        directory,
        "the home directory " + home + " does not exist",
        "set HOME or DMALLOC_DIRECTORY to a directory that exists, or dmalloc.directory in Java");
  }

  static MemoryException foreignName(Path path) {
    String nextStep = "rename it or move it out of the store";
    return of("open", path, "foreign: no region name is written like this", nextStep);
  }

  static MemoryException tooNew(Path path, RegionHeader header) {
    String what =
        header.version() > RegionHeader.VERSION
            ? "format version " + header.version() + ", known up to " + RegionHeader.VERSION
            : "it uses unknown features, flags 0x" + Long.toHexString(header.flags());
    return of("open", path, "too new: " + what, "update dmalloc");
  }

  static MemoryException cutShort(String operation, Path path, long length, long needed) {
    String reason = "truncated: " + length + " bytes long, the region needs " + needed;
    return of(operation, path, reason, RESTORE);
  }

  /**
   * Another opener keeps the caller off.
   *
   * @param holders who that is, in words
   * @param members whether they have it open process-shared
   * @param asked how the caller was to have it
   */
  static MemoryException openElsewhere(
      String operation, Path path, String holders, boolean members, OpenMode asked) {
    if (members && asked.isMember()) {
      return of(
          operation,
          path,
          "open elsewhere: " + holders + ", which shrinks, renames, moves or copies it just now",
          "try again when that is done");
    }
    if (asked.isMember()) {
      return of(
          operation,
          path,
          "open elsewhere: " + holders + ", and not process-shared",
          "close it there first, or have it opened process-shared there too");
    }
    if (!operation.equals("open")) {
      return of(operation, path, "open elsewhere: " + holders, "close it there first");
    }
    return of(
        operation,
        path,
        "open elsewhere: " + (members ? "process-shared " : "") + holders,
        members
            ? "open it process-shared too (open --process-shared), or close it there first"
            : "close it there first; sharing needs every holder read-only, private or"
                + " process-shared");
  }

  /** Another process changes the header, and does not come to an end. */
  static MemoryException turnTaken(String operation, Path path, Duration waited) {
    return of(
        operation,
        path,
        LockHolders.describe(path)
            + " its size or header is being changed, for more than "
            + waited.toSeconds()
            + " s",
        "try again when that is done");
  }

  /** A checkpointed region cannot be process-shared. */
  static MemoryException checkpointed(Path path) {
    return of(
        "open",
        path,
        "it is checkpointed, and what other processes store has no moment of a checkpoint",
        "open it without process-shared");
  }

  static MemoryException oldFileStays(String operation, Path path, HandOver note) {
    return of(
        operation,
        path,
        "the file that it came from, " + note.path() + ", could not be deleted yet",
        "make it accessible, or delete it, and try again");
  }

  /** For who may not write again what a failed write has lost. */
  static MemoryException lost(Path path) {
    return of(
        "force",
        path,
        "its header may not be on the device, as a write failed before",
        "open the region for writing, and force it");
  }

  static MemoryException moves(Path path) {
    return of("rename", path, "it is being moved to another store", "try again when it is there");
  }

  static MemoryException detached(String operation, long byteSize, Path path, String fate) {
    return MemoryException.of(operation, byteSize, path.toString(), fate, COPY);
  }

  static MemoryException snapshot(Path path, SnapshotOrigin origin) {
    String of = origin.region() == null ? "a region without a name" : "'" + origin.region() + "'";
    return of(
        "open",
        path,
        "it is a snapshot of " + of + " of " + origin.takenAt() + ", which stays as it is",
        "open it for reading only (open -r), or privately");
  }

  static MemoryException movedTo(String operation, Path path, HandOver note) {
    String reason = "no such region: it moved to " + note.path();
    return of(operation, path, reason, "look for it in that store");
  }

  static MemoryException moveCutOff(String operation, Path path, HandOver note) {
    return of(
        operation,
        path,
        "its move to " + note.path() + " was cut off, and that file cannot be examined now",
        "make that directory available, or close the region there, and try again");
  }

  static MemoryException journalMissing(Path path, Path journal) {
    return of(
        "open",
        path,
        "damaged: its journal " + journal + " is missing",
        "put the journal back, or restore both from a backup, or delete the region");
  }

  static MemoryException directoryGone(String operation, Path directory) {
    return of(
        operation,
        directory,
        "the store's directory was renamed or deleted since this JVM used it",
        "put it back, or begin a new one: mkdir -m 700 -p " + directory);
  }

  static MemoryException othersFailed(String operation, StoreFile file) {
    return MemoryException.of(
        operation,
        file.byteSize(),
        "a file without a name in " + file.target(),
        "pages of the file, which small regions share, could not be written",
        "make room or mend the device, then force again");
  }

  static MemoryException noSuchRegion(String operation, Path path) {
    String nextStep = "no such region: check its name";
    return Errno.exception(operation, -1, path.toString(), Errno.ENOENT, nextStep);
  }

  private static MemoryException of(String operation, Path target, String reason, String nextStep) {
    return MemoryException.of(operation, target.toString(), reason, nextStep);
  }

  /** Turns what a file call threw into the grammar of {@link MemoryException}. */
  static MemoryException of(String operation, long byteSize, Path path, IOException e) {
    return of(operation, byteSize, byteSize, path, e);
  }

  /** The same for a part of something larger, for all of which {@code neededBytes} are wanted. */
  static MemoryException of(
      String operation, long byteSize, long neededBytes, Path path, IOException e) {
    if (e instanceof MemoryException already) {
      return already;
    }
    if (e instanceof FileIdentity.NotRegularException odd) {
      return MemoryException.of(
          operation,
          byteSize,
          path.toString(),
          Objects.requireNonNull(odd.getReason()),
          MemoryException.NO_ERRNO,
          OUT_OF_STORE,
          e);
    }
    if (e instanceof NoSuchFileException) {
      for (Path directory = path; directory != null; directory = directory.getParent()) {
        if (StoreDirectory.hasGone(directory)) {
          return directoryGone(operation, directory);
        }
      }
    }
    return Errno.of(e) == Errno.ENOSPC
        ? noSpace(
            operation,
            byteSize,
            path,
            freeSpaceAdvice(neededBytes, path, !CREATING.contains(operation)),
            e)
        : Errno.exception(operation, byteSize, path.toString(), e);
  }

  /** A file that {@code stays} cannot be made elsewhere. */
  static MemoryException noSpace(String operation, long byteSize, Path path, boolean stays) {
    return noSpace(operation, byteSize, path, freeSpaceAdvice(byteSize, path, stays), null);
  }

  /** For a file that was filled in part, which is given back; {@code free} is without that part. */
  static MemoryException noSpace(
      String operation, long byteSize, long free, Path path, boolean stays, IOException e) {
    return noSpace(operation, byteSize, path, freeSpaceAdvice(byteSize, free, stays), e);
  }

  private static MemoryException noSpace(
      String operation, long byteSize, Path path, String advice, @Nullable IOException e) {
    return MemoryException.of(
        operation, byteSize, path.toString(), Errno.name(Errno.ENOSPC), Errno.ENOSPC, advice, e);
  }

  private static String freeSpaceAdvice(long byteSize, Path path, boolean stays) {
    try {
      Path directory = Files.isDirectory(path) ? path : Objects.requireNonNull(path.getParent());
      return freeSpaceAdvice(byteSize, Files.getFileStore(directory).getUsableSpace(), stays);
    } catch (IOException e) {
      return "free space there" + elsewhere(stays);
    }
  }

  private static String freeSpaceAdvice(long byteSize, long free, boolean stays) {
    long missing = Math.max(1, byteSize - free);
    return free + " bytes are free there, free " + missing + " more" + elsewhere(stays);
  }

  private static String elsewhere(boolean stays) {
    return stays ? "" : " or choose another directory";
  }

  /** The system's text in what wraps an IOException. */
  static IOException unwrapped(UncheckedIOException e) {
    Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
    String text = Objects.requireNonNullElse(cause.getMessage(), cause.getClass().getSimpleName());
    // MappedByteBuffer says "TEXT (msync with parameter MS_SYNC failed)".
    return new IOException(text.replaceFirst(" \\(msync .*\\)$", ""), e);
  }
}
