/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dmalloc.api.Capability;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.measure.bench.BenchmarkReport;
import org.dmalloc.measure.chaos.ChaosPlan;
import org.dmalloc.shell.GogoShell;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.session.InterruptKey;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.DumbTerminal;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MeasuringCommandsTest {
  private static final long DEADLINE_SECONDS = 60;

  private final InMemoryProvider memory = InMemoryProvider.of("memory", Capability.RESIDENCY);
  private final GogoShell shell = new GogoShell(List.of(new MeasuringCommands()), memory);

  @AfterEach
  void close() {
    shell.close();
  }

  @Test
  void benchMeasuresWritesJsonAndFreesWhatItTook(@TempDir Path directory) throws Exception {
    shell.session.currentDir(directory);
    Object result =
        shell.session.execute(
            "bench -s 1m -w fill,random-read --raw none --json report.json --html report.html");
    ReportResult bench = assertInstanceOf(ReportResult.class, result);
    assertTrue(assertInstanceOf(BenchmarkReport.class, bench.report()).succeeded(), bench.text());
    assertTrue(bench.text().contains("random-read"), bench.text());
    assertFalse(bench.text().contains("zipf-read"), bench.text());
    assertTrue(Files.readString(directory.resolve("report.json")).contains("dmalloc-benchmark"));
    assertTrue(Files.readString(directory.resolve("report.html")).contains("<!DOCTYPE html>"));
    assertEquals(0, memory.regions().size());
  }

  @Test
  void benchRefusesBeforeItMeasures() {
    assertTrue(shell.fail("bench -w fil").contains("did you mean fill?"));
    assertTrue(shell.fail("bench -b nobody").contains("backend 'nobody' is unknown"));
    assertTrue(shell.fail("bench --json /no/such/file").contains("no such file or directory"));
    assertTrue(shell.fail("bench --threads 0").contains("threads 0; give 1 to 256"));
    assertTrue(shell.fail("bench -t 9999").contains("threads 9999; give 1 to 256: "));
    assertTrue(shell.fail("bench --time 0").contains("--time 0; give 1 to 3600: seconds"));
    assertTrue(shell.fail("bench --time -1").contains("--time -1; give 1 to 3600: seconds"));
    assertTrue(shell.fail("bench -d /no/such").contains("/no/such: no such file or directory"));
    assertTrue(shell.fail("bench -d /etc/passwd").contains("/etc/passwd: not a directory"));
    assertTrue(shell.fail("bench --json /").contains("--json / is a directory; give a file"));
    assertTrue(
        shell
            .fail("bench --html orders.region")
            .endsWith("orders.region would replace a file of a store; give another name"));
    assertTrue(shell.fail("bench --html /proc/x").contains("/proc/x: cannot be created"));
    assertTrue(shell.fail("bench --json - --html -").contains("both go to standard output"));
    assertTrue(shell.fail("bench --size 1k").contains("benchmark of 1024 bytes"));
    assertEquals(0, memory.requests().size());
  }

  @Test
  void benchPrintsJsonAndNothingElseToStandardOutput() throws Exception {
    String printed =
        shell.run("bench -s 1m -w random-read --start warm --time 1 --raw none --json -");
    assertTrue(printed.contains("\"schema\": \"dmalloc-benchmark\""), printed);
    assertFalse(printed.contains("ops/s"), printed);
    assertEquals("", shell.out());
    assertTrue(printed.startsWith("{"), printed);
    assertTrue(printed.strip().endsWith("}"), printed);
  }

  @Test
  void aReportThatCannotBeWrittenIsAFailureAfterTheTable() {
    assumeTrue(Files.isWritable(Path.of("/dev/full")), "/dev/full is missing");
    shell.out.reset();
    String failure =
        shell.fail("bench -s 1m -w random-read --start warm --raw none --json /dev/full");
    assertTrue(failure.startsWith("dmalloc: bench: --json /dev/full: No space left"), failure);
    assertTrue(shell.out().contains("random-read"), shell::out);
  }

  @Test
  void aReportTakesThePlaceOfAnEarlierOneWhole(@TempDir Path directory) throws Exception {
    shell.session.currentDir(directory);
    Path report = Files.writeString(directory.resolve("report.json"), "x".repeat(1 << 20));
    shell.run("bench -s 1m -w random-read --start warm --raw none --json report.json");
    assertTrue(Files.readString(report).strip().endsWith("}"), "whole");
    assertFalse(Files.readString(report).contains("xx"), "nothing of the earlier one");
    try (Stream<Path> left = Files.list(directory)) {
      assertEquals(List.of(report), left.toList());
    }
  }

  @Test
  void compareRefusesBeforeItDoesAnything(@TempDir Path directory) {
    shell.session.currentDir(directory);
    assertTrue(shell.fail("compare --time 0").contains("--time 0; give 1 to "));
    assertTrue(shell.fail("compare -r 0").contains("--runs 0; give 1 to 1000"));
    assertTrue(shell.fail("compare -r 1000000000").contains("give 1 to 1000"));
    assertTrue(shell.fail("compare --cell-millis 0").contains("--cell-millis 0; give 1"));
    assertTrue(shell.fail("compare --zram 0").contains("--zram of 0 bytes; give at least 1m"));
    assertTrue(shell.fail("compare -d /no/such").contains("/no/such: no such file"));
    assertTrue(shell.fail("compare -d /etc/passwd").contains("/etc/passwd: not a directory"));
    assertTrue(shell.fail("compare --page-cluster -1").contains("not a list of numbers from 0"));
    assertTrue(shell.fail("compare --against /etc").contains("/etc: a directory; give a file"));
    assertTrue(shell.fail("compare --against /etc/passwd").contains("holds no comparison"));
    assertTrue(shell.fail("compare --json - --save -").contains("both go to standard output"));
    assertTrue(shell.fail("compare -w nosuch").contains("give one of fill, sequential-read"));
    assertTrue(shell.fail("hotswapbench -m 2000000000").contains("--moves 2000000000; give 1"));
  }

  @Test
  void chaosRefusesBeforeItDoesAnything(@TempDir Path directory) {
    shell.session.currentDir(directory);
    assertTrue(shell.fail("chaos --workers 0").contains("workers 0; give 1 to 16"));
    assertTrue(shell.fail("chaos --hands 99").contains("hands 99; give 1 to 16"));
    assertTrue(shell.fail("chaos --time x").contains("--time 'x' is not a length of time"));
    assertTrue(shell.fail("chaos --disk 1m").contains("give at least 384m"));
    assertTrue(shell.fail("chaos --only kil").contains("did you mean kill?"));
    assertTrue(shell.fail("chaos --without alocate").contains("did you mean allocate?"));
    assertTrue(
        shell
            .fail("chaos --only write --without write")
            .contains("no act is left; leave out fewer by --without"));
    assertTrue(shell.fail("chaos -d /no/such").contains("/no/such: no such file or directory"));
    assertTrue(shell.fail("chaos --json /no/such/file").contains("no such file or directory"));
    assertEquals(0, memory.requests().size());
  }

  @Test
  void aFaultAloneIsDoneToAllActsAndAnActAloneMeetsAllFaults() {
    Set<String> kills = ChaosCommand.chosen("kill", null);
    assertTrue(kills.containsAll(ChaosPlan.acts()) && kills.contains("kill"), kills.toString());
    assertFalse(kills.contains("stop"), kills.toString());
    Set<String> heaps = ChaosCommand.chosen("heap", "kill,disk");
    assertEquals(Set.of("heap"), intersection(heaps, ChaosPlan.acts()));
    assertTrue(heaps.contains("stop") && !heaps.contains("disk"), heaps.toString());
  }

  private static Set<String> intersection(Set<String> some, List<String> others) {
    return some.stream().filter(others::contains).collect(Collectors.toSet());
  }

  @Test
  void anInterruptStopsABenchmarkAndFreesWhatItTook() throws Exception {
    CountDownLatch allocated = new CountDownLatch(1);
    memory.faults().before(call -> allocated.countDown(), "allocate");
    try (var executor = Executors.newSingleThreadExecutor()) {
      Future<String> failure =
          executor.submit(() -> shell.fail("bench -s 1m -w random-read --raw none --time 3600"));
      assertTrue(allocated.await(DEADLINE_SECONDS, TimeUnit.SECONDS));
      shell.interruptJobs();
      // Gogo does not wait for the command that it interrupts.
      assertTrue(failure.get(DEADLINE_SECONDS, TimeUnit.SECONDS).contains("Interrupted"));
    }
    awaitNoRegion();
  }

  @Test
  void aBundleThatStopsWaitsForItsCommands() throws Exception {
    CountDownLatch allocated = new CountDownLatch(1);
    memory.faults().before(call -> allocated.countDown(), "allocate");
    try (var executor = Executors.newSingleThreadExecutor()) {
      Future<String> failure =
          executor.submit(() -> shell.fail("bench -s 1m -w random-read --raw none --time 3600"));
      assertTrue(allocated.await(DEADLINE_SECONDS, TimeUnit.SECONDS));
      for (Command command : shell.commands.all()) {
        assertTrue(command.stop(Duration.ofSeconds(DEADLINE_SECONDS)));
      }
      assertEquals(0, memory.regions().size());
      assertEquals("dmalloc: bench: interrupted", failure.get(DEADLINE_SECONDS, TimeUnit.SECONDS));
    }
  }

  @Test
  void ctrlCOnATerminalWaitsForTheCommandToFreeWhatItTook() throws Exception {
    CountDownLatch allocated = new CountDownLatch(1);
    memory.faults().before(call -> allocated.countDown(), "allocate");
    shell.processor.addListener(new InterruptKey(shell.commands::all));
    try (Terminal terminal = new DumbTerminal(InputStream.nullInputStream(), shell.out);
        var executor = Executors.newSingleThreadExecutor()) {
      AtomicInteger passedOn = new AtomicInteger();
      terminal.handle(Terminal.Signal.INT, signal -> passedOn.incrementAndGet());
      shell.session.put(".terminal", terminal);
      Future<String> failure =
          executor.submit(() -> shell.fail("bench -s 1m -w random-read --raw none --time 3600"));
      assertTrue(allocated.await(DEADLINE_SECONDS, TimeUnit.SECONDS));
      terminal.raise(Terminal.Signal.INT);
      assertEquals("dmalloc: bench: interrupted", failure.get(DEADLINE_SECONDS, TimeUnit.SECONDS));
      assertEquals(0, memory.regions().size());
      assertEquals(0, passedOn.get());
      terminal.raise(Terminal.Signal.INT);
      assertEquals(1, passedOn.get(), "nothing of ours runs any more");
    }
  }

  @Test
  void aSecondCtrlCGoesToTheShell() throws Exception {
    CountDownLatch allocated = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    AtomicReference<Thread> running = new AtomicReference<>();
    memory
        .faults()
        .before(
            call -> {
              running.set(Thread.currentThread());
              allocated.countDown();
              awaitUninterruptibly(release);
            },
            "allocate");
    shell.processor.addListener(new InterruptKey(shell.commands::all));
    try (Terminal terminal = new DumbTerminal(InputStream.nullInputStream(), shell.out);
        var executor = Executors.newSingleThreadExecutor()) {
      terminal.handle(Terminal.Signal.INT, signal -> shell.interruptJobs());
      shell.session.put(".terminal", terminal);
      Future<String> failure = executor.submit(() -> shell.fail("alloc 1m"));
      assertTrue(allocated.await(DEADLINE_SECONDS, TimeUnit.SECONDS));
      terminal.raise(Terminal.Signal.INT);
      assertFalse(failure.isDone());
      terminal.raise(Terminal.Signal.INT);
      assertTrue(failure.get(DEADLINE_SECONDS, TimeUnit.SECONDS).contains("Interrupted"));
      release.countDown();
    }
    // A thread of Gogo's that ended after its streams were put back would take them again.
    shell.session.close();
    assertTrue(running.get().join(Duration.ofSeconds(DEADLINE_SECONDS)));
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    boolean interrupted = false;
    while (true) {
      try {
        assertTrue(latch.await(DEADLINE_SECONDS, TimeUnit.SECONDS));
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void awaitNoRegion() {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
    while (!memory.regions().isEmpty()) {
      assertTrue(System.nanoTime() - deadline < 0, "regions are left");
      Thread.onSpinWait();
    }
  }

  @Test
  void doctorFindsTheStoreOfEachBackend(@TempDir Path directory) throws Exception {
    InMemoryProvider first = InMemoryProvider.of("first", Capability.NAMED);
    InMemoryProvider second = InMemoryProvider.of("second", Capability.NAMED);
    second.find(
        new StoreFinding(StoreFinding.Severity.OK, directory.toString(), "nothing to report"));
    shell.providers.put(first, new Backend.Service(2, 8, null, ""));
    shell.providers.put(second, new Backend.Service(1, 9, null, ""));
    shell.run("alloc 64k -b first -n orders");
    assertTrue(shell.run("doctor").contains(directory.toString()));
  }

  @Test
  void doctorLooksAtTheMachine(@TempDir Path directory) throws Exception {
    assertTrue(shell.run("doctor").contains("nothing was changed"));
    assertTrue(shell.run("doctor " + directory).contains(directory.toString()));
    assertTrue(shell.run("doctor --json").contains("\"schema\": \"dmalloc-doctor\""));
    assertEquals(
        "dmalloc: doctor: /nonexistent: no such file or directory",
        shell.fail("doctor /nonexistent"));
    assertEquals(
        "dmalloc: doctor: /etc/passwd: not a directory; give one",
        shell.fail("doctor /etc/passwd"));
    assertEquals("dmalloc: doctor: '': not a directory; give its path", shell.fail("doctor ''"));
  }
}
