/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.dmalloc.api.ResourceKind;
import org.dmalloc.api.ResourceUse;

/**
 * What the kernel limits for this process and this machine, and how much of it is used. Each method
 * reads the files once; a limit that is not set, or a file that is missing, gives nothing.
 */
public final class ProcessUse {
  private static final String PROCESS = "process";
  private static final String MACHINE = "machine";
  private static final String STATUS = "/proc/self/status";

  /** Of time in which some task waits for memory: no limit of the kernel, but of usefulness. */
  private static final long MOST_STALLS = 2_000;

  /** The number of CAP_IPC_LOCK: who has it may lock what he likes. */
  private static final int CAP_IPC_LOCK = 14;

  /** A limit of open files that is none: newer kernels write the largest long. */
  private static final long NO_FILE_MAX = 1L << 50;

  private ProcessUse() {}

  /**
   * The RAM of every control group above this process that has a limit. Page cache that the kernel
   * can drop does not count: a program that reads a file larger than its group is always at {@code
   * memory.max}, and in no danger.
   */
  public static List<ResourceUse> groups(KernelFiles files) {
    List<ResourceUse> uses = new ArrayList<>();
    for (CgroupMemory group : CgroupMemory.all(files)) {
      if (group.limited() && group.usedBytes() >= 0) {
        uses.add(group(group, group.file(), group.limitBytes()));
      }
      OptionalLong high = files.number(group.directory().resolve("memory.high").toString());
      if (group.version() == 2 && high.isPresent() && group.usedBytes() >= 0) {
        uses.add(group(group, group.directory().resolve("memory.high"), high.getAsLong()));
      }
    }
    return uses;
  }

  private static ResourceUse group(CgroupMemory group, Path file, long limit) {
    long used = Math.max(0, group.usedBytes() - group.cacheBytes());
    return new ResourceUse(
        ResourceKind.GROUP_MEMORY,
        file.toString(),
        null,
        used,
        Math.max(1, limit),
        String.valueOf(file.getFileName()));
  }

  /**
   * How often the kernel found no memory in a group of version 2 and called its OOM killer, or was
   * about to; empty where it does not tell.
   */
  public static OptionalLong outOfMemory(KernelFiles files) {
    Optional<Cgroup> group = Cgroup.ofMemory(files, 2);
    return group.isEmpty()
        ? OptionalLong.empty()
        : files.field(group.get().directory().resolve("memory.events").toString(), "oom");
  }

  /** RAM and swap of the machine. */
  public static Optional<ResourceUse> memory(KernelFiles files) {
    OptionalLong total = MemoryInfo.bytes(files, "MemTotal");
    OptionalLong available = MemoryInfo.bytes(files, "MemAvailable");
    if (total.isEmpty() || available.isEmpty()) {
      return Optional.empty();
    }
    long swap = MemoryInfo.bytes(files, "SwapTotal").orElse(0);
    long all = total.getAsLong() + swap;
    long left = available.getAsLong() + MemoryInfo.bytes(files, "SwapFree").orElse(0);
    return use(ResourceKind.MACHINE_MEMORY, MACHINE, Math.max(0, all - left), all, "RAM and swap");
  }

  /** How long tasks wait for memory: in this process's group if that tells, else on the machine. */
  public static Optional<ResourceUse> stalls(KernelFiles files) {
    Optional<String> ofGroup =
        Cgroup.ofMemory(files, 2)
            .map(group -> group.directory().resolve("memory.pressure").toString());
    for (String file : List.of(ofGroup.orElse(""), "/proc/pressure/memory")) {
      for (String line : file.isEmpty() ? List.<String>of() : files.lines(file)) {
        Optional<Long> stalled = stalled(line);
        if (stalled.isPresent()) {
          return use(
              ResourceKind.MEMORY_STALLS, file, stalled.get(), MOST_STALLS, "give more memory");
        }
      }
    }
    return Optional.empty();
  }

  /** Of {@code some avg10=1.25 avg60=…} the first average, in hundredths of a percent. */
  private static Optional<Long> stalled(String line) {
    String[] words = line.split("\\s+", -1);
    if (words.length < 2
        || !words[0].equals("some")
        || !words[1].matches("avg10=\\d{1,3}\\.\\d\\d")) {
      return Optional.empty();
    }
    return Optional.of(Long.parseLong(words[1].substring("avg10=".length()).replace(".", "")));
  }

  /** Mappings, without those that {@link MappingCount} leaves to the JVM. Reads all of maps. */
  public static Optional<ResourceUse> mappings(KernelFiles files) {
    OptionalLong limit = Setting.MAX_MAP_COUNT.number(files);
    OptionalLong used = MappingCount.used(files);
    if (limit.isEmpty() || used.isEmpty()) {
      return Optional.empty();
    }
    long ours = limit.getAsLong() - MappingCount.reserve(limit.getAsLong());
    return use(
        ResourceKind.MAPPINGS, PROCESS, used.getAsLong(), ours, Setting.MAX_MAP_COUNT.name());
  }

  /** Descriptors of this process. */
  public static Optional<ResourceUse> descriptors(KernelFiles files) {
    OptionalLong limit = ProcessLimits.soft(files, "Max open files");
    OptionalLong used = files.entryCount("/proc/self/fd");
    if (limit.isEmpty() || used.isEmpty()) {
      return Optional.empty();
    }
    long most = limit.getAsLong();
    return use(
        ResourceKind.DESCRIPTORS, PROCESS, Math.min(used.getAsLong(), most), most, "ulimit -n");
  }

  /** Open files of the machine. */
  public static Optional<ResourceUse> openFiles(KernelFiles files) {
    String[] words = files.text("/proc/sys/fs/file-nr").orElse("").split("\\s+", -1);
    if (words.length != 3 || !words[0].matches("\\d{1,18}") || !words[2].matches("\\d{1,19}")) {
      return Optional.empty();
    }
    long limit = Long.parseUnsignedLong(words[2]);
    return limit <= 0 || limit > NO_FILE_MAX
        ? Optional.empty()
        : use(ResourceKind.OPEN_FILES, MACHINE, Long.parseLong(words[0]), limit, "fs.file-max");
  }

  /** Locked bytes, of a process that is limited. */
  public static Optional<ResourceUse> locked(KernelFiles files) {
    OptionalLong limit = ProcessLimits.soft(files, "Max locked memory");
    OptionalLong used = files.field(STATUS, "VmLck");
    if (limit.isEmpty() || used.isEmpty() || mayLockAll(files)) {
      return Optional.empty();
    }
    return use(
        ResourceKind.LOCKED_MEMORY,
        PROCESS,
        1024 * used.getAsLong(),
        limit.getAsLong(),
        "ulimit -l");
  }

  private static boolean mayLockAll(KernelFiles files) {
    for (String line : files.lines(STATUS)) {
      String set = line.startsWith("CapEff:") ? line.substring("CapEff:".length()).strip() : "";
      if (set.matches("[0-9a-f]{1,16}")) {
        return ((Long.parseUnsignedLong(set, 16) >> CAP_IPC_LOCK) & 1) != 0;
      }
    }
    return false;
  }

  /** Addresses of this process. */
  public static Optional<ResourceUse> addresses(KernelFiles files) {
    OptionalLong limit = ProcessLimits.soft(files, "Max address space");
    OptionalLong used = files.field(STATUS, "VmSize");
    if (limit.isEmpty() || used.isEmpty()) {
      return Optional.empty();
    }
    return use(
        ResourceKind.ADDRESS_SPACE,
        PROCESS,
        1024 * used.getAsLong(),
        limit.getAsLong(),
        "ulimit -v");
  }

  private static Optional<ResourceUse> use(
      ResourceKind kind, String subject, long used, long limit, String setting) {
    return limit < 1 || limit == Long.MAX_VALUE
        ? Optional.empty()
        : Optional.of(new ResourceUse(kind, subject, null, used, limit, setting));
  }
}
