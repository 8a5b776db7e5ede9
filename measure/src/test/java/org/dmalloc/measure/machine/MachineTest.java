/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.dmalloc.spi.machine.CgroupMemory;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Mount;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MachineTest {
  @TempDir private Path root;
  private FakeMachine machine;

  @BeforeEach
  void build() {
    machine = FakeMachine.ordinary(root);
  }

  @Test
  void describesTheMachine() {
    MachineDescription description = MachineDescription.read(machine.files());
    assertEquals("Some CPU @ 3 GHz", description.processor());
    assertEquals(16_000_000L * 1024, description.memoryBytes());
    assertEquals(2L << 30, description.memoryLimitBytes());
    assertEquals("Some Linux 13", description.system());
    assertTrue(description.kernel().endsWith("6.12.0"), description::kernel);
    assertEquals(
        "madvise", description.settings().get("/sys/kernel/mm/transparent_hugepage/enabled"));
    assertEquals("60", description.settings().get("/proc/sys/vm/swappiness"));
  }

  @Test
  void anEmptyMachineIsUnknownNotAnError(@TempDir Path empty) throws IOException {
    KernelFiles files = new KernelFiles(empty);
    MachineDescription description = MachineDescription.read(files);
    assertEquals("unknown", description.processor());
    assertEquals(-1, description.memoryBytes());
    assertEquals(List.of(), description.swap());
    assertEquals(KernelCounts.UNKNOWN, new KernelCounter(files, List.of()).read().majorFaults());
    assertEquals(Optional.empty(), Mount.holding(files, Path.of("/srv")));
  }

  @Test
  void tellsTheDiskBelowASwapFileThatThisUserCannotReach() {
    // The file is not there for this process: deleted, or in a directory of somebody else's.
    SwapDevice file = new SwapDevice("/srv/private/swap", SwapDevice.Kind.FILE, 1 << 20, 0, 32_767);
    assertEquals("sda", file.disk(machine.files()).orElseThrow().name());
    SwapDevice zram = new SwapDevice("/dev/zram0", SwapDevice.Kind.ZRAM, 1 << 20, 0, 100);
    assertEquals(Optional.empty(), zram.disk(machine.files()));
  }

  @Test
  void findsTheDeepestMount() {
    KernelFiles files = machine.files();
    assertEquals("ext4", Mount.holding(files, Path.of("/srv/x")).orElseThrow().type());
    assertEquals("tmpfs", Mount.holding(files, Path.of("/tmp/a/b")).orElseThrow().type());
    assertEquals("ext4", Mount.holding(files, Path.of("/tmpfoo")).orElseThrow().type());
    assertEquals("btrfs", Mount.holding(files, Path.of("/srv/my data/x")).orElseThrow().type());
  }

  @Test
  void findsTheDiskOfAPartitionAndOfBtrfs() {
    KernelFiles files = machine.files();
    BlockDevice disk =
        BlockDevice.of(files, Mount.holding(files, Path.of("/srv")).orElseThrow()).orElseThrow();
    assertEquals("sda", disk.name());
    assertEquals("BIG DISK", disk.model());
    assertEquals(Optional.of(true), disk.rotational());
    assertEquals(OptionalLong.of(8192), disk.readAheadKib());
    assertEquals("mq-deadline", disk.scheduler());
    assertEquals(Optional.of(new BlockDevice.Traffic(100 * 512, 200 * 512)), disk.traffic(files));
    BlockDevice second =
        BlockDevice.of(files, Mount.holding(files, Path.of("/srv/my data")).orElseThrow())
            .orElseThrow();
    assertEquals("sdb", second.name());
    assertEquals(Optional.of(false), second.rotational());
  }

  @Test
  void aFileSystemWithoutADiskHasNone() {
    KernelFiles files = machine.files();
    assertEquals(
        Optional.empty(),
        BlockDevice.of(files, Mount.holding(files, Path.of("/tmp")).orElseThrow()));
  }

  @Test
  void readsSwapAreas() {
    assertEquals(
        List.of(
            new SwapDevice("/swapfile", SwapDevice.Kind.FILE, 4L << 30, 1 << 20, -2),
            new SwapDevice("/dev/zram0", SwapDevice.Kind.ZRAM, 1L << 30, 0, 100)),
        SwapDevice.all(machine.files()));
  }

  @Test
  void theLowestLimitOfTheGroupsAboveHolds() {
    CgroupMemory group = CgroupMemory.lowest(machine.files()).orElseThrow();
    assertEquals(2, group.version());
    assertEquals(2L << 30, group.limitBytes());
    assertEquals(1L << 30, group.usedBytes());
    assertEquals(Path.of("/sys/fs/cgroup/user/memory.max"), group.file());
  }

  @Test
  void versionOneKnowsNoLimitByALargeNumber() {
    machine
        .with(
            "/proc/self/mountinfo",
            "30 22 0:33 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n")
        .with("/proc/self/cgroup", "5:cpu:/x\n4:memory:/app\n")
        .with("/sys/fs/cgroup/memory/app/memory.limit_in_bytes", "9223372036854771712\n")
        .with("/sys/fs/cgroup/memory/app/memory.usage_in_bytes", "5\n");
    CgroupMemory group = CgroupMemory.lowest(machine.files()).orElseThrow();
    assertEquals(1, group.version());
    assertFalse(group.limited());
    machine.with("/sys/fs/cgroup/memory/app/memory.limit_in_bytes", "536870912\n");
    assertEquals(512L << 20, CgroupMemory.lowest(machine.files()).orElseThrow().limitBytes());
  }

  @Test
  void inAContainerTheMountIsTheGroup() {
    machine
        .with("/proc/self/cgroup", "0::/outside/of/here\n")
        .with("/sys/fs/cgroup/memory.max", "1048576\n");
    assertEquals(1 << 20, CgroupMemory.lowest(machine.files()).orElseThrow().limitBytes());
  }

  @Test
  void readsWhatTheKernelCounted() throws IOException {
    KernelCounts counters = new KernelCounter(machine.files(), List.of()).read();
    assertEquals(42, counters.majorFaults());
    assertEquals(1000, counters.minorFaults());
    assertEquals(2_000_000_000L, counters.cpuNanos());
    assertEquals(4096, counters.readBytes());
    assertEquals(8192, counters.writtenBytes());
    assertEquals(KernelCounts.UNKNOWN, counters.deviceReadBytes(), "of no device");
    KernelCounts later = KernelCounts.ofProcess(50, 1001, 2_000_000_000L, 4096, -1);
    assertEquals(KernelCounts.ofProcess(8, 1, 0, 0, -1), later.since(counters, later));
  }

  @Test
  void readsAWholeSettingOfTheRealKernel() {
    // A file in /proc/sys answers one read: reading it bytewise would give its first digit.
    KernelFiles real = KernelFiles.ofThisMachine();
    OptionalLong pids = real.number("/proc/sys/kernel/pid_max");
    assumeTrue(pids.isPresent(), "skipped: this machine has no /proc/sys");
    assertTrue(pids.getAsLong() >= 301, () -> "pid_max " + pids);
  }
}
