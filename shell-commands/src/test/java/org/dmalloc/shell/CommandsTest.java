/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandsTest {
  private final InMemoryProvider files =
      InMemoryProvider.of(
          "files",
          Capability.NAMED,
          Capability.READ_ONLY,
          Capability.SHARED_MAPPING,
          Capability.PRIVATE_MAPPING,
          Capability.SPARSE,
          Capability.DIRECTORY,
          Capability.FORCE,
          Capability.SYNC,
          Capability.ADVICE,
          Capability.HUGE_PAGES,
          Capability.PREFAULT,
          Capability.LOCKED,
          Capability.RESIDENCY);
  private final InMemoryProvider plain =
      InMemoryProvider.of(
          "plain",
          Capability.SWAP_POLICY,
          Capability.LOCKED,
          Capability.RESIZE,
          Capability.RELEASE,
          Capability.RESIDENT_BUDGET);
  private final GogoShell shell = new GogoShell(files, plain);

  @AfterEach
  void close() {
    shell.close();
  }

  private long alloc(String words) throws Exception {
    return Long.parseLong(shell.session.execute("alloc " + words).toString());
  }

  @Test
  void providersAreListedBestFirst() throws Exception {
    String text = shell.run("providers");
    assertTrue(text.startsWith("BACKEND"), text);
    assertTrue(text.indexOf("files") < text.indexOf("plain"), text);
    assertTrue(shell.run("providers --json").contains("\"backend\": \"files\""));
    assertTrue(shell.run("providers -c").contains("swap-policy"));
  }

  @Test
  void allocatesFromTheBestBackendUnlessToldOtherwise() throws Exception {
    alloc("1k");
    assertEquals(1, files.requests().size());
    alloc("1k -b plain");
    assertEquals(1, plain.requests().size());
  }

  @Test
  void allocPassesEveryOptionOn(@TempDir Path directory) throws Exception {
    shell.session.currentDir(directory);
    alloc(
        "1.5k --name=orders -p random -s shared --durability sync --huge --lock --prefault"
            + " --sparse -d store -o me");
    RegionRequest request = files.requests().getFirst();
    assertEquals(1536, request.byteSize());
    assertEquals("orders", request.name());
    assertEquals(AccessPattern.RANDOM, request.pattern());
    assertEquals(Sharing.SHARED, request.sharing());
    assertEquals(Durability.SYNC, request.durability());
    assertEquals(PageSize.HUGE, request.pageSize());
    assertTrue(request.locked());
    assertTrue(request.prefault());
    assertEquals(Reservation.SPARSE, request.reservation());
    assertEquals(directory.resolve("store"), request.directory());
    assertEquals("me", request.owner());
    alloc("1k --sharing private");
    assertEquals(Sharing.PRIVATE, files.requests().get(1).sharing());
    alloc("1k -b plain --policy never,no-read-ahead");
    assertEquals(
        Set.of(SwapPolicy.NEVER, SwapPolicy.NO_READ_AHEAD), plain.requests().getFirst().policies());
  }

  @Test
  void snapshotsAreMadeAndListed() throws Exception {
    alloc("64 -n orders");
    shell.run("write orders 3 hello");
    String made = shell.run("snapshot orders monday");
    assertTrue(made.startsWith("orders → monday, 64 B copied at once, pause "), made);
    shell.run("write orders 3 later");
    assertTrue(shell.run("read monday 3 5").contains("hello"));
    String listed = shell.run("stored");
    assertTrue(listed.contains("SNAPSHOT OF") && listed.contains("orders, "), listed);
    assertTrue(shell.fail("open monday").contains("it is a snapshot"));
    long memory = alloc("64 -b plain");
    String none = shell.fail("snapshot " + memory + " none");
    assertTrue(none.contains("lacks NAMED"), none);
    String json = shell.run("snapshot " + memory + " tuesday -b files --rate 1m --json");
    assertTrue(json.contains("\"method\": \"PAUSED_COPY\""), json);
    assertTrue(shell.fail("snapshot orders monday").contains("the name is taken"));
    shell.run("delete monday tuesday");
  }

  @Test
  void whatWasWrittenIsReadBack() throws Exception {
    alloc("64 -n orders");
    assertEquals("wrote 5 bytes at 3 of orders", shell.run("write orders 3 hello"));
    assertEquals(
        "00000000  00 00 00 68 65 6c 6c 6f  00 00 00 00 00 00 00 00  |...hello........|",
        shell.run("read orders 0 16"));
    assertEquals(
        "00000003  68 65 6c 6c 6f                                    |hello|",
        shell.run("read orders 3 5"));
    shell.run("write orders 0x10 --hex 'ff 00'");
    assertTrue(shell.run("read orders 16 2 --json").contains("\"hex\": \"ff00\""));
    assertEquals(4, shell.run("read orders").lines().count());
    alloc("4k -n zeros");
    assertEquals(
        List.of("00000000", "*", "00000ff0"),
        shell.run("read zeros 0 4k").lines().map(l -> l.split(" ", 2)[0]).toList());
  }

  @Test
  void fileContentIsWrittenAndRawBytesComeBack(@TempDir Path directory) throws Exception {
    byte[] content = new byte[5000];
    new java.util.Random(7).nextBytes(content);
    Files.write(directory.resolve("in"), content);
    shell.session.currentDir(directory);
    long id = alloc("5000");
    shell.run(String.format(Locale.ROOT, "write %d 0 --file in", id));
    shell.run(String.format(Locale.ROOT, "read %d --raw", id));
    assertArrayEquals(content, shell.out.toByteArray());
  }

  @Test
  void aStoredRegionIsOpenedForOneCommandOnly() throws Exception {
    long id = alloc("64 -n orders");
    shell.run("write orders 0 kept");
    assertEquals("freed 1 region; still stored: orders", shell.run("free " + id));
    assertTrue(shell.run("read orders 0 4").endsWith("|kept|"));
    assertEquals(AccessMode.READ_ONLY, files.opens().getFirst().access());
    shell.run("write orders 0 gone");
    assertEquals(AccessMode.READ_WRITE, files.opens().getLast().access());
    assertEquals("no region is open", shell.run("regions"));
  }

  @Test
  void openKeepsARegionOpen() throws Exception {
    alloc("64 -n orders");
    shell.run("free orders");
    shell.run("open orders --read-only -o reader");
    assertTrue(shell.run("regions").contains("reader"));
    assertTrue(shell.fail("write orders 0 x").contains("orders is open for reading only"));
    assertTrue(shell.run("stored").contains("open"));
  }

  @Test
  void resultsAreObjectsInGogo() throws Exception {
    shell.run("r = (alloc 64)");
    shell.run("write $r 0 abc");
    assertTrue(shell.run("read $r 0 3").endsWith("|abc|"));
    assertEquals("64", shell.run("((regions) get 0) byteSize"));
    shell.run("free $r");
    assertEquals("no region is open", shell.run("regions"));
  }

  @Test
  void freeAllClosesEverything() throws Exception {
    alloc("64");
    alloc("64 -b plain");
    assertEquals("freed 2 regions", shell.run("free --all"));
    assertEquals(List.of(), shell.regions());
  }

  @Test
  void aMistypedIdFreesNothing() throws Exception {
    long id = alloc("64");
    assertEquals(
        "dmalloc: no region 999999 is open; see 'regions'", shell.fail("free " + id + " 999999"));
    assertEquals(1, shell.regions().size());
    assertTrue(shell.fail("free").contains("or --all"));
    assertTrue(shell.fail("free --all " + id).contains("or --all"));
  }

  @Test
  void infoShowsWhatTheBackendCanTell() throws Exception {
    alloc("4k -n orders");
    String text = shell.run("info orders");
    assertTrue(text.contains("in RAM") && text.contains("100 % (counted by the provider)"), text);
    assertFalse(text.contains("in swap"), text);
    assertTrue(shell.run("info orders --json").contains("\"residentBytes\": 4096"));
    long id = alloc("4k -b plain");
    assertFalse(shell.run("info " + id).contains("in RAM"));
  }

  @Test
  void fillFillsTheRangeAndNothingElse() throws Exception {
    long id = alloc("64");
    assertTrue(
        shell
            .run(String.format(Locale.ROOT, "fill %d --with 0x41 --offset 2 --length 3", id))
            .startsWith("filled 3 B of region " + id + " with 0x41"));
    assertTrue(shell.run(String.format(Locale.ROOT, "read %d 0 8", id)).endsWith("|..AAA...|"));
    assertTrue(
        shell
            .fail(String.format(Locale.ROOT, "fill %d --with 256", id))
            .contains("256: not a byte"));
  }

  @Test
  void advicePoliciesFlushAndResizeReachTheRegion() throws Exception {
    MemoryRegion region = files.allocate(RegionRequest.ofSize(64));
    shell.run(String.format(Locale.ROOT, "advise %d random", region.id()));
    assertEquals(List.of("advise RANDOM"), files.faults().calls("advise"));
    shell.run("flush " + region.id());
    assertEquals(1, files.faults().count("force"));
    MemoryRegion other = plain.allocate(RegionRequest.ofSize(64));
    assertTrue(
        shell
            .run(String.format(Locale.ROOT, "policy %d never", other.id()))
            .endsWith("in force: never"));
    assertTrue(
        shell
            .run(String.format(Locale.ROOT, "resize %d 1k", other.id()))
            .endsWith("from 64 B to 1 KiB, mapped anew"));
    assertEquals(1024, other.byteSize());
  }

  @Test
  void whatIsNotInTheFileSinceAFailedWriteBackIsShown() throws Exception {
    MemoryRegion region = files.allocate(RegionRequest.ofSize(64));
    assertFalse(shell.run("info " + region.id()).contains("not written"));
    files.faults().fail("EIO", "force");
    shell.fail("flush " + region.id());
    String info = shell.run("info " + region.id());
    assertTrue(info.contains("not written"), info);
    assertTrue(info.contains("64 bytes are not proven to be in the file"), info);
    String regions = shell.run("regions");
    assertTrue(regions.contains("rw, not written"), regions);
  }

  /** A size that is read first may be another one when the call comes. */
  @Test
  void theWholeRegionIsAskedForAsSuchBesideAResize() throws Exception {
    MemoryRegion region =
        InMemoryProvider.of("all", Capability.FORCE, Capability.ADVICE, Capability.RELEASE)
            .allocate(RegionRequest.ofSize(64));
    List<String> whole = new CopyOnWriteArrayList<>();
    MemoryRegion told =
        proxy(
            MemoryRegion.class,
            (method, arguments) -> {
              if (method.getReturnType() == void.class && !method.getName().equals("close")) {
                whole.add(method.getName() + (method.getParameterCount() < 2 ? "" : " a range"));
              }
              return method.invoke(region, arguments);
            });
    MemoryProvider only =
        proxy(
            MemoryProvider.class,
            (method, arguments) ->
                method.getName().equals("regions")
                    ? List.of(told)
                    : method.invoke(plain, arguments));
    shell.providers.put(only, new Backend.Service(1, 1, null, ""));
    shell.run("flush " + region.id());
    assertEquals(
        String.format(Locale.ROOT, "advised random for all of region %d", region.id()),
        shell.run(String.format(Locale.ROOT, "advise %d random", region.id())).strip());
    shell.run("release " + region.id());
    shell.run(String.format(Locale.ROOT, "release %d --length 64", region.id()));
    shell.run(String.format(Locale.ROOT, "advise %d random --offset 0", region.id()));
    assertEquals(List.of("force", "advise", "release", "release a range", "advise a range"), whole);
  }

  private interface Answer {
    @Nullable Object to(Method method, Object @Nullable [] arguments) throws Exception;
  }

  private static <T> T proxy(Class<T> type, Answer answer) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> answer.to(method, arguments)));
  }

  @Test
  void releasesAndBudgetsReachTheRegion() throws Exception {
    MemoryRegion region = plain.allocate(RegionRequest.ofSize(64));
    assertEquals(
        "released all of region " + region.id(), shell.run("release " + region.id()).strip());
    shell.run(String.format(Locale.ROOT, "release %d --offset 60 --length 4", region.id()));
    assertEquals(List.of("release 64", "release 4"), plain.faults().calls("release"));
    assertTrue(
        shell
            .fail(String.format(Locale.ROOT, "release %d --offset 65", region.id()))
            .contains("beyond"));
    assertTrue(
        shell.run(String.format(Locale.ROOT, "budget %d 1k", region.id())).endsWith(": 1 KiB"));
    assertEquals(1024, region.info().residentBudget());
    assertTrue(shell.run("info " + region.id()).contains("1 KiB"));
    assertTrue(
        shell.run(String.format(Locale.ROOT, "budget %d none", region.id())).endsWith(": none"));
    assertEquals(RegionRequest.NO_BUDGET, region.info().residentBudget());
    assertTrue(
        shell.fail(String.format(Locale.ROOT, "budget %d much", region.id())).contains("'much'"));
    shell.run("alloc 64 -b plain --budget 32");
    assertEquals(32, plain.requests().getLast().residentBudget());
    alloc("64 -n orders");
    shell.run("free orders");
    assertTrue(shell.fail("budget orders 1k").contains("open"));
  }

  @Test
  void deletedRegionsAreGone() throws Exception {
    alloc("64 -n orders");
    assertTrue(shell.fail("delete orders").contains("free it there first"));
    shell.run("free orders");
    assertEquals("deleted orders", shell.run("delete orders"));
    assertEquals("no region is stored", shell.run("stored"));
  }

  @Test
  void verifyFailsOnlyOnDamage() throws Exception {
    files.find(new StoreFinding(StoreFinding.Severity.OK, "/store", "fine"));
    assertTrue(shell.run("verify").contains("fine"));
    files.find(new StoreFinding(StoreFinding.Severity.ERROR, "/store/x", "damaged"));
    assertEquals(
        "dmalloc: verify: 1 of 2 checks failed; see RESULT ERROR above", shell.fail("verify"));
    assertTrue(shell.out().contains("damaged"));
    assertNull(shell.session.execute(""));
  }

  @Test
  void whatFreeLeavesIsSaidToBeStoredOnlyIfItIs() throws Exception {
    long id = alloc("64 -n orders");
    long kept = alloc("64 -n kept");
    files.store().lose("orders");
    assertTrue(shell.run("info orders").contains("detached: its file was deleted"));
    assertEquals(
        "freed 2 regions; still stored: kept; not in the store any more: orders: its file was"
            + " deleted",
        shell.run(String.format(Locale.ROOT, "free %d %d", id, kept)));
  }

  @Test
  void resultsArePipedAsTheyArePrinted() throws Exception {
    alloc("64 -n orders");
    alloc("64 -b plain");
    files.find(new StoreFinding(StoreFinding.Severity.OK, "a", "fine"));
    files.find(new StoreFinding(StoreFinding.Severity.OK, "b", "fine"));
    assertEquals("2", shell.run("verify | grep -c OK"));
    assertEquals("2", shell.run("regions | grep -c 'orders|plain'"));
    assertEquals("1", shell.run("regions --json | grep -c '\"name\": \"orders\"'"));
    assertEquals("1", shell.run("stored | grep -c orders"));
    assertEquals("1", shell.run("providers | grep -i -c PLAIN"));
    assertEquals("1", shell.run("info orders | grep -c '^backend'"));
    assertEquals("", shell.run("providers | grep nothing"));
    assertEquals(
        "dmalloc: grep: /etc: is a directory; give files", shell.fail("grep x /etc/hostname /etc"));
    shell.run("providers | grep -n files");
    assertTrue(shell.out().contains("2:files"), shell.out());
    assertEquals(
        "dmalloc: grep: PATTERN '(' is not a regular expression: Unclosed group; a \\ before a"
            + " character takes it as it is",
        shell.fail("providers | grep '('"));
  }
}
