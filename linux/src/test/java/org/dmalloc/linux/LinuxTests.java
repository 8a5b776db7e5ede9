/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Machine;
import org.dmalloc.spi.machine.MemoryCheck;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.function.Executable;

/** What the tests of this package share. */
final class LinuxTests {
  static final long MIB = 1L << 20;
  static final long PAGE = Platform.pageSize();

  private LinuxTests() {}

  /** An unnamed file with reserved space. */
  static OpenFile reservedFile(Path directory, long byteSize) throws MemoryException {
    OpenFile file = OpenFile.unnamedIn(directory);
    file.reserve(0, byteSize, ProgressListener.NONE);
    return file;
  }

  static Mapping shared(OpenFile file, long byteSize) throws MemoryException {
    return Mapping.ofFile(file, 0, byteSize, MappingKind.SHARED, PageSize.DEFAULT);
  }

  static void prefault(Mapping mapping) throws MemoryException {
    populate(mapping, AccessMode.READ_WRITE, 0, mapping.byteSize(), ProgressListener.NONE);
  }

  static void populate(
      Mapping mapping, AccessMode access, long offset, long length, ProgressListener progress)
      throws MemoryException {
    Machine unchecked = new Machine(KernelFiles.ofThisMachine(), MemoryCheck.OFF);
    new CheckedPaging(mapping, unchecked, mapping.target())
        .populate(access, offset, length, progress, "nothing was created");
  }

  static MemoryException assertErrno(int errno, Executable call) {
    MemoryException e = assertThrows(MemoryException.class, call);
    assertEquals(errno, e.errno(), e.getMessage());
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(": " + Errno.name(errno) + " (" + errno + ")"), message);
    return e;
  }

  static boolean isRoot() throws IOException {
    return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
  }

  /** Skips the test with a reason that is printed. */
  static void assume(boolean condition, String otherwise) {
    if (!condition) {
      System.out.println("SKIPPED: " + otherwise);
    }
    Assumptions.assumeTrue(condition, otherwise);
  }
}
