/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.dmalloc.linux.LinuxTests.MIB;
import static org.dmalloc.linux.LinuxTests.PAGE;
import static org.dmalloc.linux.LinuxTests.assertErrno;
import static org.dmalloc.linux.LinuxTests.reservedFile;
import static org.dmalloc.linux.LinuxTests.shared;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.testkit.ThinFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the kernel does with pages that it could not write, on ext4. */
@Timeout(120)
class FailedWriteBackFactsTest {
  private static final long SIZE = 24 * MIB;

  @TempDir Path directory;

  private ThinFileSystem thin() throws IOException {
    return ThinFileSystem.mount(directory, 64 * MIB, 8 * MIB);
  }

  private static void store(Mapping mapping) {
    for (long at = 0; at < SIZE; at += PAGE) {
      mapping.segment().set(JAVA_LONG, at, at + 1);
    }
  }

  private static long wrongPages(MemorySegment memory) {
    long wrong = 0;
    for (long at = 0; at < SIZE; at += PAGE) {
      wrong += memory.get(JAVA_LONG, at) == at + 1 ? 0 : 1;
    }
    return wrong;
  }

  private static long wrongOnDevice(OpenFile file) throws IOException {
    try (Arena arena = Arena.ofConfined();
        OpenFile direct = file.openDirect()) {
      MemorySegment device = arena.allocate(SIZE, PAGE);
      direct.readFully(0, device);
      return wrongPages(device);
    }
  }

  private static boolean fails(Mapping mapping) {
    try {
      mapping.force(0, SIZE);
      return false;
    } catch (MemoryException e) {
      return true;
    }
  }

  @Test
  void aFailureIsToldOnceAndThePagesAreTakenForClean() throws IOException {
    try (ThinFileSystem disk = thin();
        OpenFile file = reservedFile(disk.directory(), SIZE);
        Mapping mapping = shared(file, SIZE)) {
      store(mapping);
      disk.exhaust();
      assertErrno(Errno.ENOSPC, () -> mapping.force(0, SIZE));
      int told = 0;
      while (fails(mapping)) {
        told++; // about what the file system itself could not write
      }
      assertTrue(told < 5, told + " times");
      assertEquals(0, mapping.residency(0, SIZE).dirtyBytes());
      assertEquals(0, wrongPages(mapping.segment()));
    }
  }

  @Test
  void whatFailedInTheKernelsOwnTimeIsToldByALookAtOnePage() throws IOException {
    try (ThinFileSystem disk = thin();
        OpenFile file = reservedFile(disk.directory(), SIZE);
        Mapping mapping = shared(file, SIZE)) {
      store(mapping);
      file.checkWriteBack();
      disk.exhaust();
      int starts = 2; // SYNC_FILE_RANGE_WRITE
      file.use(fd -> Libc.syncFileRange(fd, 0, SIZE, starts));
      assertErrno(
          Errno.ENOSPC,
          () -> {
            while (true) {
              file.checkWriteBack();
            }
          });
    }
  }

  @Test
  void populateWriteMakesThemDirtyAgainAndStoresNothing() throws IOException {
    try (ThinFileSystem disk = thin();
        OpenFile file = reservedFile(disk.directory(), SIZE);
        Mapping mapping = shared(file, SIZE)) {
      store(mapping);
      disk.exhaust();
      assertErrno(Errno.ENOSPC, () -> mapping.force(0, SIZE));
      mapping.advise(Advice.POPULATE_WRITE, 0, SIZE);
      assertEquals(SIZE, mapping.residency(0, SIZE).dirtyBytes());
      assertEquals(0, wrongPages(mapping.segment()));
      disk.supply(64 * MIB);
      mapping.force(0, SIZE);
      // The trap: blocks that a failed attempt has mapped are written, and their extents stay
      // unwritten. A kernel without it needs no more than this.
      assertTrue(wrongOnDevice(file) > 0, "ext4 has learned to convert the extents");
    }
  }

  @Test
  void pagesThatLostTheirBuffersReachTheDevice() throws IOException {
    try (ThinFileSystem disk = thin();
        OpenFile file = reservedFile(disk.directory(), SIZE);
        Mapping mapping = shared(file, SIZE)) {
      store(mapping);
      disk.exhaust();
      assertErrno(Errno.ENOSPC, () -> mapping.force(0, SIZE));
      disk.supply(64 * MIB);
      mapping.rewrite(0, SIZE);
      assertEquals(SIZE, mapping.residency(0, SIZE).dirtyBytes());
      assertEquals(SIZE, mapping.residency(0, SIZE).residentBytes(), "none has left RAM");
      mapping.force(0, SIZE);
      assertEquals(0, wrongOnDevice(file));
      AtomicLong resident = new AtomicLong();
      mapping.eachResident(0, SIZE, (offset, length) -> resident.addAndGet(length));
      assertEquals(SIZE, resident.get());
    }
  }
}
