/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.testkit.PeerJvm;
import org.dmalloc.testkit.ProviderFixture;
import org.dmalloc.testkit.ProviderSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The heap of a region that several processes have open is open in one of them. */
class ProcessSharedHeapTest {
  private static final OpenRequest SHARED = OpenRequest.of("heap").withProcessShared(true);

  @TempDir private Path directory;
  private final HeapService service = HeapService.load();
  private Dmalloc dmalloc;
  private MemoryRegion region;

  /** Panama, in the other JVM. */
  public static final class Fixture implements ProviderFixture {
    private Dmalloc started = Dmalloc.open();

    /** Used by the second JVM. */
    public Fixture() {}

    @Override
    public MemoryProvider start(ProviderSettings settings) {
      started = Dmalloc.open(Map.of("directory", settings.directory().toString()));
      return started.provider("panama");
    }

    @Override
    public void stop(MemoryProvider provider) {
      started.close();
    }
  }

  @BeforeEach
  void allocate() throws Exception {
    dmalloc = Dmalloc.open(Map.of("directory", directory.toString()));
    region =
        dmalloc
            .provider("panama")
            .allocate(
                RegionRequest.ofSize(HeapOptions.MIN_BYTES)
                    .withName("heap")
                    .withProcessShared(true));
  }

  @AfterEach
  void close() {
    region.close();
    dmalloc.close();
  }

  private String refusal(org.junit.jupiter.api.function.Executable attempt) {
    return String.valueOf(assertThrows(MemoryException.class, attempt).getMessage());
  }

  @Test
  void anotherProcessWithTheHeapIsNamed() throws Exception {
    Heap heap = service.create(region, HeapOptions.DEFAULT);
    long block = heap.allocate(100);
    try (PeerJvm peer = PeerJvm.start(Fixture.class.getName(), directory)) {
      peer.ask("join heap");
      assertEquals("false", peer.ask("hold dmalloc.heap"));
      peer.ask("set " + block + " 7"); // a block that it was told of
      heap.close();
      assertEquals("true", peer.ask("hold dmalloc.heap"));
      String message = refusal(() -> service.open(region, HeapOptions.DEFAULT));
      assertTrue(message.contains("process " + peer.pid()), message);
      refusal(() -> service.erase(region));
      refusal(() -> service.repair(region));
      assertTrue(service.isHeap(region));
      peer.kill();
      try (Heap again = service.open(region, HeapOptions.DEFAULT)) {
        assertTrue(again.recovery().clean());
      }
    }
  }

  @Test
  void anotherOpenerInThisJvmIsRefusedForReadingToo() throws Exception {
    try (MemoryRegion writer = dmalloc.provider("panama").open(SHARED);
        MemoryRegion reader = dmalloc.provider("filechannel").open(SHARED.readOnly())) {
      Heap heap = service.create(region, HeapOptions.DEFAULT);
      refusal(() -> service.open(writer, HeapOptions.DEFAULT));
      refusal(() -> service.open(reader, HeapOptions.DEFAULT));
      assertThrows(IllegalStateException.class, () -> service.open(region, HeapOptions.DEFAULT));
      heap.close();
      try (Heap read = service.open(reader, HeapOptions.DEFAULT)) {
        String message = refusal(() -> service.open(writer, HeapOptions.DEFAULT));
        assertTrue(message.contains("one JVM at a time"), message + read);
      }
      service.open(writer, HeapOptions.DEFAULT).close();
    }
  }
}
