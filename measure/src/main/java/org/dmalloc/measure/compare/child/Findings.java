/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.dmalloc.measure.Measurement;

/**
 * The reports of the children of a comparison by contender and workload. One thread uses it.
 *
 * @param <R> one run of a workload over a contender
 */
public final class Findings<W extends Comparable<W>, R> {
  private final List<W> workloads;
  private final Function<String, W> named;
  private final BiFunction<ChildRun, ChildMessage, R> figures;
  private final Map<String, Map<W, List<R>>> runs = new HashMap<>();
  private final Map<String, Map<W, String>> reasons = new HashMap<>();
  private final Map<String, String> notes = new HashMap<>();
  private final Map<String, Long> peaks = new HashMap<>();

  /** Makes a run from the figures of each completed step. */
  public Findings(
      List<W> workloads, Function<String, W> named, BiFunction<ChildRun, ChildMessage, R> figures) {
    this.workloads = workloads.stream().distinct().sorted().toList();
    this.named = named;
    this.figures = figures;
  }

  /** Adds the report of a child, and returns a line for each failure. */
  public List<String> add(String contender, ChildRun run) {
    run.peakBytes().ifPresent(bytes -> peaks.merge(contender, bytes, Math::max));
    Map<W, List<R>> own = runs.computeIfAbsent(contender, c -> new HashMap<>());
    Map<W, String> missing = reasons.computeIfAbsent(contender, c -> new HashMap<>());
    List<String> lines = new ArrayList<>();
    Set<W> done = new HashSet<>();
    String at = " at its start";
    for (ChildMessage message : run.messages()) {
      String step = message.step();
      switch (message.kind()) {
        case OPENED -> {
          if (!message.text().isEmpty()) {
            notes.put(contender, message.text());
          }
        }
        case BEGIN -> at = " in " + step;
        case DONE -> {
          done.add(named.apply(step));
          own.computeIfAbsent(named.apply(step), w -> new ArrayList<>())
              .add(figures.apply(run, message));
        }
        case LACKS -> missing.put(named.apply(step), message.text());
        case FAILED -> {
          missing.put(named.apply(step), message.text());
          lines.add(contender + " in " + step + ": " + message.text());
        }
        case BROKEN, END -> {}
      }
    }
    if (!run.broken().isEmpty()) {
      lines.add(contender + at + ": " + run.broken());
    }
    String left = run.cut() ? "the time was over" : run.broken();
    if (!left.isEmpty()) {
      workloads.stream()
          .filter(workload -> !done.contains(workload))
          .forEach(workload -> missing.putIfAbsent(workload, left));
    }
    return lines;
  }

  /** The note of a contender's store; empty if it has none. */
  public String note(String contender) {
    return notes.getOrDefault(contender, "");
  }

  /** The peak charge of a contender; {@link Measurement#UNKNOWN} if no child reported it. */
  public long peakBytes(String contender) {
    return peaks.getOrDefault(contender, Measurement.UNKNOWN);
  }

  @FunctionalInterface
  public interface CellMaker<W, R, C> {
    /** The reason says why runs are missing; else it is empty. */
    C cell(W workload, String contender, List<R> runs, String reason);
  }

  /** A cell of each workload and contender, in the order of workloads. */
  public <C> Stream<C> cells(List<String> contenders, CellMaker<W, R, C> maker) {
    return workloads.stream()
        .flatMap(
            workload ->
                contenders.stream()
                    .map(
                        contender ->
                            maker.cell(
                                workload,
                                contender,
                                of(runs, contender, workload, List.of()),
                                of(reasons, contender, workload, ""))));
  }

  private static <W, V> V of(
      Map<String, Map<W, V>> all, String contender, W workload, V otherwise) {
    return all.getOrDefault(contender, Map.of()).getOrDefault(workload, otherwise);
  }
}
