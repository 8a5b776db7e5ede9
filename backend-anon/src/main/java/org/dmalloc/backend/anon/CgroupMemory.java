/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.io.IOException;
import java.nio.file.Files;
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
   * @param root {@code /}, or a directory with a copy of the files for tests
   */
  static List<Limit> limits(Path root) {
    List<Limit> limits = new ArrayList<>();
    for (String group : lines(root.resolve("proc/self/cgroup"))) {
      String[] parts = group.split(":", 3); // hierarchy:controllers:path
      boolean versionTwo = parts.length == 3 && parts[1].isEmpty();
      boolean versionOne = parts.length == 3 && List.of(parts[1].split(",", -1)).contains("memory");
      if (versionOne || versionTwo) {
        collect(root, parts[2], versionTwo, limits);
      }
    }
    return limits;
  }

  private static void collect(Path root, String path, boolean versionTwo, List<Limit> limits) {
    for (String mount : lines(root.resolve("proc/self/mountinfo"))) {
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
      Path top = root.resolve(left[4].substring(1));
      for (Path at = below(top, left[3], path);
          at.startsWith(top);
          at = at.resolve("..").normalize()) {
        Limit limit = versionTwo ? second(at) : first(at);
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

  private static @Nullable Limit second(Path at) {
    Long limit = number(at.resolve("memory.max"));
    Long used = number(at.resolve("memory.current"));
    Long swapLimit = number(at.resolve("memory.swap.max"));
    Long swapUsed = number(at.resolve("memory.swap.current"));
    long freeSwap =
        swapLimit == null || swapUsed == null ? Long.MAX_VALUE : Math.max(0, swapLimit - swapUsed);
    if (limit == null || used == null) {
      return freeSwap == Long.MAX_VALUE
          ? null
          : new Limit(at, Long.MAX_VALUE, Long.MAX_VALUE, freeSwap);
    }
    long cache = field(at, "active_file") + field(at, "inactive_file");
    return new Limit(at, limit, Math.max(0, limit - used + cache), freeSwap);
  }

  private static @Nullable Limit first(Path at) {
    Long limit = number(at.resolve("memory.limit_in_bytes"));
    Long used = number(at.resolve("memory.usage_in_bytes"));
    if (limit == null || used == null || limit >= NO_LIMIT) {
      return null;
    }
    long cache = field(at, "total_active_file") + field(at, "total_inactive_file");
    long freeRam = Math.max(0, limit - used + cache);
    Long bothLimit = number(at.resolve("memory.memsw.limit_in_bytes"));
    Long bothUsed = number(at.resolve("memory.memsw.usage_in_bytes"));
    long freeSwap = Long.MAX_VALUE;
    if (bothLimit != null && bothUsed != null && bothLimit < NO_LIMIT) {
      freeSwap = Math.max(0, bothLimit - bothUsed + cache - freeRam);
    }
    return new Limit(at, limit, freeRam, freeSwap);
  }

  /** A number in a file of its own; null for "max" and where there is no such file. */
  private static @Nullable Long number(Path file) {
    List<String> lines = lines(file);
    if (lines.isEmpty() || !lines.getFirst().matches("\\d{1,19}")) {
      return null;
    }
    try {
      return Long.parseLong(lines.getFirst());
    } catch (NumberFormatException beyondLong) {
      return Long.MAX_VALUE;
    }
  }

  private static long field(Path at, String name) {
    for (String line : lines(at.resolve("memory.stat"))) {
      if (line.startsWith(name + " ")) {
        return Long.parseLong(line.substring(name.length() + 1).strip());
      }
    }
    return 0;
  }

  /**
   * The lines of a file; none where it cannot be read, which is how a kernel says "not limited".
   */
  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException absent) {
      return List.of();
    }
  }
}
