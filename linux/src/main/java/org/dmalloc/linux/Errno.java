/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.util.Map;
import org.dmalloc.api.MemoryException;

/** Error numbers, their names, and the one mapper that makes exceptions from them. */
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
  public static final int ENAMETOOLONG = 36;
  public static final int ENOSYS = 38;
  public static final int ELOOP = 40;
  public static final int EOVERFLOW = 75;
  public static final int EOPNOTSUPP = 95;
  public static final int EDQUOT = 122;

  private static final Map<Integer, String> NAMES =
      Map.ofEntries(
          Map.entry(EPERM, "EPERM"),
          Map.entry(ENOENT, "ENOENT"),
          Map.entry(EINTR, "EINTR"),
          Map.entry(EIO, "EIO"),
          Map.entry(EBADF, "EBADF"),
          Map.entry(EAGAIN, "EAGAIN"),
          Map.entry(ENOMEM, "ENOMEM"),
          Map.entry(EACCES, "EACCES"),
          Map.entry(EFAULT, "EFAULT"),
          Map.entry(EBUSY, "EBUSY"),
          Map.entry(EEXIST, "EEXIST"),
          Map.entry(ENODEV, "ENODEV"),
          Map.entry(ENOTDIR, "ENOTDIR"),
          Map.entry(EISDIR, "EISDIR"),
          Map.entry(EINVAL, "EINVAL"),
          Map.entry(ENFILE, "ENFILE"),
          Map.entry(EMFILE, "EMFILE"),
          Map.entry(ENOTTY, "ENOTTY"),
          Map.entry(ETXTBSY, "ETXTBSY"),
          Map.entry(EFBIG, "EFBIG"),
          Map.entry(ENOSPC, "ENOSPC"),
          Map.entry(EROFS, "EROFS"),
          Map.entry(ENAMETOOLONG, "ENAMETOOLONG"),
          Map.entry(ENOSYS, "ENOSYS"),
          Map.entry(ELOOP, "ELOOP"),
          Map.entry(EOVERFLOW, "EOVERFLOW"),
          Map.entry(EOPNOTSUPP, "EOPNOTSUPP"),
          Map.entry(EDQUOT, "EDQUOT"));

  private Errno() {}

  /** The symbolic name, such as {@code ENOSPC}; {@code errno} where this class knows none. */
  public static String name(int errno) {
    return NAMES.getOrDefault(errno, "errno");
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

  private static String nextStep(int errno) {
    return switch (errno) {
      case EPERM -> "run as the owner of the file or with the privilege that the call needs";
      case ENOENT -> "create it first or correct the path";
      case EIO -> "check the device: the kernel log (dmesg) has the details";
      case EBADF, EFAULT, EOVERFLOW -> "report this as a defect";
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
      case ENOTTY, ENOSYS -> "needs a newer kernel";
      case ETXTBSY -> "stop the program that runs from this file";
      case EFBIG -> "choose a smaller size or raise the limit of file sizes (ulimit -f)";
      case ENOSPC -> "free disk space or choose another directory";
      case EROFS -> "choose another directory: this file system is mounted read-only";
      case ENAMETOOLONG -> "choose a shorter name or directory";
      case ELOOP -> "name the file itself, not a symbolic link";
      case EDQUOT -> "free space of this user or raise the quota";
      default -> "see errno(3)";
    };
  }
}
