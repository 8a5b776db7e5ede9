/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static org.dmalloc.linux.LinuxTests.assume;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenDirectoryTest {
  private static final Duration DEADLINE = Duration.ofSeconds(60);
  private static final int NOBODY = 65_534;

  @TempDir private Path work;

  private Path directoryWithAFile(String name) throws IOException {
    Path directory = Files.createDirectory(work.resolve(name));
    Files.createFile(directory.resolve("file"));
    return directory;
  }

  private static void makeAFifo(Path path) throws Exception {
    assertEquals(0, new ProcessBuilder("mkfifo", path.toString()).start().waitFor());
  }

  @Test
  void whatTakesTheNameOfAnOpenDirectoryIsNotEmptied() throws Exception {
    Path precious = directoryWithAFile("precious");
    Path ours = directoryWithAFile("ours");
    Path moved = work.resolve("moved");
    assertThrows(
        IOException.class,
        () ->
            OpenDirectory.delete(
                ours,
                found -> {
                  Files.move(ours, moved);
                  Files.createSymbolicLink(ours, precious);
                  return true;
                },
                Path.of("lock")));
    assertTrue(Files.exists(precious.resolve("file")), "reached through the link");
    assertFalse(Files.exists(moved.resolve("file")), "the one that was looked at is emptied");
  }

  @Test
  void aLinkIsDeletedInADirectoryAndNeverFollowed() throws Exception {
    Path precious = directoryWithAFile("precious");
    Path ours = directoryWithAFile("ours");
    Files.createSymbolicLink(ours.resolve("link"), precious);
    Path link = Files.createSymbolicLink(work.resolve("outer"), precious);
    assertThrows(IOException.class, () -> OpenDirectory.delete(link));
    OpenDirectory.delete(ours);
    assertFalse(Files.exists(ours));
    assertTrue(Files.exists(precious.resolve("file")));
    OpenDirectory.delete(ours); // gone already
  }

  @Test
  void aFifoIsNeverWaitedFor() throws Exception {
    Path ours = directoryWithAFile("ours");
    makeAFifo(ours.resolve("fifo"));
    assertTimeoutPreemptively(
        DEADLINE,
        () -> {
          try (OpenDirectory open = OpenDirectory.open(ours).orElseThrow()) {
            assertEquals(Optional.empty(), open.file(Path.of("fifo")));
            assertEquals(Optional.empty(), open.directory(Path.of("fifo")));
          }
          OpenDirectory.delete(ours);
        });
    assertFalse(Files.exists(ours));
  }

  @Test
  void aDirectoryOfAnotherUserIsLeftAlone() throws Exception {
    Path directory = directoryWithAFile("theirs");
    assume(LinuxTests.isRoot(), "not root, which alone can give a directory away");
    Files.setAttribute(directory, "unix:uid", NOBODY);
    IOException refused = assertThrows(IOException.class, () -> OpenDirectory.delete(directory));
    assertTrue(refused.getMessage().contains("not the directory that was made"));
    assertTrue(Files.exists(directory.resolve("file")));
  }

  @Test
  void othersCanExchangeWhatIsInADirectoryOfAllWithoutTheStickyBit() throws Exception {
    Path shared = Files.createDirectory(work.resolve("shared"));
    Path below = Files.createDirectory(shared.resolve("below"));
    assertEquals(Optional.empty(), Ownership.exchangeableBelow(below));
    Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertEquals(Optional.of(shared.toRealPath()), Ownership.exchangeableBelow(below));
    assertEquals(0, new ProcessBuilder("chmod", "1777", shared.toString()).start().waitFor());
    assertEquals(Optional.empty(), Ownership.exchangeableBelow(below));
    if (LinuxTests.isRoot()) {
      Files.setAttribute(shared, "unix:uid", NOBODY);
      assertEquals(Optional.of(shared.toRealPath()), Ownership.exchangeableBelow(below));
    }
  }
}
