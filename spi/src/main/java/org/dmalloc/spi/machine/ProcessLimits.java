/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.util.OptionalLong;

/** The soft limits of this process, from {@code /proc/self/limits}. */
public final class ProcessLimits {
  private ProcessLimits() {}

  /** A soft limit, by the words that its line begins with; {@link Long#MAX_VALUE} for none. */
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
