/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import java.util.List;
import java.util.Map;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.Sharing;

/**
 * What this machine has left and how it is set up, read anew at each question.
 *
 * <p>Filling memory beyond a limit does not fail: the kernel's OOM killer ends a process, most
 * likely this one. So whoever is about to fill memory asks here first. The answer is an estimate:
 * other processes allocate too.
 */
public final class Machine {
  /** Page tables take 8 bytes for each page of 4,096. */
  private static final long PAGE_TABLE_SHARE = 512;

  private final KernelFiles files;
  private final MemoryCheck check;
  private final String remark;

  /** Reads the files of this machine, or a copy for tests. */
  public Machine(KernelFiles files, MemoryCheck check) {
    this(files, check, " (memory.check=off skips this check)");
  }

  private Machine(KernelFiles files, MemoryCheck check, String remark) {
    this.files = files;
    this.check = check;
    this.remark = remark;
  }

  /** One that checks where there is something to read, and nothing on another system. */
  public static Machine ofAnySystem(KernelFiles files, MemoryCheck check) {
    return new Machine(files, MemoryInfo.exists(files) ? check : MemoryCheck.OFF);
  }

  /** One whose refusals no configuration takes back. */
  public static Machine unconditional(KernelFiles files) {
    return new Machine(files, MemoryCheck.REFUSE, "");
  }

  /** Whether every page must be paid for when it is promised (vm.overcommit_memory=2). */
  public boolean forbidsOvercommit() throws MemoryException {
    return files.require(Setting.OVERCOMMIT.path()).equals("2");
  }

  /** Refuses a promise that mmap would refuse for other memory: more than RAM and swap in all. */
  public void requirePromise(String operation, long byteSize, String target)
      throws MemoryException {
    long inAll = ramAndSwap(MemoryInfo.require(files));
    if (files.require(Setting.OVERCOMMIT.path()).equals("0") && byteSize > inAll) {
      throw MemoryException.of(
          operation,
          byteSize,
          target,
          "RAM and swap have " + inAll + " bytes in all",
          "choose a smaller size, add swap or set vm.overcommit_memory=1");
    }
  }

  /** Refuses to fill more memory than RAM and swap have left. */
  public void requireMemory(String operation, long byteSize, String target) throws MemoryException {
    if (check == MemoryCheck.OFF) {
      return;
    }
    Left left = left();
    long free = sum(left.ramBytes, left.swapBytes);
    if (withPageTables(byteSize) > free) {
      throw shortage(operation, byteSize, target, free, "RAM and swap", left);
    }
  }

  /**
   * Like {@link #requireMemory} for pages that do not go to swap: locked ones, and those of a file
   * that are to be in RAM all at once. What the kernel could drop of other files counts as left.
   */
  public void requireRam(String operation, long byteSize, String target) throws MemoryException {
    if (check == MemoryCheck.OFF) {
      return;
    }
    Left left = left();
    if (withPageTables(byteSize) > left.ramBytes) {
      throw shortage(operation, byteSize, target, left.ramBytes, "RAM", left);
    }
  }

  /** Refuses to lock more than could ever be in RAM at once. */
  public void requireRamSize(String operation, long byteSize, String target)
      throws MemoryException {
    if (check == MemoryCheck.OFF) {
      return;
    }
    long ramBytes = MemoryInfo.require(files).getOrDefault("MemTotal", Long.MAX_VALUE);
    String bound = "the machine";
    for (CgroupMemory limit : CgroupMemory.all(files)) {
      if (limit.limitBytes() < ramBytes) {
        ramBytes = limit.limitBytes();
        bound = limit.directory().toString();
      }
    }
    if (byteSize > ramBytes) {
      throw MemoryException.of(
          operation,
          byteSize,
          target,
          bound + " has " + ramBytes + " bytes of RAM in all",
          "choose a smaller size or leave it unlocked" + remark);
    }
  }

  /** Refuses to page out where pages have nowhere to go, which the kernel would ignore. */
  public void requireSwap(long byteSize, String target) throws MemoryException {
    Left left = left();
    if (left.swapBytes > 0) {
      return;
    }
    boolean none = MemoryInfo.require(files).getOrDefault("SwapTotal", 0L) == 0;
    throw MemoryException.of(
        "page out",
        byteSize,
        target,
        none ? "no swap is active" : "no swap is left within " + left.swapBound,
        none ? "add swap (mkswap, swapon)" : "free or add swap, or raise that limit");
  }

  /** The advice that is the default here: madvise(2) can set both marks and take none back. */
  public Advice hugePageDefault(Sharing sharing, long hugePageSize) {
    String setting;
    if (sharing == Sharing.SHARED) {
      setting = setting("shmem_enabled");
    } else {
      setting = setting("hugepages-" + hugePageSize / 1024 + "kB/enabled");
      if (setting.isEmpty() || setting.equals("inherit")) {
        setting = setting("enabled");
      }
    }
    return List.of("always", "within_size", "force").contains(setting)
        ? Advice.HUGE_PAGE
        : Advice.NO_HUGE_PAGE;
  }

  /** What can still be had, and what bounds it. */
  private record Left(long ramBytes, String ramBound, long swapBytes, String swapBound) {}

  private Left left() throws MemoryException {
    Map<String, Long> memory = MemoryInfo.require(files);
    long ram = memory.getOrDefault("MemAvailable", 0L);
    long swap = memory.getOrDefault("SwapFree", 0L);
    String ramBound = "the machine";
    String swapBound = "the machine";
    for (CgroupMemory limit : CgroupMemory.all(files)) {
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

  private MemoryException shortage(
      String operation, long byteSize, String target, long free, String kind, Left left) {
    return MemoryException.of(
        operation,
        byteSize,
        target,
        free + " bytes of " + kind + " are left within " + left.ramBound,
        "free memory or choose a smaller size" + remark);
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

  /** The chosen one of {@code always [madvise] never}; empty where there is no such file. */
  private String setting(String name) {
    return Setting.hugePages(name).choice(files).orElse("");
  }
}
