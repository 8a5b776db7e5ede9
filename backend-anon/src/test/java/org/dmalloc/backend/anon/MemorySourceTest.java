/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.linux.Seal;
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

  /** Also what somebody gave up before it was attached. */
  @Test
  void aSharedMemfdHasItsPagesWhereOvercommitIsForbidden() throws Exception {
    Machine strict = machine(2, 64 * MIB);
    try (MemfdMemory made =
        MemfdMemory.shared(
            "promised", 16 * MIB, 0, PageSize.DEFAULT, ProgressListener.NONE, strict)) {
      assertEquals(16 * MIB, made.mapping().residency(0, 16 * MIB).residentBytes());
      made.file().punchHole(0, 8 * MIB);
      assertEquals(8 * MIB, made.file().facts().allocatedBytes());
      ShareToken token = Objects.requireNonNull(made.shared()).token();
      try (MemfdMemory attached =
          MemfdMemory.attached(SharedMemfd.attach(token), 16 * MIB, 0, PageSize.DEFAULT, strict)) {
        assertEquals(16 * MIB, made.file().facts().allocatedBytes());
        attached.makeRoom(20 * MIB, ProgressListener.NONE);
        assertEquals(20 * MIB, made.file().facts().allocatedBytes());
        made.makeRoom(20 * MIB, ProgressListener.NONE);
        made.makeRoom(18 * MIB, ProgressListener.NONE);
        assertEquals(20 * MIB, made.file().facts().byteSize());
        MemoryException refusal =
            assertThrows(
                MemoryException.class, () -> made.makeRoom(200 * MIB, ProgressListener.NONE));
        assertTrue(refusal.getMessage().contains("bytes of RAM and swap are left"));
        assertEquals(20 * MIB, attached.file().facts().byteSize());
      }
    }
  }

  @Test
  void aSharedMemfdAtItsMaximumStaysThat() throws Exception {
    Machine machine = machine(1, 0);
    try (MemfdMemory made =
            MemfdMemory.shared("full", MIB, MIB, PageSize.DEFAULT, ProgressListener.NONE, machine);
        MemfdMemory attached =
            MemfdMemory.attached(
                SharedMemfd.attach(Objects.requireNonNull(made.shared()).token()),
                MIB,
                0,
                PageSize.DEFAULT,
                machine)) {
      MemoryException refusal =
          assertThrows(
              MemoryException.class, () -> attached.makeRoom(2 * MIB, ProgressListener.NONE));
      assertTrue(
          refusal.getMessage().contains("its file is bound to its maximum of 1048576 bytes"),
          refusal.getMessage());
      assertEquals(EnumSet.allOf(Seal.class), Seal.of(made.file()));
    }
  }

  @Test
  void nobodySealsASharedMemfdAgainstWritingOrGrowth() throws Exception {
    try (MemfdMemory made =
        MemfdMemory.shared(
            "open", MIB, 2 * MIB, PageSize.DEFAULT, ProgressListener.NONE, machine(1, 0))) {
      assertEquals(EnumSet.of(Seal.SHRINK, Seal.SEAL), Seal.of(made.file()));
      assertThrows(MemoryException.class, () -> Seal.add(made.file(), Seal.GROW));
      assertThrows(MemoryException.class, () -> made.file().setByteSize(1));
      assertEquals("memfd open", made.target());
    }
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
    MemfdMemory.shared(
            MemorySource.memfdName(longest),
            1,
            0,
            PageSize.DEFAULT,
            ProgressListener.NONE,
            machine(0, 0))
        .close();
  }
}
