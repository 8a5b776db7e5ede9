/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.heap.HeapService;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.CommandSource;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.RegionOpened;
import org.dmalloc.shell.heap.HeapCommands;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Regions whose stores become durable by checkpoints. */
class CheckpointCommandsTest {
  private final InMemoryStore disk = new InMemoryStore("/disk");
  private final InMemoryProvider files =
      new InMemoryProvider(
          "files",
          Set.of(
              Capability.NAMED,
              Capability.READ_ONLY,
              Capability.SHARED_MAPPING,
              Capability.PRIVATE_MAPPING,
              Capability.FORCE,
              Capability.RESIZE,
              Capability.GROW_IN_PLACE,
              Capability.PUNCH,
              Capability.LOCKED,
              Capability.RESIDENT_BUDGET,
              Capability.CHECKPOINT),
          disk,
          Long.MAX_VALUE,
          Duration.ofMillis(200));
  private final CommandSource heaps = new HeapCommands(HeapService.load());
  private final GogoShell shell =
      new GogoShell(List.of(heaps), files, InMemoryProvider.of("plain", Capability.NAMED));

  @AfterEach
  void close() throws Exception {
    for (Command command : shell.commands.remove(heaps)) {
      command.stop(Duration.ofSeconds(10));
    }
    shell.close();
  }

  private byte stored(String name) {
    return disk.bytes(name).get(ValueLayout.JAVA_BYTE, 0);
  }

  @Test
  void aRegionIsAllocatedCheckpointedAndTakenBack() throws Exception {
    shell.run("alloc 64k -n orders --checkpoint");
    shell.run("write orders 0 first");
    assertEquals(0, stored("orders"), "nothing is in the file before a checkpoint");
    List<String> made = shell.run("checkpoint orders").lines().toList();
    assertTrue(
        made.getFirst().matches("GROUP +CHECKPOINT +CHANGED +WRITTEN +STOP +DURABLE +REGIONS"),
        made::toString);
    assertTrue(
        made.getLast().matches("orders +1 +4 KiB +4 KiB +[\\d.]+ [nµm]?s +[\\d.]+ [nµm]?s +orders"),
        made::toString);
    assertEquals('f', stored("orders"));
    assertTrue(
        shell.run("checkpoint orders").contains(" 1, unchanged "), shell.run("checkpoints orders"));
    shell.run("write orders 0 second");
    assertEquals(
        "dmalloc: discard: what was stored to orders since checkpoint 1 would be lost; give --yes"
            + " if it may be",
        shell.fail("discard orders"));
    assertEquals(
        "discarded what was stored to orders since checkpoint 1",
        shell.run("discard orders --yes"));
    assertTrue(shell.run("read orders 0 5").endsWith("|first|"));
    shell.run("write orders 0 third");
    shell.run("free orders");
    assertEquals('t', stored("orders"), "a close makes a checkpoint");
  }

  @Test
  void allocAndOpenPassTheOptionsOn() throws Exception {
    shell.run(
        "alloc 4k -n orders --checkpoint --group shop --every 500ms --changed 64m --bound 256m"
            + " --discard-on-close");
    CheckpointOptions options =
        new CheckpointOptions("shop", Duration.ofMillis(500), 64 << 20, 256 << 20, false);
    assertEquals(Durability.CHECKPOINT, files.requests().getLast().durability());
    assertEquals(options, files.requests().getLast().checkpoints());
    String info = shell.run("info orders");
    assertTrue(info.contains("\ndurability  checkpoint; its name at once\n"), info);
    assertTrue(info.contains("\ngroup       shop\n"), info);
    assertTrue(
        info.contains(
            "\ncheckpoint  none yet; 500 ms after a change, by 64 MiB of changes, not at its"
                + " close\n"),
        info);
    assertTrue(info.contains("\nprivate     0 B of 256 MiB\n"), info);
    shell.run("free orders");
    shell.run("open orders --every 2m");
    assertEquals(
        CheckpointOptions.DEFAULT.withEvery(Duration.ofMinutes(2)),
        files.opens().getLast().checkpoints());
    assertTrue(shell.run("info orders").contains("; 2 min after a change\n"), shell.out());
    shell.run("alloc 4k -n other --durability checkpoint");
    assertEquals(CheckpointOptions.DEFAULT, files.requests().getLast().checkpoints());
  }

  @Test
  void theBackendIsOneThatHasCheckpoints() throws Exception {
    assertEquals(
        "dmalloc: backend plain lacks CHECKPOINT; choose one that has it: files",
        shell.fail("alloc 4k -n orders --checkpoint -b plain"));
  }

  @Test
  void aStoredOneIsOpenedWhereThereAreCheckpoints() throws Exception {
    shell.run("alloc 4k -n orders --checkpoint -b files");
    shell.run("free orders");
    InMemoryProvider without =
        new InMemoryProvider(
            "without",
            Set.of(Capability.NAMED, Capability.SHARED_MAPPING),
            disk,
            Long.MAX_VALUE,
            Duration.ofMillis(200));
    shell.providers.put(without, new Backend.Service(1000, 1000, null, ""));
    assertTrue(shell.run("open orders").endsWith("/disk/orders.region"), shell.out());
    assertEquals("files", shell.regions().getLast().info().backend());
    shell.run("free orders");
  }

  @Test
  void whatDoesNotFitIsRefusedInTheShellsWords() throws Exception {
    shell.run("alloc 4k -n plain");
    for (String[] each :
        new String[][] {
          {"alloc 4k --checkpoint", "alloc: --checkpoint needs a name: "},
          {"alloc 4k -n a --group g", "alloc: --group: the region is not checkpointed; give"},
          {"alloc 4k -n a --every 5s --bound 1m", "alloc: --every and --bound: the region is not"},
          {"alloc 4k -n a --checkpoint --budget 1m", "alloc: --budget and --checkpoint: "},
          {"alloc 4k -n a --checkpoint -s private", "alloc: private stores never reach the file"},
          {"alloc 4k -n a --checkpoint --lock", "alloc: private pages of checkpointed memory"},
          {"alloc 4k -n a --checkpoint --every 5", "alloc: --every '5' is not a length of time; "},
          {"alloc 4k -n a --checkpoint --every 0s", "alloc: --every '0s' is no time at all; "},
          {"alloc 4k -n a --checkpoint --group 7", "alloc: "},
          {
            "checkpoint plain", "checkpoint: plain has no checkpoints, its durability is on-force; "
          },
          {"discard plain --yes", "discard: plain has no checkpoints"},
          {"checkpoints plain", "checkpoints: plain has no checkpoints"},
          {"checkpoint absent", "region 'absent' is not open; see 'regions' and 'stored'"},
        }) {
      String refused = shell.fail(each[0]);
      assertTrue(refused.startsWith("dmalloc: " + each[1]), refused);
    }
    assertEquals(List.of("plain"), disk.names());
    shell.run("free plain");
    assertTrue(shell.fail("open plain --every 5s").contains("--every: plain is not checkpointed"));
    assertTrue(shell.fail("open plain -r --every 5s").contains("--every with --read-only: "));
    assertEquals(0, files.openRegions());
  }

  @Test
  void commandsThatDoNotFitSayWhy() throws Exception {
    shell.run("alloc 64k -n orders --checkpoint");
    for (String[] each :
        new String[][] {
          {"flush orders", "flush: orders is checkpointed, so that its stores become durable"},
          {"punch orders -a", "punch: orders is checkpointed, and its file changes with"},
          {"reserve orders", "reserve: orders is checkpointed, and its file changes with"},
          {"budget orders 4k", "budget: orders is checkpointed: changed pages have no file"},
        }) {
      String refused = shell.fail(each[0]);
      assertTrue(refused.startsWith("dmalloc: " + each[1]), refused);
      assertEquals(1, refused.lines().count());
    }
    assertTrue(shell.fail("flush orders").endsWith("use 'checkpoint orders'"));
  }

  @Test
  void aGroupIsTakenOnceAndListed() throws Exception {
    shell.run("alloc 64k -n orders --checkpoint --group shop");
    shell.run("alloc 64k -n invoices --checkpoint --group shop");
    shell.run("alloc 64k -n other --checkpoint --bound 1m");
    shell.run("fill orders");
    shell.run("write invoices 0 x");
    String state = shell.run("checkpoints");
    List<String> rows = state.lines().toList();
    assertEquals(3, rows.size(), state);
    assertTrue(rows.get(0).matches("GROUP +CHECKPOINT +APPLIED +PRIVATE +JOURNAL +REGIONS"), state);
    assertTrue(
        rows.get(1).matches("shop +none yet +yes +68 KiB of 1 GiB +0 B +invoices,orders"), state);
    assertTrue(rows.get(2).matches("other +none yet +yes +0 B of 1 MiB +0 B +other"), state);
    String made = shell.run("checkpoint orders invoices other");
    assertEquals(3, made.lines().count(), made);
    assertTrue(made.lines().toList().get(1).matches("shop +1 +68 KiB .* invoices,orders"), made);
    String json = shell.run("checkpoint orders --json");
    assertTrue(json.contains("\"group\": \"shop\"") && json.contains("\"made\": false"), json);
    assertTrue(shell.run("checkpoints --json").contains("\"privateBound\": 1048576"), shell.out());
    assertEquals(2, shell.run("checkpoints invoices").lines().count());
    assertEquals(
        "discarded what was stored to invoices, orders since checkpoint 1",
        shell.run("discard invoices --yes"));
  }

  @Test
  void oneGroupThatFailsLeavesTheOthers() throws Exception {
    shell.run("alloc 64k -n orders --checkpoint");
    shell.run("alloc 64k -n other --checkpoint");
    shell.run("write orders 0 x");
    MemoryRegion held = shell.regions().getLast().region();
    Thread holder =
        Thread.ofVirtual()
            .start(
                () -> {
                  try (Access access = held.acquire()) {
                    Thread.sleep(access.segment().byteSize() > 0 ? 60_000 : 0);
                  } catch (InterruptedException e) {
                    // the test is over
                  }
                });
    while (held.info().openSections() == 0) {
      Thread.onSpinWait();
    }
    String failed = shell.fail("checkpoint other orders");
    assertEquals("dmalloc: checkpoint: 1 of 2 failed; see above", failed);
    assertEquals('x', stored("orders"));
    assertTrue(shell.out().contains("orders"), shell.out());
    assertTrue(shell.err().contains("section"), shell.err());
    holder.interrupt();
    holder.join();
  }

  @Test
  void listingsShowCheckpointsAndFailures() throws Exception {
    shell.run("alloc 4k -n plain");
    assertFalse(shell.run("regions").contains("CHECKPOINT"));
    shell.run("alloc 64k -n orders --checkpoint --group shop");
    files.faults().fail("ENOSPC", "checkpoint");
    assertTrue(shell.fail("checkpoint orders").contains("ENOSPC"));
    for (String command : List.of("regions", "stored", "checkpoints", "info orders")) {
      String printed = shell.run(command);
      assertTrue(printed.contains("shop") && printed.contains("ENOSPC"), printed);
      assertTrue(printed.contains("none yet") && printed.contains("0 B of 1 GiB"), printed);
    }
    files.faults().clear();
    shell.run("checkpoint orders");
    assertFalse(shell.run("checkpoints").contains("FAILURE"));
    assertTrue(shell.run("regions").contains("1, 0 s ago"), shell.run("regions"));
    shell.run("free orders");
    assertEquals("no checkpointed region is open", shell.run("checkpoints"));
  }

  @Test
  void anInterruptCancelsBeforeTheCut() throws Exception {
    shell.run("alloc 64k -n orders --checkpoint");
    shell.run("write orders 0 x");
    files.faults().before(call -> Thread.currentThread().interrupt(), "checkpoint");
    String refused = shell.fail("checkpoint orders");
    assertTrue(refused.contains("cancelled by an interrupt"), refused);
    files.faults().clear();
    assertEquals(0, stored("orders"));
  }

  @Test
  void optionsThatEndWithTheCommandAreRefused() throws Exception {
    shell.session.put(RegionOpened.ONE_COMMAND, true);
    String refused = shell.fail("alloc 4k -n orders --checkpoint --every 5s");
    assertTrue(refused.startsWith("dmalloc: --every hold while the region is open"), refused);
    shell.run("alloc 4k -n orders --checkpoint --group shop");
    assertEquals(List.of("orders"), disk.names());
  }

  @Test
  void noLineIsWiderThanATerminal() throws Exception {
    shell.run("alloc 64k -n a-region-with-a-rather-long-name --checkpoint --group a-long-group");
    files.faults().fail("a reason of many words ".repeat(6), "checkpoint");
    shell.fail("checkpoint a-region-with-a-rather-long-name");
    files.faults().clear();
    shell.session.put(Console.WIDTH, 80);
    for (String line :
        List.of(
            "regions",
            "stored",
            "checkpoints",
            "info a-region-with-a-rather-long-name",
            "checkpoint --help",
            "discard --help",
            "checkpoints --help",
            "alloc --help",
            "checkpoint a-region-with-a-rather-long-name")) {
      String printed = shell.run(line);
      printed
          .lines()
          .filter(each -> each.strip().contains(" "))
          .forEach(each -> assertTrue(each.codePointCount(0, each.length()) <= 80, printed));
    }
  }

  @Test
  void regionsAreOfferedThatAreOpen() throws Exception {
    shell.run("alloc 4k -n closed --checkpoint");
    shell.run("free closed");
    String id = shell.session.execute("alloc 4k -n orders --checkpoint").toString();
    for (String command : List.of("checkpoint", "discard", "checkpoints")) {
      assertEquals(List.of(id, "orders"), shell.complete(List.of(command, ""), 1));
    }
  }

  @Test
  void aHeapIsThatOfTheCheckpoint() throws Exception {
    shell.run("alloc 1m -n orders --checkpoint");
    shell.run("heap create orders");
    String block = shell.run("heap alloc orders 100").replaceFirst(".*: ", "");
    shell.run("heap root orders first " + block);
    shell.run("checkpoint orders");
    shell.run(
        "heap root orders second " + shell.run("heap alloc orders 100").replaceFirst(".*: ", ""));
    assertTrue(shell.run("heap trim orders").contains("0 B"), shell.run("heap trim orders"));
    assertTrue(
        shell.fail("discard orders --yes").contains("the heap of orders is open"), shell.out());
    shell.run("heap close orders");
    shell.run("discard orders --yes");
    assertEquals(block, shell.run("heap root orders first"));
    assertFalse(shell.run("heap roots orders").contains("second"), shell.run("heap roots orders"));
    assertTrue(shell.run("heap check orders").contains("nothing is wrong"), block);
    assertEquals(0, files.faults().count("punch"));
  }
}
