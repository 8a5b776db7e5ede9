/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.measure.compare.ComparisonDelta;
import org.dmalloc.measure.compare.ComparisonPlan;
import org.dmalloc.measure.compare.ComparisonReport;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.measure.compare.container.ContainerComparison;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.FrameworkUtil;

/** Compares memory on files with memory on swap. */
public final class CompareCommand extends CommandSet {
  private static final Pattern SWAP_FILE =
      Pattern.compile("(?<path>.+?):(?<size>[^:]+)(?::(?<priority>\\d{1,5}))?");
  private static final List<ComparedWorkload> WORKLOADS = List.of(ComparedWorkload.values());
  private static final long DEFAULT_SEED = 42;
  private static final int HIGHEST_PRIORITY = 32_767;
  private static final int MOST_RUNS = 1_000;
  private static final int MOST_SECONDS = 1_000_000;
  private static final int MOST_CELL_MILLIS = 600_000;
  private static final long LEAST_SWAP_BYTES = 1L << 20;

  public CompareCommand(Providers providers) {
    super(providers, "compare");
  }

  /** What is compared, under which limit. */
  public record Subject(
      @Argument("-s, --size SIZE=2g: the memory of each contender") ByteSize size,
      @Argument("-l, --limit LIMIT=512m: the RAM that each may use, its JVM included")
          ByteSize limit,
      @Argument("-w, --workload WORKLOAD: workloads, separated by commas; default all")
          @Nullable String workload,
      @Argument(
              "-c, --contender NAME: backends or contenders (panama, anon:kernel, malloc),"
                  + " separated by commas, or all; default all but those that are like another")
          @Nullable String contender) {}

  /** The swap and the settings that are tried. */
  public record SwapOptions(
      @Argument(
              "--swap-file PATH: PATH:SIZE[:PRIORITY] of a swap file that is made for this, and"
                  + " removed")
          @Nullable String swapFile,
      @Argument("--zram SIZE: makes a zram device of this size for this, and removes it")
          @Nullable ByteSize zram,
      @Argument("--page-cluster LIST: values of vm.page-cluster to try with swap, such as 0,3")
          @Nullable String pageCluster,
      @Argument(
              "--read-ahead-kb LIST: values of the disk's read_ahead_kb to try with files, such"
                  + " as 128,8192")
          @Nullable String readAhead,
      @Argument("--policies WHICH=distinct: which swap policies: distinct, or all that last")
          ComparisonPlan.Policies policies) {}

  /** How much is measured, where. */
  public record EffortOptions(
      @Argument(
              "-r, --runs COUNT=5: how often each is measured; fewer if --time does not permit it")
          Integer runs,
      @Argument("--time SECONDS=510: the most time of all; what cannot fit is refused at once")
          Integer time,
      @Argument(
              "--cell-millis MILLIS: how long each cell is measured; default as long as --time"
                  + " permits")
          @Nullable Integer cellMillis,
      @Argument("-d, --directory DIR=.: where files go") String directory,
      @Argument("--seed SEED: decides content and order") @Nullable Long seed) {}

  /** Where the report goes, and what it is set against. */
  public record Forms(
      @Argument("--json FILE: writes the report as JSON; - prints it in place of the tables")
          @Nullable String json,
      @Argument("--html FILE: writes the report as one page of HTML") @Nullable String html,
      @Argument("--save FILE: keeps the report for a later --against") @Nullable String save,
      @Argument("--against FILE: sets the result against a kept report, of this machine or another")
          @Nullable String against) {}

  @Descriptor(
      "compares memory on files with memory on swap, under one memory limit; Ctrl-C stops it and"
          + " puts everything back")
  public Printable compare(
      CommandSession session, Subject subject, SwapOptions swap, EffortOptions effort, Forms forms)
      throws IOException, InterruptedException, CommandFailure {
    Console console = Console.of(session);
    ReportFiles<ComparisonReport> files =
        new ReportFiles<ComparisonReport>(console, "compare")
            .withJson("--json", forms.json())
            .with("--html", forms.html(), ComparisonReport::html)
            .withJson("--save", forms.save());
    String against = forms.against();
    @Nullable ComparisonReport before =
        against == null ? null : ComparisonReport.read(console.resolve(against));
    check(swap, effort);
    Path place = console.existingDirectory(effort.directory());
    ComparisonReport report =
        run(plan("compare", () -> plan(console, place, subject, swap, effort)), console);
    return files.write(
        report, new ReportResult(before == null ? report : new ComparisonDelta(report, before)));
  }

  private static void check(SwapOptions swap, EffortOptions effort) {
    within("compare", "--runs", effort.runs(), 1, MOST_RUNS, "how often each is measured");
    within("compare", "--time", effort.time(), 1, MOST_SECONDS, "seconds for all");
    Integer cellMillis = effort.cellMillis();
    if (cellMillis != null) {
      within("compare", "--cell-millis", cellMillis, 1, MOST_CELL_MILLIS, "milliseconds");
    }
    ByteSize zram = swap.zram();
    if (zram != null && zram.bytes() < LEAST_SWAP_BYTES) {
      throw UsageException.of("compare: --zram of %d bytes; give at least 1m", zram.bytes());
    }
  }

  private static ComparisonPlan plan(
      Console console, Path place, Subject subject, SwapOptions swap, EffortOptions effort) {
    String contender = subject.contender();
    String swapFile = swap.swapFile();
    ByteSize zram = swap.zram();
    Integer cellMillis = effort.cellMillis();
    Long seed = effort.seed();
    return new ComparisonPlan(
        subject.size().bytes(),
        subject.limit().bytes(),
        place,
        new ComparisonPlan.Choice(
            Words.choose("--workload", subject.workload(), WORKLOADS, ComparedWorkload::label),
            contender == null ? List.of() : List.of(contender.split(",", -1))),
        new ComparisonPlan.Variants(
            swapFile == null ? null : swap(console, swapFile),
            zram == null ? 0 : zram.bytes(),
            numbers(swap.pageCluster(), "--page-cluster"),
            numbers(swap.readAhead(), "--read-ahead-kb"),
            swap.policies()),
        new ComparisonPlan.Effort(
            effort.runs(),
            Duration.ofSeconds(effort.time()),
            cellMillis == null ? null : Duration.ofMillis(cellMillis)),
        seed == null ? DEFAULT_SEED : seed,
        null);
  }

  @Override
  public Optional<List<String>> candidates(String placeholder) {
    return switch (placeholder) {
      case "NAME" -> Optional.of(List.of()); // of contenders, which only a run finds out
      case "WORKLOAD" -> Optional.of(WORKLOADS.stream().map(ComparedWorkload::label).toList());
      default -> Optional.empty();
    };
  }

  private ComparisonReport run(ComparisonPlan plan, Console console)
      throws IOException, InterruptedException {
    Bundle bundle = FrameworkUtil.getBundle(CompareCommand.class);
    if (bundle == null) {
      throw new IllegalStateException("compare: works in an OSGi container only");
    }
    try (ProgressLine progress = console.progress("compare")) {
      return ContainerComparison.run(
          bundle.getBundleContext(),
          providers()::ofService,
          plan,
          new ConsoleListener(console, "compare", progress));
    }
  }

  static ComparisonPlan.TemporarySwap swap(Console console, String text) {
    Matcher parts = SWAP_FILE.matcher(text);
    if (!parts.matches()) {
      throw UsageException.of(
          "compare: --swap-file '%s' is not PATH:SIZE or PATH:SIZE:PRIORITY", text);
    }
    String priority = parts.group("priority");
    return new ComparisonPlan.TemporarySwap(
        console.resolve(parts.group("path")),
        ByteSize.parse(parts.group("size"), "--swap-file").bytes(),
        priority == null ? HIGHEST_PRIORITY : Integer.parseInt(priority));
  }

  static List<Integer> numbers(@Nullable String text, String option) {
    if (text == null) {
      return List.of();
    }
    try {
      List<Integer> numbers =
          Arrays.stream(text.split(",", -1)).map(n -> Integer.valueOf(n.strip())).toList();
      if (numbers.stream().allMatch(n -> n >= 0)) {
        return numbers;
      }
    } catch (NumberFormatException e) {
      // Said below, as for a negative number.
    }
    throw UsageException.of(
        "compare: %s '%s' is not a list of numbers from 0; give one such as 0,3", option, text);
  }
}
