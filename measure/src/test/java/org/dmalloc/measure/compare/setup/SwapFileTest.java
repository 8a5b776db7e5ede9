/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import org.dmalloc.spi.machine.KernelFiles;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a swap file may take the place of: nothing. */
class SwapFileTest {
  private static final KernelFiles FILES = KernelFiles.ofThisMachine();

  @TempDir private Path work;
  private Path state;

  @BeforeEach
  void makeState() throws IOException {
    state = Files.createDirectory(work.resolve("state"));
  }

  private String refusal(Path path) throws IOException {
    try (SetupJournal journal = SetupJournal.open(state, FILES)) {
      String message =
          assertThrows(IOException.class, () -> SwapFile.create(journal, path, 1 << 20, 0))
              .getMessage();
      assertEquals(List.of(), journal.changes(), "nothing is to be taken back");
      assertEquals(
          message,
          assertThrows(IOException.class, () -> SwapFile.requireAbsent(path)).getMessage(),
          "known before anything is done");
      return message;
    }
  }

  @Test
  void leavesAFileAloneThatExists() throws IOException {
    Path file = Files.writeString(work.resolve("passwd"), "kept");
    String message = refusal(file);
    assertTrue(message.startsWith("swap file " + file + ": exists, and is left alone"), message);
    assertEquals("kept", Files.readString(file));
  }

  @Test
  void leavesDirectoriesAndLinksAlone() throws IOException {
    assertTrue(refusal(state).contains("exists, and is left alone"));
    Path target = work.resolve("target");
    Path link = Files.createSymbolicLink(work.resolve("link"), target);
    assertTrue(refusal(link).contains("exists, and is left alone"));
    assertTrue(Files.exists(link, LinkOption.NOFOLLOW_LINKS));
  }

  @Test
  void namesTheDirectoryThatIsMissing() throws IOException {
    String message = refusal(work.resolve("none/swap"));
    assertTrue(message.contains("there is no directory " + work.resolve("none")), message);
  }

  @Test
  void forgetsAChangeThatWasNotMade() throws IOException {
    Path file = Files.writeString(work.resolve("theirs"), "kept");
    try (SetupJournal journal = SetupJournal.open(state, FILES)) {
      Change change = Change.of(Change.Kind.SWAP_FILE, file.toString());
      journal.add(change);
      journal.forget(change);
    }
    assertEquals("kept", Files.readString(file));
  }
}
