/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos;

import com.google.gson.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.dmalloc.measure.chaos.worker.WorkerMessage.Tally;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.report.Report;
import org.dmalloc.report.Json;
import org.dmalloc.report.Lines;
import org.dmalloc.report.Table;
import org.dmalloc.report.Units;

/** What a chaos run has done and found. */
public final class ChaosReport implements Report {
  /** The version of the JSON form; grows when a member changes its meaning or is removed. */
  static final int SCHEMA_VERSION = 1;

  private final Form form;

  /** What is printed, in the order of JSON. */
  private record Form(
      int schemaVersion,
      Instant startedAt,
      long tookNanos,
      MachineDescription machine,
      String command,
      long seed,
      boolean interrupted,
      long checkedBytes,
      List<Row> acts,
      Map<String, Integer> faults,
      List<String> skipped,
      List<String> lost,
      List<String> deaths,
      List<String> leaks,
      List<String> failures,
      String kept) {}

  /** An act. */
  private record Row(
      String act, long done, long refused, long longestNanos, Map<String, Long> refusals) {}

  ChaosReport(
      Instant startedAt,
      Duration took,
      MachineDescription machine,
      String command,
      long seed,
      boolean interrupted,
      List<Tally> acts,
      Map<String, Integer> faults,
      long checkedBytes,
      List<String> skipped,
      List<String> lost,
      List<String> deaths,
      List<String> leaks,
      List<String> failures,
      String kept) {
    form =
        new Form(
            SCHEMA_VERSION,
            startedAt,
            took.toNanos(),
            machine,
            command,
            seed,
            interrupted,
            checkedBytes,
            acts.stream()
                .map(
                    tally -> {
                      Map<String, Long> reasons = new TreeMap<>();
                      tally
                          .refusals()
                          .forEach(each -> reasons.merge(each.reason(), each.count(), Long::sum));
                      return new Row(
                          tally.word(),
                          tally.done(),
                          tally.refused(),
                          tally.longestNanos(),
                          reasons);
                    })
                .toList(),
            new TreeMap<>(faults),
            List.copyOf(skipped),
            List.copyOf(lost),
            List.copyOf(deaths),
            List.copyOf(leaks),
            List.copyOf(failures),
            kept);
  }

  /** Whether nothing is lost or left, no JVM died, and nothing happened that must not. */
  public boolean succeeded() {
    return form.lost().isEmpty()
        && form.deaths().isEmpty()
        && form.leaks().isEmpty()
        && form.failures().isEmpty();
  }

  public long seed() {
    return form.seed();
  }

  /** The command that does the same again. */
  public String command() {
    return form.command();
  }

  /** All that is wrong, a line or more each. */
  public List<String> problems() {
    return Stream.of(form.lost(), form.deaths(), form.leaks(), form.failures())
        .flatMap(List::stream)
        .toList();
  }

  /** How often an act came out or a fault was done, by its word. */
  public long count(String word) {
    return form.acts().stream().filter(row -> row.act().equals(word)).mapToLong(Row::done).sum()
        + form.faults().getOrDefault(word, 0);
  }

  public long checkedBytes() {
    return form.checkedBytes();
  }

  /** What was left out, and why. */
  public List<String> skipped() {
    return form.skipped();
  }

  @Override
  public String text(int width) {
    StringBuilder text = new StringBuilder();
    text.append(
        Table.of(
                Table.<Row>left("act", Row::act),
                Table.<Row>right("done", row -> Long.toString(row.done())),
                Table.<Row>right("refused", row -> Long.toString(row.refused())),
                Table.<Row>right("longest", row -> Units.nanos(row.longestNanos())))
            .rows(form.acts())
            .render(width));
    text.append('\n');
    form.faults()
        .forEach(
            (word, count) ->
                text.append(String.format(Locale.ROOT, "fault %s: %d times%n", word, count)));
    append(text, "not done", form.skipped(), width);
    form.acts().forEach(row -> appendRefusals(text, row, width));
    text.append(
        String.format(
            Locale.ROOT,
            "%s checked in %d s; seed %d%s%n",
            Units.bytes(form.checkedBytes()),
            Duration.ofNanos(form.tookNanos()).toSeconds(),
            form.seed(),
            form.interrupted() ? "; ended early" : ""));
    text.append(summary()).append('\n');
    append(text, "lost", form.lost(), width);
    append(text, "JVM death", form.deaths(), width);
    append(text, "leak", form.leaks(), width);
    append(text, "failure", form.failures(), width);
    if (!succeeded()) {
      text.append("again: ").append(form.command()).append('\n');
    }
    if (!form.kept().isEmpty()) {
      text.append("logs and books: ").append(form.kept()).append('\n');
    }
    return text.toString();
  }

  private static void appendRefusals(StringBuilder text, Row row, int width) {
    row.refusals()
        .forEach(
            (reason, count) ->
                text.append(
                        Lines.wrap(
                            String.format(
                                Locale.ROOT, "refused %s, %d times: %s", row.act(), count, reason),
                            width))
                    .append('\n'));
  }

  private static void append(StringBuilder text, String what, List<String> lines, int width) {
    for (String line : lines) {
      text.append(
              line.lines()
                  .findFirst()
                  .map(first -> Lines.wrap(what + ": " + first, width))
                  .orElse(what))
          .append('\n');
      line.lines().skip(1).forEach(more -> text.append("  ").append(more).append('\n'));
    }
  }

  @Override
  public JsonObject json() {
    return Json.form("dmalloc-chaos", form);
  }

  @Override
  public String summary() {
    return String.format(
        Locale.ROOT,
        "%d lost, %d JVM deaths, %d leaks, %d other failures",
        form.lost().size(),
        form.deaths().size(),
        form.leaks().size(),
        form.failures().size());
  }
}
