/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.dmalloc.testkit.DoomedJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * JVMs that count under a lock and a reader/writer lock are killed, as {@code kill -9} does: while
 * they own or write, between any two stores, while they read, and at random moments. Those that are
 * left and those that come find each count exact, and wait for nobody that is dead. {@code
 * -Ddmalloc.kills=100} makes more of it, {@code -Ddmalloc.seed=} the same again.
 */
class LockKillTest {
  private static final int KILLS = Integer.getInteger("dmalloc.kills", 12);
  private static final long SEED = Long.getLong("dmalloc.seed", System.nanoTime());

  /** Of the four numbers the last is this JVM's. */
  private static final int OWN = LockKillMain.CHILDREN - 1;

  /** An owner, a writer, a reader, and whatever a child does at the moment. */
  private static final List<LockKillMain.Aim> AIMED = List.of(LockKillMain.Aim.values());

  private static final int AIMS = AIMED.size() + 1;

  /** The longest that a child works before it is killed at any moment. */
  private static final int RUN_MILLIS = 300;

  @TempDir private Path directory;

  private final List<DoomedJvm> children = new ArrayList<>();

  @Test
  void anOwnerThatIsKilledIsNoticedAndThereIsNoSecondOne() throws Exception {
    SplittableRandom random = new SplittableRandom(SEED);
    SharedMemoryService service = SharedMemoryService.load();
    try (SharedTestRegion region = SharedTestRegion.ofFile(directory, LockKillMain.BYTES)) {
      RobustLock lock = service.createLock(region, LockKillMain.LOCK);
      RobustReadWriteLock readWrite = service.createReadWriteLock(region, LockKillMain.READ_WRITE);
      for (int number = 0; number < OWN; number++) {
        children.add(start(number, random.nextLong()));
      }
      for (int kill = 0; kill < KILLS; kill++) {
        int number = random.nextInt(OWN);
        DoomedJvm child = children.get(number);
        long before = own(lock, readWrite, region);
        child.await("others count", () -> own(lock, readWrite, region) > before + 2);
        if (kill % AIMS == AIMS - 1) {
          child.await(random.nextInt(RUN_MILLIS));
        } else {
          LockKillMain.aim(region, number, AIMED.get(kill % AIMS));
          child.await("it stays where it is to be hit", () -> LockKillMain.stays(region));
        }
        child.close();
        LockKillMain.aimAtNobody(region);
        own(lock, readWrite, region);
        children.set(number, start(number, random.nextLong()));
      }
      long before = own(lock, readWrite, region);
      for (DoomedJvm child : children) {
        child.await("it counts with the rest", () -> own(lock, readWrite, region) > before + 100);
      }
      assertTrue(lock.state().recoveries() >= KILLS / AIMS, lock.state().toString());
      assertTrue(readWrite.state().recoveries() >= KILLS / AIMS, readWrite.state().toString());
      long recoveries = lock.state().recoveries() + readWrite.state().recoveries();
      System.getLogger(LockKillTest.class.getName())
          .log(
              System.Logger.Level.INFO,
              "{0} kills, {1} of them of an owner; seed {2}",
              KILLS,
              recoveries,
              Long.toString(SEED));
    } catch (Exception | AssertionError e) {
      throw new AssertionError("seed " + SEED, e);
    } finally {
      children.forEach(DoomedJvm::close);
    }
  }

  private DoomedJvm start(int number, long seed) throws Exception {
    return DoomedJvm.start(
        directory.resolve("child" + number + ".txt"),
        LockKillMain.class,
        directory.toString(),
        Integer.toString(number),
        Long.toString(seed));
  }

  /** A step of this JVM under each lock; how many steps all have made. */
  private static long own(RobustLock lock, RobustReadWriteLock readWrite, SharedTestRegion region)
      throws Exception {
    LockKillMain.Counts first = LockKillMain.Counts.of(region, 0);
    LockKillMain.Counts second = LockKillMain.Counts.of(region, 1);
    try (Held held = LockKillMain.taken(lock)) {
      first.step(held, OWN, () -> {});
    }
    try (Held held = LockKillMain.taken(readWrite.writing())) {
      second.step(held, OWN, () -> {});
    }
    try (Held held = LockKillMain.taken(readWrite.reading())) {
      if (!held.inconsistent()) {
        second.requireConsistent();
      }
      return first.total() + second.total();
    }
  }
}
