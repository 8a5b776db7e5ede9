/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

/** What this process has in memory. */
public final class ProcessMemory {
  private static final String STATUS = "/proc/self/status";

  private ProcessMemory() {}

  /** Bytes of anonymous memory in RAM, the Java heap included; 0 where the kernel does not tell. */
  public static long anonymousBytes(KernelFiles files) {
    return 1024 * files.field(STATUS, "RssAnon").orElse(0);
  }
}
