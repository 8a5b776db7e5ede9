/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.util.OptionalLong;

/** The soft limits of this process, from {@code /proc/self/limits}. */
public final class ProcessLimits {
  private ProcessLimits() {}

  /**
   * A soft limit in its own unit; {@link Long#MAX_VALUE} for none, empty if the system does not
   * tell.
   *
   * @param name what its line begins with, such as {@code Max open files}
   */
  public static OptionalLong soft(KernelFiles files, String name) {
    for (String line : files.lines("/proc/self/limits")) {
      if (line.startsWith(name + " ")) {
        String soft = line.substring(name.length()).strip().split("\\s+", -1)[0];
        return OptionalLong.of(soft.matches("\\d{1,18}") ? Long.parseLong(soft) : Long.MAX_VALUE);
      }
    }
    return OptionalLong.empty();
  }
}
