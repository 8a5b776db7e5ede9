/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * This process's control group in one hierarchy, from {@code /proc/self/cgroup} and the mounts.
 *
 * @param version of the hierarchy, 1 or 2
 * @param mount where the hierarchy is mounted
 * @param directory that of the group, at {@code mount} or below
 */
public record Cgroup(int version, Path mount, Path directory) {
  private static final String MEMORY = "memory";

  /** The group that limits memory in a version's hierarchy; empty where there is none. */
  public static Optional<Cgroup> ofMemory(KernelFiles files, int version) {
    for (String line : files.lines("/proc/self/cgroup")) {
      String[] parts = line.split(":", 3); // hierarchy:controllers:path
      if (parts.length == 3 && (version == 2 ? parts[1].isEmpty() : listsMemory(parts[1], ","))) {
        return mount(files, version).map(mount -> of(files, version, mount, parts[2]));
      }
    }
    return Optional.empty();
  }

  /** Where a version's hierarchy with the memory controller is mounted. */
  private static Optional<Mount> mount(KernelFiles files, int version) {
    return Mount.all(files).stream()
        .filter(mount -> mount.type().equals(version == 2 ? "cgroup2" : "cgroup"))
        .filter(mount -> version == 2 || listsMemory(mount.options(), ","))
        .findFirst();
  }

  /** A container may see its own group as the root of the mount, and its path from the outside. */
  private static Cgroup of(KernelFiles files, int version, Mount mount, String path) {
    Path top = mount.point();
    Path group = Path.of("/").relativize(Path.of(path).normalize());
    if (!mount.root().equals("/")) {
      group =
          Path.of(path).startsWith(mount.root())
              ? Path.of(mount.root()).relativize(Path.of(path).normalize())
              : Path.of("");
    }
    Path own = top.resolve(group).normalize();
    return new Cgroup(version, top, files.exists(own.toString()) ? own : top);
  }

  /** The group and those above it, up to the mount. */
  public List<Path> upwards() {
    List<Path> groups = new ArrayList<>();
    for (Path at = directory; at != null && at.startsWith(mount); at = at.getParent()) {
      groups.add(at);
    }
    return groups;
  }

  /** Whether a group's file of controllers names the one for memory. */
  public static boolean listsMemory(KernelFiles files, Path file) {
    return files.text(file.toString()).filter(text -> listsMemory(text, "\\s+")).isPresent();
  }

  private static boolean listsMemory(String words, String separator) {
    return List.of(words.split(separator, -1)).contains(MEMORY);
  }
}
