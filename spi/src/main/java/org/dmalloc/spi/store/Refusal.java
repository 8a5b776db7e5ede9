/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;
import org.jspecify.annotations.Nullable;

/**
 * The one place where a refusal of the store or of Java's file calls becomes a {@link
 * MemoryException}; {@link Errno} knows the number behind the system's text.
 */
final class Refusal {
  private Refusal() {}

  static MemoryException noHeader(Path path, long length, boolean seenMagic) {
    if (seenMagic) {
      return MemoryException.of(
          "open",
          path.toString(),
          "damaged: both header copies fail their checksums",
          "restore the file from a backup");
    }
    if (length == 0) {
      return MemoryException.of(
          "open", path.toString(), "empty: its creation was cut off", "delete the region");
    }
    return foreign("open", path, "move it out of the store");
  }

  static MemoryException foreign(String operation, Path path, String nextStep) {
    return MemoryException.of(
        operation,
        path.toString(),
        "foreign: not a region file, it lacks the magic number",
        nextStep);
  }

  /** For a region that is to be, where something stands already. */
  static MemoryException nameTaken(Path target) {
    String nextStep = "the name is taken: open or delete that region, or choose another name";
    try {
      if (RegionFileProbe.isForeign(target)) {
        return foreign("allocate", target, "move it out of the store, or choose another name");
      }
    } catch (FileIdentity.NotRegularException e) {
      return of("allocate", -1, target, e);
    } catch (IOException e) {
      nextStep = "the name is taken by what cannot be examined: choose another name";
    }
    return MemoryException.of(
        "allocate", -1, target.toString(), Errno.name(Errno.EEXIST), Errno.EEXIST, nextStep, null);
  }

  static MemoryException directoryMissing(String operation, Path directory) {
    return MemoryException.of(
        operation,
        -1,
        directory.toString(),
        Errno.name(Errno.ENOENT),
        Errno.ENOENT,
        "create it: mkdir -m 700 -p " + directory,
        null);
  }

  /** For a store that would be made below a home that nobody has. */
  static MemoryException homeMissing(Path directory, Path home) {
    return MemoryException.of(
        "create directory",
        directory.toString(),
        "the home directory " + home + " does not exist",
        "set HOME or DMALLOC_DIRECTORY to a directory that exists, or dmalloc.directory in Java");
  }

  static MemoryException foreignName(Path path) {
    return MemoryException.of(
        "open",
        path.toString(),
        "foreign: no region name is written like this",
        "rename it or move it out of the store");
  }

  static MemoryException tooNew(Path path, RegionHeader header) {
    String what =
        header.version() > RegionHeader.VERSION
            ? "format version " + header.version() + ", known up to " + RegionHeader.VERSION
            : "it uses unknown features, flags 0x" + Long.toHexString(header.flags());
    return MemoryException.of("open", path.toString(), "too new: " + what, "update dmalloc");
  }

  static MemoryException cutShort(String operation, Path path, long length, long needed) {
    return MemoryException.of(
        operation,
        path.toString(),
        String.format(Locale.ROOT, "truncated: %d bytes long, the region needs %d", length, needed),
        "restore the file from a backup");
  }

  static MemoryException openElsewhere(String operation, Path path, String who) {
    return MemoryException.of(
        operation,
        path.toString(),
        "open elsewhere: " + who,
        operation.equals("open")
            ? "close it there first; sharing needs every holder read-only or private"
            : "close it there first");
  }

  /** For a region whose name does not lead to its file any more. */
  static MemoryException detached(String operation, long byteSize, Path path, String fate) {
    return MemoryException.of(
        operation,
        byteSize,
        path.toString(),
        fate,
        MemoryException.NO_ERRNO,
        "copy its content to another region before you close it",
        null);
  }

  static MemoryException movedTo(String operation, Path path, HandOver note) {
    return MemoryException.of(
        operation,
        path.toString(),
        "no such region: it moved to " + note.path(),
        "look for it in that store");
  }

  static MemoryException moveCutOff(String operation, Path path, HandOver note) {
    return MemoryException.of(
        operation,
        path.toString(),
        "its move to " + note.path() + " was cut off, and that file cannot be examined now",
        "make that directory available, or close the region there, and try again");
  }

  static MemoryException directoryGone(String operation, Path directory) {
    return MemoryException.of(
        operation,
        directory.toString(),
        "the store's directory was renamed or deleted since this JVM used it",
        "put it back, or begin a new one: mkdir -m 700 -p " + directory);
  }

  static MemoryException noSuchRegion(String operation, Path path) {
    return MemoryException.of(
        operation,
        -1,
        path.toString(),
        Errno.name(Errno.ENOENT),
        Errno.ENOENT,
        "no such region: check its name",
        null);
  }

  /** Turns what a file call threw into the grammar of {@link MemoryException}. */
  static MemoryException of(String operation, long byteSize, Path path, IOException e) {
    return of(operation, byteSize, byteSize, path, e);
  }

  /**
   * The same for a part of something larger.
   *
   * @param byteSize what the call was to store
   * @param neededBytes what else is to come, this included: so much space is wanted
   */
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
          "move it out of the store, or choose another name",
          e);
    }
    if (e instanceof NoSuchFileException) {
      for (Path directory = path; directory != null; directory = directory.getParent()) {
        if (SeenDirectories.hasGone(directory)) {
          return directoryGone(operation, directory);
        }
      }
    }
    return Errno.of(e) == Errno.ENOSPC
        ? noSpace(operation, byteSize, path, freeSpaceAdvice(neededBytes, path), e)
        : Errno.exception(operation, byteSize, path.toString(), e);
  }

  static MemoryException noSpace(String operation, long byteSize, Path path) {
    return noSpace(operation, byteSize, path, freeSpaceAdvice(byteSize, path), null);
  }

  /**
   * For what was filled in part, which is given back.
   *
   * @param free what is free without it
   */
  static MemoryException noSpace(
      String operation, long byteSize, long free, Path path, IOException e) {
    return noSpace(operation, byteSize, path, freeSpaceAdvice(byteSize, free), e);
  }

  private static MemoryException noSpace(
      String operation, long byteSize, Path path, String advice, @Nullable IOException e) {
    return MemoryException.of(
        operation, byteSize, path.toString(), Errno.name(Errno.ENOSPC), Errno.ENOSPC, advice, e);
  }

  private static String freeSpaceAdvice(long byteSize, Path path) {
    try {
      Path directory = Files.isDirectory(path) ? path : Objects.requireNonNull(path.getParent());
      return freeSpaceAdvice(byteSize, Files.getFileStore(directory).getUsableSpace());
    } catch (IOException e) {
      return "free space or choose another directory";
    }
  }

  private static String freeSpaceAdvice(long byteSize, long free) {
    return String.format(
        Locale.ROOT,
        "%d bytes are free there, free %d more or choose another directory",
        free,
        Math.max(1, byteSize - free));
  }

  /** The system's text in what wraps an IOException. */
  static String text(UncheckedIOException e) {
    Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
    String text = Objects.requireNonNullElse(cause.getMessage(), cause.getClass().getSimpleName());
    // MappedByteBuffer says "TEXT (msync with parameter MS_SYNC failed)".
    return text.replaceFirst(" \\(msync .*\\)$", "");
  }
}
