/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.dmalloc.api.move.LeakedRegion;
import org.dmalloc.shell.command.Command;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the shell says of regions that move, and of those that are written to meanwhile. */
class MovingCommandsTest {
  private static final long DEADLINE_SECONDS = 60;

  private final InMemoryProvider managed = InMemoryProvider.of("managed");
  private final InMemoryProvider memory = InMemoryProvider.of("memory");
  private final InMemoryProvider files = InMemoryProvider.of("files");
  private final GogoShell shell = new GogoShell(managed, memory, files);
  private final PaperMover mover = new PaperMover(managed);

  MovingCommandsTest() {
    shell.providers.mover(() -> mover);
  }

  @AfterEach
  void close() throws Exception {
    for (Command command : shell.commands.all()) {
      assertTrue(command.stop(Duration.ofSeconds(DEADLINE_SECONDS)));
    }
    shell.close();
  }

  private long alloc(String words) throws Exception {
    return Long.parseLong(shell.session.execute("alloc " + words).toString());
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() - deadline < 0, "waited in vain");
      Thread.onSpinWait();
    }
  }

  // --- hotswap ---

  @Test
  void hotswapTellsWhatWasDone() throws Exception {
    long id = alloc("4k");
    assertEquals(
        String.format(
            Locale.ROOT,
            "region %d: memory → files, 8 KiB copied in 3 passes (userfaultfd), pause 0.14 ms, 4"
                + " MB/s",
            id),
        shell.run(String.format(Locale.ROOT, "hotswap %d files", id)));
    assertEquals(
        String.format(Locale.ROOT, "region %d: files → files, it is there already", id),
        shell.run(String.format(Locale.ROOT, "hotswap %d files", id)));
    assertTrue(shell.run("regions").contains("files"), shell.run("regions"));
  }

  @Test
  void hotswapMovesSeveralOrAll() throws Exception {
    long first = alloc("4k");
    long second = alloc("4k");
    long own = alloc("4k -b files");
    assertEquals(
        2,
        shell
            .run(String.format(Locale.ROOT, "hotswap %d %d files", first, second))
            .lines()
            .count());
    String all = shell.run("hotswap --all memory");
    assertEquals(3, all.lines().count(), all);
    assertTrue(
        all.endsWith(
            String.format(
                Locale.ROOT,
                "region %d: skipped, it belongs to files and cannot move; allocate with '-b"
                    + " managed'",
                own)),
        all);
    shell.run("free --all");
    assertEquals("no region is open", shell.run("hotswap -a files"));
  }

  @Test
  void oneThatCannotMoveKeepsNoOtherFromMoving() throws Exception {
    long first = alloc("4k");
    long second = alloc("4k");
    mover.pinned.add(first);
    for (String line :
        List.of(
            String.format(Locale.ROOT, "hotswap %d %d files", first, second),
            "hotswap --all memory")) {
      shell.out.reset();
      assertEquals("dmalloc: hotswap: 1 of 2 moves failed; see above", shell.fail(line));
      List<String> lines = shell.out().lines().toList();
      assertTrue(
          lines
              .getFirst()
              .startsWith(
                  String.format(
                      Locale.ROOT, "region %d: stays where it is: hotswap: move of region", first)),
          lines.toString());
      assertTrue(lines.get(1).contains(" → "), lines.toString());
    }
  }

  @Test
  void hotswapPassesTheRateOn() throws Exception {
    long id = alloc("4k");
    shell.run(String.format(Locale.ROOT, "hotswap %d files --rate 10m", id));
    assertEquals(10 << 20, mover.options.getFirst().bytesPerSecond());
    shell.run(String.format(Locale.ROOT, "hotswap %d memory", id));
    assertEquals(Long.MAX_VALUE, mover.options.getLast().bytesPerSecond());
  }

  @Test
  void hotswapRefusesInOneLine() throws Exception {
    long id = alloc("4k");
    String unknown = shell.fail(String.format(Locale.ROOT, "hotswap %d file", id));
    assertTrue(unknown.contains("backend 'file' is unknown; did you mean files?"), unknown);
    String own = shell.fail(String.format(Locale.ROOT, "hotswap %d files", alloc("4k -b memory")));
    assertTrue(own.contains("belongs to its backend and cannot move"), own);
    mover.pinned.add(id);
    String pinned = shell.fail(String.format(Locale.ROOT, "hotswap %d files", id));
    assertTrue(pinned.contains("pinned by segment(), taken by bundle importer"), pinned);
    assertFalse(pinned.contains("\n"), pinned);
    assertTrue(shell.fail("hotswap files").contains("give the ids of regions, or --all"));
    assertTrue(shell.fail("hotswap 999999 files").contains("no region 999999 is open"));
    shell.providers.mover(() -> null);
    assertTrue(
        shell
            .fail(String.format(Locale.ROOT, "hotswap %d files", id))
            .contains("org.dmalloc.manager"));
  }

  @Test
  void anInterruptLeavesTheRegionWhereItIsAndTheShellGoesOn() throws Exception {
    long id = alloc("4k");
    mover.waits = true;
    try (var executor = Executors.newSingleThreadExecutor()) {
      Future<String> failure =
          executor.submit(() -> shell.fail(String.format(Locale.ROOT, "hotswap %d files", id)));
      assertTrue(mover.started.await(DEADLINE_SECONDS, TimeUnit.SECONDS));
      shell.interruptJobs();
      assertFalse(failure.get(DEADLINE_SECONDS, TimeUnit.SECONDS).isEmpty());
    }
    await(() -> mover.managed(id).orElseThrow().history().size() == 1);
    mover.waits = false;
    String info = shell.run("info " + id);
    assertTrue(info.contains("memory → files (command): failed: move"), info);
    assertTrue(info.contains("cancelled by an interrupt"), info);
    assertTrue(
        shell.run(String.format(Locale.ROOT, "hotswap %d files", id)).contains("memory → files"));
  }

  @Test
  void infoShowsTheHistory() throws Exception {
    long id = alloc("4k");
    shell.run(String.format(Locale.ROOT, "hotswap %d files", id));
    mover.pinned.add(id);
    shell.fail(String.format(Locale.ROOT, "hotswap %d memory", id));
    String info = shell.run("info " + id);
    assertTrue(info.contains("now on      files"), info);
    assertTrue(info.contains("bundle      test.bundle"), info);
    assertTrue(info.contains("moves       1"), info);
    assertTrue(
        info.contains("move 1      1970-01-01T00:00:00Z memory → files (command): 8 KiB copied"),
        info);
    assertTrue(info.contains("move 2") && info.contains("files → memory (command): failed"), info);
    assertTrue(shell.run(String.format(Locale.ROOT, "info %d --json", id)).contains("\"history\""));
  }

  @Test
  void regionsListsLeaks() throws Exception {
    assertEquals(
        "nothing was left open by a bundle or backend that stopped", shell.run("regions --leaks"));
    mover.leaks.add(
        new LeakedRegion(
            7, "orders", 4096, "shop.bundle", "importer", Instant.EPOCH, Instant.EPOCH, false));
    mover.leaks.add(
        new LeakedRegion(
            8, null, 1 << 20, "shop.bundle", null, Instant.EPOCH, Instant.EPOCH, true));
    String text = shell.run("regions --leaks");
    assertTrue(text.contains("7  orders") && text.contains("left open"), text);
    assertTrue(text.contains("importer") && text.contains("closed"), text);
    assertTrue(shell.run("regions --leaks --json").contains("\"bundle\": \"shop.bundle\""));
  }
}
