/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * A setting of the kernel, in a file of its own.
 *
 * @param name what messages call it, such as {@code vm.swappiness}
 * @param path the file
 */
public record Setting(String name, String path) {
  /** Whether memory must be there when it is promised. */
  public static final Setting OVERCOMMIT = sysctl("vm.overcommit_memory");

  /** How many mappings a process may have. */
  public static final Setting MAX_MAP_COUNT = sysctl("vm.max_map_count");

  /** A setting that sysctl(8) knows. */
  public static Setting sysctl(String name) {
    return new Setting(name, "/proc/sys/" + name.replace('.', '/'));
  }

  /** A setting of transparent huge pages, such as {@code enabled}. */
  public static Setting hugePages(String name) {
    return new Setting(
        "transparent_hugepage/" + name, "/sys/kernel/mm/transparent_hugepage/" + name);
  }

  /** Its number; empty if this kernel does not have it. */
  public OptionalLong number(KernelFiles files) {
    return files.number(path);
  }

  /** Its word, of several the one in brackets; empty if this kernel does not have it. */
  public Optional<String> choice(KernelFiles files) {
    return files.choice(path);
  }
}
