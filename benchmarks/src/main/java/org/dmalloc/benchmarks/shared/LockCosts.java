/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.shared;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.benchmarks.ForkedJvm;
import org.dmalloc.shared.Acquirable;
import org.dmalloc.shared.Held;
import org.dmalloc.shared.MessageRing;
import org.dmalloc.shared.RobustLock;
import org.dmalloc.shared.RobustReadWriteLock;
import org.dmalloc.shared.SharedMemoryService;

/**
 * What taking and releasing a lock costs: alone in processor time, which other programs hardly
 * change; beside another JVM in time.
 */
final class LockCosts {
  private static final String NAME = "locks";
  private static final int ROUNDS = 1000;
  private static final int BATCH = 64;
  private static final int MESSAGE_BYTES = 64;
  private static final long RING = 2 * RobustLock.BYTES;
  private static final long CAPACITY = 1L << 20;
  private static final Duration LONGEST = Duration.ofMinutes(2);

  /** By then all is compiled, also where others have the processors. */
  private static final long WARM_UP_CALLS = 1_000_000;

  private final Path directory;
  private final PrintStream out;
  private final long nanos;

  LockCosts(Path directory, PrintStream out, long seconds) {
    this.directory = directory;
    this.out = out;
    this.nanos = TimeUnit.SECONDS.toNanos(seconds);
  }

  /** How often a lock is taken and released in some time. */
  static long taken(Acquirable lock, long nanos) throws IOException, InterruptedException {
    long taken = 0;
    for (long start = System.nanoTime(); System.nanoTime() - start < nanos; ) {
      for (int round = 0; round < ROUNDS; round++) {
        try (Held held = lock.acquire()) {
          taken += held.inconsistent() ? 0 : 1;
        }
      }
    }
    return taken;
  }

  void print() throws IOException, InterruptedException {
    try (Dmalloc dmalloc = Dmalloc.open(Map.of("directory", directory.toString()));
        MemoryRegion region =
            dmalloc
                .provider("panama")
                .allocate(
                    RegionRequest.ofSize(RING + MessageRing.byteSize(CAPACITY))
                        .withName(NAME)
                        .withProcessShared(true))) {
      SharedMemoryService service = SharedMemoryService.load();
      RobustLock lock = service.createLock(region, 0);
      RobustReadWriteLock sides = service.createReadWriteLock(region, RobustReadWriteLock.BYTES);
      out.printf(Locale.ROOT, "%-44s %8s%n", "lock, taken and released", "ns");
      row("ReentrantLock, on the heap", inHeap());
      row("RobustLock", alone(lock));
      row("RobustReadWriteLock, reading", alone(sides.reading()));
      row("RobustReadWriteLock, writing", alone(sides.writing()));
      MessageRing ring = service.createRing(region, RING, CAPACITY);
      row("message of 64 bytes, sent and taken", through(ring, 1));
      row("the same, 64 at a time, for each", through(ring, BATCH));
      row("RobustLock, two JVMs, from one to the next", beside(lock));
    }
  }

  private void row(String what, double perCall) {
    out.printf(Locale.ROOT, "%-44s %8.0f%n", what, perCall);
  }

  private double inHeap() {
    ReentrantLock lock = new ReentrantLock();
    long taken = 0;
    long start = System.nanoTime();
    long used = processorNanos();
    while (System.nanoTime() - start < nanos) {
      for (int round = 0; round < ROUNDS; round++) {
        lock.lock();
        try {
          taken++;
        } finally {
          lock.unlock();
        }
      }
    }
    return (double) (processorNanos() - used) / taken;
  }

  private double alone(Acquirable lock) throws IOException, InterruptedException {
    for (long warm = 0; warm < WARM_UP_CALLS; ) {
      warm += taken(lock, nanos);
    }
    long used = processorNanos();
    long taken = taken(lock, nanos);
    return (double) (processorNanos() - used) / taken;
  }

  /** Sends messages and takes them again, on one thread. */
  private double through(MessageRing ring, int batch) throws IOException, InterruptedException {
    List<byte[]> messages = Collections.nCopies(batch, new byte[MESSAGE_BYTES]);
    for (long warm = 0; warm < WARM_UP_CALLS; ) {
      warm += passed(ring, messages);
    }
    long used = processorNanos();
    long passed = passed(ring, messages);
    return (double) (processorNanos() - used) / passed;
  }

  private long passed(MessageRing ring, List<byte[]> messages)
      throws IOException, InterruptedException {
    long passed = 0;
    for (long start = System.nanoTime(); System.nanoTime() - start < nanos; ) {
      for (int round = 0; round < ROUNDS; round++) {
        passed += ring.offerAll(messages, LONGEST);
        if (ring.pollAll(messages.size(), LONGEST).size() != messages.size()) {
          throw new IOException("messages are missing");
        }
      }
    }
    return passed;
  }

  private static long processorNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  /** The time for one of both, as both go on at once. */
  private double beside(RobustLock lock) throws IOException, InterruptedException {
    long seconds = Math.max(1, TimeUnit.NANOSECONDS.toSeconds(nanos));
    CompletableFuture<List<String>> child =
        CompletableFuture.supplyAsync(() -> child(lock.offset(), seconds));
    TimeUnit.SECONDS.sleep(1); // its start
    long own = taken(lock, TimeUnit.SECONDS.toNanos(seconds));
    try {
      long others = Long.parseLong(child.get().getFirst());
      return TimeUnit.SECONDS.toNanos(seconds) / (double) (own + others);
    } catch (ExecutionException e) {
      throw new IOException(e.getCause());
    }
  }

  private List<String> child(long offset, long seconds) {
    try {
      return ForkedJvm.run(
          LockChild.class,
          List.of(directory.toString(), NAME, Long.toString(offset), Long.toString(seconds)));
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
