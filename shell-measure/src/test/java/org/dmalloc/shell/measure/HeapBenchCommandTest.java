/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapService;
import org.dmalloc.measure.WrongContentException;
import org.dmalloc.measure.heap.HeapBenchmark;
import org.dmalloc.measure.heap.HeapPlan;
import org.dmalloc.shell.GogoShell;
import org.dmalloc.shell.heap.HeapCommands;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class HeapBenchCommandTest {
  private static final long DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(60);

  private final HeapService heaps = HeapService.load();
  private final InMemoryProvider memory = InMemoryProvider.of("plain", Capability.NAMED);
  private final GogoShell shell =
      new GogoShell(List.of(new HeapCommands(heaps), new HeapMeasuringCommands(heaps)), memory);

  @AfterEach
  void close() {
    heaps.heaps().forEach(Heap::close);
    shell.close();
  }

  @Test
  void aHeapOfItsOwnIsMeasuredAndFreed() throws Exception {
    String printed = shell.run("heap bench -s 16m --live 1m -t 2 --most 4k --remote 20 --time 1");
    assertTrue(printed.startsWith("heap of a region of its own: 2 threads, blocks of 16 to 4096"));
    for (String figure : List.of("operations/s", "median", "longest", "major faults/operation")) {
      assertTrue(printed.contains(figure), printed);
    }
    assertEquals(List.of(), shell.regions());
    assertEquals(List.of(), heaps.heaps());
  }

  @Test
  void aHeapThatIsThereKeepsWhatItHas() throws Exception {
    shell.run("heap create orders --size 8m");
    shell.run("heap alloc orders 100 -n 10");
    String json = shell.run("heap bench orders --live 1m --most 1k --time 1 --json -");
    assertTrue(json.contains("\"schema\": \"dmalloc-heap-bench\""), json);
    assertTrue(json.contains("\"minorFaults\""), json);
    assertTrue(shell.run("heap check orders").contains(": 10 blocks, "));
    shell.run("heap close orders");
    shell.run("heap bench orders --live 1m --most 1k --time 1");
    assertTrue(shell.run("heap check orders").contains(": 10 blocks, "));
    assertEquals(List.of(), shell.regions());
  }

  @Test
  void aHeapThatIsFullIsAFailureThatLeavesNothing() throws Exception {
    shell.run("heap create orders --size 1m");
    assertTrue(shell.fail("heap bench orders --live 8m -t 2 --time 1").contains("full"));
    assertTrue(shell.run("heap check orders").contains(": 0 blocks, "));
  }

  @Test
  void mistakesAreToldBeforeTheWork() {
    assertTrue(shell.fail("heap bench --least 4").contains("give at least 8"));
    assertTrue(shell.fail("heap bench --least 64 --most 32").contains("the smaller first"));
    assertTrue(shell.fail("heap bench --live 1k").contains("at least a block each"));
    assertTrue(shell.fail("heap bench --threads 0").contains("--threads 0; give 1 to 256"));
    assertTrue(shell.fail("heap bench --remote 101").contains("--remote 101; give 0 to 100"));
    assertTrue(shell.fail("heap bench --time 0").contains("--time 0; give 1 to 3600"));
    assertTrue(shell.fail("heap bench --json /").contains("is a directory; give a file"));
    assertEquals(List.of(), memory.requests());
  }

  @Test
  void anInterruptStopsItAndFreesItsBlocks() throws Exception {
    shell.run("heap create orders --size 8m");
    Heap heap = heaps.heaps().getFirst();
    try (var executor = Executors.newSingleThreadExecutor()) {
      Future<String> failure =
          executor.submit(() -> shell.fail("heap bench orders --live 1m --most 1k --time 3600"));
      until(() -> heap.statistics().liveBlocks() > 0);
      shell.interruptJobs();
      failure.get(60, TimeUnit.SECONDS);
      until(() -> heap.check().liveBlocks() == 0);
    }
  }

  @FunctionalInterface
  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void until(Condition condition) throws Exception {
    long deadline = System.nanoTime() + DEADLINE_NANOS;
    while (!condition.holds()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("not within a minute");
      }
      Thread.onSpinWait();
    }
  }

  /** The measurement finds a heap that hands out a block twice. */
  @Test
  void aBlockThatSomebodyElseStoresToIsFound() throws Exception {
    MemoryProvider provider = memory;
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(1 << 20));
        Heap heap = heaps.create(region, HeapOptions.DEFAULT)) {
      Heap broken =
          (Heap)
              Proxy.newProxyInstance(
                  Heap.class.getClassLoader(),
                  new Class<?>[] {Heap.class},
                  (proxy, method, arguments) -> {
                    if (method.getName().equals("free")) {
                      return null;
                    }
                    try {
                      Object result = method.invoke(heap, arguments);
                      return method.getName().equals("allocate") && result instanceof Long block
                          ? (Object) (block / 64 * 64)
                          : result;
                    } catch (InvocationTargetException e) {
                      throw e.getCause();
                    }
                  });
      HeapPlan plan = new HeapPlan(1, 16, 16, 4096, 0, Duration.ofSeconds(1), 1);
      Assertions.assertThrows(
          WrongContentException.class, () -> new HeapBenchmark(broken, plan).run("broken"));
    }
  }
}
