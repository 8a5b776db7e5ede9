/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapDamagedException;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapReport;
import org.dmalloc.heap.HeapService;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.Test;

class WatchedScanTest {
  private final InMemoryProvider memory = InMemoryProvider.of("memory");
  private final HeapService heaps = HeapService.load();

  @Test
  void theHeapTellsHowFarItIsAndWhatIsThrownEndsTheCheckAlone() throws Exception {
    try (MemoryRegion region = memory.allocate(RegionRequest.ofSize(16 << 20));
        Heap heap = heaps.create(region, HeapOptions.DEFAULT)) {
      long[] blocks = new long[3000];
      heap.allocate(4096, blocks, 0, blocks.length);
      long[] told = new long[2];
      HeapReport report =
          heap.check(
              (done, total) -> {
                assertTrue(done > told[0] && done <= total, done + " of " + total);
                told[0] = done;
                told[1]++;
              });
      assertEquals(blocks.length, report.liveBlocks());
      assertTrue(told[1] > 2, "told " + told[1] + " times");
      IllegalStateException thrown = new IllegalStateException("enough");
      assertEquals(
          thrown,
          assertThrows(
              IllegalStateException.class,
              () ->
                  heap.check(
                      (done, total) -> {
                        throw thrown;
                      })));
      heap.free(blocks, 0, blocks.length); // no lock is left held
      assertEquals(0, WatchedScan.run(heap::check, ProgressListener.NONE).liveBlocks());
    }
  }

  @Test
  void anInterruptEndsIt() throws Exception {
    CountDownLatch ended = new CountDownLatch(1);
    CountDownLatch told = new CountDownLatch(1);
    WatchedScan.Scan endless =
        listener -> {
          try {
            while (true) {
              listener.progressed(1, 2);
              Thread.onSpinWait();
            }
          } finally {
            ended.countDown();
          }
        };
    try (var executor = Executors.newSingleThreadExecutor()) {
      Future<HeapReport> scan =
          executor.submit(() -> WatchedScan.run(endless, (done, total) -> told.countDown()));
      assertTrue(told.await(60, TimeUnit.SECONDS));
      executor.shutdownNow(); // interrupts it
      ExecutionException thrown =
          assertThrows(ExecutionException.class, () -> scan.get(60, TimeUnit.SECONDS));
      assertInstanceOf(InterruptedException.class, thrown.getCause());
      assertEquals(0, ended.getCount(), "the scan has ended before");
    }
  }

  @Test
  void aRepairThatIsEndedIsDoneAgain() throws Exception {
    try (MemoryRegion region = memory.allocate(RegionRequest.ofSize(16 << 20));
        Heap heap = heaps.create(region, HeapOptions.DEFAULT)) {
      long[] blocks = new long[3000];
      heap.allocate(4096, blocks, 0, blocks.length);
      assertThrows(
          CancellationException.class,
          () ->
              WatchedScan.run(
                  listener ->
                      heap.repair(
                          (done, total) -> {
                            listener.progressed(done, total);
                            if (done > total / 2) {
                              throw new CancellationException();
                            }
                          }),
                  ProgressListener.NONE));
      assertThrows(HeapDamagedException.class, () -> heap.allocate(100));
      assertTrue(WatchedScan.run(heap::repair, ProgressListener.NONE).isSound());
      heap.free(blocks, 0, blocks.length);
    }
  }
}
