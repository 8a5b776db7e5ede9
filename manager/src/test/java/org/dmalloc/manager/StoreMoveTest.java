/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.move.MoveMethod;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stored regions between two real stores: kills at every step, and names that lead elsewhere. */
final class StoreMoveTest {
  /** In the first word of the region; all others tell their place. */
  private static final long BEFORE = 1;

  private static final long AFTER = 2;

  @TempDir Path directory;
  private Path fastStore;
  private Path bigStore;

  @BeforeEach
  void createStores() throws IOException {
    fastStore = Files.createDirectory(directory.resolve("fast"));
    bigStore = Files.createDirectory(directory.resolve("big"));
  }

  private static Rig rig(Path fast, Path big) {
    Rig rig = new Rig();
    rig.add(Rig.panama("fast", fast), 2);
    rig.add(Rig.panama("big", big), 1);
    return rig;
  }

  /**
   * The other process: moves "orders" from one store to the other, and back, until it is killed.
   */
  static final class Mover {
    private Mover() {}

    /** {@code FAST BIG STEP}: stops at that step and says so; without a step it goes on. */
    public static void main(String[] arguments) throws Exception {
      Rig rig = rig(Path.of(arguments[0]), Path.of(arguments[1]));
      ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"));
      Rig.fill(region, 0);
      mark(region, BEFORE);
      String fatal = arguments.length > 2 ? arguments[2] : "";
      rig.probe =
          (which, step) -> {
            if (step == Step.EXCHANGED) {
              mark(which, AFTER); // what a user forces now must not be lost either
            }
            if (step.name().equals(fatal)) {
              System.out.println(step);
              LockSupport.park();
            }
          };
      if (fatal.isEmpty()) {
        mark(region, AFTER);
        System.out.println("moving");
      }
      for (int move = 0; ; move++) {
        rig.move(region, move % 2 == 0 ? "big" : "fast");
      }
    }

    private static void mark(MemoryRegion region, long value) throws MemoryException {
      try (Access access = region.acquire()) {
        access.segment().set(JAVA_LONG, 0, value);
      }
      region.force();
    }
  }

  private Process mover(Path fast, Path big, String... step) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"));
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(Mover.class.getName(), fast.toString(), big.toString()));
    command.addAll(List.of(step));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  @Test
  void aRegionThatMovedIsOpenedInItsNewStore() throws Exception {
    Rig rig = rig(fastStore, bigStore);
    try (ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"))) {
      Rig.fill(region, 4);
      rig.move(region, "big");
    }
    try (MemoryRegion region = rig.provider.open("orders")) {
      Rig.check(region, 4);
      assertEquals(bigStore.resolve("orders.region"), region.info().path());
    }
    MemoryException e = assertThrows(MemoryException.class, () -> rig.provider.open("nobody"));
    assertTrue(String.valueOf(e.getMessage()).contains("no such region"), e.getMessage());
  }

  @Test
  void aKillAtAnyStepLeavesExactlyOneCompleteCopy() throws Exception {
    List<Callable<Void>> kills = new ArrayList<>();
    // After each step that leaves something else in the two directories than the one before.
    for (Step step :
        List.of(
            Step.ALLOCATED,
            Step.COPIED,
            Step.ANNOUNCED,
            Step.DELTA_COPIED,
            Step.FORCED,
            Step.PUBLISHED,
            Step.EXCHANGED,
            Step.RELEASED)) {
      kills.add(
          () -> {
            killAt(step);
            return null;
          });
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      for (Future<Void> kill : threads.invokeAll(kills)) {
        kill.get();
      }
    }
  }

  private void killAt(Step step) throws Exception {
    Path fast = Files.createDirectory(fastStore.resolve(step.name()));
    Path big = Files.createDirectory(bigStore.resolve(step.name()));
    Process mover = mover(fast, big, step.name());
    try (BufferedReader said = mover.inputReader()) {
      assertEquals(step.name(), said.readLine());
    } finally {
      mover.destroyForcibly().waitFor();
    }
    boolean arrived = step.compareTo(Step.PUBLISHED) >= 0;
    check(
        step.name(),
        fast,
        big,
        arrived ? "big" : "fast",
        step == Step.EXCHANGED || step == Step.RELEASED ? AFTER : BEFORE);
  }

  /** Between any two system calls. */
  @Test
  void aKillAtAnyMomentLeavesExactlyOneCompleteCopy() throws Exception {
    long seed = Long.getLong("dmalloc.seed", System.nanoTime());
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 4; round++) {
      Path fast = Files.createDirectory(fastStore.resolve("round" + round));
      Path big = Files.createDirectory(bigStore.resolve("round" + round));
      Process mover = mover(fast, big);
      try (BufferedReader said = mover.inputReader()) {
        assertEquals("moving", said.readLine());
        LockSupport.parkNanos(random.nextLong(150_000_000)); // the moment is what is random
      } finally {
        mover.destroyForcibly().waitFor();
      }
      check("seed " + seed + " round " + round, fast, big, null, AFTER);
    }
  }

  private static void check(String what, Path fast, Path big, @Nullable String owner, long mark)
      throws IOException {
    MemoryProvider first = Rig.panama("fast", fast);
    MemoryProvider second = Rig.panama("big", big);
    List<StoredRegion> stored = new ArrayList<>(first.stored());
    int inFirst = stored.size();
    stored.addAll(second.stored());
    assertEquals(1, stored.size(), what + ": " + stored);
    assertEquals(StoredRegion.State.CLOSED, stored.getFirst().state(), what + ": " + stored);
    String found = inFirst == 1 ? "fast" : "big";
    assertEquals(owner == null ? found : owner, found, what);
    assertThrows(MemoryException.class, () -> (inFirst == 1 ? second : first).open("orders"));
    try (MemoryRegion region = (inFirst == 1 ? first : second).open("orders");
        Access access = region.acquire()) {
      assertEquals(Rig.SIZE, region.byteSize(), what);
      assertEquals(mark, access.segment().get(JAVA_LONG, 0), what);
      for (long at = 8; at + 8 <= region.byteSize(); at += 8) {
        assertEquals(at, access.segment().get(JAVA_LONG, at), what);
      }
    }
    assertEquals(inFirst == 1 ? List.of("orders.region") : List.of(), files(fast), what);
    assertEquals(inFirst == 1 ? List.of() : List.of("orders.region"), files(big), what);
  }

  private static List<String> files(Path store) throws IOException {
    try (Stream<Path> files = Files.list(store)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  private ManagedRegion orders(Rig rig) throws MemoryException {
    ManagedRegion region = rig.allocate(RegionRequest.ofSize(Rig.SIZE).withName("orders"));
    Rig.fill(region, 3);
    return region;
  }

  private void replace(Path file) throws IOException {
    Files.move(file, fastStore.resolve("renamed.region"));
    Files.copy(fastStore.resolve("renamed.region"), file);
  }

  @Test
  void aReplacedFileIsNotMappedInPlaceOfTheRegion() throws Exception {
    Rig rig = rig(fastStore, bigStore);
    rig.add(Rig.panama("twin", fastStore), 0);
    ManagedRegion region = orders(rig);
    replace(fastStore.resolve("orders.region"));
    MemoryException e = assertThrows(MemoryException.class, () -> rig.move(region, "twin"));
    String message = Objects.requireNonNull(e.getMessage());
    assertTrue(message.contains("renamed.region and replaced by another file"), message);
    assertTrue(message.contains("stays on fast"), message);
    Rig.check(region, 3);
    Rig.fill(region, 4);
    Rig.check(region, 4);
    e = assertThrows(MemoryException.class, region::force);
    assertTrue(Objects.requireNonNull(e.getMessage()).contains("replaced by another file"));
    assertTrue(region.detached().isPresent());
    region.close();
  }

  /** Replaced in the moment in which nobody has it open. */
  @Test
  void whatIsReplacedDuringTheExchangeIsNotTakenForTheRegion() throws Exception {
    Rig rig = rig(fastStore, bigStore);
    rig.add(Rig.panama("twin", fastStore), 0);
    ManagedRegion region = orders(rig);
    rig.probe =
        (which, step) -> {
          if (step == Step.SOURCE_CLOSED) {
            try {
              replace(fastStore.resolve("orders.region"));
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          }
        };
    MemoryException e = assertThrows(MemoryException.class, () -> rig.move(region, "twin"));
    assertTrue(
        Objects.requireNonNull(e.getMessage()).contains("replaced by another file"),
        e.getMessage());
    String why = Objects.requireNonNull(region.stranded());
    assertTrue(why.contains("replaced by another file"), why);
    // Put back, it is opened again by itself.
    rig.probe = Step.Probe.NONE;
    Files.delete(fastStore.resolve("orders.region"));
    Files.move(fastStore.resolve("renamed.region"), fastStore.resolve("orders.region"));
    new PolicyClock(rig.regions, System::nanoTime).tick();
    Rig.check(region, 3);
    region.close();
  }

  @Test
  void aMoveToAnotherStoreRescuesTheBytesAndLeavesTheOtherFile() throws Exception {
    Rig rig = rig(fastStore, bigStore);
    ManagedRegion region = orders(rig);
    replace(fastStore.resolve("orders.region"));
    rig.move(region, "big");
    Rig.check(region, 3);
    region.force();
    region.close();
    assertEquals(List.of("orders.region", "renamed.region"), files(fastStore));
    MemoryProvider fast = Rig.panama("fast", fastStore);
    assertEquals(2, fast.stored().size());
    fast.open("renamed").close();
    Rig.panama("big", bigStore).open("orders").close();
  }

  @Test
  void aRenamedStoreIsNotMadeAnewByAMove() throws Exception {
    Rig rig = rig(fastStore, bigStore);
    rig.add(Rig.panama("twin", fastStore), 0);
    ManagedRegion region = orders(rig);
    Path renamed = directory.resolve("renamed");
    Files.move(fastStore, renamed);
    MemoryException e = assertThrows(MemoryException.class, () -> rig.move(region, "twin"));
    assertTrue(
        Objects.requireNonNull(e.getMessage()).contains("its directory was renamed"),
        e.getMessage());
    assertTrue(Files.notExists(fastStore));
    rig.regions.leaving(rig.regions.backend("fast").orElseThrow().provider());
    String why = Objects.requireNonNull(region.stranded());
    assertTrue(why.contains("its directory was renamed"), why);
    Files.move(renamed, fastStore);
    new PolicyClock(rig.regions, System::nanoTime).tick();
    assertEquals("twin", region.managedInfo().backend());
    Rig.check(region, 3);
    region.close();
  }

  /** By whatever path: a move inside one store copies nothing. */
  @Test
  void oneDirectoryByTwoPathsIsOneStore() throws Exception {
    Rig rig = rig(fastStore, bigStore);
    Path link = Files.createSymbolicLink(directory.resolve("link"), fastStore);
    rig.add(Rig.panama("twin", link), 0);
    ManagedRegion region = orders(rig);
    assertEquals(MoveMethod.REMAP, rig.move(region, "twin").method());
    Rig.check(region, 3);
    region.close();
    assertEquals(List.of("orders.region"), files(fastStore));
  }
}
