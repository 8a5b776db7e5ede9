/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.Sharing;
import org.dmalloc.linux.Errno;

/**
 * What this machine has left and how it is set up, read anew at each question.
 *
 * <p>Filling memory beyond a limit does not fail: the kernel's OOM killer ends a process, most
 * likely this one. So whoever is about to fill memory asks here first. The answer is an estimate:
 * other processes allocate too.
 */
final class Machine {
  /** Page tables take 8 bytes for each page of 4,096. */
  private static final long PAGE_TABLE_SHARE = 512;

  private static final String OVERCOMMIT = "proc/sys/vm/overcommit_memory";
  private static final String HUGE_PAGE_SETTINGS = "sys/kernel/mm/transparent_hugepage";

  private final Path root;
  private final MemoryCheck check;

  /**
   * Reads below the given root.
   *
   * @param root {@code /}, or a directory with a copy of the files for tests
   */
  Machine(Path root, MemoryCheck check) {
    this.root = root;
    this.check = check;
  }

  /** Whether every page must be paid for when it is promised (vm.overcommit_memory=2). */
  boolean forbidsOvercommit() throws MemoryException {
    return read(OVERCOMMIT).strip().equals("2");
  }

  /** Refuses a promise that mmap would refuse for other memory: more than RAM and swap in all. */
  void requirePromise(String operation, long byteSize, String target) throws MemoryException {
    long inAll = ramAndSwap(meminfo());
    if (read(OVERCOMMIT).strip().equals("0") && byteSize > inAll) {
      throw MemoryException.of(
          operation,
          byteSize,
          target,
          String.format(Locale.ROOT, "RAM and swap have %d bytes in all", inAll),
          MemoryException.NO_ERRNO,
          "choose a smaller size, add swap or set vm.overcommit_memory=1",
          null);
    }
  }

  /**
   * Refuses to fill more memory than RAM and swap have left.
   *
   * @param operation what wants to, for the message
   * @param byteSize how much is going to be filled
   * @param target for whom
   */
  void requireMemory(String operation, long byteSize, String target) throws MemoryException {
    Left left = left();
    long free = sum(left.ramBytes, left.swapBytes);
    if (check == MemoryCheck.REFUSE && withPageTables(byteSize) > free) {
      throw shortage(operation, byteSize, target, free, "RAM and swap", left);
    }
  }

  /** Like {@link #requireMemory} for memory that cannot go to swap. */
  void requireRam(String operation, long byteSize, String target) throws MemoryException {
    Left left = left();
    if (check == MemoryCheck.REFUSE && withPageTables(byteSize) > left.ramBytes) {
      throw shortage(operation, byteSize, target, left.ramBytes, "RAM", left);
    }
  }

  /** Refuses to lock more than could ever be in RAM at once. */
  void requireRamSize(String operation, long byteSize, String target) throws MemoryException {
    long ramBytes = meminfo().getOrDefault("MemTotal", Long.MAX_VALUE);
    String bound = "the machine";
    for (CgroupMemory.Limit limit : CgroupMemory.limits(root)) {
      if (limit.limitBytes() < ramBytes) {
        ramBytes = limit.limitBytes();
        bound = limit.directory().toString();
      }
    }
    if (check == MemoryCheck.REFUSE && byteSize > ramBytes) {
      throw MemoryException.of(
          operation,
          byteSize,
          target,
          String.format(Locale.ROOT, "%s has %d bytes of RAM in all", bound, ramBytes),
          MemoryException.NO_ERRNO,
          "choose a smaller size or leave it unlocked (memory.check=off skips this check)",
          null);
    }
  }

  /** Refuses to page out where pages have nowhere to go, which the kernel would ignore. */
  void requireSwap(long byteSize, String target) throws MemoryException {
    Left left = left();
    if (left.swapBytes > 0) {
      return;
    }
    boolean none = meminfo().getOrDefault("SwapTotal", 0L) == 0;
    throw MemoryException.of(
        "page out",
        byteSize,
        target,
        none ? "no swap is active" : "no swap is left within " + left.swapBound,
        MemoryException.NO_ERRNO,
        none ? "add swap (mkswap, swapon)" : "free or add swap, or raise that limit",
        null);
  }

  /**
   * The advice with the effect that no advice has here: madvise(2) can set either of its two marks
   * but take none back.
   */
  Advice hugePageDefault(Sharing sharing, long hugePageSize) {
    String setting;
    if (sharing == Sharing.SHARED) {
      setting = setting(HUGE_PAGE_SETTINGS + "/shmem_enabled");
    } else {
      String ofSize = "/hugepages-" + hugePageSize / 1024 + "kB/enabled";
      setting = setting(HUGE_PAGE_SETTINGS + ofSize);
      if (setting.isEmpty() || setting.equals("inherit")) {
        setting = setting(HUGE_PAGE_SETTINGS + "/enabled");
      }
    }
    return List.of("always", "within_size", "force").contains(setting)
        ? Advice.HUGE_PAGE
        : Advice.NO_HUGE_PAGE;
  }

  /** A refusal of address space or memory, with the limit that is the likely cause. */
  MemoryException explain(MemoryException refusal) {
    if (refusal.errno() != Errno.ENOMEM) {
      return refusal;
    }
    return MemoryException.of(
        refusal.operation(),
        refusal.byteSize(),
        refusal.target(),
        Errno.name(Errno.ENOMEM),
        Errno.ENOMEM,
        likelyCause(refusal.byteSize()),
        refusal);
  }

  private String likelyCause(long byteSize) {
    try {
      Map<String, Long> memory = meminfo();
      String mode = read(OVERCOMMIT).strip();
      if (mode.equals("2")) {
        return String.format(
            Locale.ROOT,
            "vm.overcommit_memory is 2 and %d of %d bytes are promised: free memory, add swap or raise vm.overcommit_ratio",
            memory.get("Committed_AS"),
            memory.get("CommitLimit"));
      }
      long inAll = ramAndSwap(memory);
      if (mode.equals("0") && byteSize > inAll) {
        return String.format(
            Locale.ROOT,
            "RAM and swap have %d bytes in all: choose a smaller size, add swap or set vm.overcommit_memory=1",
            inAll);
      }
      long areas = lineCount("proc/self/maps");
      long areasAllowed = Long.parseLong(read("proc/sys/vm/max_map_count").strip());
      if (areas >= areasAllowed - 1) {
        return String.format(
            Locale.ROOT,
            "the process has %d mappings: close regions or raise vm.max_map_count (%d)",
            areas,
            areasAllowed);
      }
      return "check the limit of address space (ulimit -v)";
    } catch (MemoryException | NumberFormatException unreadable) {
      return "check vm.overcommit_memory, vm.max_map_count and ulimit -v";
    }
  }

  /** What can still be had, and what bounds it. */
  private record Left(long ramBytes, String ramBound, long swapBytes, String swapBound) {}

  private Left left() throws MemoryException {
    Map<String, Long> memory = meminfo();
    long ram = memory.getOrDefault("MemAvailable", 0L);
    long swap = memory.getOrDefault("SwapFree", 0L);
    String ramBound = "the machine";
    String swapBound = "the machine";
    for (CgroupMemory.Limit limit : CgroupMemory.limits(root)) {
      if (limit.freeRamBytes() < ram) {
        ram = limit.freeRamBytes();
        ramBound = "the limit of " + limit.directory();
      }
      if (limit.freeSwapBytes() < swap) {
        swap = limit.freeSwapBytes();
        swapBound = "the limit of " + limit.directory();
      }
    }
    return new Left(ram, ramBound, swap, swapBound);
  }

  private static MemoryException shortage(
      String operation, long byteSize, String target, long free, String kind, Left left) {
    return MemoryException.of(
        operation,
        byteSize,
        target,
        String.format(Locale.ROOT, "%d bytes of %s are left within %s", free, kind, left.ramBound),
        MemoryException.NO_ERRNO,
        "free memory or choose a smaller size (memory.check=off skips this check)",
        null);
  }

  private static long ramAndSwap(Map<String, Long> memory) {
    return sum(memory.getOrDefault("MemTotal", 0L), memory.getOrDefault("SwapTotal", 0L));
  }

  private static long withPageTables(long byteSize) {
    return sum(byteSize, byteSize / PAGE_TABLE_SHARE);
  }

  private static long sum(long a, long b) {
    return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
  }

  private Map<String, Long> meminfo() throws MemoryException {
    Map<String, Long> bytes = new HashMap<>();
    for (String line : read("proc/meminfo").lines().toList()) { // MemTotal:   24684092 kB
      String[] parts = line.split("[: ]+", -1);
      if (parts.length == 3) {
        bytes.put(parts[0], Long.parseLong(parts[1]) * 1024);
      }
    }
    return bytes;
  }

  /** The chosen one of {@code always [madvise] never}; empty where there is no such file. */
  private String setting(String file) {
    try {
      String line = Files.readString(root.resolve(file));
      int open = line.indexOf('[');
      int close = line.indexOf(']');
      return open >= 0 && close > open ? line.substring(open + 1, close) : "";
    } catch (IOException absent) {
      return ""; // a kernel without huge pages, or without this size of them
    }
  }

  private long lineCount(String file) throws MemoryException {
    return read(file).lines().count();
  }

  private String read(String file) throws MemoryException {
    Path path = root.resolve(file);
    try {
      return Files.readString(path);
    } catch (IOException e) {
      throw MemoryException.of(
          "read",
          -1,
          path.toString(),
          String.valueOf(e.getMessage()),
          MemoryException.NO_ERRNO,
          "mount /proc",
          e);
    }
  }
}
