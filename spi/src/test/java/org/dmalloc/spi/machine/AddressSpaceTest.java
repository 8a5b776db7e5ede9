/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The limit behind a refused mapping is named, by copies of the kernel's files. */
class AddressSpaceTest {
  private static final long GIB = 1L << 30;

  @TempDir private Path root;
  private AddressSpace space;

  @BeforeEach
  void machineWithTenGibibytesInAll() throws IOException {
    space = new AddressSpace(new KernelFiles(root));
    write(
        "proc/meminfo",
        "MemTotal: 8388608 kB\nSwapTotal: 2097152 kB\nCommitLimit: 1024 kB\nCommitted_AS: 1000 kB\n");
    write("proc/sys/vm/overcommit_memory", "0\n");
    write("proc/sys/vm/max_map_count", "65530\n");
    write("proc/self/maps", "a\nb\n");
    write("proc/self/status", "VmSize:\t 1048576 kB\n");
    limit("unlimited");
  }

  private void write(String file, String text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private void limit(String bytes) throws IOException {
    write(
        "proc/self/limits",
        "Limit                     Soft Limit           Hard Limit           Units\n"
            + "Max address space         "
            + bytes
            + "           unlimited            bytes\n");
  }

  @Test
  void moreThanRamAndSwapIsSaidOfMemoryThatNeedsThem() {
    assertEquals(
        "RAM and swap have 10737418240 bytes in all: choose a smaller size, add swap or set"
            + " vm.overcommit_memory=1",
        space.nextStep(11 * GIB, true));
    assertTrue(space.nextStep(11 * GIB, false).startsWith("check"), "a file needs neither");
  }

  @Test
  void strictOvercommitIsSaidWithItsNumbers() throws Exception {
    write("proc/sys/vm/overcommit_memory", "2\n");
    String step = space.nextStep(GIB, true);
    assertTrue(step.contains("1024000 of 1048576 bytes are promised"), step);
  }

  @Test
  void theLimitOfAddressSpaceIsSaidWithItsNumbers() throws Exception {
    limit("4294967296");
    String step = space.nextStep(4 * GIB, false);
    assertEquals(
        "the limit of address space is 4294967296 bytes, of which 1073741824 are in use: choose a"
            + " smaller size or raise it (ulimit -v)",
        step);
    assertTrue(space.nextStep(GIB, false).startsWith("check"), "this one fits");
  }

  @Test
  void theLimitOfMappingsIsSaidWithItsNumber() throws Exception {
    write("proc/sys/vm/max_map_count", "3\n");
    assertEquals(
        "the process has 2 mappings: close regions or raise vm.max_map_count (3)",
        space.nextStep(GIB, false));
  }

  @Test
  void whereNothingIsKnownAllOfThemAreNamed() {
    AddressSpace blind = new AddressSpace(new KernelFiles(root.resolve("nowhere")));
    assertEquals(
        "check vm.overcommit_memory, the limit of address space (ulimit -v) and vm.max_map_count",
        blind.nextStep(GIB, true));
  }
}
