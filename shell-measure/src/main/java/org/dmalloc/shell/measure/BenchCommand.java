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
import org.dmalloc.api.AccessPattern;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.Workloads;
import org.dmalloc.measure.bench.BenchmarkPlan;
import org.dmalloc.measure.bench.BenchmarkReport;
import org.dmalloc.measure.bench.BenchmarkRunner;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** Measures the backends. */
public final class BenchCommand extends CommandSet {
  /** One of each kind, which a first comparison measures in a minute or two. */
  private static final Set<String> USUAL_BACKENDS = Set.of("filechannel", "panama", "anon");

  private static final int MOST_SECONDS = 3_600;

  public BenchCommand(Providers providers) {
    super(providers, "bench");
  }

  @Descriptor("measures the backends, beside the raw disk; Ctrl-C stops it and frees all it took")
  public Printable bench(
      CommandSession session,
      @Argument("-s, --size SIZE=256m: the size of each backend's region") ByteSize size,
      @Argument("-w, --workload WORKLOAD: workloads, separated by commas; default all")
          @Nullable String workload,
      @Argument(
              "-b, --backend BACKEND: backends, separated by commas, or all; default"
                  + " filechannel, panama and anon")
          @Nullable String backend,
      @Argument("-t, --threads THREADS=1: how many threads share a workload, 1 to 256")
          Integer threads,
      @Argument(
              "--start START=cold,warm: the state of the caches: cold, warm, or both, separated"
                  + " by a comma")
          String start,
      @Argument("--time SECONDS=1: the most time of one workload") Integer seconds,
      @Argument(
              "-p, --pattern PATTERN: one advice for all workloads; default the one that fits each")
          @Nullable AccessPattern pattern,
      @Argument("--raw TOOL=auto: what measures the raw disk") BenchmarkPlan.RawDiskChoice raw,
      @Argument("-d, --directory DIR: where the regions go; default each backend's own store")
          @Nullable String directory,
      @Argument("--seed SEED: decides content and random choices") @Nullable Long seed,
      @Argument(
              "--json FILE: writes the report to a file, as JSON; - prints it in place of the"
                  + " table")
          @Nullable String json,
      @Argument(
              "--html FILE: writes the report to a file, as one page with plots that loads nothing")
          @Nullable String html)
      throws IOException, InterruptedException, CommandFailure {
    Console console = Console.of(session);
    ReportFiles<BenchmarkReport> files =
        new ReportFiles<BenchmarkReport>(console, "bench")
            .withJson("--json", json)
            .with("--html", html, BenchmarkReport::html);
    within("bench", "--time", seconds, 1, MOST_SECONDS, "seconds for each row");
    @Nullable Path place = directory == null ? null : console.existingDirectory(directory);
    BenchmarkPlan plan =
        plan(
            "bench",
            () ->
                new BenchmarkPlan(
                    size.bytes(),
                    Words.choose("--workload", workload, Workloads.standard(), Workload::name),
                    EnumSet.copyOf(Words.parseAll(Start.class, start, "--start")),
                    threads,
                    Duration.ofSeconds(seconds),
                    pattern,
                    raw,
                    place,
                    seed == null ? BenchmarkPlan.DEFAULT_SEED : seed));
    BenchmarkReport report = run(new BenchmarkRunner(backends(backend)), plan, console);
    Printable result = files.write(report, new ReportResult(report));
    if (!report.succeeded()) {
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
