/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapService;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.CommandSource;
import org.dmalloc.shell.heap.HeapCommands;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HeapCommandsTest {
  private final HeapService heaps = HeapService.load();
  private final CommandSource source = new HeapCommands(heaps);
  private final GogoShell shell =
      new GogoShell(
          List.of(source),
          InMemoryProvider.of("files", Capability.NAMED, Capability.READ_ONLY, Capability.RESIZE),
          InMemoryProvider.of("plain"));

  @AfterEach
  void close() throws Exception {
    for (Command command : shell.commands.remove(source)) {
      command.stop(Duration.ofSeconds(10));
    }
    shell.close();
  }

  @Test
  void aHeapIsMadeUsedAndClosed() throws Exception {
    String made = shell.run("heap create orders --size 1m");
    assertTrue(made.startsWith("heap of orders made: region "), made);
    assertTrue(made.endsWith(", 1 MiB from files"), made);
    String allocated = shell.run("heap alloc orders 100");
    assertTrue(allocated.matches("allocated a block of 100 bytes, usable 112, in orders: \\d+"));
    String block = allocated.replaceFirst(".*: ", "");
    assertEquals(
        "root 'first' of orders is " + block, shell.run("heap root orders first " + block));
    assertEquals(block, shell.run("heap root orders first"));
    assertEquals("NAME   OFFSET\nfirst" + "  " + pad(block, 6), shell.run("heap roots orders"));
    assertTrue(shell.run("heap list").contains("shell"), shell.run("heap list"));
    assertEquals("closed the heap of orders, and the region", shell.run("heap close orders"));
    assertEquals("no heap is open", shell.run("heap list"));
    assertEquals(List.of(), shell.regions());
    assertEquals(block, shell.run("heap root orders first"), "opened for the command");
    assertEquals(List.of(), shell.regions(), "and closed again");
    assertTrue(shell.run("heap open orders").startsWith("heap of orders opened: region "));
    assertEquals("freed 1 block, 112 B, in orders", shell.run("heap free orders " + block));
    assertEquals(
        "dmalloc: heap free: the block at "
            + block
            + " in orders is not allocated; nothing was freed",
        shell.fail("heap free orders " + block));
    assertEquals("root 'first' of orders is taken away", shell.run("heap root orders first 0"));
    assertEquals("the heap of orders has no root", shell.run("heap roots orders"));
  }

  private static String pad(String word, int width) {
    return " ".repeat(Math.max(0, width - word.length())) + word;
  }

  @Test
  void aRegionThatIsOpenStaysOpenWhenItsHeapIsClosed() throws Exception {
    String id = shell.session.execute("alloc 256k -b plain").toString();
    shell.run("heap create " + id);
    String closed = shell.run("heap close " + id);
    assertEquals("closed the heap of region " + id + "; the region stays open", closed);
    assertEquals(1, shell.regions().size());
    assertTrue(shell.fail("heap create " + id).contains("it has one"), "it has a heap already");
    shell.run("heap open " + id);
    assertTrue(shell.fail("heap open " + id).contains("its heap is open"));
    shell.run("heap close --all");
    assertEquals("no heap is open", shell.run("heap list"));
  }

  @Test
  void freeClosesTheHeapBeforeTheRegion() throws Exception {
    shell.run("heap create orders --size 256k");
    shell.run("heap alloc orders 1000 -n 10");
    shell.run("free orders");
    assertEquals("no heap is open", shell.run("heap list"));
    assertTrue(shell.run("heap open orders").startsWith("heap of orders opened: "), "it was clean");
    shell.run("heap close orders");
    String id = shell.session.execute("open orders").toString();
    MemoryRegion region = shell.regions().getFirst().region();
    Heap others = heaps.open(region, HeapOptions.DEFAULT);
    assertTrue(shell.run("heap list").contains("others"));
    shell.run("free " + id);
    assertFalse(others.isOpen());
    assertTrue(shell.run("heap open orders").startsWith("heap of orders opened: "), "it was clean");
  }

  @Test
  void theEndOfTheShellClosesWhatItOpenedAndNothingElse() throws Exception {
    shell.run("heap create orders --size 256k");
    MemoryRegion own = shell.regions().getFirst().region();
    String id = shell.session.execute("alloc 256k -b plain").toString();
    MemoryRegion others =
        shell.regions().stream()
            .map(open -> open.region())
            .filter(region -> Long.toString(region.id()).equals(id))
            .findFirst()
            .orElseThrow();
    try (Heap heap = heaps.create(others, HeapOptions.DEFAULT)) {
      for (Command command : shell.commands.remove(source)) {
        assertTrue(command.stop(Duration.ofSeconds(10)));
      }
      assertTrue(heap.isOpen());
      assertTrue(heaps.find(own).isEmpty());
      assertFalse(own.info().open());
    }
    assertEquals(List.of(), shell.providers.watchers());
  }

  @Test
  void aHeapWhoseRegionWasClosedUnderItIsNotListed() throws Exception {
    shell.run("heap create orders --size 256k");
    shell.regions().getFirst().region().close();
    assertEquals("no heap is open", shell.run("heap list"));
    String opened = shell.run("heap open orders");
    assertTrue(opened.contains("it was not closed cleanly, and has 0 blocks"), opened);
    assertTrue(shell.run("heap list").matches("(?s).*\\brw +no +shell"));
  }

  @Test
  void aHeapCannotBeCutShort() throws Exception {
    shell.run("heap create orders --size 256k");
    assertTrue(shell.fail("resize orders 128k").contains("cannot shrink"));
    shell.run("heap alloc orders 1000");
    shell.run("resize orders 512k");
    assertTrue(shell.run("heap check orders").endsWith("nothing is wrong"));
    shell.run("heap close orders");
    assertTrue(shell.fail("resize orders 128k").contains("cannot shrink"));
    assertTrue(shell.fail("heap erase orders").contains("give --yes"));
    assertEquals(
        "erased the heap of orders; the region stays", shell.run("heap erase orders --yes"));
    shell.run("resize orders 128k");
    assertTrue(shell.fail("heap open orders").contains("orders has no heap"));
  }

  @Test
  void blocksByTheThousandAreAllOrNone() throws Exception {
    shell.run("heap create orders --size 1m --fixed");
    String json = shell.run("heap alloc orders 1000 -n 100 --json");
    assertEquals(100, json.lines().filter(line -> line.strip().matches("\\d+,?")).count());
    assertTrue(shell.run("heap alloc orders 100 -n 20").endsWith("and 4 more; --json has all"));
    assertTrue(shell.run("heap alloc orders 100 -z").startsWith("allocated a block"));
    String aligned = shell.run("heap alloc orders 100 --align 4k -n 2");
    for (String offset : aligned.replaceFirst(".*: ", "").split(", ", -1)) {
      assertEquals(0, Long.parseLong(offset) % 4096, aligned);
    }
    String before = shell.run("heap list");
    assertTrue(shell.fail("heap alloc orders 100k -n 100").contains("full"));
    assertTrue(shell.fail("heap alloc orders 100k -n 100 --align 8k").contains("full"));
    assertTrue(shell.fail("heap alloc orders 100k -n 100 --zero").contains("full"));
    assertEquals(before, shell.run("heap list"));
    shell.run("blocks = (heap alloc orders 64 -n 3)");
    assertEquals("freed 3 blocks, 192 B, in orders", shell.run("heap free orders $blocks"));
    assertTrue(shell.fail("heap free orders 128 128").contains("OFFSET 128 stands there twice"));
    assertTrue(shell.fail("heap free orders 0").contains("OFFSET 0 is no block"));
    assertTrue(shell.fail("heap free orders 17").contains("no block of orders begins at 17; "));
    assertTrue(shell.fail("heap free orders first").contains("OFFSET 'first' is no offset"));
  }

  @Test
  void whatItHoldsIsShownByClass() throws Exception {
    shell.run("heap create orders --size 4m");
    shell.run("heap alloc orders 100 -n 1000");
    shell.run("heap alloc orders 200k");
    String stats = shell.run("heap stats orders");
    assertTrue(
        stats.lines().anyMatch(l -> l.matches(" *112 +1000 +\\d+ +\\d.*%  +10.7 % .*")), stats);
    assertTrue(stats.contains("\nlive      1001 blocks, "), stats);
    assertTrue(stats.contains("\nlarge     1 of them"), stats);
    assertTrue(stats.contains("\nmetadata  "), stats);
    assertTrue(stats.contains("\nfaults    "), stats);
    String json = shell.run("heap stats orders --json");
    assertTrue(json.contains("\"largeBlocks\": 1"), json);
    assertTrue(json.contains("\"major\": "), json);
    assertTrue(shell.run("heap trim orders").matches("gave back .* of orders"));
    assertTrue(shell.run("heap list --json").contains("\"liveBlocks\": 1001"));
  }

  @Test
  void theMapShowsEachKindOfPages() throws Exception {
    shell.run("heap create orders --size 1m");
    shell.run("heap alloc orders 16 -n 1000");
    shell.run("heap alloc orders 300k");
    String map = shell.run("heap map orders --rows 4");
    List<String> lines = map.lines().toList();
    assertEquals("heap of orders, a character for 4 KiB", lines.getFirst());
    String cells =
        lines.stream().skip(1).limit(4).map(line -> line.substring(10)).reduce("", String::concat);
    assertEquals(256, cells.length(), map);
    assertEquals(75, cells.chars().filter(c -> c == 'L').count(), map);
    assertTrue(cells.startsWith("#"), map);
    assertTrue(cells.chars().filter(c -> c >= '0' && c <= '9').count() >= 4, map);
    assertTrue(cells.endsWith("...."), map);
    assertTrue(shell.run("heap map orders --rows 1").contains("a character for 16 KiB"));
    String json = shell.run("heap map orders --json --rows 1");
    assertTrue(json.contains("\"metadata\": "), json);
    assertTrue(shell.fail("heap map orders --rows 0").contains("--rows 0; give 1 to 1000"));
  }

  @Test
  void damageIsFoundAndRepaired() throws Exception {
    shell.run("heap create orders --size 256k");
    shell.run("heap alloc orders 1000 -n 10");
    assertTrue(shell.run("heap check orders").endsWith("\nnothing is wrong"));
    assertTrue(shell.run("heap repair orders").endsWith("\nnothing is wrong"));
    MemoryRegion region = shell.regions().getFirst().region();
    try (Access access = region.acquire()) {
      // One of the copies of the header.
      access.segment().set(ValueLayout.JAVA_LONG, 16, -1);
    }
    String failure = shell.fail("heap check orders");
    assertTrue(failure.contains("is damaged, "), failure);
    assertTrue(shell.out().contains("FINDING"), shell.out());
    assertTrue(shell.fail("heap check orders --json").contains("is damaged"));
    String mended = shell.run("heap repair orders");
    assertTrue(mended.contains("yes"), mended);
    assertTrue(shell.run("heap check orders").endsWith("\nnothing is wrong"));
  }

  @Test
  void leaksAreListedWhereTheyAreRecorded() throws Exception {
    shell.run("heap create orders --size 256k");
    assertTrue(shell.fail("heap leaks orders").contains("--sites 1"));
    shell.run("heap close orders");
    shell.run("heap open orders --sites 1 --guards");
    assertTrue(shell.run("heap leaks orders").startsWith("no block is left"));
    shell.run("heap alloc orders 100 -n 2");
    String leaks = shell.run("heap leaks orders");
    assertTrue(leaks.contains("ALLOCATED BY"), leaks);
    assertTrue(shell.run("heap leaks orders --json").contains("\"blocks\": 2"));
  }

  @Test
  void mistakesAreTold() throws Exception {
    assertEquals(
        "dmalloc: heap create: give ID, or --size for a new region", shell.fail("heap create"));
    assertTrue(shell.fail("heap create x --size 1k").contains("give at least 128 KiB"));
    assertTrue(shell.fail("heap create x --max 1m").contains("give --size too"));
    assertTrue(shell.fail("heap create '' --size 1m").startsWith("dmalloc: "));
    assertTrue(shell.fail("heap open nothing").contains("neither open nor stored"));
    String id = shell.session.execute("alloc 256k -b plain").toString();
    assertTrue(shell.fail("heap open " + id).endsWith("has no heap; 'heap create' makes one"));
    assertTrue(shell.fail("heap stats " + id).endsWith("has no heap; 'heap create' makes one"));
    assertTrue(shell.fail("heap close " + id).contains("is not open; see 'heap list'"));
    assertTrue(shell.fail("heap close").contains("give the ids of regions, or --all"));
    assertTrue(shell.fail("heap open x --punch-after soon").contains("not a whole number"));
    assertTrue(shell.fail("heap open x --punch-from 1k").contains("at least 4096"));
    shell.run("heap create " + id);
    assertTrue(shell.fail("heap erase " + id + " --yes").contains("is open; 'heap close' it"));
    assertTrue(shell.fail("heap alloc " + id + " 0").startsWith("dmalloc: heap alloc: "));
    assertTrue(shell.fail("heap alloc " + id + " 1 -n 0").contains("--count 0; give 1 to"));
    assertTrue(shell.fail("heap alloc " + id + " 1 --align 3").startsWith("dmalloc: heap alloc"));
    assertTrue(shell.fail("heap alloc " + id + " 1 -z --align 64").contains("not both"));
    assertTrue(shell.fail("heap root " + id + " gone").contains("no root 'gone'"));
  }

  @Test
  void readOnlyHeapsAreForLooking() throws Exception {
    shell.run("heap create orders --size 256k");
    shell.run("heap close orders");
    shell.run("heap open orders --read-only");
    assertTrue(shell.run("heap list").contains(" ro "));
    assertTrue(shell.fail("heap alloc orders 10").contains("read-only"));
  }

  @Test
  void heapsAreCompleted() throws Exception {
    String id = shell.session.execute("alloc 256k -b plain").toString();
    shell.run("alloc 64k -n stored");
    shell.run("free stored");
    assertEquals(List.of("stored"), shell.complete(List.of("heap", "stats", ""), 2));
    shell.run("heap create " + id);
    assertEquals(List.of(id, "stored"), shell.complete(List.of("heap", "stats", ""), 2));
    assertEquals(List.of(id, "stored"), shell.complete(List.of("heap", "close", ""), 2));
    assertTrue(shell.complete(List.of("heap", ""), 1).containsAll(List.of("create", "map")));
    assertEquals(
        List.of("files", "plain"), shell.complete(List.of("heap", "open", "x", "-b", ""), 4));
    assertEquals(List.of(), shell.complete(List.of("heap", "root", id, ""), 3));
    shell.run("heap root " + id + " last 32");
    shell.run("heap root " + id + " first 16");
    assertEquals(
        List.of("first", "last"), shell.complete(List.of("heap", "root", "-b", "x", id, ""), 5));
    assertEquals(List.of(), shell.complete(List.of("heap", "root", "stored", ""), 3));
    List<Command> commands =
        shell.commands.groups().stream()
            .filter(group -> group.name().equals("heap"))
            .findAny()
            .orElseThrow()
            .commands();
    assertTrue(commands.size() > 10, commands.size() + " commands");
    for (Command command : commands) {
      String page = shell.run(command.name() + " --help");
      assertTrue(
          page.startsWith(command.name() + " – " + command.syntax().summary()),
          String.format(Locale.ROOT, "%s", page));
    }
  }

  @Test
  void withoutTheServiceTheComponentIsNotMade() {
    assertThrows(IllegalStateException.class, () -> new HeapCommands(null));
  }
}
