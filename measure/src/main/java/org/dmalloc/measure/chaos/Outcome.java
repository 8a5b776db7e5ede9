/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.dmalloc.measure.chaos.worker.WorkerMessage;
import org.dmalloc.measure.chaos.worker.WorkerMessage.Refusal;
import org.dmalloc.measure.chaos.worker.WorkerMessage.Tally;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.report.Units;
import org.jspecify.annotations.Nullable;

/** What came of a run, collected as it goes. */
final class Outcome {
  private static final int LAST_LINES = 40;
  private static final int MOST_REASONS = 8;

  private final Map<String, Tally> acts = new TreeMap<>();
  private final Map<String, Integer> faults = new TreeMap<>();
  private final List<String> skipped = new ArrayList<>();
  private final List<String> lost = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();
  private final List<String> deaths = new ArrayList<>();
  private final List<String> leaks = new ArrayList<>();
  private final Set<WorkerProcess> added = new HashSet<>();
  private long checkedBytes;
  private long generations;
  private @Nullable Path kept;

  boolean isClean() {
    return lost.isEmpty() && failures.isEmpty() && deaths.isEmpty() && leaks.isEmpty();
  }

  void skipped(String line) {
    if (!skipped.contains(line)) {
      skipped.add(line);
    }
  }

  /** Notes what a worker says is wrong. */
  void problem(WorkerProcess from, WorkerMessage message) {
    List<String> list =
        switch (message.kind()) {
          case LOST -> lost;
          case LEAK -> leaks;
          default -> failures;
        };
    list.add(from + ": " + message.text());
  }

  /** Notes that a JVM ended that nobody had told to; what it said last. */
  String death(WorkerProcess worker) {
    String line =
        String.format(
            Locale.ROOT,
            "%s ended by itself with status %d; it said last: %s",
            worker,
            worker.exitValue(),
            last(worker.log()));
    deaths.add(line);
    return line;
  }

  /** Notes that a worker hangs, with its stacks. */
  String hang(WorkerProcess worker, String how) {
    WorkerMessage counts = worker.counts();
    String line =
        String.format(
            Locale.ROOT,
            "%s %s%s; its stacks are in %s",
            worker,
            how,
            counts == null ? "" : " (" + counts.text() + ")",
            worker.log().getFileName());
    failures.add(line);
    return line;
  }

  private static String last(Path log) {
    try {
      List<String> lines = Files.exists(log) ? Files.readAllLines(log) : List.of();
      return lines.isEmpty()
          ? "nothing"
          : String.join("\n", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    } catch (IOException e) {
      return "what cannot be read: " + e.getMessage();
    }
  }

  /** Adds what a worker that has ended did. */
  void add(WorkerProcess ended) {
    WorkerMessage counts = ended.counts();
    if (!added.add(ended) || counts == null) {
      return;
    }
    generations++;
    checkedBytes += counts.checkedBytes();
    counts.tallies().forEach(tally -> acts.merge(tally.word(), tally, Outcome::sum));
  }

  private static Tally sum(Tally a, Tally b) {
    Map<String, Long> reasons = new TreeMap<>();
    a.refusals().forEach(each -> reasons.merge(each.reason(), each.count(), Long::sum));
    b.refusals().forEach(each -> reasons.merge(each.reason(), each.count(), Long::sum));
    return new Tally(
        a.word(),
        a.done() + b.done(),
        a.refused() + b.refused(),
        Math.max(a.longestNanos(), b.longestNanos()),
        reasons.entrySet().stream()
            .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
            .limit(MOST_REASONS)
            .map(each -> new Refusal(each.getKey(), each.getValue()))
            .toList());
  }

  /** Compares the shared counter with what its users have added. */
  void counter(long found, List<WorkerProcess> users) {
    long least = 0;
    long most = 0;
    for (WorkerProcess user : users) {
      WorkerMessage counts = user.counts();
      if (counts != null) {
        least += counts.added();
        most += counts.added() + counts.perhapsAdded();
      }
    }
    if (found < least || found > most) {
      lost.add(
          String.format(
              Locale.ROOT,
              "the shared counter has %d; %d to %d were added to it",
              found,
              least,
              most));
    }
  }

  void faults(ProcessFaults doer) {
    faults.putAll(doer.counts());
    failures.addAll(doer.failures());
  }

  void leaks(List<String> found) {
    leaks.addAll(found);
  }

  /** One line of how far it is. */
  String progress(ChaosPlan plan, long begin, List<WorkerProcess> running) {
    long done = acts.values().stream().mapToLong(Tally::done).sum();
    long bytes = checkedBytes;
    for (WorkerProcess worker : running) {
      WorkerMessage counts = worker.counts();
      if (counts != null && !added.contains(worker)) {
        done += counts.tallies().stream().mapToLong(Tally::done).sum();
        bytes += counts.checkedBytes();
      }
    }
    return String.format(
        Locale.ROOT,
        "%d of %d s, %s acts, %s checked, %d workers ended",
        Duration.ofNanos(System.nanoTime() - begin).toSeconds(),
        plan.time().toSeconds(),
        Units.count(done),
        Units.bytes(bytes),
        generations);
  }

  /** After a failure: the logs and books are kept beside the run's directory. */
  void keepLogs(Path control, ChaosPlan plan) throws IOException {
    if (isClean() || !Files.isDirectory(control)) {
      return;
    }
    Path parent = plan.directory().toAbsolutePath().normalize();
    Path target = Files.createTempDirectory(parent, "dmalloc-chaos-failed-" + plan.seed() + "-");
    try (DirectoryStream<Path> all = Files.newDirectoryStream(control)) {
      for (Path each : all) {
        if (Files.isRegularFile(each)) {
          Files.copy(
              each,
              target.resolve(String.valueOf(each.getFileName())),
              StandardCopyOption.REPLACE_EXISTING);
        }
      }
    }
    kept = target;
  }

  ChaosReport report(
      Instant startedAt,
      Duration took,
      ChaosPlan plan,
      MachineDescription machine,
      boolean interrupted) {
    return new ChaosReport(
        startedAt,
        took,
        machine,
        plan.command(),
        plan.seed(),
        interrupted,
        List.copyOf(acts.values()),
        faults,
        checkedBytes,
        skipped,
        lost,
        deaths,
        leaks,
        failures,
        kept == null ? "" : kept.toString());
  }
}
