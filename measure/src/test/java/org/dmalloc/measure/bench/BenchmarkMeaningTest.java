/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.dmalloc.measure.FixedMeasurement;
import org.dmalloc.measure.Latency;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.Workloads;
import org.dmalloc.measure.disk.RawFigure;
import org.dmalloc.measure.disk.RawPattern;
import org.dmalloc.measure.machine.KernelCounts;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.report.Json;
import org.dmalloc.report.Table;
import org.junit.jupiter.api.Test;

/** The three lines, from the figures that docs/benchmarks.md shows. */
class BenchmarkMeaningTest {
  private static final long MIB = 1L << 20;
  private static final long GIB = 1L << 30;

  /** A read-ahead of 8 MiB: 48 waits bring in all 65,536 pages. */
  private static final BenchmarkResult FILECHANNEL =
      cold("filechannel", "random-read", 288_000, 65_536, 48, 268_435_456);

  private static final BenchmarkResult PANAMA =
      cold("panama", "random-read", 16_900, 16_900, 16_900, 69_222_400);

  private static BenchmarkResult cold(
      String backend, String workload, long perSecond, long operations, long faults, long read) {
    return row(backend, workload, Start.COLD, perSecond, operations, faults, read);
  }

  private static BenchmarkResult row(
      String backend,
      String workload,
      Start start,
      long perSecond,
      long operations,
      long faults,
      long read) {
    Workload made = Workloads.named(workload);
    return new BenchmarkResult(
        backend,
        made,
        start,
        1,
        null,
        new BenchmarkResult.Measured(
            FixedMeasurement.of(
                operations,
                operations * 1_000_000_000 / perSecond,
                0,
                4096,
                new Latency(1, 1, 1, 1, 1, 1, 1, List.of()),
                KernelCounts.ofProcess(faults, 0, 0, read, 0)),
            0),
        new RawFigure(RawPattern.RANDOM_READ, 1, 18_700, 1, 1, 1, "fio"),
        new RawFigure(RawPattern.RANDOM_READ, 32, 82_300, 1, 1, 1, "fio"));
  }

  private static BenchmarkReport report(
      long byteSize, long memoryBytes, long limitBytes, BenchmarkResult... rows) {
    return new BenchmarkReport(
        Instant.EPOCH,
        Duration.ofSeconds(9),
        BenchmarkPlan.ofSize(byteSize),
        new MachineDescription(
            "a processor",
            2,
            memoryBytes,
            limitBytes,
            "Linux",
            "a system",
            "25",
            List.of(),
            Map.of()),
        Map.of(
            "panama",
            storage("ext4", 14_700_000),
            "filechannel",
            storage("ext4", 905_000_000),
            "anon",
            storage("", 168_000)),
        List.of(),
        Arrays.asList(rows),
        List.of());
  }

  private static BenchmarkReport.Storage storage(String fileSystem, long allocateNanos) {
    return new BenchmarkReport.Storage(
        "backing", fileSystem, "/", "vda", 8192, "yes", allocateNanos);
  }

  @Test
  void readAheadThatBroughtTheRegionInIsNoSpeedOfTheDisk() {
    assertEquals(OptionalLong.of(1365), BenchmarkMeaning.pagesPerWait(FILECHANNEL));
    assertEquals(OptionalLong.empty(), BenchmarkMeaning.pagesPerWait(PANAMA));
    // Popular pages come back: few waits, each for one page.
    assertEquals(
        OptionalLong.empty(),
        BenchmarkMeaning.pagesPerWait(
            cold("panama", "zipf-read", 67_000, 67_000, 17_000, 69_632_000)));
    // Announced pages are read without a wait, which is the point of announcing.
    assertEquals(
        OptionalLong.empty(),
        BenchmarkMeaning.pagesPerWait(
            cold("panama", "batch-read", 71_100, 65_536, 0, 268_435_456)));
    // A machine that counts nothing gives no reason to mark anything.
    assertEquals(
        OptionalLong.empty(),
        BenchmarkMeaning.pagesPerWait(cold("filechannel", "random-read", 288_000, 65_536, -1, -1)));
    // The default read-ahead of 128 KiB deceives as well.
    assertTrue(
        BenchmarkMeaning.pagesPerWait(
                cold("filechannel", "random-read", 90_000, 65_536, 4_000, 268_435_456))
            .isPresent());
  }

  @Test
  void announcedPagesThatComeFasterThanTheDiskGivesAnyAreRams() {
    BenchmarkResult panama = cold("panama", "batch-read", 71_100, 65_536, 0, 268_435_456);
    BenchmarkResult filechannel =
        cold("filechannel", "gather-read", 213_000, 16_384, 2, 67_108_864);
    assertFalse(BenchmarkMeaning.fromRam(panama));
    assertTrue(BenchmarkMeaning.fromRam(filechannel));
    String line =
        BenchmarkMeaning.lines(report(64 * MIB, 24 * GIB, -1, panama, filechannel)).getFirst();
    assertTrue(line.endsWith("announced (prefetch) 71.1k by panama"), line);
  }

  @Test
  void saysWhoServesWhichUseAndWhatRamAnswered() {
    BenchmarkReport report =
        report(
            256 * MIB,
            24 * GIB,
            -1,
            PANAMA,
            FILECHANNEL,
            cold("panama", "batch-read", 71_100, 65_536, 0, 268_435_456),
            cold("panama", "read", 229_000, 65_536, 32, 268_435_456),
            cold("filechannel", "read", 150_000, 65_536, 1, 268_435_456),
            cold("filechannel", "fill", 561_000, 65_536, 0, 0),
            cold("panama", "fill", 166_000, 65_536, 32, 0),
            cold("anon", "fill", 618_000, 65_536, 0, 0),
            row("anon", "random-read", Start.WARM, 26_000_000, 26_000_000, 0, 0));
    assertEquals(
        List.of(
            "at random: panama from the disk, 16.9k pages/s (0.90 of what it gives one request at a"
                + " time); announced (prefetch) 71.1k by panama; the 288k† of filechannel are"
                + " RAM's: each wait for the disk brought in 1.37k pages",
            "in order: panama reads fastest from the disk, 938 MB/s; panama fills a file"
                + " fastest, 656 MB/s with its allocation and until durable",
            "beyond RAM: not measured, because 256 MiB fits into 24.0 GiB of RAM, which then"
                + " answers whatever was read once; run bench with --size above RAM, or, as root"
                + " for the limit:",
            "./dmalloc compare --size 1g --limit 256m --time 120 -r 3"
                + " -w random-read,sequential-read -c filechannel,panama:auto,panama:random"),
        BenchmarkMeaning.lines(report));
    String table = report.text(Table.ANY_WIDTH);
    assertTrue(table.contains(" 288k† "), table);
    assertTrue(table.contains("\n†: each wait for the disk brought many pages in"), table);
    assertTrue(table.lines().filter(line -> line.contains("─")).allMatch(l -> l.length() <= 120));
    String end = table.substring(table.indexOf("\nwhat this means here:\n") + 23);
    List<String> lines = BenchmarkMeaning.lines(report);
    String command = "\n    " + lines.getLast() + "\n";
    assertTrue(end.endsWith(command), "a command stands on a line of its own: " + end);
    end = end.substring(0, end.length() - command.length());
    assertEquals(
        lines.subList(0, 3),
        Arrays.stream(end.strip().split("\n  (?! )", -1))
            .map(line -> line.replaceAll("\\s+", " "))
            .toList(),
        "wrapped, and nothing behind them");
    assertTrue(table.lines().allMatch(line -> line.length() <= 150), table);
    assertTrue(Json.print(report.json()).contains("\"answeredByRam\": true"));
    assertTrue(Json.print(report.json()).contains("\"pagesReadPerWait\": 1365"));
    assertTrue(report.html().contains("<li>beyond RAM: not measured"));
  }

  @Test
  void saysThatALimitedOrSmallMachineWasMeasuredBeyondItsRam() {
    assertEquals(
        "beyond RAM: that is what was measured, 1.00 GiB with 512 MiB of RAM; which advice, file or"
            + " swap serves which use:",
        BenchmarkMeaning.lines(report(GIB, 24 * GIB, 512 * MIB, PANAMA)).get(2));
    assertEquals(
        "./dmalloc compare",
        BenchmarkMeaning.lines(report(GIB, 24 * GIB, 512 * MIB, PANAMA)).getLast());
    assertTrue(
        BenchmarkMeaning.lines(report(48 * GIB, 24 * GIB, -1, PANAMA))
            .get(2)
            .startsWith("beyond RAM: that is what was measured"));
    assertTrue(
        BenchmarkMeaning.lines(report(GIB, -1, -1, PANAMA))
            .get(2)
            .startsWith("beyond RAM: not measured, as far as can be told"));
  }

  @Test
  void claimsNothingThatWasNotMeasured() {
    List<String> lines = BenchmarkMeaning.lines(report(64 * MIB, 24 * GIB, -1));
    assertEquals(4, lines.size());
    assertEquals(
        "at random: no figure from the disk; see -w random-read --start cold", lines.get(0));
    assertEquals("in order: no figure from the disk; see -w fill,read --start cold", lines.get(1));
    List<String> ram = BenchmarkMeaning.lines(report(64 * MIB, 24 * GIB, -1, FILECHANNEL));
    assertTrue(ram.getFirst().startsWith("at random: no figure from the disk; the 288k†"));
    assertFalse(ram.getFirst().contains("filechannel from the disk"));
  }

  @Test
  void namesAllThatAreLevel() {
    BenchmarkReport report =
        report(
            64 * MIB,
            24 * GIB,
            -1,
            cold("panama", "read", 229_000, 65_536, 32, 268_435_456),
            cold("filechannel", "read", 225_000, 65_536, 1, 268_435_456));
    assertTrue(
        BenchmarkMeaning.lines(report).get(1).startsWith("in order: panama and filechannel read "));
  }
}
