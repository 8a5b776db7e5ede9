/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.limits;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.ResourceEvent;
import org.dmalloc.api.ResourceEvent.Direction;
import org.dmalloc.api.ResourceKind;
import org.dmalloc.api.ResourceLimits.Registration;
import org.dmalloc.spi.machine.KernelFiles;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Listeners hear of every crossing once, whatever others do. */
@Timeout(60)
class ResourceMonitorTest {
  private static final long SECONDS = 30;

  @TempDir private Path root;
  private ResourceMonitor monitor;

  @BeforeEach
  void start() throws IOException {
    memory(50);
    monitor = new ResourceMonitor(new KernelFiles(root), List::of, Duration.ofMillis(1));
  }

  @AfterEach
  void close() {
    monitor.close();
  }

  /** Sets how many percent of the machine's memory are used; readers see the old or the new. */
  private void memory(int percent) throws IOException {
    write(
        "proc/meminfo",
        String.format(
            Locale.ROOT,
            "MemTotal: 100 kB%nMemAvailable: %d kB%nSwapTotal: 0 kB%nSwapFree: 0 kB%n",
            100 - percent));
  }

  private void write(String file, String text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Path next = Files.writeString(root.resolve("next"), text);
    Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
  }

  private static ResourceEvent next(BlockingQueue<ResourceEvent> events)
      throws InterruptedException {
    ResourceEvent event = events.poll(SECONDS, TimeUnit.SECONDS);
    assertTrue(event != null, "no event");
    return event;
  }

  private static void assertEvent(ResourceEvent event, Direction direction, long percent) {
    assertEquals(direction, event.direction());
    assertEquals(ResourceKind.MACHINE_MEMORY, event.use().kind());
    assertEquals(percent, event.use().percent());
  }

  @Test
  void aCrossingIsToldOnceEachWay() throws Exception {
    BlockingQueue<ResourceEvent> events = new LinkedBlockingQueue<>();
    BlockingQueue<ResourceEvent> marks = new LinkedBlockingQueue<>();
    monitor.listen(events::add);
    memory(80);
    assertEvent(next(events), Direction.REACHED, 80);
    memory(90); // higher, and reached before
    memory(76); // within the hysteresis
    monitor.listen(marks::add, 60);
    next(marks); // so there was a look since
    memory(81);
    awaitUse(81);
    memory(74);
    assertEvent(next(events), Direction.LEFT, 74);
    memory(80);
    assertEvent(next(events), Direction.REACHED, 80);
    assertEquals(0, events.size());
  }

  /** Waits until a new listener at that level is told, so that all have seen that use. */
  private void awaitUse(int percent) throws InterruptedException {
    BlockingQueue<ResourceEvent> seen = new LinkedBlockingQueue<>();
    try (Registration here = monitor.listen(seen::add, percent)) {
      next(seen);
      assertTrue(here != null);
    }
  }

  @Test
  void whatIsReachedAlreadyIsToldAtOnce() throws Exception {
    memory(99);
    BlockingQueue<ResourceEvent> events = new LinkedBlockingQueue<>();
    monitor.listen(events::add, 99);
    assertEvent(next(events), Direction.REACHED, 99);
  }

  @Test
  void eachListenerHasItsLevel() throws Exception {
    BlockingQueue<ResourceEvent> low = new LinkedBlockingQueue<>();
    BlockingQueue<ResourceEvent> high = new LinkedBlockingQueue<>();
    monitor.listen(low::add, 40);
    monitor.listen(high::add, 95);
    assertEquals(40, next(low).levelPercent());
    memory(95);
    assertEquals(95, next(high).levelPercent());
    assertEquals(0, low.size());
    assertThrows(IllegalArgumentException.class, () -> monitor.listen(low::add, 0));
    assertThrows(IllegalArgumentException.class, () -> monitor.listen(low::add, 101));
  }

  @Test
  void aListenerThatThrowsOrBlocksHarmsNobody() throws Exception {
    CountDownLatch blocked = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    BlockingQueue<ResourceEvent> thrown = new LinkedBlockingQueue<>();
    BlockingQueue<ResourceEvent> healthy = new LinkedBlockingQueue<>();
    List<Direction> late = new ArrayList<>();
    monitor.listen(
        event -> {
          late.add(event.direction());
          blocked.countDown();
          awaitUninterrupted(release);
        });
    monitor.listen(
        event -> {
          thrown.add(event);
          throw new IllegalStateException("a listener of a test");
        });
    monitor.listen(healthy::add);
    memory(85);
    assertTrue(blocked.await(SECONDS, TimeUnit.SECONDS));
    assertEvent(next(healthy), Direction.REACHED, 85);
    next(thrown);
    for (int i = 0; i < 3; i++) {
      memory(10);
      assertEvent(next(healthy), Direction.LEFT, 10);
      next(thrown);
      memory(85);
      assertEvent(next(healthy), Direction.REACHED, 85);
      next(thrown);
    }
    assertEquals(1, late.size());
    release.countDown();
    memory(10);
    assertEvent(next(healthy), Direction.LEFT, 10);
  }

  private static void awaitUninterrupted(CountDownLatch latch) {
    try {
      assertTrue(latch.await(SECONDS, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aLimitThatIsGoneIsLeft() throws Exception {
    BlockingQueue<ResourceEvent> events = new LinkedBlockingQueue<>();
    memory(90);
    monitor.listen(events::add);
    assertEvent(next(events), Direction.REACHED, 90);
    Files.delete(root.resolve("proc/meminfo"));
    assertEvent(next(events), Direction.LEFT, 90);
  }

  @Test
  void anOomKillInTheGroupCountsAsFull() throws Exception {
    write("proc/self/cgroup", "0::/job\n");
    write("proc/self/mountinfo", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    write("sys/fs/cgroup/job/memory.max", "1000000\n");
    write("sys/fs/cgroup/job/memory.current", "10000\n");
    write("sys/fs/cgroup/job/memory.stat", "active_file 0\ninactive_file 0\n");
    write("sys/fs/cgroup/job/memory.events", "oom 4\n");
    BlockingQueue<ResourceEvent> events = new LinkedBlockingQueue<>();
    BlockingQueue<ResourceEvent> marks = new LinkedBlockingQueue<>();
    monitor.listen(marks::add, 1); // the group has one percent, so the source was read
    while (next(marks).use().kind() != ResourceKind.GROUP_MEMORY) {
      // another limit
    }
    monitor.listen(events::add);
    write("sys/fs/cgroup/job/memory.events", "oom 5\n");
    ResourceEvent reached = next(events);
    assertEquals(ResourceKind.GROUP_MEMORY, reached.use().kind());
    assertEquals(100, reached.use().percent());
    assertEquals(Direction.LEFT, next(events).direction());
  }

  @Test
  void withoutListenersThereIsNoThread() throws Exception {
    monitor.uses();
    assertEquals(0, threads());
    Registration first = monitor.listen(event -> {});
    Registration second = monitor.listen(event -> {});
    assertEquals(1, threads());
    first.close();
    first.close();
    second.close();
    awaitThreads(0);
    BlockingQueue<ResourceEvent> events = new LinkedBlockingQueue<>();
    monitor.listen(events::add, 50);
    next(events);
    monitor.close();
    awaitThreads(0);
    assertThrows(IllegalStateException.class, () -> monitor.listen(event -> {}));
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("dmalloc limits"))
        .count();
  }

  private static void awaitThreads(long count) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (threads() != count) {
      assertTrue(System.nanoTime() < deadline, "the thread does not end");
      TimeUnit.MILLISECONDS.sleep(1);
    }
  }
}
