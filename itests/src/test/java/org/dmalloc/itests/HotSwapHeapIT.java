/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.inject.Inject;
import org.dmalloc.api.Autogrowth;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapReport;
import org.dmalloc.heap.HeapService;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.cm.Configuration;

/**
 * A heap is used while its region moves through all backends, grows, and while its bundle stops.
 */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class HotSwapHeapIT {
  private static final int THREADS = 4;
  private static final long STEPS = 100;
  private static final long SIZE = 512 << 10;
  private static final long MAX = 256L << 20;

  @Inject private BundleContext context;
  @Inject private HeapService heaps;

  @org.ops4j.pax.exam.Configuration
  public Option[] framework() {
    return Framework.felix();
  }

  private ConfiguredProviders providers() {
    return new ConfiguredProviders(context);
  }

  private static RegionRequest growing() {
    return RegionRequest.ofSize(SIZE).withMaximum(MAX).withAutogrowth(Autogrowth.upTo(MAX));
  }

  private static long seed() {
    long seed = Long.getLong("dmalloc.seed", System.nanoTime());
    System.out.printf(Locale.ROOT, "-Ddmalloc.seed=%d%n", seed);
    return seed;
  }

  private static void assertSound(Heap heap, HeapUsers users) throws Exception {
    HeapReport report = heap.check();
    assertEquals(List.of(), report.findings());
    assertEquals(users.liveBlocks(), report.liveBlocks());
    List<Long> walked = new ArrayList<>();
    heap.walk(
        (offset, byteSize) -> {
          walked.add(offset);
          return true;
        });
    assertEquals(users.offsets(), walked);
  }

  /** On a busy machine a thread may not be scheduled inside its section for too long. */
  private void move(MemoryRegion region, String target) throws Exception {
    ConfiguredProviders.until(
        () -> "a move to " + target,
        () -> {
          try {
            providers().move(region, target, ProgressListener.NONE);
            return true;
          } catch (MemoryException e) {
            if (String.valueOf(e.getMessage()).contains("access section held")) {
              return false;
            }
            throw e;
          }
        });
  }

  @Test
  void fromEachBackendToEachOther() throws Exception {
    MemoryProvider managed = providers().await("managed");
    List<String> names = List.copyOf(Backends.PIDS.keySet());
    for (String name : names) {
      providers().await(name);
    }
    try (MemoryRegion region = managed.allocate(growing())) {
      try (Heap heap = heaps.create(region, HeapOptions.DEFAULT)) {
        HeapUsers users = new HeapUsers(heap, THREADS, seed());
        try {
          for (String from : names) {
            for (String to : names) {
              if (!from.equals(to)) {
                move(region, from);
                users.awaitProgress(STEPS);
                move(region, to);
                users.awaitProgress(STEPS);
              }
            }
          }
        } finally {
          users.stop();
        }
        assertTrue(region.byteSize() > SIZE, "the heap has grown");
        assertSound(heap, users);
        heap.trim();
        assertSound(heap, users);
        users.checkAll();
        assertFalse(region.info().pinned(), "nothing of the heap pins its region");
      }
    }
    assertEquals(0, managed.statistics().openBytes());
  }

  @Test
  void throughTheStoresOfBothFileBackendsAndARestart(@TempDir Path disks) throws Exception {
    Path store = Files.createDirectory(disks.resolve("store"));
    Path other = Files.createDirectory(disks.resolve("other"));
    List<Configuration> configured =
        List.of(
            configure("panama", "mapped", store),
            configure("filechannel", "channel", store),
            configure("panama", "mapped-elsewhere", other),
            configure("filechannel", "channel-elsewhere", other));
    List<String> names = List.of("mapped", "channel", "channel-elsewhere", "mapped-elsewhere");
    try {
      for (String name : names) {
        providers().await(name);
      }
      MemoryProvider managed = providers().await("managed");
      HeapUsers users;
      List<Long> blocks;
      try (MemoryRegion region = managed.allocate(growing().withName("blocks"))) {
        try (Heap heap = heaps.create(region, HeapOptions.DEFAULT)) {
          users = new HeapUsers(heap, THREADS, seed());
          try {
            for (int i = 0; i < 3 * names.size(); i++) {
              move(region, names.get(i % names.size()));
              users.awaitProgress(STEPS);
            }
          } finally {
            users.stop();
          }
          assertSound(heap, users);
          blocks = users.offsets();
          heap.setRoot("first", blocks.getFirst());
        }
      }
      try (MemoryRegion region =
              providers().await("mapped-elsewhere").open(OpenRequest.of("blocks"));
          Heap heap = heaps.open(region, HeapOptions.DEFAULT)) {
        assertTrue(heap.recovery().clean());
        assertEquals(blocks.getFirst(), heap.root("first").orElseThrow());
        assertSound(heap, users);
        heap.free(blocks.stream().mapToLong(Long::longValue).toArray(), 0, blocks.size());
        assertEquals(0, heap.check().liveBlocks());
      }
      managed.delete("blocks", Deletion.DEFAULT);
    } finally {
      for (Configuration each : configured) {
        providers().delete(each);
      }
    }
  }

  /** The addresses of an arena's segments must stay: such a region does not move any more. */
  @Test
  void aRegionWithAnArenaStaysWhereItIs() throws Exception {
    MemoryProvider managed = providers().await("managed");
    providers().await("panama");
    providers().await("anon");
    try (MemoryRegion region = managed.allocate(growing())) {
      try (Heap heap = heaps.create(region, HeapOptions.DEFAULT)) {
        move(region, "anon");
        for (Arena arena : List.of(heap.confinedArena(), heap.sharedArena())) {
          try (arena) {
            MemorySegment segment = arena.allocate(100_000);
            segment.fill((byte) 7);
            assertTrue(region.info().pinned());
            IllegalStateException refusal =
                assertThrows(IllegalStateException.class, () -> move(region, "panama"));
            String message = String.valueOf(refusal.getMessage());
            assertTrue(message.contains("it is pinned by segment(), taken by "), message);
            assertEquals(7, segment.get(ValueLayout.JAVA_BYTE, 99_999));
            heap.free(heap.allocate(1 << 20)); // it goes on, and grows
          }
        }
        assertEquals(0, heap.check().liveBlocks());
        assertThrows(IllegalStateException.class, () -> move(region, "panama"), "pinned for good");
      }
    }
    assertEquals(0, managed.statistics().openBytes());
  }

  private Configuration configure(String backend, String name, Path directory) throws Exception {
    return providers()
        .create(
            Backends.PIDS.get(backend), "dmalloc.backend", name, "directory", directory.toString());
  }

  @Test
  void aHeapGoesOnWhenItsBundleStops() throws Exception {
    ServiceReference<HeapService> reference = context.getServiceReference(HeapService.class);
    Bundle bundle = reference.getBundle();
    MemoryProvider managed = providers().await("managed");
    providers().await("panama");
    providers().await("anon");
    try (MemoryRegion region = managed.allocate(growing());
        Heap heap = heaps.create(region, HeapOptions.DEFAULT)) {
      HeapUsers users = new HeapUsers(heap, THREADS, seed());
      try {
        users.awaitProgress(STEPS);
        bundle.stop();
        assertEquals(null, context.getServiceReference(HeapService.class));
        users.awaitProgress(STEPS);
        move(region, "anon");
        users.awaitProgress(STEPS);
        bundle.start();
        HeapService again = context.getService(context.getServiceReference(HeapService.class));
        assertTrue(again.find(region).isPresent(), "nobody opens it a second time");
        move(region, "panama");
        users.awaitProgress(STEPS);
      } finally {
        users.stop();
        bundle.start();
      }
      assertSound(heap, users);
    }
  }
}
