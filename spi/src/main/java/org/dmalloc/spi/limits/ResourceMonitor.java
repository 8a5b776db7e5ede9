/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.limits;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.ResourceEvent;
import org.dmalloc.api.ResourceListener;
import org.dmalloc.api.ResourceUse;
import org.dmalloc.api.standalone.ResourceLimitsFactory;
import org.dmalloc.spi.machine.KernelFiles;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the limits while somebody listens.
 *
 * <p>One thread reads each source once in an interval, and at most for a hundredth of the time: one
 * that takes long waits for a hundred times as long. It polls: the kernel's own notices cannot be
 * had in plain Java (inotify of {@code memory.events} comes for some of its changes only, a trigger
 * of PSI wants poll(2), and version 1 wants an eventfd), and none of them knows of a quota.
 *
 * <p>Safe for any number of threads.
 */
public final class ResourceMonitor implements ResourceLimitsFactory.Running {
  /** How long a use may be unseen. */
  public static final Duration INTERVAL = Duration.ofSeconds(1);

  private static final Logger LOG = System.getLogger(ResourceMonitor.class.getName());

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private static final int LEAST_PAUSE_PER_READING = 100;

  private final LimitSources sources;
  private final long intervalNanos;
  private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();

  // Guarded by this.
  private boolean watching;
  private boolean closed;

  /** A monitor of the machine's files and of the providers that there are at each look. */
  public ResourceMonitor(
      KernelFiles files,
      Supplier<? extends Collection<? extends MemoryProvider>> providers,
      Duration interval) {
    this.sources = new LimitSources(files, providers);
    this.intervalNanos = interval.toNanos();
  }

  @Override
  public List<ResourceUse> uses() {
    return sources.all().stream().flatMap(source -> source.read().stream()).toList();
  }

  @Override
  public Registration listen(ResourceListener listener, int levelPercent) {
    Objects.requireNonNull(listener);
    if (levelPercent < 1 || levelPercent > 100) {
      throw new IllegalArgumentException("level of " + levelPercent + " percent; give 1 to 100");
    }
    Subscription subscription = new Subscription(listener, levelPercent, this::end);
    synchronized (this) {
      if (closed) {
        throw new IllegalStateException("closed; its providers have stopped");
      }
      subscriptions.add(subscription);
      if (watching) {
        notifyAll(); // what has reached its level already is told at once
      } else {
        watching = true;
        Thread.ofPlatform().daemon().name("dmalloc limits").start(this::watch);
      }
    }
    return subscription;
  }

  private synchronized void end(Subscription subscription) {
    subscriptions.remove(subscription);
    notifyAll();
  }

  /** Tells nobody from now on, and ends the thread. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
    }
    subscriptions.forEach(Subscription::close);
  }

  private void watch() {
    // Loaded now: where descriptors have run out, a class in a file of its own is not found.
    LOG.log(Level.DEBUG, "tells by {0} of {1}", ResourceEvent.class, RegionInfo.class);
    List<Paced> paced = sources.all().stream().map(Paced::new).toList();
    boolean ended = false;
    try {
      while (!ended) {
        look(paced);
        ended = !pause(paced);
      }
    } finally {
      if (!ended) {
        synchronized (this) {
          watching = false; // by an error; the next listener starts it anew
        }
      }
    }
  }

  private void look(List<Paced> paced) {
    List<ResourceUse> uses = new ArrayList<>();
    for (Paced each : paced) {
      uses.addAll(each.current());
    }
    for (Subscription subscription : subscriptions) {
      subscription.see(uses, this::largest);
    }
  }

  /** Waits until a source is due, or somebody comes; false if nobody listens any more. */
  private synchronized boolean pause(List<Paced> paced) {
    int before = subscriptions.size();
    long due = paced.stream().mapToLong(Paced::due).min().orElseThrow();
    while (!subscriptions.isEmpty() && subscriptions.size() <= before) {
      long left = due - System.nanoTime();
      if (left <= 0) {
        return true;
      }
      try {
        TimeUnit.NANOSECONDS.timedWait(this, left);
      } catch (InterruptedException e) {
        // Nobody has a reason to interrupt this thread, and without it nobody would be told.
      }
      before = Math.min(before, subscriptions.size());
    }
    watching = !subscriptions.isEmpty();
    return watching;
  }

  /** Of this thread: on a busy machine a reading that waits is no reason to read less. */
  private static long processorNanos() {
    return THREADS.isCurrentThreadCpuTimeSupported() ? THREADS.getCurrentThreadCpuTime() : 0;
  }

  /** A source, read when it is due. */
  private final class Paced {
    private final LimitSources.Source source;
    private List<ResourceUse> last = List.of();
    private @Nullable Long due;

    Paced(LimitSources.Source source) {
      this.source = source;
    }

    List<ResourceUse> current() {
      long now = System.nanoTime();
      if (due == null || now - due >= 0) {
        long before = processorNanos();
        last = source.read();
        long cost = processorNanos() - before;
        due = System.nanoTime() + Math.max(intervalNanos, LEAST_PAUSE_PER_READING * cost);
      }
      return last;
    }

    long due() {
      return Objects.requireNonNull(due);
    }
  }

  /** The regions that take most of what a limit is of. */
  private List<RegionInfo> largest(ResourceUse use) {
    List<RegionInfo> found = new ArrayList<>();
    for (MemoryProvider provider : sources.providers()) {
      try {
        for (MemoryRegion region : provider.regions()) {
          RegionInfo info = region.info();
          if (info.open() && concerns(use, info)) {
            found.add(info);
          }
        }
      } catch (VirtualMachineError e) {
        throw e;
      } catch (RuntimeException | Error e) {
        // Closed meanwhile, stopped, or a provider that breaks its contract: the event is more
        // important than the whole of this list.
        LOG.log(Level.DEBUG, "regions of {0} are left out: {1}", provider.getClass(), e);
      }
    }
    found.sort(Comparator.comparingLong(RegionInfo::byteSize).reversed());
    return found.subList(0, Math.min(ResourceEvent.MOST, found.size()));
  }

  private static boolean concerns(ResourceUse use, RegionInfo info) {
    return switch (use.kind()) {
      case PROVIDER_BYTES, PROVIDER_REGIONS -> info.backend().equals(use.subject());
      case OWNER_BYTES, OWNER_REGIONS ->
          info.backend().equals(use.subject())
              && (use.owner() == null
                  || use.owner().startsWith("bundle ")
                  || Objects.requireNonNullElse(info.owner(), "").equals(use.owner()));
      case STORE_BYTES, STORE_REGIONS, DISK -> {
        Path path = info.path();
        yield path != null && path.startsWith(use.subject());
      }
      default -> true;
    };
  }
}
