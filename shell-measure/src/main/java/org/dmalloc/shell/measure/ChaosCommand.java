/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.measure.chaos.ChaosPlan;
import org.dmalloc.measure.chaos.ChaosReport;
import org.dmalloc.measure.chaos.container.ContainerChaos;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.TimeSpan;
import org.dmalloc.shell.syntax.UsageException;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.FrameworkUtil;

/** Does everything at random while everything fails, and looks for what is lost or left. */
public final class ChaosCommand extends CommandSet {
  /** Seeds that are drawn here have few digits, to be typed again. */
  private static final long MOST_SEED = 1_000_000_000;

  public ChaosCommand(Providers providers) {
    super(providers, "chaos");
  }

  @Descriptor(
      "does all acts at random in worker JVMs that are killed, stopped and starved, and checks"
          + " every byte; Ctrl-C ends it early and takes everything back")
  public Printable chaos(
      CommandSession session,
      @Argument("--time TIME=1m: how long") TimeSpan time,
      @Argument("--seed SEED: decides acts and faults; default one that is drawn, and printed")
          @Nullable Long seed,
      @Argument("--workers COUNT=3: how many JVMs at a time; the second is a container")
          Integer workers,
      @Argument("--hands COUNT=2: how many threads act in each JVM") Integer hands,
      @Argument("--only WORD: acts and faults to do alone, separated by commas")
          @Nullable String only,
      @Argument("--without WORD: acts and faults to leave out, separated by commas")
          @Nullable String without,
      @Argument("--disk SIZE=768m: of the file system that is made for it, as root") ByteSize disk,
      @Argument("-d, --directory DIR=.: where its files go; they are removed") String directory,
      @Argument("--json FILE: writes the report as JSON; - prints it in place of the tables")
          @Nullable String json)
      throws IOException, CommandFailure {
    Console console = Console.of(session);
    ReportFiles<ChaosReport> files =
        new ReportFiles<ChaosReport>(console, "chaos").withJson("--json", json);
    Path place = console.existingDirectory(directory);
    ChaosPlan plan =
        plan(
            "chaos",
            () ->
                new ChaosPlan(
                    seed == null ? new SplittableRandom().nextLong(MOST_SEED) : seed,
                    time.duration(),
                    workers,
                    hands,
                    place,
                    disk.bytes(),
                    chosen(only, without)));
    ChaosReport report = run(plan, console);
    Printable result = files.write(report, new ReportResult(report));
    if (!report.succeeded()) {
      console.print(result);
      throw CommandFailure.because(
          null, "chaos: %s; again: %s", report.summary(), report.command());
    }
    return result;
  }

  /** The words that take place. An act alone is done with all faults, a fault with all acts. */
  static Set<String> chosen(@Nullable String only, @Nullable String without) {
    Set<String> chosen = new LinkedHashSet<>();
    List<String> acts = ChaosPlan.acts();
    List<String> faults = ChaosPlan.faults();
    List<String> named = Words.choose("--only", only, ChaosPlan.words(), Function.identity());
    for (List<String> kind : List.of(acts, faults)) {
      List<String> ofKind = named.stream().filter(kind::contains).toList();
      chosen.addAll(ofKind.isEmpty() ? kind : ofKind);
    }
    if (without != null) {
      chosen.removeAll(Words.choose("--without", without, ChaosPlan.words(), Function.identity()));
    }
    if (chosen.stream().noneMatch(acts::contains)) {
      throw new UsageException("chaos: no act is left; leave out fewer by --without");
    }
    return chosen;
  }

  private static ChaosReport run(ChaosPlan plan, Console console) throws IOException {
    Bundle bundle = FrameworkUtil.getBundle(ChaosCommand.class);
    if (bundle == null) {
      throw new IllegalStateException("chaos: works in an OSGi container only");
    }
    try (ProgressLine progress = console.progress("chaos")) {
      return ContainerChaos.run(
          bundle.getBundleContext(), plan, new ConsoleListener(console, "chaos", progress));
    }
  }

  @Override
  public Optional<List<String>> candidates(String placeholder) {
    return placeholder.equals("WORD") ? Optional.of(ChaosPlan.words()) : Optional.empty();
  }
}
