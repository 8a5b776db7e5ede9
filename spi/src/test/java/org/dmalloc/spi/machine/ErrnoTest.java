/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import org.dmalloc.api.MemoryException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ErrnoTest {
  @TempDir private Path root;

  @Test
  void numbersAreFoundInWhateverJavaThrows() {
    assertEquals(Errno.ENOENT, Errno.of(new NoSuchFileException("x")));
    assertEquals(Errno.EACCES, Errno.of(new AccessDeniedException("x")));
    assertEquals(Errno.EMFILE, Errno.of(new FileSystemException("x", null, "Too many open files")));
    assertEquals(Errno.EMFILE, Errno.of(new FileNotFoundException("x (Too many open files)")));
    assertEquals(Errno.ENOSPC, Errno.of(new IOException("No space left on device")));
    // MappedMemoryUtils of the JDK
    assertEquals(
        Errno.ENOSPC,
        Errno.of(new IOException("No space left on device (msync with parameter MS_SYNC failed)")));
    assertEquals(
        Errno.EIO,
        Errno.of(new IOException("msync with parameter MS_SYNC failed: Input/output error")));
    assertEquals(MemoryException.NO_ERRNO, Errno.of(new IOException("Kein Platz")));
  }

  @Test
  void otherTextsArePassedOn() {
    assertEquals(
        "force 5 bytes of it: Kein Platz",
        Errno.exception("force", 5, "it", new IOException("Kein Platz")).getMessage());
    assertEquals(
        "open it: EMFILE (24); raise the limit of open files (ulimit -n)",
        Errno.exception("open", -1, "it", new IOException("Too many open files")).getMessage());
  }

  /** Below 2 MiB no smaller region helps, so that none is recommended. */
  @Test
  void aLimitOfFileSizesIsNamedWithItsNumber() throws Exception {
    Files.createDirectories(root.resolve("proc/self"));
    KernelFiles files = new KernelFiles(root);
    String line = "Max file size             %s              unlimited            bytes     \n";
    Files.writeString(
        root.resolve("proc/self/limits"), String.format(Locale.ROOT, line, "1024000"));
    assertEquals(
        "raise the limit of file sizes, which is 1024000 bytes (ulimit -f)",
        Errno.nextStep(Errno.EFBIG, files));
    Files.writeString(
        root.resolve("proc/self/limits"), String.format(Locale.ROOT, line, "unlimited"));
    assertEquals(
        "choose a smaller size: this file system has no files as large",
        Errno.nextStep(Errno.EFBIG, files));
  }

  /** A filter refuses with EPERM or ENOSYS what no privilege and no newer kernel would allow. */
  @Test
  void aSystemCallFilterIsNamedWhereThereIsOne() throws Exception {
    Files.createDirectories(root.resolve("proc/self"));
    KernelFiles files = new KernelFiles(root);
    for (int errno : new int[] {Errno.EPERM, Errno.ENOSYS}) {
      Files.writeString(root.resolve("proc/self/status"), "Name: java\nSeccomp:\t0\n");
      assertFalse(Errno.nextStep(errno, files).contains("seccomp"));
      Files.writeString(root.resolve("proc/self/status"), "Name: java\nSeccomp:\t2\n");
      String step = Errno.nextStep(errno, files);
      assertTrue(step.contains("system call filter (seccomp) of this process forbids"), step);
    }
  }
}
