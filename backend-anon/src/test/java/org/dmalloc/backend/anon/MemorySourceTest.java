/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Machine;
import org.dmalloc.spi.machine.MemoryCheck;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is taken when memory is promised, with and without overcommit. */
class MemorySourceTest {
  private static final long MIB = 1L << 20;

  @TempDir private Path root;

  private Machine machine(int overcommit, long availableBytes) throws IOException {
    Files.createDirectories(root.resolve("proc/sys/vm"));
    Files.writeString(root.resolve("proc/sys/vm/overcommit_memory"), overcommit + "\n");
    Files.writeString(
        root.resolve("proc/meminfo"),
        String.format(
            Locale.ROOT, "MemTotal: 1048576 kB\nMemAvailable: %d kB\n", availableBytes / 1024));
    return new Machine(new KernelFiles(root), MemoryCheck.REFUSE);
  }

  private static long residentBytes(MemorySource source, Machine machine, ProgressListener progress)
      throws MemoryException {
    try (AnonymousMemory memory =
        source.take(16 * MIB, 0, PageSize.DEFAULT, "promised", progress, machine)) {
      return memory.mapping().residency(0, 16 * MIB).residentBytes();
    }
  }

  @ParameterizedTest
  @EnumSource(MemorySource.class)
  void promisedMemoryTakesNoPagesYet(MemorySource source) throws Exception {
    assertEquals(0, residentBytes(source, machine(0, 0), ProgressListener.NONE));
    assertEquals(0, residentBytes(source, machine(1, 0), ProgressListener.NONE));
  }

  @Test
  void aMemfdTakesItsPagesAtOnceWhereOvercommitIsForbidden() throws Exception {
    List<Long> steps = new ArrayList<>();
    assertEquals(
        16 * MIB,
        residentBytes(MemorySource.MEMFD, machine(2, 64 * MIB), (done, total) -> steps.add(done)));
    assertEquals(16 * MIB, steps.getLast());
  }

  @Test
  void aMemfdThatCannotBeFilledIsRefused() throws Exception {
    MemoryException refusal =
        assertThrows(
            MemoryException.class,
            () -> residentBytes(MemorySource.MEMFD, machine(2, 8 * MIB), ProgressListener.NONE));
    assertTrue(
        refusal.getMessage().contains("8388608 bytes of RAM and swap are left"),
        refusal.getMessage());
    assertTrue(
        Files.readAllLines(Path.of("/proc/self/maps")).stream()
            .noneMatch(line -> line.contains("dmalloc:promised")));
  }

  @Test
  void aMemfdIsPromisedWithinTheBoundsOfOtherMemory() throws Exception {
    Machine gibibyte = machine(0, 0);
    MemoryException refusal =
        assertThrows(
            MemoryException.class,
            () ->
                MemorySource.MEMFD.take(
                    2L << 30, 0, PageSize.DEFAULT, null, ProgressListener.NONE, gibibyte));
    assertEquals(
        "allocate 2147483648 bytes of memfd dmalloc: RAM and swap have 1073741824 bytes in all;"
            + " choose a smaller size, add swap or set vm.overcommit_memory=1",
        refusal.getMessage());
    MemorySource.MEMFD
        .take(2L << 30, 0, PageSize.DEFAULT, null, ProgressListener.NONE, machine(1, 0))
        .close();
  }

  @Test
  void anyOwnerFitsTheNameOfAMemfd() throws Exception {
    String longest = "\ud83d\ude80\u0000\n".repeat(200);
    try (AnonymousMemory memory =
        MemorySource.MEMFD.take(
            1, 0, PageSize.DEFAULT, longest, ProgressListener.NONE, machine(0, 0))) {
      assertTrue(memory.target().startsWith("memfd dmalloc:\ud83d\ude80??\ud83d"), memory.target());
      assertEquals(1, memory.mapping().byteSize());
    }
  }
}
