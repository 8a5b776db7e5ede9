/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.dmalloc.api.MemoryException;

/** Sizes of this machine's memory, from {@code /proc/meminfo}. */
public final class MemoryInfo {
  private static final String FILE = "/proc/meminfo";

  private MemoryInfo() {}

  static boolean exists(KernelFiles files) {
    return files.exists(FILE);
  }

  /** A size in bytes, such as {@code MemTotal}; empty if this kernel does not tell it. */
  public static OptionalLong bytes(KernelFiles files, String field) {
    OptionalLong kib = files.field(FILE, field);
    return kib.isPresent() ? OptionalLong.of(1024 * kib.getAsLong()) : kib;
  }

  /** All sizes in bytes. */
  static Map<String, Long> require(KernelFiles files) throws MemoryException {
    Map<String, Long> bytes = new HashMap<>();
    for (String line : files.require(FILE).lines().toList()) { // MemTotal:   24684092 kB
      String[] parts = line.split("[: ]+", -1);
      if (parts.length == 3) {
        bytes.put(parts[0], Long.parseLong(parts[1]) * 1024);
      }
    }
    return bytes;
  }
}
