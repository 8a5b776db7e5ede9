/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.Access;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.spi.store.RegionStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The close of a group waits for its followers, and others do not wait for that. */
@Timeout(60)
class ClosingGroupTest {
  private static final long SIZE = 1 << 16;

  @TempDir private Path directory;

  private static void store(MemoryRegion region) {
    try (Access access = region.acquire()) {
      access.segment().fill((byte) 7);
    }
  }

  private static MemoryRegion allocate(PanamaProvider provider, String name)
      throws MemoryException {
    return provider.allocate(
        RegionRequest.ofSize(SIZE).withName(name).checkpointed(CheckpointOptions.DEFAULT));
  }

  /** Waits until a thread is in a call. */
  private static void awaitCall(Thread thread, String method) {
    while (Arrays.stream(thread.getStackTrace())
        .noneMatch(frame -> frame.getMethodName().equals(method))) {
      assertTrue(thread.isAlive(), method);
      Thread.onSpinWait();
    }
  }

  private static void awaitUninterrupted(CountDownLatch latch) {
    try {
      assertTrue(latch.await(30, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aFollowerOpensAndMakesRegionsWhileItsGroupCloses() throws Exception {
    PanamaProvider provider = new PanamaProvider(PanamaSettings.in(RegionStore.open(directory)));
    allocate(provider, "there").close();
    MemoryRegion orders = allocate(provider, "orders");
    CountDownLatch closing = new CountDownLatch(1);
    CompletableFuture<Thread> closer = new CompletableFuture<>();
    CompletableFuture<Long> opened = new CompletableFuture<>();
    try (CheckpointLog.Following following =
        ((CheckpointLog) orders.checkpoints())
            .follow(
                0,
                checkpoint -> {
                  closing.countDown();
                  awaitCall(closer.join(), "leave");
                  try (MemoryRegion there = provider.open("there");
                      MemoryRegion made = allocate(provider, "made")) {
                    opened.complete(there.byteSize() + made.byteSize());
                  }
                })) {
      assertEquals(1, following.first());
      store(orders);
      orders.checkpoint();
      closing.await();
      closer.complete(Thread.ofPlatform().start(orders::close));
      assertEquals(2 * SIZE, opened.get(30, TimeUnit.SECONDS));
      assertTrue(closer.join().join(Duration.ofSeconds(30)));
    }
    try (MemoryRegion again = provider.open("orders")) {
      assertEquals(1, again.checkpoints().status().number());
    }
  }

  @Test
  void whoOpensARegionWaitsForTheEndOfItsGroup() throws Exception {
    PanamaProvider provider = new PanamaProvider(PanamaSettings.in(RegionStore.open(directory)));
    MemoryRegion orders = allocate(provider, "orders");
    CountDownLatch sealed = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    try (CheckpointLog.Following following =
        ((CheckpointLog) orders.checkpoints())
            .follow(
                0,
                checkpoint -> {
                  sealed.countDown();
                  awaitUninterrupted(goOn);
                })) {
      assertEquals(1, following.first());
      store(orders);
      orders.checkpoint();
      sealed.await();
      Thread closer = Thread.ofPlatform().start(orders::close);
      awaitCall(closer, "leave");
      CompletableFuture<MemoryRegion> again = new CompletableFuture<>();
      Thread opener =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      again.complete(provider.open("orders"));
                    } catch (MemoryException | RuntimeException e) {
                      again.completeExceptionally(e);
                    }
                  });
      awaitCall(opener, "awaitIdle");
      goOn.countDown();
      try (MemoryRegion region = again.get(30, TimeUnit.SECONDS)) {
        assertEquals(1, region.checkpoints().status().number());
      }
      closer.join();
    }
  }
}
