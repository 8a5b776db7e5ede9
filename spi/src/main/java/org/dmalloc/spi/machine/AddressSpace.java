/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.util.Locale;
import java.util.OptionalLong;

/** Finds the limit behind a mapping that the kernel refused with ENOMEM or EAGAIN. */
public final class AddressSpace {
  private static final String OVERCOMMIT = "/proc/sys/vm/overcommit_memory";
  private static final String MEMINFO = "/proc/meminfo";
  private static final String LIMITS = "/proc/self/limits";

  /** That of this process. */
  public static final AddressSpace OF_PROCESS = new AddressSpace(KernelFiles.ofThisMachine());

  private final KernelFiles files;

  AddressSpace(KernelFiles files) {
    this.files = files;
  }

  /**
   * What can be done about a refused mapping.
   *
   * @param byteSize what was to be mapped
   * @param promised whether the kernel must have room for it in RAM and swap: private and anonymous
   *     memory, but no shared file
   */
  public String nextStep(long byteSize, boolean promised) {
    OptionalLong mode = files.number(OVERCOMMIT);
    if (promised && mode.isPresent() && mode.getAsLong() == 2) {
      return String.format(
          Locale.ROOT,
          "vm.overcommit_memory is 2 and %d of %d bytes are promised: free memory, add swap or raise vm.overcommit_ratio",
          bytes("Committed_AS"),
          bytes("CommitLimit"));
    }
    long inAll = bytes("MemTotal") + bytes("SwapTotal");
    if (promised && mode.isPresent() && mode.getAsLong() == 0 && byteSize > inAll && inAll > 0) {
      return String.format(
          Locale.ROOT,
          "RAM and swap have %d bytes in all: choose a smaller size, add swap or set vm.overcommit_memory=1",
          inAll);
    }
    long limit = limitBytes();
    long used = files.field("/proc/self/status", "VmSize").orElse(0) * 1024;
    if (byteSize > limit - used) {
      return String.format(
          Locale.ROOT,
          "the limit of address space is %d bytes, of which %d are in use: choose a smaller size or raise it (ulimit -v)",
          limit,
          used);
    }
    OptionalLong allowed = files.number("/proc/sys/vm/max_map_count");
    OptionalLong areas = files.lineCount("/proc/self/maps");
    if (allowed.isPresent() && areas.isPresent() && areas.getAsLong() >= allowed.getAsLong() - 8) {
      return String.format(
          Locale.ROOT,
          "the process has %d mappings: close regions or raise vm.max_map_count (%d)",
          areas.getAsLong(),
          allowed.getAsLong());
    }
    return "check vm.overcommit_memory, the limit of address space (ulimit -v) and vm.max_map_count";
  }

  /** RLIMIT_AS; {@link Long#MAX_VALUE} for no limit. */
  private long limitBytes() {
    for (String line : files.lines(LIMITS)) {
      if (line.startsWith("Max address space ")) {
        String soft = line.substring("Max address space ".length()).strip().split("\\s+", -1)[0];
        return soft.matches("\\d{1,18}") ? Long.parseLong(soft) : Long.MAX_VALUE;
      }
    }
    return Long.MAX_VALUE;
  }

  private long bytes(String field) {
    return files.field(MEMINFO, field).orElse(0) * 1024;
  }
}
