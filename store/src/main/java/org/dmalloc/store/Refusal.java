/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.store;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.dmalloc.api.MemoryException;

/**
 * The one place where a refusal of the store or of Java's file calls becomes a {@link
 * MemoryException}. Java gives the system's error text, not its number; the texts of the C locale
 * are known here, any other is passed on as it is.
 */
final class Refusal {
  private static final int ENOENT = 2;
  private static final int EACCES = 13;
  private static final int ENOSPC = 28;

  private static final Map<String, Errno> BY_TEXT =
      Map.of(
          "Operation not permitted", new Errno("EPERM", 1, "check the owner of the directory"),
          "No such file or directory", new Errno("ENOENT", ENOENT, "check the path"),
          "Input/output error", new Errno("EIO", 5, "see the kernel log about the device"),
          "Permission denied",
              new Errno("EACCES", EACCES, "check owner and mode of file and directory"),
          "Too many open files", new Errno("EMFILE", 24, "raise the limit with ulimit -n"),
          "File too large",
              new Errno("EFBIG", 27, "ask for less, or raise ulimit -f or change file system"),
          "No space left on device", new Errno("ENOSPC", ENOSPC, "choose another directory"),
          "Read-only file system",
              new Errno("EROFS", 30, "remount it writable or choose another directory"),
          "No locks available", new Errno("ENOLCK", 37, "choose a file system that supports locks"),
          "Disk quota exceeded", new Errno("EDQUOT", 122, "free space or raise the quota"));

  private record Errno(String symbol, int number, String nextStep) {}

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
    return MemoryException.of(
        "open",
        path.toString(),
        "foreign: not a region file, it lacks the magic number",
        "move it out of the store");
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

  static MemoryException interrupted(String operation, String target) {
    return MemoryException.of(
        operation, target, "the thread is interrupted", "clear the interrupt and try again");
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

  static MemoryException noSuchRegion(String operation, Path path) {
    return MemoryException.of(
        operation, -1, path.toString(), "ENOENT", ENOENT, "no such region: check its name", null);
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
    String text = reason(e);
    Errno errno = BY_TEXT.get(text);
    if (errno == null) {
      return MemoryException.of(
          operation, byteSize, path.toString(), text, MemoryException.NO_ERRNO, "", e);
    }
    String nextStep = errno.number == ENOSPC ? freeSpaceAdvice(neededBytes, path) : errno.nextStep;
    return MemoryException.of(
        operation, byteSize, path.toString(), errno.symbol, errno.number, nextStep, e);
  }

  static MemoryException noSpace(String operation, long byteSize, Path path) {
    return MemoryException.of(
        operation,
        byteSize,
        path.toString(),
        "ENOSPC",
        ENOSPC,
        freeSpaceAdvice(byteSize, path),
        null);
  }

  private static String freeSpaceAdvice(long byteSize, Path path) {
    try {
      Path directory = Files.isDirectory(path) ? path : Objects.requireNonNull(path.getParent());
      long free = Files.getFileStore(directory).getUsableSpace();
      return String.format(
          Locale.ROOT,
          "%d bytes are free there, free %d more or choose another directory",
          free,
          Math.max(1, byteSize - free));
    } catch (IOException e) {
      return "free space or choose another directory";
    }
  }

  /** The system's text in what wraps an IOException. */
  static String text(UncheckedIOException e) {
    Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
    return Objects.requireNonNullElse(cause.getMessage(), cause.getClass().getSimpleName());
  }

  private static String reason(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "No such file or directory";
    }
    if (e instanceof AccessDeniedException) {
      return "Permission denied";
    }
    String message = Objects.requireNonNullElse(e.getMessage(), e.getClass().getSimpleName());
    if (e instanceof FileSystemException f && f.getReason() != null) {
      return f.getReason();
    }
    if (e instanceof FileNotFoundException && message.endsWith(")")) {
      // RandomAccessFile says "PATH (TEXT)".
      return message.substring(message.lastIndexOf('(') + 1, message.length() - 1);
    }
    return message;
  }
}
