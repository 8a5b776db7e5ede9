/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.Sharing;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Limits are read from copies of the kernel's files, so that every kind of machine is tested. */
class MachineTest {
  private static final long GIB = 1L << 30;
  private static final String VERSION_ONE = "4:memory:/outer/inner\n1:cpu:/\n0::/\n";
  private static final String VERSION_ONE_MOUNT =
      "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n";
  private static final String VERSION_TWO_MOUNT =
      "41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n";

  @TempDir private Path root;
  private Machine machine;

  @BeforeEach
  void machineWithFourGibibytesOfRamAndOneOfSwap() throws IOException {
    machine = new Machine(new KernelFiles(root), MemoryCheck.REFUSE);
    memory(8 * GIB, 4 * GIB, 2 * GIB, GIB);
    write("proc/sys/vm/overcommit_memory", "0\n");
  }

  private void memory(long total, long available, long swapTotal, long swapFree)
      throws IOException {
    write(
        "proc/meminfo",
        String.format(
            Locale.ROOT,
            """
        MemTotal:       %d kB
        MemFree:        12 kB
        MemAvailable:   %d kB
        SwapTotal:      %d kB
        SwapFree:       %d kB
        CommitLimit:    1024 kB
        Committed_AS:   1000 kB
        HugePages_Total:       0
        """,
            total / 1024,
            available / 1024,
            swapTotal / 1024,
            swapFree / 1024));
  }

  private void write(String file, String text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private void versionOne(String group, long limit, long used, long fileCache) throws IOException {
    String directory = "sys/fs/cgroup/memory" + group;
    write(directory + "/memory.limit_in_bytes", limit + "\n");
    write(directory + "/memory.usage_in_bytes", used + "\n");
    write(
        directory + "/memory.stat",
        String.format(
            Locale.ROOT, "cache 7\ntotal_inactive_file %d\ntotal_active_file 0\n", fileCache));
  }

  private void versionTwo(String group, String limit, long used, String swapLimit)
      throws IOException {
    String directory = "sys/fs/cgroup" + group;
    write(directory + "/memory.max", limit + "\n");
    write(directory + "/memory.current", used + "\n");
    write(directory + "/memory.swap.max", swapLimit + "\n");
    write(directory + "/memory.swap.current", "0\n");
    write(directory + "/memory.stat", "anon 5\nactive_file 1000\ninactive_file 24\n");
  }

  private MemoryException refusal(long byteSize) {
    return assertThrows(
        MemoryException.class, () -> machine.requireMemory("prefault", byteSize, "it"));
  }

  @Test
  void ramAndSwapTogetherMayBeFilled() throws Exception {
    machine.requireMemory("prefault", 5 * GIB - 32 * (1 << 20), "it");
    MemoryException refusal = refusal(5 * GIB);
    assertEquals(
        "prefault 5368709120 bytes of it: 5368709120 bytes of RAM and swap are left within the"
            + " machine; free memory or choose a smaller size (memory.check=off skips this check)",
        refusal.getMessage());
  }

  @Test
  void swapDoesNotCountForLockedPages() throws Exception {
    machine.requireRam("prefault", 3 * GIB, "it");
    assertThrows(MemoryException.class, () -> machine.requireRam("prefault", 4 * GIB, "it"));
  }

  @Test
  void innerAndOuterGroupsOfVersionOneBind() throws Exception {
    write("proc/self/cgroup", VERSION_ONE);
    write("proc/self/mountinfo", VERSION_ONE_MOUNT);
    versionOne("", 0x7ffffffffffff000L, 0, 0);
    versionOne("/outer", 2 * GIB, GIB, GIB / 2);
    versionOne("/outer/inner", 0x7ffffffffffff000L, 0, 0);
    machine.requireRam("prefault", GIB, "it"); // 2 − 1, and half a gibibyte of cache could go
    MemoryException refusal =
        assertThrows(
            MemoryException.class, () -> machine.requireRam("prefault", 3 * GIB / 2, "it"));
    assertTrue(
        refusal.getMessage().contains("1610612736 bytes of RAM are left within the limit of"),
        refusal.getMessage());
    assertTrue(refusal.getMessage().contains("/sys/fs/cgroup/memory/outer;"), refusal.getMessage());
    versionOne("/outer/inner", GIB / 4, 0, 0);
    assertThrows(MemoryException.class, () -> machine.requireRam("prefault", GIB / 2, "it"));
    machine.requireMemory("prefault", GIB, "it"); // with swap, which has no limit of its own
  }

  @Test
  void versionOneLimitsSwapWithRam() throws Exception {
    write("proc/self/cgroup", VERSION_ONE);
    write("proc/self/mountinfo", VERSION_ONE_MOUNT);
    versionOne("/outer/inner", GIB, 0, 0);
    write("sys/fs/cgroup/memory/outer/inner/memory.memsw.limit_in_bytes", GIB + "\n");
    write("sys/fs/cgroup/memory/outer/inner/memory.memsw.usage_in_bytes", "0\n");
    refusal(GIB);
    MemoryException noSwap =
        assertThrows(MemoryException.class, () -> machine.requireSwap(4096, "it"));
    assertTrue(noSwap.getMessage().contains("memory/outer/inner"), noSwap.getMessage());
  }

  @Test
  void groupsOfVersionTwoBind() throws Exception {
    write("proc/self/cgroup", "0::/user/app\n");
    write("proc/self/mountinfo", VERSION_TWO_MOUNT);
    versionTwo("/user", "max", 0, "max");
    versionTwo("/user/app", Long.toString(GIB), GIB / 2, "0");
    machine.requireMemory("prefault", GIB / 4, "it");
    refusal(GIB / 2 + 2048);
    assertThrows(MemoryException.class, () -> machine.requireSwap(4096, "it"));
    versionTwo("/user/app", "max", GIB / 2, "max");
    machine.requireMemory("prefault", 4 * GIB, "it");
    assertDoesNotThrow(() -> machine.requireSwap(4096, "it"));
  }

  @Test
  void aContainerThatSeesItsGroupAsTheRootIsBoundToo() throws Exception {
    write("proc/self/cgroup", "4:memory:/docker/abc\n");
    write(
        "proc/self/mountinfo",
        "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
    versionOne("", GIB, 0, 0);
    assertThrows(MemoryException.class, () -> machine.requireRam("prefault", 2 * GIB, "it"));
  }

  @Test
  void lockingMoreThanTheMachineOrGroupHasIsRefused() throws Exception {
    machine.requireRamSize("lock", 8 * GIB, "it"); // more than is free now: may come page by page
    assertThrows(MemoryException.class, () -> machine.requireRamSize("lock", 8 * GIB + 1, "it"));
    write("proc/self/cgroup", VERSION_ONE);
    write("proc/self/mountinfo", VERSION_ONE_MOUNT);
    versionOne("/outer/inner", GIB, 0, 0);
    MemoryException refusal =
        assertThrows(MemoryException.class, () -> machine.requireRamSize("lock", 2 * GIB, "it"));
    assertTrue(
        refusal.getMessage().contains("inner has 1073741824 bytes of RAM in all"),
        refusal.getMessage());
  }

  @Test
  void theCheckCanBeTurnedOff() throws Exception {
    Machine bold = new Machine(new KernelFiles(root), MemoryCheck.OFF);
    bold.requireMemory("prefault", 1000 * GIB, "it");
    bold.requireRam("prefault", 1000 * GIB, "it");
    bold.requireRamSize("lock", 1000 * GIB, "it");
  }

  @Test
  void pagingOutNeedsSwap() throws Exception {
    assertDoesNotThrow(() -> machine.requireSwap(4096, "it"));
    memory(8 * GIB, 4 * GIB, 0, 0);
    MemoryException refusal =
        assertThrows(MemoryException.class, () -> machine.requireSwap(4096, "it"));
    assertEquals(
        "page out 4096 bytes of it: no swap is active; add swap (mkswap, swapon)",
        refusal.getMessage());
    memory(8 * GIB, 4 * GIB, GIB, 0);
    refusal = assertThrows(MemoryException.class, () -> machine.requireSwap(4096, "it"));
    assertTrue(refusal.getMessage().contains("no swap is left"), refusal.getMessage());
  }

  @Test
  void strictOvercommitIsSeen() throws Exception {
    assertFalse(machine.forbidsOvercommit());
    write("proc/sys/vm/overcommit_memory", "2\n");
    assertTrue(machine.forbidsOvercommit());
  }

  @Test
  void theSettingForHugePagesDependsOnTheKindOfMemory() throws Exception {
    String settings = "sys/kernel/mm/transparent_hugepage/";
    assertSame(Advice.NO_HUGE_PAGE, machine.hugePageDefault(Sharing.PRIVATE, 2 << 20));
    write(settings + "enabled", "[always] madvise never\n");
    write(settings + "shmem_enabled", "always within_size advise [never] deny force\n");
    assertSame(Advice.HUGE_PAGE, machine.hugePageDefault(Sharing.PRIVATE, 2 << 20));
    assertSame(Advice.NO_HUGE_PAGE, machine.hugePageDefault(Sharing.SHARED, 2 << 20));
    write(settings + "hugepages-2048kB/enabled", "always inherit madvise [never]\n");
    assertSame(Advice.NO_HUGE_PAGE, machine.hugePageDefault(Sharing.PRIVATE, 2 << 20));
    write(settings + "hugepages-2048kB/enabled", "always [inherit] madvise never\n");
    assertSame(Advice.HUGE_PAGE, machine.hugePageDefault(Sharing.PRIVATE, 2 << 20));
    write(settings + "enabled", "always [madvise] never\n");
    assertSame(Advice.NO_HUGE_PAGE, machine.hugePageDefault(Sharing.PRIVATE, 2 << 20));
    write(settings + "shmem_enabled", "always [within_size] advise never deny force\n");
    assertSame(Advice.HUGE_PAGE, machine.hugePageDefault(Sharing.SHARED, 2 << 20));
  }

  @Test
  void anUnreadableProcIsToldAndNotGuessed() {
    Machine blind = new Machine(new KernelFiles(root.resolve("nowhere")), MemoryCheck.REFUSE);
    MemoryException refusal =
        assertThrows(MemoryException.class, () -> blind.requireMemory("prefault", 1, "it"));
    assertTrue(refusal.getMessage().contains("proc/meminfo"), refusal.getMessage());
  }
}
