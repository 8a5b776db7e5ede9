/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.machine;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Mount;

/**
 * The memory limit that the cgroups of this process set, the lowest from its own up to the root.
 *
 * @param version 1 or 2
 * @param limitBytes the limit; −1 for none
 * @param usedBytes what the group that sets the limit uses now; −1 if unknown
 * @param limitFile the file that holds the limit; that of the process's own group if none is set
 */
public record MemoryCgroup(int version, long limitBytes, long usedBytes, String limitFile) {
  /** Version 1 shows "no limit" as the largest page-aligned long; nothing real comes near. */
  private static final long NO_LIMIT = 1L << 60;

  /** Looks the limit up; empty where no memory controller is mounted or visible. */
  public static Optional<MemoryCgroup> of(KernelFiles files) {
    Optional<MemoryCgroup> first =
        mountOf(files, "cgroup", "memory")
            .flatMap(
                mount ->
                    groupOf(files, "memory")
                        .flatMap(
                            group ->
                                lowest(
                                    files,
                                    mount,
                                    group,
                                    1,
                                    "memory.limit_in_bytes",
                                    "memory.usage_in_bytes")));
    return first.isPresent()
        ? first
        : mountOf(files, "cgroup2", "")
            .flatMap(
                mount ->
                    groupOf(files, "")
                        .flatMap(
                            group ->
                                lowest(files, mount, group, 2, "memory.max", "memory.current")));
  }

  private static Optional<MemoryCgroup> lowest(
      KernelFiles files,
      Path mount,
      String group,
      int version,
      String limitName,
      String usageName) {
    // Inside a container the path of the group may not exist below the mount: the mount itself is
    // the group then.
    Path own = mount.resolve(group.substring(1));
    Path start = files.exists(own.resolve(limitName).toString()) ? own : mount;
    MemoryCgroup best = null;
    for (Path at = start; at != null && at.startsWith(mount); at = at.getParent()) {
      String file = at.resolve(limitName).toString();
      Optional<String> text = files.text(file);
      if (text.isEmpty()) {
        continue;
      }
      OptionalLong number = files.number(file);
      long limit = number.isPresent() && number.getAsLong() < NO_LIMIT ? number.getAsLong() : -1;
      if (best == null || (limit >= 0 && (best.limitBytes < 0 || limit < best.limitBytes))) {
        long used = files.number(at.resolve(usageName).toString()).orElse(-1);
        best = new MemoryCgroup(version, limit, used, file);
      }
    }
    return Optional.ofNullable(best);
  }

  private static Optional<Path> mountOf(KernelFiles files, String type, String controller) {
    return Mount.all(files).stream()
        .filter(m -> m.type().equals(type))
        .filter(
            m ->
                controller.isEmpty()
                    || java.util.List.of(m.options().split(",", -1)).contains(controller))
        .map(Mount::point)
        .findFirst();
  }

  /** The group from a line {@code id:controllers:path}; version 2 has no controllers there. */
  private static Optional<String> groupOf(KernelFiles files, String controller) {
    for (String line : files.lines("/proc/self/cgroup")) {
      String[] parts = line.split(":", 3);
      if (parts.length == 3
          && (controller.isEmpty()
              ? parts[1].isEmpty()
              : java.util.List.of(parts[1].split(",", -1)).contains(controller))) {
        return Optional.of(parts[2]);
      }
    }
    return Optional.empty();
  }
}
