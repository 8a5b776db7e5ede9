/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.MemoryException;
import org.dmalloc.measure.chaos.model.UnitContent;
import org.jspecify.annotations.Nullable;

/** Stores to a region on a thread of its own for as long as something is done with it. */
final class Load implements AutoCloseable {
  /** More than are stored in the longest move. */
  private static final long MOST_VERSIONS = 1L << 24;

  /** Leaves the processor to the others, and the book small. */
  private static final long PAUSE_NANOS = 20_000;

  private final List<Store> stores = new ArrayList<>();
  private final Thread thread;
  private volatile boolean ended;
  private volatile @Nullable Throwable failure;

  /** Begins; the region has a unit at least. */
  Load(Workplace at, Held which) {
    SplittableRandom random = at.random.split();
    long first = at.newVersions(MOST_VERSIONS);
    thread =
        Thread.ofPlatform()
            .daemon()
            .name(Worker.THREADS + "load")
            .unstarted(() -> run(at, which, random, first));
    thread.start();
  }

  private void run(Workplace at, Held which, SplittableRandom random, long first) {
    UnitContent content = new UnitContent();
    try {
      for (long version = first; !ended && version < first + MOST_VERSIONS; version++) {
        int unit = random.nextInt(which.model().units());
        if (!which.bare().get(unit)) {
          at.store(which, unit, 1, version, content);
          stores.add(new Store(unit, version));
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    } catch (MemoryException | RuntimeException | Error e) {
      failure = e;
    }
  }

  /** One store of a version to a unit. */
  record Store(int unit, long version) {}

  /** What it stored, in order; to be asked when it is closed. */
  List<Store> stores() {
    return stores;
  }

  /** What ended it before its time. */
  Optional<Throwable> failure() {
    return Optional.ofNullable(failure);
  }

  /** Waits for its end; an interrupt stays for later. */
  @Override
  public void close() {
    ended = true;
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
