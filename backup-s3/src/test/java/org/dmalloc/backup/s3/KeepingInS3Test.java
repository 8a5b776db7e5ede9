/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupPoint;
import org.dmalloc.backup.BackupService;
import org.dmalloc.backup.BackupStatus;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.FollowOptions;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.RestorePoint;
import org.dmalloc.backup.RestoreRequest;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.backup.Standby;
import org.dmalloc.backup.keeping.Seed;
import org.dmalloc.backup.s3.FaultProxy.Fault;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Regions whose checkpoints are kept in a bucket. */
@Timeout(120)
class KeepingInS3Test {
  private static final Duration DEADLINE = Duration.ofSeconds(60);
  private static final KeepOptions ALL =
      KeepOptions.DEFAULT.withRetention(RetentionPolicy.EVERYTHING);

  @TempDir private Path directory;

  private final BackupService service = BackupService.load();
  private StoreRig rig;
  private BackupStore store;
  private Machine machine;

  @BeforeEach
  void begin() throws Exception {
    machine = new Machine(directory.resolve("machine"));
    assumeTrue(
        machine.hasCheckpoints(), "the kernel grants no userfaultfd, which checkpoints need");
    rig = new StoreRig();
    store = rig.open(StoreRig.IMPATIENT);
  }

  @AfterEach
  void end() throws Exception {
    if (rig != null) {
      service.backups().forEach(Backup::close);
      store.close();
      rig.close();
    }
    machine.close();
  }

  @FunctionalInterface
  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void awaitUntil(String what, Condition condition) throws Exception {
    long end = System.nanoTime() + DEADLINE.toNanos();
    while (!condition.holds()) {
      assertTrue(System.nanoTime() < end, "not in time: " + what);
      LockSupport.parkNanos(1_000_000);
    }
  }

  private static void await(Backup backup, long number) throws MemoryException {
    assertTrue(backup.await(number, DEADLINE), () -> backup.status().toString());
  }

  /** Restores every point of the store; all of them must be there and right. */
  private void assertEveryPoint(Backup backup, long rounds) throws MemoryException {
    List<Long> found = new ArrayList<>();
    for (BackupPoint point : service.info(store, backup.id()).points()) {
      RestoreRequest request =
          RestoreRequest.of(backup.id())
              .withPoint(RestorePoint.number(point.number()))
              .withNames(Map.of("orders", "restored"));
      try (MemoryRegion region =
          service.restore(store, request, machine.provider(), ProgressListener.NONE).getFirst()) {
        found.add(Machine.round(region));
      }
      machine.provider().delete("restored");
    }
    List<Long> expected = new ArrayList<>();
    for (long round = 1; round <= rounds; round++) {
      expected.add(round);
    }
    assertEquals(expected, found);
    assertTrue(service.verify(store, backup.id(), ProgressListener.NONE).sound());
  }

  /** An hour of a checkpoint a minute, as fast as they can be made. */
  @Test
  void aStoreThatIsAwayForAnHourLosesNothingAndHoldsUpNobody() throws Exception {
    try (MemoryRegion region = machine.allocate("orders");
        Backup backup = service.keep(region.checkpoints(), store, ALL)) {
      await(backup, Machine.step(region, 1));
      rig.proxy.stop();
      long number = 0;
      for (long round = 2; round <= 61; round++) {
        number = Machine.step(region, round);
      }
      awaitUntil(
          "the lag is shown",
          () -> {
            BackupStatus status = backup.status();
            return status.lag() == 60
                && status.pendingCheckpoints() == 60
                && status.state() == BackupStatus.State.WAITING;
          });
      String message = backup.status().message();
      assertNotNull(message);
      assertTrue(message.contains("Connection refused"), message);
      rig.proxy.start();
      await(backup, number);
      awaitUntil("all is well", () -> backup.status().message() == null);
      assertEquals(0, backup.status().lag());
      assertEquals(0, backup.status().pendingCheckpoints());
      assertEquals(61, service.info(store, backup.id()).points().size());
    }
  }

  @Test
  void everyCheckpointArrivesThroughAServiceThatFailsAndLies() throws Exception {
    SplittableRandom random = Seed.of(KeepingInS3Test.class);
    try (MemoryRegion region = machine.allocate("orders");
        Backup backup = service.keep(region.checkpoints(), store, ALL)) {
      rig.proxy.faults =
          request -> {
            synchronized (random) {
              return switch (random.nextInt(10)) {
                case 0 -> Fault.ERROR;
                case 1 -> Fault.DROPPED;
                case 2 -> Fault.ANSWER_LOST;
                case 3 -> request.isWrite() ? Fault.LIE : Fault.ANSWER_CUT;
                default -> Fault.NONE;
              };
            }
          };
      long number = 0;
      for (long round = 1; round <= 12; round++) {
        number = Machine.step(region, round);
      }
      await(backup, number);
      rig.proxy.faults = request -> Fault.NONE;
      assertEveryPoint(backup, 12);
    }
  }

  @Test
  void theWriterThatWasTakenOverIsTold() throws Exception {
    try (MemoryRegion region = machine.allocate("orders");
        Backup backup = service.keep(region.checkpoints(), store, ALL.withOwner("first"))) {
      await(backup, Machine.step(region, 1));
      BackupService another = BackupService.load();
      try (BackupStore sameStore = rig.open();
          Backup second =
              another.keep(
                  region.checkpoints(),
                  sameStore,
                  ALL.withOwner("second")
                      .takingOver()
                      .withSpool(directory.resolve("spool of the second")))) {
        await(second, Machine.step(region, 2));
        awaitUntil("the first is told", () -> backup.status().state() == BackupStatus.State.LOST);
        String message = String.valueOf(backup.status().message());
        assertTrue(message.contains("'second' has taken the backup over"), message);
        assertNull(second.status().message());
      }
    }
  }

  @Test
  void aMachineGoesOnWithWhatAKilledOneHadInTheStore() throws Exception {
    Path output = directory.resolve("first.out");
    Process first = machine("begin", output);
    long kept;
    try {
      awaitUntil(
          "the first machine keeps",
          () ->
              !first.isAlive() || said(output).filter(line -> line.startsWith("kept")).count() > 2);
      assertTrue(first.isAlive(), () -> String.join("\n", saidOrNothing(output)));
      kept =
          said(output)
              .filter(line -> line.startsWith("kept"))
              .mapToLong(line -> Long.parseLong(line.split(" ", -1)[1]))
              .max()
              .orElseThrow();
    } finally {
      first.destroyForcibly().onExit().join();
    }
    Path secondOutput = directory.resolve("second.out");
    Process second = machine("go on", secondOutput);
    try {
      assertTrue(second.waitFor(60, TimeUnit.SECONDS), "the second machine does not end");
      List<String> said = saidOrNothing(secondOutput);
      assertEquals(0, second.exitValue(), () -> String.join("\n", said));
      long restored =
          said.stream()
              .filter(line -> line.startsWith("restored "))
              .mapToLong(line -> Long.parseLong(line.substring(9)))
              .findFirst()
              .orElseThrow();
      assertTrue(restored >= kept, "restored " + restored + ", and the store had " + kept);
      assertTrue(said.contains("went on true to " + (restored + 5)), () -> said.toString());
    } finally {
      second.destroyForcibly();
    }
    assertEquals(2, service.list(store).size());
  }

  private Process machine(String what, Path output) throws IOException {
    return ChildJvm.start(
        output,
        Map.of(
            "AWS_ACCESS_KEY_ID",
            ObjectService.ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY",
            ObjectService.SECRET_ACCESS_KEY),
        MachineMain.class.getName(),
        what,
        directory.resolve(what).toString(),
        rig.location());
  }

  private static Stream<String> said(Path output) throws IOException {
    return Files.readAllLines(output).stream();
  }

  private static List<String> saidOrNothing(Path output) {
    try {
      return Files.readAllLines(output);
    } catch (IOException e) {
      return List.of(e.toString());
    }
  }

  /** From the end of a checkpoint until a standby on another machine shows it. */
  @Test
  void aStandbyOnAnotherMachineIsSoonUpToDate() throws Exception {
    int checkpoints = Integer.getInteger("dmalloc.checkpoints", 10);
    Duration every = Duration.ofMillis(Long.getLong("dmalloc.follow.millis", 100));
    List<Long> lags = new ArrayList<>();
    try (Machine other = new Machine(directory.resolve("other"));
        MemoryRegion region = machine.allocate("orders");
        Backup backup = service.keep(region.checkpoints(), store, ALL)) {
      await(backup, Machine.step(region, 1));
      try (Standby standby =
          service.follow(
              store,
              RestoreRequest.of(backup.id()),
              other.provider(),
              FollowOptions.DEFAULT
                  .withEvery(every)
                  .withRecord(directory.resolve("record of copies")))) {
        for (long round = 2; round < 2 + checkpoints; round++) {
          long number = Machine.step(region, round);
          long made = System.nanoTime();
          awaitUntil("followed", () -> standby.status().applied() == number);
          lags.add((System.nanoTime() - made) / 1_000_000);
          assertEquals(round, Machine.round(standby.regions().getFirst()));
        }
      }
    }
    Collections.sort(lags);
    System.out.println(
        "follow, a look every "
            + every.toMillis()
            + " ms: lag of "
            + checkpoints
            + " checkpoints in ms: least "
            + lags.getFirst()
            + ", median "
            + lags.get(lags.size() / 2)
            + ", p95 "
            + lags.get(lags.size() * 95 / 100)
            + ", most "
            + lags.getLast());
  }
}
