/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The memory limits of the control groups that this process is in, version 1 or 2, from the inner
 * to the outer.
 */
final class CgroupMemory {
  /**
   * From here on a limit of version 1 means none; the kernel writes 2^63 rounded down to a page.
   */
  private static final long NO_LIMIT = 1L << 60;

  private CgroupMemory() {}

  /**
   * One group with a limit.
   *
   * @param directory where its files are
   * @param limitBytes RAM that its members may have
   * @param freeRamBytes what is left of that, counting the page cache that it could drop
   * @param freeSwapBytes what it may still put in swap; {@link Long#MAX_VALUE} for no limit
   */
  record Limit(Path directory, long limitBytes, long freeRamBytes, long freeSwapBytes) {}

  /**
   * The limits in force; groups without one are left out.
   *
   * @param files those of this machine, or a copy for tests
   */
  static List<Limit> limits(KernelFiles files) {
    List<Limit> limits = new ArrayList<>();
    for (String group : files.lines("/proc/self/cgroup")) {
      String[] parts = group.split(":", 3); // hierarchy:controllers:path
      boolean versionTwo = parts.length == 3 && parts[1].isEmpty();
      boolean versionOne = parts.length == 3 && List.of(parts[1].split(",", -1)).contains("memory");
      if (versionOne || versionTwo) {
        collect(files, parts[2], versionTwo, limits);
      }
    }
    return limits;
  }

  private static void collect(
      KernelFiles files, String path, boolean versionTwo, List<Limit> limits) {
    for (String mount : files.lines("/proc/self/mountinfo")) {
      // id parent major:minor ROOT MOUNTPOINT options … - TYPE source SUPEROPTIONS
      int dash = mount.indexOf(" - ");
      if (dash < 0) {
        continue;
      }
      String[] left = mount.substring(0, dash).split(" ", -1);
      String[] right = mount.substring(dash + 3).split(" ", -1);
      boolean matches =
          versionTwo
              ? right[0].equals("cgroup2")
              : right[0].equals("cgroup")
                  && right.length > 2
                  && List.of(right[2].split(",", -1)).contains("memory");
      if (!matches || left.length < 5) {
        continue;
      }
      Path top = Path.of(left[4]);
      for (Path at = below(top, left[3], path);
          at.startsWith(top);
          at = at.resolve("..").normalize()) {
        Limit limit = versionTwo ? second(files, at) : first(files, at);
        if (limit != null) {
          limits.add(limit);
        }
      }
      return;
    }
  }

  /** A container may see its own group as the root of the mount, and its path from the outside. */
  private static Path below(Path top, String mountRoot, String path) {
    if (mountRoot.equals("/")) {
      return top.resolve(path.substring(1)).normalize();
    }
    return path.startsWith(mountRoot)
        ? top.resolve(path.substring(mountRoot.length()).replaceFirst("^/", "")).normalize()
        : top;
  }

  private static @Nullable Limit second(KernelFiles files, Path at) {
    Long limit = number(files, at.resolve("memory.max"));
    Long used = number(files, at.resolve("memory.current"));
    Long swapLimit = number(files, at.resolve("memory.swap.max"));
    Long swapUsed = number(files, at.resolve("memory.swap.current"));
    long freeSwap =
        swapLimit == null || swapUsed == null ? Long.MAX_VALUE : Math.max(0, swapLimit - swapUsed);
    if (limit == null || used == null) {
      return freeSwap == Long.MAX_VALUE
          ? null
          : new Limit(at, Long.MAX_VALUE, Long.MAX_VALUE, freeSwap);
    }
    long cache = field(files, at, "active_file") + field(files, at, "inactive_file");
    return new Limit(at, limit, Math.max(0, limit - used + cache), freeSwap);
  }

  private static @Nullable Limit first(KernelFiles files, Path at) {
    Long limit = number(files, at.resolve("memory.limit_in_bytes"));
    Long used = number(files, at.resolve("memory.usage_in_bytes"));
    if (limit == null || used == null || limit >= NO_LIMIT) {
      return null;
    }
    long cache = field(files, at, "total_active_file") + field(files, at, "total_inactive_file");
    long freeRam = Math.max(0, limit - used + cache);
    Long bothLimit = number(files, at.resolve("memory.memsw.limit_in_bytes"));
    Long bothUsed = number(files, at.resolve("memory.memsw.usage_in_bytes"));
    long freeSwap = Long.MAX_VALUE;
    if (bothLimit != null && bothUsed != null && bothLimit < NO_LIMIT) {
      freeSwap = Math.max(0, bothLimit - bothUsed + cache - freeRam);
    }
    return new Limit(at, limit, freeRam, freeSwap);
  }

  /** A number in a file of its own; null for "max" and where there is no such file. */
  private static @Nullable Long number(KernelFiles files, Path file) {
    String text = files.text(file.toString()).orElse("");
    if (!text.matches("\\d{1,19}")) {
      return null;
    }
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException beyondLong) {
      return Long.MAX_VALUE;
    }
  }

  private static long field(KernelFiles files, Path at, String name) {
    return files.field(at.resolve("memory.stat").toString(), name).orElse(0);
  }
}
