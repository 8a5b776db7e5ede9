/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.directory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.dmalloc.backup.archive.MemoryContent;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Backups are their owner's alone, and lead nowhere else, whoever may write beside them. */
@Timeout(60)
class PrivateFilesTest {
  private static final String PRECIOUS = "precious";

  @TempDir private Path directory;
  private Path outside;

  @BeforeEach
  void plant() throws IOException {
    outside = Files.writeString(directory.resolve("outside"), PRECIOUS);
  }

  private static MemoryContent content(String text) {
    return new MemoryContent(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  private void assertUntouched() throws IOException {
    assertEquals(PRECIOUS, Files.readString(outside));
  }

  /** In another process, as the umask is one for all threads. */
  @Test
  void allIsForTheOwnerAloneWhateverTheUmask() throws Exception {
    Path root = directory.resolve("store");
    Process child =
        new ProcessBuilder(
                "sh",
                "-c",
                "umask 000 && exec \"$@\"",
                "sh",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Maker.class.getName(),
                root.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, child.waitFor(), said);
    try (Stream<Path> all = Files.walk(root)) {
      List<Path> made = all.toList();
      assertEquals(4, made.size(), made.toString());
      for (Path path : made) {
        assertEquals(
            Files.isDirectory(path) ? "rwx------" : "rw-------", mode(path), path.toString());
      }
    }
  }

  /** Runs in the other process. */
  static final class Maker {
    private Maker() {}

    public static void main(String[] args) throws IOException {
      Path root = Path.of(args[0]);
      DurableFiles.makeDirectories(root);
      DurableFiles.write(root.resolve("object"), content("x"));
      DurableFiles.replace(root.resolve("note"), content("y"));
      DirectoryLock.call(root.resolve("lock"), () -> true);
    }
  }

  @Test
  void aLinkInPlaceOfAnObjectIsNotFollowed() throws IOException {
    Path link = Files.createSymbolicLink(directory.resolve("object"), outside);
    assertThrows(FileAlreadyExistsException.class, () -> DurableFiles.write(link, content("x")));
    assertUntouched();
    assertTrue(Files.isSymbolicLink(link));
  }

  @Test
  void aLinkInTheWayOfANoteGoes() throws IOException {
    Path note = directory.resolve("note");
    Files.createSymbolicLink(directory.resolve("note.part"), outside);
    DurableFiles.replace(note, content("y"));
    assertEquals("y", Files.readString(note));
    assertFalse(Files.exists(directory.resolve("note.part"), LinkOption.NOFOLLOW_LINKS));
    Files.delete(note);
    Files.createSymbolicLink(note, outside);
    DurableFiles.replace(note, content("z"));
    assertEquals("z", Files.readString(note));
    assertUntouched();
  }

  @Test
  void aLinkOrPipeInPlaceOfTheLockBlocksNobody() throws Exception {
    Path lock = Files.createSymbolicLink(directory.resolve("lock"), outside);
    assertThrows(FileSystemException.class, () -> DirectoryLock.call(lock, () -> true));
    Files.delete(lock);
    assertEquals(0, new ProcessBuilder("mkfifo", lock.toString()).start().waitFor());
    assertThrows(FileSystemException.class, () -> DirectoryLock.call(lock, () -> true));
    Files.delete(lock);
    assertTrue(DirectoryLock.call(lock, () -> true));
    assertUntouched();
  }
}
