/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunDirectoryTest {
  private static final Duration DEADLINE = Duration.ofSeconds(60);
  private static final int EXCHANGES = 300;

  @TempDir private Path temporary;
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private void removeLeftovers() {
    assertTimeoutPreemptively(
        DEADLINE,
        () ->
            RunDirectory.removeLeftovers(
                temporary, new PrintStream(err, true, StandardCharsets.UTF_8)));
  }

  private Path leftover(String name, String permissions) throws IOException {
    Path directory =
        Files.createDirectory(
            temporary.resolve("dmalloc-run-" + name),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(permissions));
    return directory;
  }

  @Test
  void aLeftoverGoesWithAllThatIsInItAndARunStays() throws Exception {
    Path killed = leftover("killed", "rwx------");
    Files.createFile(killed.resolve("lock"));
    Files.createFile(Files.createDirectory(killed.resolve("cache")).resolve("bundle"));
    try (RunDirectory run = RunDirectory.create(temporary)) {
      removeLeftovers();
      assertFalse(Files.exists(killed));
      assertTrue(Files.isDirectory(run.path()));
      assertEquals(
          "rw-------",
          PosixFilePermissions.toString(Files.getPosixFilePermissions(run.path().resolve("lock"))));
    }
    try (var left = Files.list(temporary)) {
      assertEquals(0, left.count());
    }
    assertEquals("", err.toString(StandardCharsets.UTF_8));
  }

  @Test
  void aCleanUpThatIsCutOffKeepsTheLockAndIsDoneByTheNextRun() throws Exception {
    RunDirectory run = RunDirectory.create(temporary);
    Path cache = Files.createDirectory(run.cache());
    Files.createFile(cache.resolve("bundle"));
    // What stops root does not stop others, and the other way round.
    boolean mounted = Users.status(List.of("mount", "-t", "tmpfs", "none", cache.toString())) == 0;
    try {
      if (!mounted) {
        Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("r-x------"));
      }
      assertThrows(IOException.class, run::close);
      assertTrue(Files.exists(run.path().resolve("lock")));
    } finally {
      Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwx------"));
      if (mounted) {
        assertEquals(0, Users.status(List.of("umount", cache.toString())));
      }
    }
    removeLeftovers();
    assertFalse(Files.exists(run.path()));
    assertEquals("", err.toString(StandardCharsets.UTF_8));
  }

  @Test
  void aFifoInPlaceOfTheLockIsNotWaitedFor() throws Exception {
    Path planted = leftover("fifo", "rwx------");
    assertEquals(
        0, new ProcessBuilder("mkfifo", planted.resolve("lock").toString()).start().waitFor());
    removeLeftovers();
    assertTrue(Files.exists(planted.resolve("lock")));
  }

  @Test
  void whatIsNoRunsIsLeftAlone() throws Exception {
    FileTime old = FileTime.from(Instant.now().minus(Duration.ofHours(1)));
    Path anybodys = leftover("anybodys", "rwxrwxrwx");
    Files.createFile(anybodys.resolve("lock"));
    Path unlocked = leftover("unlocked", "rwx------");
    Files.createFile(unlocked.resolve("letter"));
    Files.setLastModifiedTime(unlocked, old);
    Path empty = leftover("empty", "rwx------");
    Files.setLastModifiedTime(empty, old);
    Path cut = leftover("cut", "rwx------");
    Files.createFile(Files.createDirectory(cut.resolve("cache")).resolve("bundle"));
    Files.setLastModifiedTime(cut, old);
    Path begun = leftover("begun", "rwx------");
    Path precious = Files.createDirectory(temporary.resolve("precious"));
    Files.createFile(precious.resolve("lock"));
    Files.createSymbolicLink(temporary.resolve("dmalloc-run-link"), precious);
    removeLeftovers();
    assertTrue(Files.exists(anybodys.resolve("lock")), "others could have planted it");
    assertTrue(Files.exists(unlocked.resolve("letter")), "has no lock of a run");
    assertFalse(Files.exists(empty), "of a run that was killed before it had a lock");
    assertFalse(Files.exists(cut), "of a run whose lock went before its cache");
    assertTrue(Files.exists(begun), "a run may have just made it");
    assertTrue(Files.exists(precious.resolve("lock")), "reached through a link");
    assertEquals("", err.toString(StandardCharsets.UTF_8));
  }

  /** What an unprivileged user does to root in a directory that everybody may write to. */
  @Test
  void aDirectoryExchangedForALinkAllTheTimeLeadsNowhere() throws Exception {
    Users.becomeRootWithNobody();
    Users.openToAll(temporary);
    Path precious = Files.createDirectory(temporary.resolve("precious"));
    Files.createFile(precious.resolve("lock"));
    Files.createFile(precious.resolve("file"));
    Path name = temporary.resolve("dmalloc-run-x");
    // The attacker ends by itself, with the program that it has just started.
    Path goesOn = Files.createFile(temporary.resolve("goes-on"));
    String exchange =
        "while [ -e \"$2\" ]; do mkdir \"$0\" && : >\"$0/lock\"; rm -rf \"$0\"; ln -s \"$1\" \"$0\"; rm -f \"$0\"; done";
    Process attacker =
        new ProcessBuilder(
                Users.asNobody(
                    "sh", "-c", exchange, name.toString(), precious.toString(), goesOn.toString()))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      for (int i = 0; i < EXCHANGES; i++) {
        removeLeftovers();
      }
      assertTrue(attacker.isAlive());
    } finally {
      Files.delete(goesOn);
      attacker.waitFor();
    }
    assertTrue(Files.exists(precious.resolve("file")));
    assertTrue(Files.exists(precious.resolve("lock")));
  }
}
