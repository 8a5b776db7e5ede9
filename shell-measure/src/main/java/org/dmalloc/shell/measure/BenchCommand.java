/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.Workloads;
import org.dmalloc.measure.bench.BenchmarkPlan;
import org.dmalloc.measure.bench.BenchmarkReport;
import org.dmalloc.measure.bench.BenchmarkRunner;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** Measures the backends. */
public final class BenchCommand extends Command {
  /** One of each kind: what a first look should compare, in a minute or two. */
  private static final Set<String> USUAL_BACKENDS = Set.of("filechannel", "panama", "anon");

  private static final int MOST_SECONDS = 3_600;

  /** Makes the command. */
  public BenchCommand(Providers providers) {
    super("bench", providers);
  }

  /** Measures the backends beside the raw disk. */
  @Descriptor("measures the backends, beside the raw disk; Ctrl-C stops it and frees all it took")
  public Printable bench(
      CommandSession session,
      @Descriptor("SIZE: the size of each backend's region")
          @Parameter(
              names = {"-s", "--size"},
              absentValue = "256m")
          ByteSize size,
      @Descriptor("WORKLOAD: which workloads, with commas between them; without it all")
          @Parameter(
              names = {"-w", "--workload"},
              absentValue = "")
          @Nullable String workload,
      @Descriptor(
              "BACKEND: which backends, with commas between them, or all; without it filechannel,"
                  + " panama and anon")
          @Parameter(
              names = {"-b", "--backend"},
              absentValue = "")
          @Nullable String backend,
      @Descriptor("THREADS: how many threads share a workload, 1 to 256")
          @Parameter(
              names = {"-t", "--threads"},
              absentValue = "1")
          Integer threads,
      @Descriptor("START: from which caches: cold, warm, or both with a comma")
          @Parameter(names = "--start", absentValue = "cold,warm")
          String start,
      @Descriptor("SECONDS: how long one workload runs at most")
          @Parameter(names = "--time", absentValue = "1")
          Integer seconds,
      @Descriptor("PATTERN: one advice for all workloads; without it the one that fits each")
          @Parameter(
              names = {"-p", "--pattern"},
              absentValue = "")
          @Nullable AccessPattern pattern,
      @Descriptor("TOOL: what measures the raw disk")
          @Parameter(names = "--raw", absentValue = "auto")
          BenchmarkPlan.RawDiskChoice raw,
      @Descriptor("DIR: where the regions go; without it each backend's own store")
          @Parameter(
              names = {"-d", "--directory"},
              absentValue = "")
          @Nullable String directory,
      @Descriptor("SEED: decides content and random choices")
          @Parameter(names = "--seed", absentValue = "")
          @Nullable Long seed,
      @Descriptor("FILE: writes the report to a file, as JSON; - prints it in place of the table")
          @Parameter(names = "--json", absentValue = "")
          @Nullable String json,
      @Descriptor("FILE: writes the report to a file, as one page with plots that loads nothing")
          @Parameter(names = "--html", absentValue = "")
          @Nullable String html)
      throws IOException, InterruptedException, CommandFailure {
    Console console = Console.of(session);
    ReportFiles<BenchmarkReport> files =
        new ReportFiles<BenchmarkReport>(console, "bench")
            .withJson("--json", json)
            .with("--html", html, BenchmarkReport::html);
    NumberOption.within("bench", "--time", seconds, 1, MOST_SECONDS, "seconds for each row");
    @Nullable Path place = directory == null ? null : console.existingDirectory(directory);
    BenchmarkPlan plan;
    try {
      plan =
          new BenchmarkPlan(
              size.bytes(),
              Words.choose("--workload", workload, Workloads.standard(), Workload::name),
              EnumSet.copyOf(Words.parseAll(Start.class, start, "--start")),
              threads,
              Duration.ofSeconds(seconds),
              pattern,
              raw,
              place,
              seed == null ? BenchmarkPlan.DEFAULT_SEED : seed);
    } catch (UsageException e) {
      throw e;
    } catch (IllegalArgumentException e) {
      throw new UsageException("bench: " + e.getMessage());
    }
    BenchmarkReport report = run(new BenchmarkRunner(backends(backend)), plan, console);
    Printable result = files.write(report, new ReportResult(report));
    if (!report.succeeded()) {
      // A failed command has no result, so the table is printed before it fails.
      console.print(result);
      throw new CommandFailure("bench: some rows could not be measured; see the table", null);
    }
    return result;
  }

  @Override
  public Optional<List<String>> candidates(String placeholder) {
    return switch (placeholder) {
      case "START" -> Optional.of(Words.all(Start.class));
      case "WORKLOAD" -> Optional.of(Workloads.standard().stream().map(Workload::name).toList());
      default -> Optional.empty();
    };
  }

  private static BenchmarkReport run(BenchmarkRunner runner, BenchmarkPlan plan, Console console)
      throws InterruptedException {
    try (ProgressLine progress = console.progress("bench")) {
      return runner.run(plan, new ConsoleListener(console, "bench", progress));
    }
  }

  private List<Backend> backends(@Nullable String names) {
    List<Backend> all = providers().all();
    if (all.isEmpty()) {
      return List.of(providers().choose(null)); // says that there is none
    }
    if (names == null) {
      List<Backend> usual = all.stream().filter(b -> USUAL_BACKENDS.contains(b.name())).toList();
      return usual.isEmpty() ? all : usual;
    }
    if (names.strip().equals("all")) {
      return all;
    }
    return Arrays.stream(names.split(",", -1)).map(n -> providers().choose(n.strip())).toList();
  }
}
