/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.measure.move.MoveBenchmark;
import org.dmalloc.measure.move.MovePlan;
import org.dmalloc.measure.move.MoveReport;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/** Measures moves of regions between backends. */
public final class HotswapBenchCommand extends CommandSet {
  private static final String MANAGED = "managed";
  private static final int MOST_MOVES = 10_000;

  public HotswapBenchCommand(Providers providers) {
    super(providers, "hotswapbench");
  }

  @Descriptor(
      "measures moves in every direction between backends, beside plain copies; Ctrl-C stops it and"
          + " frees all it took")
  public Printable hotswapbench(
      CommandSession session,
      @Argument("-s, --size SIZE=64m,1g: sizes of the region, separated by commas") String sizes,
      @Argument(
              "-w, --written PERCENT=0,1,10: pages written per second meanwhile, separated by"
                  + " commas")
          String written,
      @Argument(
              "-b, --backend BACKEND=panama,filechannel,anon,anon-memfd: two or more backends,"
                  + " separated by commas")
          String backends,
      @Argument(
              "-m, --moves COUNT: moves in each direction; default 20 up to 128 MiB, 5 up to 1"
                  + " GiB, then 3")
          @Nullable Integer moves,
      @Argument(
              "--json FILE: writes the report to a file, as JSON; - prints it in place of the"
                  + " table")
          @Nullable String json)
      throws IOException, CommandFailure {
    Console console = Console.of(session);
    ReportFiles<MoveReport> files =
        new ReportFiles<MoveReport>(console, "hotswapbench").withJson("--json", json);
    MovePlan plan = plan(sizes, written, backends, moves);
    MoveReport report;
    try (ProgressLine progress = console.progress("hotswapbench")) {
      report =
          new MoveBenchmark(
                  providers().choose(MANAGED),
                  providers().mover(),
                  providers()::choose,
                  plan,
                  new ConsoleListener(console, "hotswapbench", progress))
              .run();
    }
    return files.write(report, new ReportResult(report));
  }

  private static MovePlan plan(
      String sizes, String written, String backends, @Nullable Integer moves) {
    if (moves != null) {
      within("hotswapbench", "--moves", moves, 1, MOST_MOVES, "moves in each direction");
    }
    return plan(
        "hotswapbench",
        () ->
            new MovePlan(
                words(sizes).stream().map(size -> ByteSize.parse(size, "--size").bytes()).toList(),
                words(written).stream().map(HotswapBenchCommand::percent).toList(),
                words(backends),
                moves == null ? MovePlan.BY_SIZE : moves));
  }

  private static List<String> words(String list) {
    return Arrays.stream(list.split(",", -1)).map(String::strip).toList();
  }

  private static Double percent(String word) {
    try {
      return Double.valueOf(word);
    } catch (NumberFormatException e) {
      throw UsageException.of(
          "hotswapbench: --written '%s' is not a number; give percent such as 0,1,10", word);
    }
  }
}
