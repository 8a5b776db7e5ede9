/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.spi.sharing.MemberLocks;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Members that live and die in other processes. */
final class MemberLocksTest {
  private static final String WORK = "work";

  @TempDir Path directory;
  private Path file;
  private FileChannel channel;
  private MemberLocks here;

  @BeforeEach
  void join() throws IOException {
    file = Files.createFile(directory.resolve("shared"));
    channel = writable(file);
    here = MemberLocks.join(channel, file).orElseThrow();
  }

  @AfterEach
  void leave() throws IOException {
    channel.close();
  }

  private static FileChannel writable(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  /** Joins, takes the named lock, tells its number, and waits for its end. */
  static final class Child {
    private Child() {}

    /** Gets the shared file, and the one to write its number to. */
    @SuppressWarnings("InfiniteLoopStatement")
    public static void main(String[] arguments) throws Exception {
      Path shared = Path.of(arguments[0]);
      Path told = Path.of(arguments[1]);
      MemberLocks child = MemberLocks.join(writable(shared), shared).orElseThrow();
      RegionMembers.Hold work = child.tryHold(WORK).orElseThrow();
      Path whole = Path.of(told + ".tmp");
      Files.writeString(whole, child.self() + "\n" + ProcessHandle.current().pid());
      Files.move(whole, told);
      while (work != null) {
        Thread.sleep(1000);
      }
    }
  }

  @Test
  void aKilledProcessIsNoMemberAnyMore() throws Exception {
    Path told = directory.resolve("told");
    int number;
    try (DoomedJvm child =
        DoomedJvm.start(
            directory.resolve("child.log"), Child.class, file.toString(), told.toString())) {
      child.await("it joined", () -> Files.exists(told));
      List<String> parts = Files.readAllLines(told);
      number = Integer.parseInt(parts.getFirst());
      assertNotEquals(here.self(), number);
      assertTrue(here.isAlive(number));
      assertEquals(1, here.processes().size());
      assertEquals(Long.parseLong(parts.getLast()), here.processes().getFirst());
      assertTrue(here.tryHold(WORK).isEmpty());
      assertTrue(here.tryExclude().isEmpty());
      try (RegionMembers.Hold other = here.tryHold("rest").orElseThrow()) {
        assertTrue(here.tryHold("rest").isEmpty(), "held by " + other);
      }
      assertTrue(here.tryHold("rest").isPresent());
    }
    assertFalse(here.isAlive(number));
    assertTrue(here.processes().isEmpty());
    RegionMembers.Hold work = here.tryHold(WORK).orElseThrow();
    assertTrue(here.tryExclude().isPresent());
    work.close();
    work.close();
    assertTrue(here.tryHold(WORK).isPresent());
    assertTrue(here.isAlive(here.self()));
  }

  @Test
  void whoIsExcludedDoesNotJoin() throws Exception {
    try (FileChannel other = writable(file)) {
      try (RegionMembers.Hold all = here.tryExclude().orElseThrow()) {
        assertTrue(MemberLocks.join(other, file).isEmpty(), "excluded by " + all);
        assertTrue(here.tryExclude().isEmpty());
      }
      assertTrue(MemberLocks.join(other, file).isPresent());
      assertTrue(here.tryExclude().isEmpty());
    }
  }

  @Test
  void anOpenerOfTheWholeFileExcludesMembersAndIsExcluded() throws Exception {
    assertThrows(
        java.nio.channels.OverlappingFileLockException.class,
        () -> channel.tryLock(0, Long.MAX_VALUE, true));
    Path other = Files.createFile(directory.resolve("whole"));
    try (FileChannel whole = writable(other)) {
      assertTrue(whole.tryLock(0, Long.MAX_VALUE, true).isValid());
      assertTrue(MemberLocks.join(whole, other).isEmpty());
    }
  }

  @Test
  void aNumberIsPositiveAndAClosedFileSaysSo() throws Exception {
    assertThrows(IllegalArgumentException.class, () -> here.isAlive(0));
    assertFalse(here.isAlive(here.self() == 1 ? 2 : 1));
    channel.close();
    assertThrows(IllegalStateException.class, () -> here.tryHold(WORK));
  }
}
