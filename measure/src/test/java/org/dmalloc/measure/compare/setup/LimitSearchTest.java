/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dmalloc.spi.machine.KernelFiles;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LimitSearchTest {
  @TempDir private Path root;
  @TempDir private Path state;
  private final List<String> reasons = new ArrayList<>();
  private KernelFiles files;
  private SetupJournal journal;

  @BeforeEach
  void openJournal() throws IOException {
    files = new KernelFiles(root);
    journal = SetupJournal.open(state, KernelFiles.ofThisMachine());
  }

  @AfterEach
  void closeJournal() throws IOException {
    journal.close();
  }

  private void put(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private void mountVersionTwo(String group) throws IOException {
    put(
        "proc/self/mountinfo",
        "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
    put("proc/self/cgroup", "0::" + group + "\n");
  }

  @Test
  void usesTheNearestGroupOfVersionTwoThatHandsMemoryOn() throws IOException {
    mountVersionTwo("/user.slice/app");
    put("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    put("sys/fs/cgroup/cgroup.subtree_control", "memory\n");
    put("sys/fs/cgroup/user.slice/cgroup.controllers", "cpu memory\n");
    put("sys/fs/cgroup/user.slice/cgroup.subtree_control", "cpu memory\n");
    put("sys/fs/cgroup/user.slice/app/cgroup.controllers", "memory\n");
    put("sys/fs/cgroup/user.slice/app/cgroup.subtree_control", "\n");
    assertEquals(
        Optional.of("memory cgroup version 2 below /sys/fs/cgroup/user.slice"),
        LimitSearch.versionTwo(journal, files, reasons, path -> true)
            .map(MemoryLimit::description));
    assertEquals(List.of(), reasons);
  }

  @Test
  void saysWhatWouldPermitItWhenNoGroupIsWritable() throws IOException {
    mountVersionTwo("/app");
    put("sys/fs/cgroup/cgroup.controllers", "memory\n");
    put("sys/fs/cgroup/cgroup.subtree_control", "memory\n");
    put("sys/fs/cgroup/app/cgroup.controllers", "memory\n");
    assertEquals(Optional.empty(), LimitSearch.versionTwo(journal, files, reasons, path -> false));
    assertTrue(reasons.getFirst().contains("run as root, or in a service with Delegate=memory"));
  }

  @Test
  void passesVersionTwoOverWhereVersionOneHasTheMemory() throws IOException {
    put(
        "proc/self/mountinfo",
        """
        30 24 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
        31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
        """);
    put("proc/self/cgroup", "4:memory:/app\n0::/\n");
    put("sys/fs/cgroup/unified/cgroup.controllers", "\n");
    put("sys/fs/cgroup/memory/app/memory.limit_in_bytes", "9223372036854771712\n");
    assertEquals(Optional.empty(), LimitSearch.versionTwo(journal, files, reasons, path -> true));
    assertEquals(List.of("cgroup version 2: it does not have the memory controller here"), reasons);
    assertEquals(
        Optional.of("memory cgroup version 1 below /sys/fs/cgroup/memory/app"),
        LimitSearch.versionOne(journal, files, reasons, path -> true)
            .map(MemoryLimit::description));
  }

  @Test
  void saysWhatIsNotMounted() throws IOException {
    put("proc/self/mountinfo", "24 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
    assertEquals(Optional.empty(), LimitSearch.versionTwo(journal, files, reasons, path -> true));
    assertEquals(Optional.empty(), LimitSearch.versionOne(journal, files, reasons, path -> true));
    assertEquals(
        List.of(
            "cgroup version 2: not mounted",
            "cgroup version 1: the memory controller is not mounted"),
        reasons);
  }
}
