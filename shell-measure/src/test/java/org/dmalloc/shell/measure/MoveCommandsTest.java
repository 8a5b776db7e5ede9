/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.dmalloc.measure.move.MoveReport;
import org.dmalloc.shell.GogoShell;
import org.dmalloc.shell.PaperMover;
import org.dmalloc.shell.command.Command;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Regions that are written to while they move, and moves that are measured. */
class MoveCommandsTest {
  private static final long DEADLINE_SECONDS = 60;

  private final InMemoryProvider managed = InMemoryProvider.of("managed");
  private final InMemoryProvider memory = InMemoryProvider.of("memory");
  private final InMemoryProvider files = InMemoryProvider.of("files");
  private final GogoShell shell =
      new GogoShell(List.of(new MeasuringCommands()), managed, memory, files);
  private final PaperMover mover = new PaperMover(managed);

  MoveCommandsTest() {
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

  // --- load ---

  @Test
  void loadWritesUntilItIsStoppedAndChecks() throws Exception {
    long id = alloc("64k");
    assertTrue(
        shell
            .run(String.format(Locale.ROOT, "load %d --rate 100000", id))
            .contains("100000 pages/s"));
    await(() -> writes() > 100);
    assertTrue(shell.run("load").contains("writing"));
    String again = shell.fail("load " + id);
    assertTrue(again.contains("has a writer already (writing); end it by 'load --stop"), again);
    String stopped = shell.run("load --stop");
    assertTrue(stopped.contains(" writes in ") && stopped.endsWith("all are there"), stopped);
    assertEquals("no region is written to; see 'load --help'", shell.run("load"));
    assertEquals("no region is written to", shell.run("load --stop"));
  }

  private long writes() {
    try {
      String json = shell.run("load --json");
      return Long.parseLong(json.replaceAll("(?s).*\"writes\": (\\d+).*", "$1"));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void loadEndsWithItsTimeItsRegionOrItsBundle() throws Exception {
    long timed = alloc("64k");
    shell.run(String.format(Locale.ROOT, "load %d --rate 1000 --seconds 1", timed));
    await(() -> state().equals("done"));
    assertTrue(shell.run("load --stop " + timed).endsWith("all are there"));

    long freed = alloc("64k");
    shell.run(String.format(Locale.ROOT, "load %d --rate 1000", freed));
    shell.run("free " + freed);
    await(() -> state().startsWith("ended: region"));
    String stopped = shell.run("load --stop " + freed);
    assertTrue(stopped.contains("; ended: region"), stopped);

    long left = alloc("64k");
    shell.run(String.format(Locale.ROOT, "load %d --rate 1000", left));
    for (Command command : shell.commands.all()) {
      assertTrue(command.stop(Duration.ofSeconds(DEADLINE_SECONDS)));
    }
    assertEquals("no region is written to; see 'load --help'", shell.run("load"));
  }

  private String state() {
    try {
      return shell.run("load --json").replaceAll("(?s).*\"state\": \"([^\"]*)\".*", "$1");
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void loadTellsWhatWasLost() throws Exception {
    long id = alloc("4k");
    shell.run(String.format(Locale.ROOT, "load %d --rate 1 --seconds 2", id));
    await(() -> state().equals("done"));
    shell.run(String.format(Locale.ROOT, "write %d 0 other", id));
    String lost = shell.fail("load --stop " + id);
    assertTrue(lost.contains("verify page 0 (offset 0)"), lost);
  }

  @Test
  void loadRefusesBeforeItWrites() throws Exception {
    long id = alloc("4k");
    assertTrue(
        shell
            .fail(String.format(Locale.ROOT, "load %d --rate 0", id))
            .contains("--rate 0; give at least 1"));
    assertTrue(
        shell.fail(String.format(Locale.ROOT, "load %d -w x", id)).contains("'x' is not a number"));
    assertTrue(
        shell.fail(String.format(Locale.ROOT, "load %d -w 0", id)).contains("give more than 0"));
    assertTrue(
        shell.fail(String.format(Locale.ROOT, "load %d -w 1 -r 1", id)).contains("not both"));
    assertTrue(
        shell
            .fail(String.format(Locale.ROOT, "load %d --seconds 0", id))
            .contains("give at least 1"));
    assertTrue(
        shell
            .fail(String.format(Locale.ROOT, "load %d", alloc("100")))
            .contains("region of 100 bytes"));
    assertTrue(shell.fail("load --stop " + id).contains("has no writer"));
    assertTrue(shell.fail("load 999999").contains("no region 999999 is open"));
  }

  // --- hotswapbench ---

  @Test
  void benchMovesInAllDirectionsAndFreesWhatItTook(@TempDir Path directory) throws Exception {
    shell.session.currentDir(directory);
    Object result =
        shell.session.execute(
            "hotswapbench -s 64k,1m -w 0,100 -b memory,files -m 2 --json moves.json");
    ReportResult bench = assertInstanceOf(ReportResult.class, result);
    MoveReport report = assertInstanceOf(MoveReport.class, bench.report());
    assertEquals(2 * 2 * 2, report.rows().size());
    assertEquals(2 * 2, report.copies().size());
    assertEquals(2, report.rows().getFirst().pauseNanos().size());
    assertTrue(bench.text().contains("userfaultfd"), bench.text());
    String json = Files.readString(directory.resolve("moves.json"));
    assertTrue(json.contains("\"schema\": \"dmalloc-moves\""), json);
    assertEquals(List.of(), shell.regions());
    List<String> said = shell.err().lines().toList();
    assertEquals(
        "hotswapbench: 16 moves after 4 plain copies: 2 directions between memory, files,"
            + " each at 0 %, 100 % written/s, 2 with 64.0 KiB, 2 with 1.00 MiB",
        said.getFirst());
    assertTrue(said.get(1).startsWith("hotswapbench: 64.0 KiB: 2 plain copies in "), said.get(1));
    assertTrue(
        said.getLast().startsWith("hotswapbench: 1.00 MiB, 100 % written/s: 4 moves in ")
            && said.getLast().endsWith(", longest pause 140 µs (memory → files), every page right"),
        said.getLast());
    assertEquals(1 + 2 * (1 + 2), said.size(), "not a terminal: a line for each part, and no more");
  }

  @Test
  void benchRefusesBeforeItMeasures() {
    assertTrue(shell.fail("hotswapbench -b memory").contains("give two backends or more"));
    assertTrue(shell.fail("hotswapbench -b memory,memory").contains("each once"));
    assertTrue(shell.fail("hotswapbench -b memory,nobody").contains("'nobody' is unknown"));
    assertTrue(shell.fail("hotswapbench -b memory,managed").contains("leave it out"));
    assertTrue(shell.fail("hotswapbench -s 100").contains("give whole pages"));
    assertTrue(shell.fail("hotswapbench -s 1x").contains("--size '1x' is not a size"));
    assertTrue(shell.fail("hotswapbench -w x").contains("--written 'x' is not a number"));
    assertTrue(shell.fail("hotswapbench --written=-1").contains("give 0 to 1000"));
    assertTrue(shell.fail("hotswapbench -m 0").contains("--moves 0; give 1 to 10000"));
    assertTrue(shell.fail("hotswapbench --json /no/such/file").contains("no such file"));
    assertEquals(0, managed.requests().size());
  }
}
