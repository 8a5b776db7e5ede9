/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

/**
 * One change to the machine, with what is needed to take it back.
 *
 * @param path the file, device, directory or setting concerned
 * @param before a setting's value before; empty for other kinds
 * @param after a setting's value since; empty for other kinds
 */
public record Change(Kind kind, String path, String before, String after) {
  public enum Kind {
    /** A file that was created. */
    FILE,
    /** A directory that was created, with all that is in it. */
    DIRECTORY,
    /** A file that was created and given to the kernel to swap to. */
    SWAP_FILE,
    /** A zram device that was added, and given to the kernel to swap to. */
    ZRAM,
    /** A value in {@code /proc/sys} or {@code /sys}. */
    SETTING,
    /** A memory cgroup, with the processes that were started in it. */
    CGROUP
  }

  /** A change that has no values. */
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
    };
  }
}
