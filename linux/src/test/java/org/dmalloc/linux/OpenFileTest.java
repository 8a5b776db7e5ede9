/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static org.dmalloc.linux.LinuxTests.MIB;
import static org.dmalloc.linux.LinuxTests.PAGE;
import static org.dmalloc.linux.LinuxTests.assertErrno;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.spi.machine.Errno;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenFileTest {
  @TempDir Path directory;

  @Test
  void agreesWithJavaAboutFacts() throws IOException {
    Path path = Files.write(directory.resolve("Größe"), new byte[5000]);
    try (OpenFile file = OpenFile.open(path, AccessMode.READ_WRITE)) {
      FileFacts facts = file.facts();
      assertEquals(5000, facts.byteSize());
      assertEquals(Files.getAttribute(path, "unix:ino"), facts.inode());
      assertEquals(1, facts.linkCount());
      assertTrue(facts.regular());
      try (OpenFile again = OpenFile.open(path, AccessMode.READ_ONLY);
          OpenFile other = OpenFile.unnamedIn(directory)) {
        assertEquals(facts.device(), again.facts().device());
        assertEquals(facts.inode(), again.facts().inode());
        assertFalse(facts.inode() == other.facts().inode());
      }
    }
  }

  @Test
  void agreesWithJavaAboutTheFileSystem() throws IOException {
    FileSystem fileSystem = FileSystem.of(directory);
    assertEquals(Files.getFileStore(directory).getTotalSpace(), fileSystem.totalBytes());
    assertEquals("tmpfs", FileSystem.of(Path.of("/dev/shm")).type());
    assertEquals("proc", FileSystem.of(Path.of("/proc")).type());
    assertFalse(fileSystem.readOnly());
  }

  @Test
  void saysWhatIsWrongWithAPath() throws IOException {
    Path missing = directory.resolve("missing");
    MemoryException e =
        assertErrno(Errno.ENOENT, () -> OpenFile.open(missing, AccessMode.READ_ONLY).close());
    assertEquals(
        "open " + missing + ": ENOENT (2); create it first or correct the path", e.getMessage());
    assertErrno(Errno.ENOENT, () -> OpenFile.unnamedIn(missing).close());
    Path file = Files.createFile(directory.resolve("file"));
    assertErrno(Errno.ENOTDIR, () -> OpenFile.unnamedIn(file).close());
    Path link = Files.createSymbolicLink(directory.resolve("link"), file);
    assertErrno(Errno.ELOOP, () -> OpenFile.open(link, AccessMode.READ_WRITE).close());
    assertErrno(Errno.EISDIR, () -> OpenFile.open(directory, AccessMode.READ_WRITE).close());
    assertErrno(Errno.ENOENT, () -> FileSystem.of(missing));
  }

  @Test
  void createdAndUnlinkedIsLikeUnnamed() throws IOException {
    try (OpenFile file = OpenFile.createUnlinked(directory)) {
      file.reserve(0, PAGE, ProgressListener.NONE);
      assertEquals(0, file.facts().linkCount());
      try (Stream<Path> entries = Files.list(directory)) {
        assertEquals(0, entries.count());
      }
    }
  }

  @Test
  void onlyTheOwnerMayOpenAnUnnamedFile() throws IOException {
    try (OpenFile file = OpenFile.unnamedIn(directory)) {
      assertEquals(
          "rw-------",
          PosixFilePermissions.toString(Files.getPosixFilePermissions(file.sharedPath())));
    }
  }

  @Test
  void reserveReportsItsProgressAndStopsAtAnInterrupt() throws IOException {
    try (OpenFile file = OpenFile.unnamedIn(directory)) {
      MemoryException e =
          assertThrows(
              MemoryException.class,
              () ->
                  file.reserve(0, 600 * MIB, (done, total) -> Thread.currentThread().interrupt()));
      assertTrue(Thread.interrupted(), "the interrupt is kept");
      assertEquals(256 * MIB, file.facts().byteSize(), e.getMessage());
    }
  }

  @Test
  void reserveIsCancelledByItsListener() throws IOException {
    IllegalStateException mine = new IllegalStateException("enough");
    try (OpenFile file = OpenFile.unnamedIn(directory)) {
      MemoryException e =
          assertThrows(
              MemoryException.class,
              () ->
                  file.reserve(
                      0,
                      MIB,
                      (done, total) -> {
                        throw mine;
                      }));
      assertSame(mine, e.getCause());
    }
  }

  @Test
  void reserveWithoutAListenerMindsNoInterrupt() throws IOException {
    try (OpenFile file = OpenFile.unnamedIn(directory)) {
      Thread.currentThread().interrupt();
      file.reserve(0, MIB);
      assertTrue(Thread.interrupted());
      assertEquals(MIB, file.facts().byteSize());
    }
  }

  @Test
  void whatCanNotFitIsRefusedBeforeAnythingIsTaken() throws IOException {
    try (OpenFile file = OpenFile.unnamedIn(directory);
        OpenFile memory = OpenFile.inMemory("test")) {
      assertErrno(Errno.ENOSPC, () -> file.reserve(0, 1L << 60));
      assertEquals(0, file.facts().byteSize());
      MemoryException refusal =
          assertThrows(MemoryException.class, () -> memory.reserve(0, 1L << 60));
      assertTrue(
          refusal.getMessage().contains("bytes of RAM and swap are left within"),
          refusal.getMessage());
      assertEquals(0, memory.facts().byteSize());
    }
  }

  @Test
  void useAfterCloseIsAnIllegalState() throws IOException {
    OpenFile file = OpenFile.unnamedIn(directory);
    file.close();
    file.close();
    assertThrows(IllegalStateException.class, file::facts);
    assertThrows(IllegalStateException.class, () -> file.setByteSize(1));
    assertThrows(IllegalStateException.class, () -> LinuxTests.shared(file, 1));
  }

  @Test
  void cutsAndExtends() throws IOException {
    try (OpenFile file = OpenFile.unnamedIn(directory)) {
      file.setByteSize(3 * MIB);
      assertEquals(0, file.facts().allocatedBytes());
      file.reserve(0, MIB, ProgressListener.NONE);
      assertEquals(3 * MIB, file.facts().byteSize());
      file.punchHole(0, MIB);
      file.setByteSize(10);
      assertEquals(10, file.facts().byteSize());
      file.syncData();
      file.sync();
    }
  }

  @Test
  void sealsAreForMemoryOnly() throws IOException {
    try (OpenFile file = OpenFile.unnamedIn(directory)) {
      assertErrno(Errno.EINVAL, () -> Seal.add(file, Seal.SHRINK));
    }
  }
}
