/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

/**
 * One change to the machine, with the data to undo it.
 *
 * @param path the file, device, directory or setting
 * @param before the previous value of a setting; empty for other kinds
 * @param after the new value of a setting; empty for other kinds
 */
public record Change(Kind kind, String path, String before, String after) {
  public enum Kind {
    FILE,
    /** A directory that was created, with its content. */
    DIRECTORY,
    /** A file that was created and given to the kernel to swap to. */
    SWAP_FILE,
    /** A zram device that was added and given to the kernel to swap to. */
    ZRAM,
    /** A value in {@code /proc/sys} or {@code /sys}. */
    SETTING,
    /** A memory cgroup, with the processes that were started in it. */
    CGROUP,
    /** A file system that was mounted, at its directory. */
    MOUNT
  }

  static Change of(Kind kind, String path) {
    return new Change(kind, path, "", "");
  }

  @Override
  public String toString() {
    return switch (kind) {
      case FILE -> "file " + path;
      case DIRECTORY -> "directory " + path;
      case SWAP_FILE -> "swap file " + path;
      case ZRAM -> "zram device " + path;
      case SETTING -> path + " = " + after + " (was " + before + ")";
      case CGROUP -> "memory cgroup " + path;
      case MOUNT -> "file system mounted at " + path;
    };
  }
}
