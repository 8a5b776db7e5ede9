/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.dmalloc.spi.machine.KernelFiles;

/** A made-up machine: {@code proc}, {@code sys} and {@code etc} below a directory, for tests. */
public final class FakeMachine {
  private final Path root;

  /** A machine that says nothing yet. */
  public FakeMachine(Path root) {
    this.root = root;
  }

  /** An ordinary machine: ext4 on a partition of a disk that turns, swap on a file and on zram. */
  public static FakeMachine ordinary(Path root) {
    return new FakeMachine(root)
        .with("/proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\n")
        .with(
            "/proc/meminfo",
            """
            MemTotal:       16000000 kB
            MemAvailable:    8000000 kB
            CommitLimit:    10000000 kB
            Committed_AS:    4000000 kB
            """)
        .with("/proc/sys/kernel/osrelease", "6.12.0\n")
        .with("/etc/os-release", "NAME=Some\nPRETTY_NAME=\"Some Linux 13\"\n")
        .with(
            "/proc/self/mountinfo",
            """
            22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw,discard
            23 22 0:21 / /proc rw - proc proc rw
            24 22 0:40 / /tmp rw - tmpfs tmpfs rw,size=1g
            25 22 0:41 /@data /srv/my\\040data rw,relatime - btrfs /dev/sdb rw,ssd
            26 22 0:50 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
            """)
        .with("/proc/self/cgroup", "0::/user/app\n")
        .with("/sys/fs/cgroup/user/app/memory.max", "max\n")
        .with("/sys/fs/cgroup/user/app/memory.current", "1000\n")
        .with("/sys/fs/cgroup/user/memory.max", "2147483648\n")
        .with("/sys/fs/cgroup/user/memory.current", "1073741824\n")
        .with(
            "/proc/swaps",
            """
            Filename\t\t\tType\t\tSize\tUsed\tPriority
            /swapfile   file   4194304   1024   -2
            /dev/zram0   partition   1048576   0   100
            """)
        .with("/proc/sys/vm/swappiness", "60\n")
        .with("/proc/sys/vm/page-cluster", "3\n")
        .with("/proc/sys/vm/dirty_ratio", "20\n")
        .with("/proc/sys/vm/dirty_bytes", "0\n")
        .with("/proc/sys/vm/dirty_background_ratio", "10\n")
        .with("/proc/sys/vm/dirty_background_bytes", "0\n")
        .with("/proc/sys/vm/overcommit_memory", "0\n")
        .with("/proc/sys/vm/max_map_count", "65530\n")
        .with(
            "/proc/self/limits",
            """
            Limit                     Soft Limit           Hard Limit           Units
            Max locked memory         8388608              8388608              bytes
            """)
        .with("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n")
        .with(
            "/sys/kernel/mm/transparent_hugepage/defrag",
            "always defer defer+madvise [madvise] never\n")
        .with(
            "/sys/kernel/mm/transparent_hugepage/shmem_enabled",
            "always within_size advise [never] deny force\n")
        .with("/sys/devices/pci/block/sda/queue/rotational", "1\n")
        .with("/sys/devices/pci/block/sda/queue/read_ahead_kb", "8192\n")
        .with("/sys/devices/pci/block/sda/queue/scheduler", "none [mq-deadline]\n")
        .with("/sys/devices/pci/block/sda/device/model", "BIG DISK\n")
        .with("/sys/devices/pci/block/sda/stat", "10 0 100 5 20 0 200 7 0 0 0\n")
        .with("/sys/devices/pci/block/sda/sda1/partition", "1\n")
        .with("/sys/devices/pci/block/sdb/queue/rotational", "0\n")
        .with("/sys/devices/pci/block/sdb/queue/read_ahead_kb", "128\n")
        .link("/sys/dev/block/8:1", "/sys/devices/pci/block/sda/sda1")
        .link("/sys/class/block/sda", "/sys/devices/pci/block/sda")
        .link("/sys/class/block/sdb", "/sys/devices/pci/block/sdb")
        .with(
            "/proc/self/stat",
            "77 (some (odd) name) S 1 77 77 0 -1 4194304 1000 0 42 0 150 50 0 0 20 0 1 0 100\n")
        .with("/proc/self/io", "rchar: 1\nread_bytes: 4096\nwrite_bytes: 8192\n");
  }

  /** Sets a file. */
  public FakeMachine with(String path, String content) {
    try {
      Path file = root.resolve(path.substring(1));
      Files.createDirectories(Objects.requireNonNull(file.getParent()));
      Files.writeString(file, content);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Takes a file away. */
  public FakeMachine without(String path) {
    try {
      Files.delete(root.resolve(path.substring(1)));
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private FakeMachine link(String path, String target) {
    try {
      Path link = root.resolve(path.substring(1));
      Files.createDirectories(Objects.requireNonNull(link.getParent()));
      Files.createSymbolicLink(link, root.resolve(target.substring(1)));
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Its files. */
  public KernelFiles files() {
    return new KernelFiles(root);
  }
}
