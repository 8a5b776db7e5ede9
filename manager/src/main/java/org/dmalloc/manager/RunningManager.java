/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.move.MoveListener;
import org.dmalloc.api.move.RegionMover;
import org.dmalloc.api.standalone.RegionManager;
import org.jspecify.annotations.Nullable;

/** The movable regions and the thread of their policy. Safe for use by any number of threads. */
final class RunningManager implements RegionManager {
  /** The name that regions of a program without bundles are booked on. */
  private static final String PROGRAM = "program";

  private final ManagedRegions regions = new ManagedRegions(Settings.DEFAULT, Step.Probe.NONE);
  private final PolicyClock clock = new PolicyClock(regions, System::nanoTime);
  private final AtomicLong backendsStarted = new AtomicLong();
  private @Nullable ScheduledExecutorService executor;
  private @Nullable ScheduledFuture<?> ticking;

  ManagedRegions regions() {
    return regions;
  }

  /** Starts the policy's thread, or changes the configuration; no region notices. */
  synchronized void configure(Settings settings) {
    regions.settings(settings);
    ScheduledExecutorService on = executor;
    if (on == null) {
      on =
          Executors.newSingleThreadScheduledExecutor(
              Thread.ofPlatform().name("dmalloc policy").daemon().factory());
      executor = on;
    }
    if (ticking != null) {
      ticking.cancel(false);
    }
    long interval = settings.interval().toMillis();
    ticking = on.scheduleWithFixedDelay(this::tick, interval, interval, TimeUnit.MILLISECONDS);
  }

  private void tick() {
    try {
      clock.tick();
    } catch (RuntimeException e) {
      // An exception would end the schedule for good.
      System.getLogger(RunningManager.class.getName())
          .log(System.Logger.Level.ERROR, "the policy's sample of the regions failed", e);
    }
  }

  /** A backend has come; regions that belong on it come later, on the policy's thread. */
  void arrived(Backend backend) {
    regions.arrived(backend);
    synchronized (this) {
      if (executor != null) {
        executor.execute(this::tick);
      }
    }
  }

  @Override
  public void backendStarted(MemoryProvider backend, int ranking) {
    arrived(new Backend(backend, ranking, backendsStarted.incrementAndGet()));
  }

  @Override
  public MemoryProvider provider() {
    return new ManagedProvider(regions, PROGRAM);
  }

  @Override
  public RegionMover mover() {
    return regions.moves();
  }

  @Override
  public void add(MoveListener listener) {
    regions.moves().add(listener);
  }

  @Override
  public void close() {
    regions.stop();
    synchronized (this) {
      if (executor != null) {
        executor.shutdownNow(); // a move in progress is cancelled and leaves its region whole
        executor = null;
      }
    }
  }
}
