/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.testkit.ProviderSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConcurrentReadsTest {
  private static final long PAGE = 4096;

  @TempDir Path directory;

  private static List<Thread> readers(String name) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("dmalloc-" + name + "-read-"))
        .toList();
  }

  @Test
  void threadsEndWhenThereIsNothingToReadAndRegionsStayUsableAfterTheStop() throws Exception {
    FileChannelFixture fixture = new FileChannelFixture();
    MemoryProvider provider = fixture.start(ProviderSettings.in(directory));
    try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(100 * PAGE))) {
      assertEquals(List.of(), readers(provider.name()));
      long[] offsets = new long[100];
      for (int i = 0; i < offsets.length; i++) {
        offsets[i] = i * PAGE;
      }
      region.prefetch(offsets, PAGE);
      fixture.stop(provider);
      awaitNoReaders(provider.name());
      region.prefetch(offsets, PAGE);
    }
    awaitNoReaders(provider.name());
  }

  private static void awaitNoReaders(String name) throws InterruptedException {
    for (Thread thread : readers(name)) {
      assertTrue(thread.join(Duration.ofSeconds(60)), () -> "goes on for ever: " + thread);
    }
  }

  @Test
  void interruptedThreadsMayPrefetchAndKeepTheirStatus() throws Exception {
    FileChannelFixture fixture = new FileChannelFixture();
    MemoryProvider provider = fixture.start(ProviderSettings.in(directory));
    try (MemoryRegion region =
        provider.allocate(RegionRequest.ofSize(100 * PAGE).withName("orders"))) {
      Thread.currentThread().interrupt();
      region.prefetch(new long[] {0, 50 * PAGE, 99 * PAGE}, PAGE);
      assertTrue(Thread.interrupted());
      region.force(); // the file is still open
      assertThrows(MemoryException.class, () -> provider.open("orders"), "its lock is still held");
    } finally {
      fixture.stop(provider);
    }
  }

  @Test
  void fileCutShortIsAnException() throws Exception {
    FileChannelFixture fixture = new FileChannelFixture();
    MemoryProvider provider = fixture.start(ProviderSettings.in(directory));
    try (MemoryRegion region =
        provider.allocate(RegionRequest.ofSize(100 * PAGE).withName("orders"))) {
      Path path = Objects.requireNonNull(region.info().path());
      try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
        long length = file.length();
        file.setLength(length - 50 * PAGE);
        MemoryException refusal =
            assertThrows(
                MemoryException.class, () -> region.prefetch(new long[] {99 * PAGE, 0}, PAGE));
        assertTrue(refusal.getMessage().contains(path.toString()), refusal::getMessage);
        file.setLength(length);
      }
      region.prefetch(new long[] {99 * PAGE, 0}, PAGE);
    } finally {
      fixture.stop(provider);
    }
  }
}
