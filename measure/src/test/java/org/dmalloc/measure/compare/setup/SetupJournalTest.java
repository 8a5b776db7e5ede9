/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.dmalloc.linux.OpenDirectory;
import org.dmalloc.spi.machine.KernelFiles;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SetupJournalTest {
  private static final KernelFiles FILES = KernelFiles.ofThisMachine();

  @TempDir private Path state;
  @TempDir private Path work;
  private Path setting;

  @BeforeEach
  void makeASetting() throws IOException {
    setting = Files.writeString(work.resolve("page-cluster"), "3\n");
  }

  private List<Path> journals() throws IOException {
    try (Stream<Path> files = Files.list(state)) {
      return files.toList();
    }
  }

  @Test
  void takesAllBackAtItsEnd() throws IOException {
    Path file = work.resolve("file");
    try (SetupJournal journal = SetupJournal.open(state, FILES)) {
      journal.add(Change.of(Change.Kind.FILE, file.toString()));
      Files.createFile(file);
      KernelSetting.set(journal, setting.toString(), "0");
      assertEquals("0", KernelSetting.read(setting));
      assertEquals(1, journals().size());
    }
    assertFalse(Files.exists(file));
    assertEquals("3", KernelSetting.read(setting));
    assertEquals(List.of(), journals());
  }

  @Test
  void takesADirectoryBackWithAllThatIsInItAndNothingThatItsLinksNameElsewhere()
      throws IOException {
    Path elsewhere = Files.writeString(work.resolve("elsewhere"), "kept");
    Path directory = work.resolve("scratch");
    SetupJournal journal = SetupJournal.open(state, FILES);
    ScratchDirectory.create(journal, directory);
    Files.writeString(Files.createDirectory(directory.resolve("below")).resolve("file"), "gone");
    Files.createSymbolicLink(directory.resolve("link"), elsewhere);
    assertThrows(IOException.class, () -> ScratchDirectory.create(journal, directory));
    journal.close();
    assertFalse(Files.exists(directory));
    assertEquals("kept", Files.readString(elsewhere));
    assertEquals(List.of(), journals());
  }

  @Test
  void deletesADirectoryThatSomebodyElseStillWritesTo() throws Exception {
    Path directory = Files.createDirectory(work.resolve("written"));
    Thread writer =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    for (int i = 0; i < 2000; i++) {
                      Files.createFile(directory.resolve("file" + i));
                    }
                  } catch (IOException e) {
                    // The directory is gone, as it should be.
                  }
                });
    OpenDirectory.delete(directory);
    writer.join();
    assertFalse(Files.exists(directory));
    OpenDirectory.delete(directory);
  }

  @Test
  void takesAllBackOnAnInterruptedThread() throws IOException {
    SetupJournal journal = SetupJournal.open(state, FILES);
    KernelSetting.set(journal, setting.toString(), "0");
    Thread.currentThread().interrupt();
    journal.close();
    assertTrue(Thread.interrupted());
    assertEquals("3", KernelSetting.read(setting));
    assertEquals(List.of(), journals());
  }

  @Test
  void leavesASettingAloneThatSomebodyElseChangedSince() throws IOException {
    try (SetupJournal journal = SetupJournal.open(state, FILES)) {
      KernelSetting.set(journal, setting.toString(), "0");
      KernelSetting.write(setting, "7");
    }
    assertEquals("7", KernelSetting.read(setting));
  }

  @Test
  void findsWhatADeadProcessLeft() throws IOException {
    Path file = Files.createFile(work.resolve("left"));
    String bootId = FILES.text("/proc/sys/kernel/random/boot_id").orElse("unknown");
    KernelSetting.write(setting, "0");
    writeJournal(
        bootId,
        String.format(
            Locale.ROOT,
            "{\"kind\":\"FILE\",\"path\":\"%s\",\"before\":\"\",\"after\":\"\"}",
            file),
        String.format(
            Locale.ROOT,
            "{\"kind\":\"SETTING\",\"path\":\"%s\",\"before\":\"3\",\"after\":\"0\"}",
            setting));
    List<String> lines = SetupJournal.recover(state, FILES);
    assertEquals(
        List.of(
            String.format(Locale.ROOT, "removed what a killed run left: %s = 0 (was 3)", setting),
            "removed what a killed run left: file " + file),
        lines);
    assertFalse(Files.exists(file));
    assertEquals("3", KernelSetting.read(setting));
    assertEquals(List.of(), journals());
  }

  @Test
  void touchesOnlyFilesAfterAReboot() throws IOException {
    Path file = Files.createFile(work.resolve("left"));
    KernelSetting.write(setting, "0");
    writeJournal(
        "another-boot",
        String.format(
            Locale.ROOT,
            "{\"kind\":\"FILE\",\"path\":\"%s\",\"before\":\"\",\"after\":\"\"}",
            file),
        String.format(
            Locale.ROOT,
            "{\"kind\":\"SETTING\",\"path\":\"%s\",\"before\":\"3\",\"after\":\"0\"}",
            setting));
    assertEquals(
        List.of("removed what a killed run left: file " + file),
        SetupJournal.recover(state, FILES));
    assertEquals("0", KernelSetting.read(setting));
    assertEquals(List.of(), journals());
  }

  @Test
  void leavesTheJournalsOfLivingProcessesAlone() throws IOException {
    try (SetupJournal journal = SetupJournal.open(state, FILES)) {
      KernelSetting.set(journal, setting.toString(), "0");
      assertEquals(List.of(), SetupJournal.recover(state, FILES));
      assertEquals("0", KernelSetting.read(setting));
    }
  }

  @Test
  void namesADamagedJournal() throws IOException {
    Path journal = Files.writeString(state.resolve("compare-1-x.json"), "{\"pid\": no");
    IOException refused = assertThrows(IOException.class, () -> SetupJournal.recover(state, FILES));
    assertTrue(refused.getMessage().startsWith("journal " + journal + " is damaged"));
  }

  @Test
  void keepsInTheJournalWhatCannotBeTakenBack() throws IOException {
    Path directory = Files.createDirectory(work.resolve("full"));
    Files.createFile(directory.resolve("inside"));
    SetupJournal journal = SetupJournal.open(state, FILES);
    journal.add(Change.of(Change.Kind.FILE, directory.toString()));
    IOException failed = assertThrows(IOException.class, journal::close);
    assertTrue(failed.getMessage().contains("file " + directory + " was left behind"));
    assertEquals(1, journals().size());
  }

  private String aFileToDelete(Path file) {
    return String.format(
        Locale.ROOT, "{\"kind\":\"FILE\",\"path\":\"%s\",\"before\":\"\",\"after\":\"\"}", file);
  }

  @Test
  void doesNothingThatAJournalSaysWhereOthersCanWriteOne() throws IOException {
    Path file = Files.createFile(work.resolve("precious"));
    writeJournal("any-boot", aFileToDelete(file));
    Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rwxrwxrwx"));
    IOException refused = assertThrows(IOException.class, () -> SetupJournal.recover(state, FILES));
    assertTrue(refused.getMessage().contains(state + " is not a directory that only this user"));
    assertThrows(IOException.class, () -> SetupJournal.open(state, FILES));
    Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rwx------"));
    Path link = Files.createSymbolicLink(work.resolve("link"), state);
    assertThrows(IOException.class, () -> SetupJournal.recover(link, FILES));
    Files.setPosixFilePermissions(work, PosixFilePermissions.fromString("rwxrwxrwx"));
    Path below = Files.createDirectory(work.resolve("below"));
    Files.setPosixFilePermissions(below, PosixFilePermissions.fromString("rwx------"));
    refused = assertThrows(IOException.class, () -> SetupJournal.recover(below, FILES));
    assertTrue(refused.getMessage().contains("others may exchange what is in"), refused.toString());
    assertTrue(Files.exists(file));
  }

  @Test
  void doesNothingThatAJournalSaysWhichOthersCanHaveWritten() throws Exception {
    Path file = Files.createFile(work.resolve("precious"));
    writeJournal("any-boot", aFileToDelete(file));
    Path journal = journals().getFirst();
    Files.setPosixFilePermissions(journal, PosixFilePermissions.fromString("rw-rw-rw-"));
    assertEquals(
        List.of(
            String.format(
                Locale.ROOT,
                "journal %s: not a file that only this user can write; inspect it and delete it",
                journal)),
        SetupJournal.recover(state, FILES));
    Files.setPosixFilePermissions(journal, PosixFilePermissions.fromString("rw-------"));
    Files.move(journal, work.resolve("elsewhere"));
    Files.createSymbolicLink(journal, work.resolve("elsewhere"));
    assertEquals(1, SetupJournal.recover(state, FILES).size());
    Files.delete(journal);
    assertEquals(0, new ProcessBuilder("mkfifo", journal.toString()).start().waitFor());
    assertEquals(1, SetupJournal.recover(state, FILES).size());
    assertTrue(Files.exists(file));
  }

  @Test
  void leavesAloneWhatHasTakenTheNameOfWhatWasMade() throws IOException {
    Path precious = Files.createDirectory(work.resolve("precious"));
    Files.createFile(precious.resolve("inside"));
    Path directory = work.resolve("scratch");
    Path file = work.resolve("file");
    SetupJournal journal = SetupJournal.open(state, FILES);
    ScratchDirectory.create(journal, directory);
    journal.add(Change.of(Change.Kind.FILE, file.toString()));
    Files.delete(directory);
    Files.createSymbolicLink(directory, precious);
    Files.createSymbolicLink(file, precious.resolve("inside"));
    IOException failed = assertThrows(IOException.class, journal::close);
    assertTrue(failed.getMessage().contains("not the directory that was made"), failed.toString());
    assertTrue(failed.getMessage().contains("not the file that was made"), failed.toString());
    assertTrue(Files.exists(precious.resolve("inside")));
  }

  @Test
  void makesItsDirectoryForOneUserAlone() throws IOException {
    Path directory = JournalDirectory.create(state.resolve("share/dmalloc"));
    for (Path made : List.of(directory, state.resolve("share"))) {
      assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(made)));
    }
    assertEquals(directory, JournalDirectory.create(directory));
  }

  @Test
  void makesNoSwapFileWhereOthersCanPutAnotherFileInItsPlace() throws IOException {
    Files.setPosixFilePermissions(work, PosixFilePermissions.fromString("rwxrwxrwx"));
    Path file = work.resolve("swap");
    try (SetupJournal journal = SetupJournal.open(state, FILES)) {
      IOException refused =
          assertThrows(IOException.class, () -> SwapFile.create(journal, file, 1 << 20, 0));
      assertTrue(refused.getMessage().contains("others may exchange"), refused.toString());
      assertEquals(List.of(), journal.changes());
    }
    assertFalse(Files.exists(file));
  }

  /** A journal of a process id that is in use, but by a process started at another time. */
  private void writeJournal(String bootId, String... changes) throws IOException {
    Files.writeString(
        state.resolve("compare-1-left.json"),
        String.format(
            Locale.ROOT,
            "{\"pid\":%d,\"startTicks\":1,\"bootId\":\"%s\",\"changes\":[%s]}",
            ProcessHandle.current().pid(),
            bootId,
            String.join(",", changes)));
  }
}
