/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.StoredRegion.State;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two JVMs, and two copies of the classes in one, on the same region. */
@Timeout(120)
final class ExclusionTest {
  @TempDir Path directory;
  private RegionStore store;
  private final List<Process> children = new ArrayList<>();

  @BeforeEach
  void createRegion() throws Exception {
    store = RegionStore.open(directory);
    store.create("r", 5000, Reservation.SPARSE, SpaceReserver.SPARSE, "test").close();
  }

  @AfterEach
  void endChildren() throws Exception {
    for (Process child : children) {
      child.destroyForcibly().waitFor();
    }
  }

  @Test
  void aWriterInAnotherProcessExcludesEverybodyUntilItIsKilled() throws Exception {
    Process writer = child("WRITER", "open");
    MemoryException e =
        assertThrows(MemoryException.class, () -> store.open("r", OpenMode.READER, "test"));
    String message = Objects.requireNonNull(e.getMessage());
    assertTrue(message.contains("open elsewhere: in process " + writer.pid()), message);
    assertThrows(MemoryException.class, () -> store.delete("r"));
    StoredRegion listed = store.list().getFirst();
    assertEquals(State.OPEN, listed.state());
    assertEquals(5000, listed.byteSize());
    assertTrue(listed.detail().startsWith("open in process " + writer.pid()), listed.detail());

    writer.destroyForcibly().waitFor();
    assertEquals(State.CLOSED, store.list().getFirst().state());
    store.open("r", OpenMode.WRITER, "test").close();
  }

  @Test
  void aCreatorKilledHalfwayLeavesNothingThatTheNextOpeningDoesNotRemove() throws Exception {
    store.delete("r");
    Process creator = child("CREATE", "reserving");
    RegionStore.open(directory);
    assertEquals(1, files(), "the file of a creation under way stays");
    assertEquals(List.of(), store.list());

    creator.destroyForcibly().waitFor();
    assertEquals(1, files());
    assertTrue(
        store.verify().stream().anyMatch(f -> f.message().contains("was cut off")), "verify");
    RegionStore.open(directory);
    assertEquals(0, files());
    store.create("r", 1, Reservation.SPARSE, SpaceReserver.SPARSE, "test").close();
  }

  private long files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.count();
    }
  }

  @Test
  void readersInTwoProcessesShareAndAreListed() throws Exception {
    child("READER", "open");
    assertEquals(State.OPEN, store.list().getFirst().state());
    try (StoreFile mine = store.open("r", OpenMode.PRIVATE_COPY, "test")) {
      assertEquals(5000, mine.byteSize());
      child("WRITER", "open elsewhere");
    }
    assertThrows(MemoryException.class, () -> store.open("r", OpenMode.WRITER, "test"));
  }

  @Test
  void listingAndVerifyingInTheSameJvmDoNotDropTheLock() throws Exception {
    try (StoreFile mine = store.open("r", OpenMode.WRITER, "test")) {
      assertEquals(5000, mine.byteSize());
      assertEquals(State.OPEN, store.list().getFirst().state());
      assertFalse(store.verify().isEmpty());
      RegionStore.open(directory);
      assertThrows(MemoryException.class, () -> store.open("r", OpenMode.READER, "test"));
      assertThrows(MemoryException.class, () -> store.delete("r"));
      child("WRITER", "open elsewhere");
      child("READER", "open elsewhere");
    }
    child("WRITER", "open");
  }

  @Test
  void theLockOutlivesTheReaderThatTookIt() throws Exception {
    StoreFile first = store.open("r", OpenMode.READER, "first");
    StoreFile second = store.open("r", OpenMode.READER, "second");
    first.close();
    child("WRITER", "open elsewhere");
    StoreFile third = store.open("r", OpenMode.READER, "third");
    second.close();
    child("WRITER", "open elsewhere");
    third.close();
    child("WRITER", "open");
  }

  @Test
  void theLockOutlivesAnInterruptDuringMap() throws Exception {
    try (StoreFile first = store.open("r", OpenMode.READER, "first");
        StoreFile second = store.open("r", OpenMode.READER, "second")) {
      Thread.currentThread().interrupt();
      second
          .data()
          .map(java.nio.channels.FileChannel.MapMode.READ_ONLY, java.lang.foreign.Arena.ofAuto());
      first.checkLength("test");
      assertTrue(Thread.interrupted());
      child("WRITER", "open elsewhere");
    }
  }

  @Test
  void copiesOfTheClassesInOneJvmExcludeEachOther() throws Exception {
    Function<String[], AutoCloseable> other = copyOfTheClasses();
    String[] asWriter = {directory.toString(), "r", "WRITER"};
    try (StoreFile mine = store.open("r", OpenMode.READER, "test")) {
      UncheckedIOException e =
          assertThrows(UncheckedIOException.class, () -> other.apply(asWriter));
      assertTrue(String.valueOf(e.getMessage()).contains("in this JVM by test"), e.getMessage());
      assertEquals(5000, mine.byteSize());
      child("WRITER", "open elsewhere");
    }
    try (AutoCloseable theirs = other.apply(asWriter)) {
      assertThrows(MemoryException.class, () -> store.open("r", OpenMode.READER, "test"));
      assertEquals(State.OPEN, store.list().getFirst().state());
      assertNotSame(StoreFile.class, theirs.getClass());
      child("READER", "open elsewhere");
    }
    store.open("r", OpenMode.WRITER, "test").close();
  }

  @Test
  void readersOfTwoCopiesKeepTheLockWhicheverGoesFirst() throws Exception {
    Function<String[], AutoCloseable> other = copyOfTheClasses();
    String[] asReader = {directory.toString(), "r", "READER"};
    for (boolean mineFirst : new boolean[] {true, false}) {
      // The lock is the first one's; its descriptor must stay when it goes.
      AutoCloseable lockTaker =
          mineFirst ? store.open("r", OpenMode.READER, "test") : other.apply(asReader);
      AutoCloseable follower =
          mineFirst ? other.apply(asReader) : store.open("r", OpenMode.READER, "test");
      lockTaker.close();
      child("WRITER", "open elsewhere");
      follower.close();
      // The kept descriptor is closed by another thread, which openers wait for.
      store.open("r", OpenMode.WRITER, "test").close();
    }
    awaitNoKeeper();
    try (StoreFile mine = store.open("r", OpenMode.WRITER, "test")) {
      assertEquals(5000, mine.byteSize());
      child("READER", "open elsewhere");
    }
  }

  @Test
  void copiesOfTheClassesAreOneMember() throws Exception {
    Function<String[], AutoCloseable> other = copyOfTheClasses();
    String[] asMember = {directory.toString(), "r", "MEMBER"};
    for (boolean mineFirst : new boolean[] {true, false}) {
      AutoCloseable theirs = mineFirst ? null : other.apply(asMember);
      StoreFile mine = store.open("r", OpenMode.MEMBER, "test");
      AutoCloseable both = theirs == null ? other.apply(asMember) : theirs;
      RegionMembers members = mine.members().orElseThrow();
      child("MEMBER", "open");
      assertTrue(members.tryExclude().isEmpty());
      children.getLast().destroyForcibly().waitFor();
      assertTrue(members.tryExclude().isEmpty(), "open twice here");
      (mineFirst ? mine : both).close();
      child("WRITER", "process-shared");
      (mineFirst ? both : mine).close();
      store.open("r", OpenMode.WRITER, "test").close();
    }
    awaitNoKeeper();
  }

  private static void awaitNoKeeper() {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (Thread.getAllStackTraces().keySet().stream()
        .anyMatch(thread -> thread.getName().startsWith("dmalloc store keeps"))) {
      assertTrue(System.nanoTime() < deadline, "the kept descriptors are closed");
      Thread.onSpinWait();
    }
  }

  /** Starts a JVM that opens the region, and waits for the first line that it says. */
  private Process child(String mode, String expected) throws IOException {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home", ""), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "-Xshare:auto",
                "-XX:TieredStopAtLevel=1",
                Holder.class.getName(),
                directory.toString(),
                "r",
                mode)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    children.add(child);
    @SuppressWarnings("resource") // closed with the process
    BufferedReader output = child.inputReader();
    String said = String.valueOf(output.readLine());
    assertTrue(
        expected.equals("open") ? said.equals("open") : said.contains(expected),
        "child as " + mode + " says: " + said);
    return child;
  }

  @SuppressWarnings("unchecked") // Holder is what it says it is
  private static Function<String[], AutoCloseable> copyOfTheClasses() throws Exception {
    ClassLoader copies = new CopyLoader();
    return (Function<String[], AutoCloseable>)
        copies.loadClass(Holder.class.getName()).getDeclaredConstructor().newInstance();
  }

  /** Defines the store's classes anew, as a second bundle that embeds them does. */
  private static final class CopyLoader extends ClassLoader {
    CopyLoader() {
      super(ExclusionTest.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      synchronized (getClassLoadingLock(name)) {
        if (!name.startsWith("org.dmalloc.spi.store.")) {
          return super.loadClass(name, resolve);
        }
        Class<?> loaded = findLoadedClass(name);
        return loaded != null ? loaded : define(name);
      }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
      try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
        if (in == null) {
          throw new ClassNotFoundException(name);
        }
        byte[] bytes = in.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }
}
