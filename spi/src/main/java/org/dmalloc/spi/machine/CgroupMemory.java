/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The memory limit of a control group that this process is in, version 1 or 2.
 *
 * @param version of the hierarchy
 * @param directory of the group
 * @param limitBytes RAM that its members may have; {@link Long#MAX_VALUE} for no limit
 * @param usedBytes what they have; −1 if unknown
 * @param cacheBytes the page cache among that, which the group could drop
 * @param freeRamBytes what is left of the limit, counting the page cache that the group could drop
 * @param freeSwapBytes what it may still put in swap; {@link Long#MAX_VALUE} for no limit
 */
public record CgroupMemory(
    int version,
    Path directory,
    long limitBytes,
    long usedBytes,
    long cacheBytes,
    long freeRamBytes,
    long freeSwapBytes) {
  /** No limit in version 1, where the kernel writes 2^63 rounded down to a page. */
  private static final long NO_LIMIT = 1L << 60;

  private static final String MAX = "memory.max";
  private static final String LIMIT_IN_BYTES = "memory.limit_in_bytes";

  /** The limits of all groups above this process, from the inner to the outer. */
  static List<CgroupMemory> all(KernelFiles files) {
    List<CgroupMemory> limits = new ArrayList<>();
    for (int version = 1; version <= 2; version++) {
      Optional<Cgroup> group = Cgroup.ofMemory(files, version);
      for (Path at : group.map(Cgroup::upwards).orElse(List.of())) {
        CgroupMemory limit = version == 2 ? second(files, at) : first(files, at);
        if (limit != null) {
          limits.add(limit);
        }
      }
    }
    return limits;
  }

  /** The lowest limit, the innermost of equal ones; empty where no group has one to tell. */
  public static Optional<CgroupMemory> lowest(KernelFiles files) {
    return all(files).stream().min(Comparator.comparingLong(CgroupMemory::limitBytes));
  }

  public boolean limited() {
    return limitBytes < Long.MAX_VALUE;
  }

  public Path file() {
    return directory.resolve(version == 2 ? MAX : LIMIT_IN_BYTES);
  }

  private static @Nullable CgroupMemory second(KernelFiles files, Path at) {
    if (!files.exists(at.resolve(MAX).toString())) {
      return null;
    }
    Long limit = number(files, at.resolve(MAX));
    Long used = number(files, at.resolve("memory.current"));
    Long swapLimit = number(files, at.resolve("memory.swap.max"));
    Long swapUsed = number(files, at.resolve("memory.swap.current"));
    long freeSwap =
        swapLimit == null || swapUsed == null ? Long.MAX_VALUE : Math.max(0, swapLimit - swapUsed);
    long cache = field(files, at, "active_file") + field(files, at, "inactive_file");
    return of(2, at, limit, used, cache, freeSwap);
  }

  private static @Nullable CgroupMemory first(KernelFiles files, Path at) {
    Long limit = number(files, at.resolve(LIMIT_IN_BYTES));
    Long used = number(files, at.resolve("memory.usage_in_bytes"));
    if (limit == null) {
      return null;
    }
    long cache = field(files, at, "total_active_file") + field(files, at, "total_inactive_file");
    if (limit >= NO_LIMIT || used == null) {
      return of(1, at, limit >= NO_LIMIT ? null : limit, used, cache, Long.MAX_VALUE);
    }
    Long bothLimit = number(files, at.resolve("memory.memsw.limit_in_bytes"));
    Long bothUsed = number(files, at.resolve("memory.memsw.usage_in_bytes"));
    long freeSwap = Long.MAX_VALUE;
    if (bothLimit != null && bothUsed != null && bothLimit < NO_LIMIT) {
      freeSwap = Math.max(0, bothLimit - bothUsed + cache - Math.max(0, limit - used + cache));
    }
    return of(1, at, limit, used, cache, freeSwap);
  }

  private static CgroupMemory of(
      int version, Path at, @Nullable Long limit, @Nullable Long used, long cache, long swap) {
    return new CgroupMemory(
        version,
        at,
        limit == null ? Long.MAX_VALUE : limit,
        used == null ? -1 : used,
        cache,
        limit == null || used == null ? Long.MAX_VALUE : Math.max(0, limit - used + cache),
        swap);
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
