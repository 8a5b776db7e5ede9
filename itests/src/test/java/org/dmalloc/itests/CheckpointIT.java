/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import javax.inject.Inject;
import org.apache.felix.service.command.CommandProcessor;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapService;
import org.dmalloc.itests.exam.PaxExam;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ops4j.pax.exam.ExamFactory;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.nat.internal.NativeTestContainerFactory;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.Configuration;

/** Checkpoints by the commands and by the service, of regions that may move. */
@PaxExam
@ExamReactorStrategy(PerClass.class)
@ExamFactory(NativeTestContainerFactory.class)
public class CheckpointIT {
  @Inject private BundleContext context;
  @Inject private CommandProcessor gogo;
  @Inject private HeapService heaps;
  private ShellSession shell;
  private MemoryProvider managed;

  @org.ops4j.pax.exam.Configuration
  public Option[] framework() {
    return Framework.felix();
  }

  @BeforeEach
  void openSession() throws Exception {
    new ConfiguredProviders(context).await("panama");
    managed = new ConfiguredProviders(context).await("managed");
    shell = new ShellSession(gogo);
  }

  @AfterEach
  void closeSession() {
    shell.close();
  }

  private String start(String region) throws Exception {
    return shell.run("read " + region + " 0 5").replaceFirst(".*\\|(.*)\\|", "$1");
  }

  @Test
  void aGroupIsCheckpointedTakenBackAndOpenedAgain() throws Exception {
    shell.run("alloc 1m -n orders --checkpoint --group shop --discard-on-close");
    shell.run("alloc 1m -n invoices --checkpoint --group shop");
    shell.run("write orders 0 first");
    shell.run("write invoices 0 first");
    String made = shell.run("checkpoint orders invoices");
    assertEquals(2, made.lines().count(), made);
    assertTrue(made.contains("invoices,orders"), made);
    shell.run("write orders 0 later");
    shell.run("write invoices 0 later");
    assertEquals("later", start("orders"));
    shell.run("discard invoices --yes");
    assertEquals("first", start("orders"));
    shell.run("write orders 0 third");
    shell.run("free orders invoices");
    assertEquals("first", start("orders"), "closing discarded what was stored since");
    shell.run("open orders");
    MemoryRegion orders =
        managed.regions().stream()
            .filter(region -> "orders".equals(region.info().name()))
            .findFirst()
            .orElseThrow();
    CheckpointGroup group = orders.checkpoints();
    assertEquals("shop", group.name());
    long before = group.status().number();
    shell.run("write orders 0 again");
    assertEquals(before + 1, orders.checkpoint());
    assertTrue(shell.run("checkpoints").contains(before + 1 + ", "), shell.run("checkpoints"));
    assertThrows(Exception.class, () -> shell.run("flush orders"));
    shell.run("free orders");
    assertEquals("again", start("orders"));
    shell.run("delete orders invoices");
    assertEquals("no checkpointed region is open", shell.run("checkpoints"));
  }

  /** Two instances of panama in place of the one that is there without a configuration. */
  private final class Instances implements AutoCloseable {
    private final ConfiguredProviders providers = new ConfiguredProviders(context);
    private final List<Configuration> made = new ArrayList<>();

    Instances(Path first, Path second) throws Exception {
      add("first", first);
      add("second", second);
    }

    private void add(String name, Path store) throws Exception {
      Files.createDirectories(store);
      made.add(
          providers.create(
              Backends.PIDS.get("panama"), "dmalloc.backend", name, "directory", store.toString()));
      providers.await(name);
    }

    void stopSecond() throws Exception {
      made.removeLast().delete();
      ConfiguredProviders.until(
          () -> "the end of second", () -> providers.find("second").isEmpty());
    }

    void move(MemoryRegion region, String target) throws Exception {
      providers.move(region, target, ProgressListener.NONE);
    }

    @Override
    public void close() throws IOException {
      for (Configuration each : made) {
        each.delete();
      }
    }
  }

  private void alloc(String name, String options) throws Exception {
    shell.run("alloc 1m -n " + name + " -b managed --checkpoint --discard-on-close " + options);
    shell.run("hotswap " + name + " first");
  }

  @Test
  void aRegionIsHotSwappedWithWhatNoCheckpointHas(@TempDir Path store) throws Exception {
    try (Instances instances = new Instances(store, store)) {
      alloc("orders", "");
      shell.run("write orders 0 first");
      shell.run("checkpoint orders");
      shell.run("write orders 0 later");
      String moved = shell.run("hotswap orders second");
      assertTrue(moved.contains("first → second"), moved);
      assertEquals("later", start("orders"));
      shell.run("discard orders --yes");
      assertEquals("first", start("orders"));
      shell.run("write orders 0 third");
      assertTrue(shell.run("checkpoint orders").contains("2"), "numbers go on");
      shell.run("write orders 0 never");
      Exception refused =
          assertThrows(Exception.class, () -> shell.run("hotswap orders filechannel"));
      assertTrue(String.valueOf(refused.getMessage()).contains("CHECKPOINT"), refused.toString());
      shell.run("hotswap orders first");
      shell.run("free orders");
      assertEquals("third", start("orders"));
      shell.run("delete orders");
      assertTrue(instances.providers.find("second").iterator().hasNext());
    }
  }

  @Test
  void aRegionIsHotSwappedToAnotherDisk(@TempDir Path disk) throws Exception {
    try (Instances instances = new Instances(disk.resolve("one"), disk.resolve("two"))) {
      alloc("orders", "");
      shell.run("write orders 0 first");
      shell.run("checkpoint orders");
      shell.run("write orders 0 later");
      String moved = shell.run("hotswap orders second");
      assertTrue(moved.contains("first → second"), moved);
      assertTrue(shell.run("info orders").contains(disk.resolve("two").toString()), moved);
      assertEquals("later", start("orders"));
      String kept = shell.run("snapshot orders kept");
      assertTrue(kept.contains("with its checkpoints"), kept);
      shell.run("discard orders --yes");
      assertEquals("first", start("orders"));
      shell.run("write orders 0 third");
      assertTrue(shell.run("checkpoint orders").contains("2"), "numbers go on");
      shell.run("hotswap orders first");
      shell.run("free orders");
      assertEquals("third", start("orders"));
      assertEquals("later", start("kept"));
      shell.run("delete orders kept");
      assertTrue(instances.providers.find("second").iterator().hasNext());
    }
  }

  @Test
  void aHeapGoesAlongAndBackToTheLastCheckpoint(@TempDir Path store) throws Exception {
    RegionRequest request =
        RegionRequest.ofSize(1 << 20)
            .withName("blocks")
            .withMaximum(8 << 20)
            .checkpointed(CheckpointOptions.DEFAULT.withOnClose(false));
    try (Instances instances = new Instances(store, store);
        MemoryRegion region = managed.allocate(request)) {
      instances.move(region, "first");
      long block;
      try (Heap heap = heaps.create(region, HeapOptions.DEFAULT)) {
        block = heap.allocate(100);
        heap.setRoot("first", block);
        region.checkpoint();
        instances.move(region, "second");
        heap.setRoot("second", heap.allocate(2 << 20)); // it grows
        instances.move(region, "first");
        assertEquals(List.of(), heap.check().findings());
        assertTrue(heap.root("second").isPresent());
      }
      region.discard();
      try (Heap heap = heaps.open(region, HeapOptions.DEFAULT)) {
        assertEquals(OptionalLong.of(block), heap.root("first"));
        assertEquals(OptionalLong.empty(), heap.root("second"));
        assertEquals(List.of(), heap.check().findings());
      }
    }
  }

  @Test
  void aBackendThatStopsHandsItsCheckpointedRegionsOn(@TempDir Path store) throws Exception {
    try (Instances instances = new Instances(store, store)) {
      alloc("orders", "--group shop");
      alloc("invoices", "--group shop");
      shell.run("hotswap orders second");
      shell.run("write orders 0 kept!");
      instances.stopSecond();
      assertEquals("kept!", start("orders"));
      shell.run("checkpoint invoices");
      shell.run("free orders invoices");
      assertEquals("kept!", start("orders"));
      shell.run("delete orders invoices");
    }
  }
}
