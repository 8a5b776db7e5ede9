/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.dmalloc.api.ResourceKind;
import org.dmalloc.api.ResourceUse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The uses of the kernel's limits are read from copies of its files. */
class ProcessUseTest {
  @TempDir private Path root;

  private KernelFiles files() {
    return new KernelFiles(root);
  }

  private void write(String file, String text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private void versionTwo() throws IOException {
    write("proc/self/cgroup", "0::/job\n");
    write("proc/self/mountinfo", "41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n");
    write("sys/fs/cgroup/job/memory.max", "1000000\n");
    write("sys/fs/cgroup/job/memory.high", "900000\n");
    write("sys/fs/cgroup/job/memory.current", "950000\n");
    write(
        "sys/fs/cgroup/job/memory.stat", "anon 700000\nactive_file 50000\ninactive_file 200000\n");
  }

  @Test
  void pageCacheOfAGroupIsNoUseOfItsLimit() throws IOException {
    versionTwo();
    assertEquals(
        List.of(
            new ResourceUse(
                ResourceKind.GROUP_MEMORY,
                "/sys/fs/cgroup/job/memory.max",
                null,
                700_000,
                1_000_000,
                "memory.max"),
            new ResourceUse(
                ResourceKind.GROUP_MEMORY,
                "/sys/fs/cgroup/job/memory.high",
                null,
                700_000,
                900_000,
                "memory.high")),
        ProcessUse.groups(files()));
  }

  @Test
  void aGroupWithoutALimitGivesNothing() throws IOException {
    versionTwo();
    write("sys/fs/cgroup/job/memory.max", "max\n");
    write("sys/fs/cgroup/job/memory.high", "max\n");
    assertEquals(List.of(), ProcessUse.groups(files()));
  }

  @Test
  void versionOneHasOneLimit() throws IOException {
    write("proc/self/cgroup", "4:memory:/job\n");
    write(
        "proc/self/mountinfo",
        "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n");
    String directory = "sys/fs/cgroup/memory/job/";
    write(directory + "memory.limit_in_bytes", "1000\n");
    write(directory + "memory.usage_in_bytes", "990\n");
    write(directory + "memory.stat", "total_inactive_file 100\ntotal_active_file 40\n");
    ResourceUse use = ProcessUse.groups(files()).getFirst();
    assertEquals("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", use.subject());
    assertEquals(85, use.percent());
  }

  @Test
  void theOomKillerIsCountedInVersionTwo() throws IOException {
    versionTwo();
    assertEquals(OptionalLong.empty(), ProcessUse.outOfMemory(files()));
    write("sys/fs/cgroup/job/memory.events", "low 0\nhigh 3\nmax 20\noom 2\noom_kill 1\n");
    assertEquals(OptionalLong.of(2), ProcessUse.outOfMemory(files()));
  }

  @Test
  void stallsAreThoseOfTheGroupWhereItTells() throws IOException {
    String machine = "some avg10=1.50 avg60=0.00 avg300=0.00 total=7\nfull avg10=0.00 avg60=0\n";
    write("proc/pressure/memory", machine);
    assertEquals(150, ProcessUse.stalls(files()).orElseThrow().used());
    versionTwo();
    assertEquals("/proc/pressure/memory", ProcessUse.stalls(files()).orElseThrow().subject());
    write("sys/fs/cgroup/job/memory.pressure", "some avg10=16.00 avg60=0.00 avg300=0.00 total=7\n");
    ResourceUse use = ProcessUse.stalls(files()).orElseThrow();
    assertEquals(80, use.percent());
    assertEquals("/sys/fs/cgroup/job/memory.pressure", use.subject());
    write("sys/fs/cgroup/job/memory.pressure", "nonsense\n");
    assertEquals("/proc/pressure/memory", ProcessUse.stalls(files()).orElseThrow().subject());
  }

  @Test
  void memoryOfTheMachineIsRamAndSwap() throws IOException {
    write(
        "proc/meminfo",
        "MemTotal: 800 kB\nMemAvailable: 100 kB\nSwapTotal: 200 kB\nSwapFree: 50 kB\n");
    ResourceUse use = ProcessUse.memory(files()).orElseThrow();
    assertEquals(850 << 10, use.used());
    assertEquals(85, use.percent());
  }

  private void limits(String... lines) throws IOException {
    write("proc/self/limits", "Limit   Soft Limit  Hard Limit  Units\n" + String.join("\n", lines));
  }

  @Test
  void limitsOfTheProcessAreItsSoftOnes() throws IOException {
    limits(
        "Max open files            4                    1048576              files     ",
        "Max locked memory         8192                 unlimited            bytes     ",
        "Max address space         1048576              unlimited            bytes     ");
    write("proc/self/status", "VmSize:\t 512 kB\nVmLck:\t 4 kB\nCapEff:\t0000000000000000\n");
    for (int i = 0; i < 3; i++) {
      write("proc/self/fd/" + i, "");
    }
    assertEquals(75, ProcessUse.descriptors(files()).orElseThrow().percent());
    assertEquals(50, ProcessUse.locked(files()).orElseThrow().percent());
    assertEquals(50, ProcessUse.addresses(files()).orElseThrow().percent());
  }

  @Test
  void whoMayLockAllHasNoLimitOfLockedMemory() throws IOException {
    limits("Max locked memory         8192                 unlimited            bytes     ");
    write("proc/self/status", "VmLck:\t 4 kB\nCapEff:\t0000000000004000\n");
    assertEquals(Optional.empty(), ProcessUse.locked(files()));
  }

  @Test
  void whatIsNotLimitedGivesNothing() throws IOException {
    limits(
        "Max open files            unlimited            unlimited            files     ",
        "Max locked memory         unlimited            unlimited            bytes     ",
        "Max address space         unlimited            unlimited            bytes     ");
    write("proc/self/status", "VmSize:\t 512 kB\nVmLck:\t 4 kB\n");
    write("proc/self/fd/0", "");
    write("proc/sys/fs/file-nr", "2528\t0\t9223372036854775807\n");
    assertEquals(Optional.empty(), ProcessUse.descriptors(files()));
    assertEquals(Optional.empty(), ProcessUse.locked(files()));
    assertEquals(Optional.empty(), ProcessUse.addresses(files()));
    assertEquals(Optional.empty(), ProcessUse.openFiles(files()));
  }

  @Test
  void openFilesOfTheMachineAreCountedBelowALimit() throws IOException {
    write("proc/sys/fs/file-nr", "900\t0\t1000\n");
    assertEquals(90, ProcessUse.openFiles(files()).orElseThrow().percent());
  }

  /** A hundred percent is where the suite refuses, not where the JVM would end. */
  @Test
  void mappingsAreThoseThatTheJvmDoesNotKeep() throws IOException {
    write("proc/sys/vm/max_map_count", "65530\n");
    write("proc/self/maps", "line\n".repeat(61_434));
    assertEquals(100, ProcessUse.mappings(files()).orElseThrow().percent());
  }

  @Test
  void aMachineWithoutTheseFilesHasNoLimits() {
    assertEquals(List.of(), ProcessUse.groups(files()));
    assertEquals(Optional.empty(), ProcessUse.memory(files()));
    assertEquals(Optional.empty(), ProcessUse.stalls(files()));
    assertEquals(Optional.empty(), ProcessUse.descriptors(files()));
    assertEquals(Optional.empty(), ProcessUse.mappings(files()));
  }

  @Test
  void theRealKernelTellsOfDescriptorsWithoutTakingOne() {
    KernelFiles real = KernelFiles.ofThisMachine();
    if (real.exists("/proc/self/fd")) {
      long before = ProcessUse.descriptors(real).map(ResourceUse::used).orElse(0L);
      assertTrue(before > 0, "descriptors " + before);
    }
  }
}
