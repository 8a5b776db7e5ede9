/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.util.Locale;
import java.util.OptionalLong;

/** Finds the limit behind a mapping that the kernel refused with ENOMEM or EAGAIN. */
public final class AddressSpace {
  public static final AddressSpace OF_PROCESS = new AddressSpace(KernelFiles.ofThisMachine());

  /** What Linux gives a process on x86-64 and aarch64 without being asked for more. */
  private static final long HARDWARE_BYTES = 1L << 47;

  private final KernelFiles files;

  AddressSpace(KernelFiles files) {
    this.files = files;
  }

  /** How many bytes of addresses the process may use. */
  public long limit() {
    return Math.min(
        HARDWARE_BYTES, ProcessLimits.soft(files, "Max address space").orElse(HARDWARE_BYTES));
  }

  /**
   * What can be done about a refused mapping; {@code promised} if RAM and swap must have room for
   * it, as for private and anonymous memory, but no shared file.
   */
  public String nextStep(long byteSize, boolean promised) {
    OptionalLong mode = Setting.OVERCOMMIT.number(files);
    if (promised && mode.isPresent() && mode.getAsLong() == 2) {
      return String.format(
          Locale.ROOT,
          "vm.overcommit_memory is 2 and %d of %d bytes are promised: free memory, add swap or"
              + " raise vm.overcommit_ratio",
          bytes("Committed_AS"),
          bytes("CommitLimit"));
    }
    long inAll = bytes("MemTotal") + bytes("SwapTotal");
    if (promised && mode.isPresent() && mode.getAsLong() == 0 && byteSize > inAll && inAll > 0) {
      return String.format(
          Locale.ROOT,
          "RAM and swap have %d bytes in all: choose a smaller size, add swap or set"
              + " vm.overcommit_memory=1",
          inAll);
    }
    long limit = ProcessLimits.soft(files, "Max address space").orElse(Long.MAX_VALUE);
    long used = files.field("/proc/self/status", "VmSize").orElse(0) * 1024;
    if (byteSize > limit - used) {
      return String.format(
          Locale.ROOT,
          "the limit of address space is %d bytes, of which %d are in use: choose a smaller size or"
              + " raise it (ulimit -v)",
          limit,
          used);
    }
    OptionalLong allowed = Setting.MAX_MAP_COUNT.number(files);
    OptionalLong areas = MappingCount.used(files);
    if (allowed.isPresent() && areas.isPresent() && areas.getAsLong() >= allowed.getAsLong() - 8) {
      return String.format(
          Locale.ROOT,
          "the process has %d mappings: close regions or raise vm.max_map_count (%d)",
          areas.getAsLong(),
          allowed.getAsLong());
    }
    return "check vm.overcommit_memory, the limit of address space (ulimit -v) and"
        + " vm.max_map_count";
  }

  private long bytes(String field) {
    return MemoryInfo.bytes(files, field).orElse(0);
  }
}
