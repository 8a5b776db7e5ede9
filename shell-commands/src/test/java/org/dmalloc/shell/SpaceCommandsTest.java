/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.RegionOpened;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How much a region has, what of it takes space, what of it may be written, and its name. */
class SpaceCommandsTest {
  private final InMemoryStore disk = new InMemoryStore("/disk");
  private final InMemoryProvider files =
      new InMemoryProvider(
          "files",
          Set.of(
              Capability.NAMED,
              Capability.READ_ONLY,
              Capability.SHARED_MAPPING,
              Capability.FORCE,
              Capability.RESIZE,
              Capability.GROW_IN_PLACE,
              Capability.PUNCH),
          disk,
          Long.MAX_VALUE,
          Duration.ofMillis(200));
  private final GogoShell shell = new GogoShell(files);

  @AfterEach
  void close() {
    shell.close();
  }

  @Test
  void allocPassesOnHowTheRegionGrowsAndWhenItsNameIsDurable() throws Exception {
    shell.run("alloc 4k -n orders --max 1m --autogrow --durable force --checked");
    RegionRequest request = files.requests().getLast();
    assertEquals(1 << 20, request.maximum());
    assertEquals(1 << 20, request.autogrowth().ceiling());
    assertEquals(NameDurability.ON_FORCE, request.nameDurability());
    assertTrue(request.checkedSections());
    String info = shell.run("info orders");
    assertTrue(info.contains("1 MiB (1048576 bytes), in place; by itself up to 1 MiB"), info);
    assertTrue(info.contains("on-force; its name with the next flush"), info);
    assertTrue(info.contains("checked: a segment throws"), info);
    shell.run("free orders");
    shell.run("open orders --max 2m");
    assertEquals(2 << 20, files.opens().getLast().maximum());
    assertEquals(0, files.opens().getLast().autogrowth().ceiling());
  }

  @Test
  void resizeSaysHowItWasDone() throws Exception {
    shell.run("alloc 4k -n orders --max 1m");
    assertEquals("resized orders from 4 KiB to 1 MiB, in place", shell.run("resize orders 1m"));
    assertEquals("resized orders from 1 MiB to 2 MiB, mapped anew", shell.run("resize orders 2m"));
    assertEquals("resized orders from 2 MiB to 4 KiB, mapped anew", shell.run("resize orders 4k"));
    assertEquals("orders has 4 KiB already", shell.run("resize orders 4k"));
    assertEquals("resized orders from 4 KiB to 0 B, mapped anew", shell.run("resize orders 0"));
    assertEquals("", shell.run("read orders"));
    assertTrue(shell.run("regions").contains(" 0 B "), shell.out());
  }

  @Test
  void sizesThatRoundingWouldHideAreCountedInBytes() throws Exception {
    assertTrue(shell.run("alloc 2093057 -n orders").contains(": 2093057 bytes from "));
    assertEquals(
        "resized orders from 2093057 bytes to 1.5 MiB, mapped anew",
        shell.run("resize orders 1.5m"));
    assertTrue(shell.run("fill orders --length 1m --offset 1").startsWith("filled 1 MiB of "));
    assertTrue(
        shell
            .run("punch orders --offset 4k")
            .startsWith("punched 1568768 bytes at 4096 of orders in "));
    assertEquals("wrote 1 byte at 0 of orders", shell.run("write orders 0 x"));
  }

  @Test
  void whatHoldsWhileARegionIsOpenIsRefusedWhereTheSessionEnds() throws Exception {
    shell.session.put(RegionOpened.ONE_COMMAND, true);
    shell.run("alloc 4k -n orders");
    for (String words :
        List.of(
            "alloc 4k --max 1m",
            "alloc 4k -n other --checked",
            "alloc 4k -n other --budget 64k",
            "alloc 4k -n other --policy never",
            "open orders --max 1m --autogrow",
            "open orders --checked")) {
      String refused = shell.fail(words);
      assertTrue(refused.contains(" hold while the region is open"), refused);
      assertTrue(refused.contains("'./dmalloc'"), refused);
    }
    assertEquals(List.of("orders"), disk.names());
  }

  @Test
  void listingsShowTheLengthAndWhoHasARegionOpen() throws Exception {
    shell.run("alloc 64k -n orders");
    shell.run("length orders 4k");
    List<String> stored = shell.run("stored").lines().toList();
    assertTrue(
        stored.getFirst().matches("NAME +SIZE +LENGTH +STATE +CREATED .*DETAIL"), stored::toString);
    assertTrue(stored.getLast().matches("orders +64 KiB +4 KiB +open .*"), stored::toString);
    List<String> regions = shell.run("regions").lines().toList();
    assertTrue(regions.getLast().contains("64 KiB   4 KiB"), regions::toString);
    shell.run("free orders");
    assertFalse(shell.run("stored").contains("DETAIL"));
  }

  @Test
  void theLengthIsShownAndKeptWithTheRegion() throws Exception {
    shell.run("alloc 4k -n orders");
    assertEquals("length of orders: 4096 of 4096 bytes", shell.run("length orders"));
    assertFalse(shell.run("info orders").contains("\nlength "), shell.out());
    assertEquals("length of orders: 100 of 4096 bytes", shell.run("length orders 100"));
    assertTrue(shell.run("info orders").contains("\nlength "), shell.out());
    assertEquals(
        "dmalloc: length: SIZE 4097 is more than orders has, which is 4096 bytes; resize it first",
        shell.fail("length orders 4097"));
    shell.run("free orders");
    assertEquals("length of orders: 100 of 4096 bytes", shell.run("length orders"));
    assertTrue(shell.run("stored --json").contains("\"length\": 100"), shell.out());
  }

  @Test
  void whatIsStoredPastTheEndMakesARegionGrowThatMay() throws Exception {
    shell.run("alloc 4k -n orders --max 1m --autogrow");
    shell.run("write orders 5000 hello");
    assertTrue(shell.run("read orders 5000 5").endsWith("|hello|"), shell.out());
    assertEquals(
        8192, shell.regions().getFirst().info().byteSize(), "half as much again, in pages");
    assertFalse(shell.run("fill orders --offset 8k --length 0").contains("grown"), shell.out());
    shell.run("fill orders --offset 8k --length 8k");
    assertTrue(shell.regions().getFirst().info().byteSize() >= 16 << 10);
    assertEquals(
        "dmalloc: 1 byte at 1048576: beyond the 1048576 bytes that orders grows to by itself;"
            + " 'resize' it, or free it and open it with a larger --max",
        shell.fail("write orders 1m x"));
    assertTrue(
        shell
            .fail("fill orders --offset 4k --length " + Long.MAX_VALUE)
            .contains(Long.MAX_VALUE + " bytes at 4096: beyond the 1048576 bytes"));
    assertTrue(shell.fail("read orders 1m 1").contains("beyond the end"));
    shell.run("alloc 4k -n fixed --max 1m");
    assertTrue(shell.fail("write fixed 4k x").contains("beyond the end"));
  }

  @Test
  void anInterruptedFillSaysWhatItLeft() throws Exception {
    shell.run("alloc 4k -n orders --max 1m --autogrow");
    files.faults().before(call -> Thread.currentThread().interrupt(), "grow");
    assertEquals(
        "dmalloc: fill: interrupted; 0 of 12288 bytes at 4096 of orders are filled, the rest is as"
            + " it was; it has grown to 16 KiB",
        shell.fail("fill orders --offset 4k --length 12k"));
    assertTrue(shell.run("read orders 4k 4").endsWith("|....|"), shell.out());
  }

  @Test
  void rangesArePunchedAndReserved() throws Exception {
    shell.run("alloc 64k -n orders");
    shell.run("fill orders");
    String punched = shell.run("punch orders --offset 4k --length 8k --release");
    assertTrue(punched.startsWith("punched 8 KiB at 4096 of orders in "), punched);
    assertTrue(punched.endsWith("; its space is given back"), punched);
    assertTrue(shell.run("read orders 4094 4").endsWith("|ZZ..|"), shell.out());
    assertTrue(shell.run("info orders").contains("sparse"), shell.out());
    assertTrue(
        shell.run("reserve orders").startsWith("reserved 64 KiB at 0 of orders in "), shell.out());
    assertFalse(shell.run("info orders").contains("sparse"), shell.out());
    shell.run("punch orders --all");
    assertEquals(
        List.of("punch 8192", "reserve 65536", "punch 65536"),
        files.faults().calls("punch", "reserve"));
    assertTrue(shell.fail("punch orders --offset 65k").contains("beyond the end of orders"));
    shell.run("free orders");
    shell.run("punch orders --length 4k");
    assertTrue(shell.fail("punch 424242 --all").contains("no region 424242 is open"));
  }

  @Test
  void aProtectedRangeIsNotWritten() throws Exception {
    shell.run("alloc 64k -n orders");
    assertEquals(
        "protected 4 KiB at 4096 of orders; segments handed out from now on are read-only",
        shell.run("protect orders ro --offset 4k --length 4k"));
    assertTrue(shell.run("info orders").contains("protected"), shell.out());
    String refused = shell.fail("write orders 5000 x");
    assertTrue(refused.contains("protected"), refused);
    assertTrue(refused.contains("protect orders rw"), refused);
    shell.run("write orders 0 free");
    shell.run("alloc 4k -n 'my orders'");
    long other = shell.regions().getLast().info().id();
    shell.run("protect " + other + " ro");
    assertTrue(shell.fail("write " + other + " 0 x").contains("'protect " + other + " rw'"));
    assertTrue(shell.fail("fill orders").contains("protected"));
    assertTrue(shell.fail("punch orders --all").contains("protected"));
    assertEquals("64 KiB at 0 of orders can be written", shell.run("protect orders rw"));
    shell.run("write orders 5000 x");
    shell.run("free orders");
    assertEquals(
        "dmalloc: orders is not open, and a protection ends with its region; 'open' it first",
        shell.fail("protect orders ro"));
  }

  @Test
  void regionsAreRenamedOpenOrNot() throws Exception {
    shell.run("alloc 4k -n orders");
    shell.run("write orders 0 kept");
    assertEquals("renamed orders to invoices", shell.run("rename orders invoices"));
    assertTrue(shell.run("read invoices 0 4").endsWith("|kept|"), shell.out());
    assertTrue(shell.fail("rename invoices again --durable force").contains("leave --durable out"));
    shell.run("free invoices");
    assertEquals("renamed invoices to bills", shell.run("rename invoices bills --durable force"));
    assertEquals(List.of("bills"), disk.names());
    shell.run("alloc 4k -n taken");
    assertTrue(shell.fail("rename bills taken").contains("taken"));
    assertEquals(Set.of("bills", "taken"), Set.copyOf(disk.names()));
  }

  @Test
  void whatIsOpenIsDeletedOnlyIfThatIsSaid() throws Exception {
    shell.run("alloc 4k -n orders");
    MemoryRegion region = shell.regions().getFirst().region();
    String refused = shell.fail("delete orders");
    assertTrue(refused.startsWith("dmalloc: delete: orders is open"), refused);
    assertTrue(refused.contains("give --open"), refused);
    assertEquals("deleted orders", shell.run("delete orders --open --durable force"));
    assertEquals("no region is stored", shell.run("stored"));
    assertTrue(region.detached().isPresent());
    assertTrue(shell.run("free --all").contains("not in the store any more: orders"), shell.out());
  }

  @Test
  void allNamesAreFlushedAtOnce() throws Exception {
    assertTrue(shell.run("flush --names").startsWith("flushed the names of files in "));
    assertTrue(shell.run("flush --names -b files").startsWith("flushed the names of files in "));
    InMemoryProvider plain = InMemoryProvider.of("plain");
    shell.providers.put(plain, new Backend.Service(0, 9, "plain", "bundle"));
    assertEquals(
        "dmalloc: backend plain has no store; these have one: files",
        shell.fail("flush --names -b plain"));
  }
}
