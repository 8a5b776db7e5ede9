/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;

/**
 * Error numbers, their names, and the one mapper that makes exceptions from them: from the number
 * that a system call gave, or from the system's text, which is all that Java's file calls tell.
 */
public final class Errno {
  public static final int EPERM = 1;
  public static final int ENOENT = 2;
  public static final int EINTR = 4;
  public static final int EIO = 5;
  public static final int EBADF = 9;
  public static final int EAGAIN = 11;
  public static final int ENOMEM = 12;
  public static final int EACCES = 13;
  public static final int EFAULT = 14;
  public static final int EBUSY = 16;
  public static final int EEXIST = 17;
  public static final int ENODEV = 19;
  public static final int ENOTDIR = 20;
  public static final int EISDIR = 21;
  public static final int EINVAL = 22;
  public static final int ENFILE = 23;
  public static final int EMFILE = 24;
  public static final int ENOTTY = 25;
  public static final int ETXTBSY = 26;
  public static final int EFBIG = 27;
  public static final int ENOSPC = 28;
  public static final int EROFS = 30;
  public static final int ENOLCK = 37;
  public static final int ENAMETOOLONG = 36;
  public static final int ENOSYS = 38;
  public static final int ELOOP = 40;
  public static final int EOVERFLOW = 75;
  public static final int EOPNOTSUPP = 95;
  public static final int ETIMEDOUT = 110;
  public static final int EDQUOT = 122;

  /** The mode of a process with a filter, in {@code /proc/self/status}. */
  private static final long SECCOMP_FILTER = 2;

  /** What Java says where it could not open the list of mounts, whatever the reason. */
  private static final String NO_MOUNTS = "Mount point not found";

  /**
   * An error number that this class knows.
   *
   * @param text the system's in the C locale, as Java's file calls pass it on; those of another
   *     locale stay as they are. Null if no such call meets it
   */
  private record Known(int errno, String name, @Nullable String text) {}

  private static final List<Known> KNOWN =
      List.of(
          new Known(EPERM, "EPERM", "Operation not permitted"),
          new Known(ENOENT, "ENOENT", "No such file or directory"),
          new Known(EINTR, "EINTR", null),
          new Known(EIO, "EIO", "Input/output error"),
          new Known(EBADF, "EBADF", null),
          new Known(EAGAIN, "EAGAIN", null),
          new Known(ENOMEM, "ENOMEM", "Cannot allocate memory"),
          new Known(EACCES, "EACCES", "Permission denied"),
          new Known(EFAULT, "EFAULT", null),
          new Known(EBUSY, "EBUSY", "Device or resource busy"),
          new Known(EEXIST, "EEXIST", "File exists"),
          new Known(ENODEV, "ENODEV", null),
          new Known(ENOTDIR, "ENOTDIR", "Not a directory"),
          new Known(EISDIR, "EISDIR", "Is a directory"),
          new Known(EINVAL, "EINVAL", "Invalid argument"),
          new Known(ENFILE, "ENFILE", "Too many open files in system"),
          new Known(EMFILE, "EMFILE", "Too many open files"),
          new Known(ENOTTY, "ENOTTY", null),
          new Known(ETXTBSY, "ETXTBSY", null),
          new Known(EFBIG, "EFBIG", "File too large"),
          new Known(ENOSPC, "ENOSPC", "No space left on device"),
          new Known(EROFS, "EROFS", "Read-only file system"),
          new Known(ENAMETOOLONG, "ENAMETOOLONG", "File name too long"),
          new Known(ENOLCK, "ENOLCK", "No locks available"),
          new Known(ENOSYS, "ENOSYS", "Function not implemented"),
          new Known(ELOOP, "ELOOP", "Too many levels of symbolic links"),
          new Known(EOVERFLOW, "EOVERFLOW", null),
          new Known(EOPNOTSUPP, "EOPNOTSUPP", "Operation not supported"),
          new Known(ETIMEDOUT, "ETIMEDOUT", null),
          new Known(EDQUOT, "EDQUOT", "Disk quota exceeded"));

  private Errno() {}

  /** The symbolic name, such as {@code ENOSPC}; {@code errno} where this class knows none. */
  public static String name(int errno) {
    return KNOWN.stream()
        .filter(known -> known.errno == errno)
        .findFirst()
        .map(Known::name)
        .orElse("errno");
  }

  /**
   * Makes the exception for a failed system call, with the usual next step for its error number.
   *
   * @param operation the call: {@code mmap}, {@code fallocate} …
   * @param byteSize the bytes concerned; −1 if none
   * @param target the file, directory or region concerned; empty if none
   */
  public static MemoryException exception(
      String operation, long byteSize, String target, int errno) {
    return exception(operation, byteSize, target, errno, nextStep(errno));
  }

  /** Like the other {@code exception}, with a next step that the caller knows better. */
  public static MemoryException exception(
      String operation, long byteSize, String target, int errno, String nextStep) {
    return MemoryException.of(operation, byteSize, target, name(errno), errno, nextStep, null);
  }

  /** Makes the exception for a file call of Java's that failed. */
  public static MemoryException exception(
      String operation, long byteSize, String target, IOException cause) {
    int errno = of(cause);
    boolean known = errno != MemoryException.NO_ERRNO;
    String reason = known ? name(errno) : text(cause);
    String nextStep = known ? nextStep(errno) : "";
    return MemoryException.of(operation, byteSize, target, reason, errno, nextStep, cause);
  }

  /** The number behind a Java file call's exception, or {@link MemoryException#NO_ERRNO}. */
  public static int of(IOException e) {
    String text = text(e);
    if (text.equals(NO_MOUNTS)) {
      return reasonForNoMounts();
    }
    for (Known known : KNOWN) {
      // Also "msync with parameter MS_SYNC failed: No space left on device", and "TEXT (call)".
      if (known.text != null
          && (text.equals(known.text)
              || text.endsWith(": " + known.text)
              || text.startsWith(known.text + " ("))) {
        return known.errno;
      }
    }
    return MemoryException.NO_ERRNO;
  }

  private static int reasonForNoMounts() {
    try (InputStream mounts = Files.newInputStream(Path.of("/proc/self/mountinfo"))) {
      return mounts.read() < 0 ? ENOENT : MemoryException.NO_ERRNO;
    } catch (FileSystemException e) {
      return of(e);
    } catch (IOException e) {
      return MemoryException.NO_ERRNO;
    }
  }

  /** The system's text in an exception of Java's file calls, without the path before it. */
  public static String text(IOException e) {
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

  /** The usual next step for an error number. */
  public static String nextStep(int errno) {
    return nextStep(errno, KernelFiles.ofThisMachine());
  }

  /** A filter may refuse any call with any number; these two are what container runtimes use. */
  private static String filter(KernelFiles files) {
    boolean filtered = files.field("/proc/self/status", "Seccomp").orElse(0) == SECCOMP_FILTER;
    return filtered
        ? "; or the system call filter (seccomp) of this process forbids the call: allow it there"
        : "";
  }

  /** A smaller region may not help against a limit: what is stored begins at 2 MiB of its file. */
  private static String fileSizeStep(KernelFiles files) {
    long limit = ProcessLimits.soft(files, "Max file size").orElse(Long.MAX_VALUE);
    if (limit < Long.MAX_VALUE) {
      return "raise the limit of file sizes, which is " + limit + " bytes (ulimit -f)";
    }
    return "choose a smaller size: this file system has no files as large";
  }

  static String nextStep(int errno, KernelFiles files) {
    return switch (errno) {
      case EPERM ->
          "run as the owner of the file or with the privilege that the call needs" + filter(files);
      case ENOENT -> "create it first or correct the path";
      case EIO -> "check the device: the kernel log (dmesg) has the details";
      case EFAULT -> "look at the length of the region's file and at the space on its disk";
      case EBADF, EOVERFLOW -> "report this as a defect";
      case EAGAIN, EBUSY -> "try again when the machine is less busy";
      case ENOMEM ->
          "free memory, or raise the memory limit, vm.max_map_count or vm.overcommit_memory";
      case EACCES -> "check owner and mode of the file and of the directories above it";
      case EEXIST -> "choose another name";
      case ENODEV, EOPNOTSUPP -> "choose another file system: this one lacks the operation";
      case ENOTDIR -> "name a directory";
      case EISDIR -> "name a file";
      case EINVAL -> "check that the range, the file system and the kernel version allow it";
      case ENFILE -> "raise fs.file-max";
      case EMFILE -> "raise the limit of open files (ulimit -n)";
      case ENOTTY -> "needs a newer kernel";
      case ENOSYS -> "needs a newer kernel" + filter(files);
      case ETXTBSY -> "stop the program that runs from this file";
      case EFBIG -> fileSizeStep(files);
      case ENOSPC -> "free disk space";
      case EROFS -> "choose another directory: this file system is mounted read-only";
      case ENOLCK -> "choose a file system that supports locks";
      case ENAMETOOLONG -> "choose a shorter name or directory";
      case ELOOP -> "name the file itself, not a symbolic link";
      case EDQUOT -> "free space of this user or raise the quota";
      default -> "see errno(3)";
    };
  }
}
