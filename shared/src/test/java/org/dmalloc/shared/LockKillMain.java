/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;

/**
 * The JVM that {@link LockKillTest} kills: {@code DIRECTORY NUMBER SEED}. Its threads count under
 * locks, by steps that would show a second owner, until it dies.
 */
final class LockKillMain {
  static final long LOCK = 0;
  static final long READ_WRITE = RobustLock.BYTES;
  static final long BYTES = 4 * RobustLock.BYTES;

  /** How many children have a number. */
  static final int CHILDREN = 4;

  private static final Duration LONGEST = Duration.ofMinutes(2);
  private static final long COUNTS = 2 * RobustLock.BYTES;
  private static final long LINE = 128;
  private static final long AIM = COUNTS + RobustLock.BYTES / 2;
  private static final long STAYS = AIM + LINE;

  private LockKillMain() {}

  public static void main(String[] args) throws Exception {
    SharedTestRegion region = SharedTestRegion.ofFile(Path.of(args[0]), BYTES);
    int number = Integer.parseInt(args[1]);
    SplittableRandom random = new SplittableRandom(Long.parseLong(args[2]));
    SharedMemoryService service = SharedMemoryService.load();
    RobustLock lock = service.openLock(region, LOCK);
    RobustReadWriteLock readWrite = service.openReadWriteLock(region, READ_WRITE);
    for (SplittableRandom own : List.of(random.split(), random.split(), random.split())) {
      Thread.ofPlatform()
          .daemon()
          .start(
              () -> {
                try {
                  while (true) {
                    step(region, lock, readWrite, number, own);
                  }
                } catch (IOException | InterruptedException | RuntimeException | Error e) {
                  System.getLogger(LockKillMain.class.getName())
                      .log(System.Logger.Level.ERROR, "the child fails", e);
                  Runtime.getRuntime().halt(1);
                }
              });
    }
    while (true) {
      Thread.sleep(1000);
    }
  }

  private static void step(
      SharedTestRegion region,
      RobustLock lock,
      RobustReadWriteLock readWrite,
      int number,
      SplittableRandom random)
      throws IOException, InterruptedException {
    switch (random.nextInt(3)) {
      case 0 -> {
        try (Held held = taken(lock)) {
          Counts.of(region, 0).step(held, number, () -> stay(region, number, Aim.OWNER, random));
        }
      }
      case 1 -> {
        try (Held held = taken(readWrite.writing())) {
          Counts.of(region, 1).step(held, number, () -> stay(region, number, Aim.WRITER, random));
        }
      }
      default -> {
        try (Held held = taken(readWrite.reading())) {
          if (!held.inconsistent()) {
            Counts.of(region, 1).requireConsistent();
          }
          stay(region, number, Aim.READER, random);
        }
      }
    }
  }

  /** Whom a kill is to hit. */
  enum Aim {
    OWNER(1),
    WRITER(2),
    READER(3);

    private final int number;

    Aim(int number) {
      this.number = number;
    }

    /** What stands for it and a child in the region. */
    private long at(int child) {
      return 10L * child + number;
    }
  }

  /** Has a child stay where a kill is to hit it, and say so; 0 lifts that. */
  static void aim(SharedTestRegion region, int child, Aim aim) {
    put(region, STAYS, 0);
    put(region, AIM, aim.at(child));
  }

  static void aimAtNobody(SharedTestRegion region) {
    put(region, AIM, 0);
  }

  static boolean stays(SharedTestRegion region) {
    return at(region, STAYS) != 0;
  }

  /** Waits for the kill at some of the points that one comes by, if it is aimed at this one. */
  private static void stay(SharedTestRegion region, int child, Aim aim, SplittableRandom random) {
    while (at(region, AIM) == aim.at(child) && (at(region, STAYS) != 0 || random.nextInt(3) == 0)) {
      put(region, STAYS, 1);
      LockSupport.parkNanos(1_000_000);
    }
  }

  private static long at(SharedTestRegion region, long offset) {
    try (Access access = region.acquire()) {
      return access.segment().get(JAVA_LONG, offset);
    }
  }

  private static void put(SharedTestRegion region, long offset, long value) {
    try (Access access = region.acquire()) {
      access.segment().set(JAVA_LONG, offset, value);
    }
  }

  static Held taken(Acquirable lock) throws MemoryException, InterruptedException {
    return lock.tryAcquire(LONGEST)
        .orElseThrow(() -> new IllegalStateException("stuck for " + LONGEST + ": " + lock));
  }

  /**
   * A count of steps of all, one of the steps of each child, and who is in the middle of one. Each
   * change is a plain store, so a second owner, or a dead one that nobody was told of, shows at the
   * next step.
   */
  record Counts(SharedTestRegion region, long start) {
    static Counts of(SharedTestRegion region, int which) {
      return new Counts(region, COUNTS + which * RobustLock.BYTES);
    }

    private long get(int line) {
      return at(region, start + line * LINE);
    }

    private void set(int line, long value) {
      put(region, start + line * LINE, value);
    }

    private long sum() {
      long sum = 0;
      for (int child = 0; child < CHILDREN; child++) {
        sum += get(2 + child);
      }
      return sum;
    }

    /** How many steps all have made. */
    long total() {
      return get(1);
    }

    void step(Held held, int child, Runnable between) throws MemoryException {
      if (held.inconsistent()) {
        repair();
        held.markConsistent();
      }
      requireConsistent();
      between.run();
      set(0, child + 1);
      between.run();
      set(1, get(1) + 1);
      between.run();
      set(2 + child, get(2 + child) + 1);
      between.run();
      set(0, 0);
    }

    /** Brings in order what a dead owner has left: one step at most is not at its end. */
    void repair() {
      long missing = get(1) - sum();
      if (missing != 0 && (missing != 1 || get(0) == 0)) {
        throw new IllegalStateException(
            "a dead owner has left " + missing + " steps of child " + (get(0) - 1));
      }
      set(1, sum());
      set(0, 0);
    }

    void requireConsistent() {
      if (get(0) != 0 || get(1) != sum()) {
        throw new IllegalStateException(
            "two owners: child " + (get(0) - 1) + " is in a step; " + get(1) + " of " + sum());
      }
    }
  }
}
