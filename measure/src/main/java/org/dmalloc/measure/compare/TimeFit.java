/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.report.Units;

/** Estimates which part of a comparison fits into its time limit. */
final class TimeFit {
  /** Suggested times allow for a machine that is slower than the estimate. */
  private static final double ROOM = 1.5;

  private static final int ROUNDED_SECONDS = 10;

  /** The workloads that say most about memory, the most significant first. */
  private static final List<ComparedWorkload> MOST_SIGNIFICANT =
      List.of(
          ComparedWorkload.RANDOM_READ,
          ComparedWorkload.SEQUENTIAL_READ,
          ComparedWorkload.RANDOM_WRITE,
          ComparedWorkload.ZIPF_READ);

  private TimeFit() {}

  /**
   * Orders the contenders by priority for short time: one of each family in turn, so that files,
   * swap and the buffer pool stay comparable as long as two fit.
   */
  static List<Contender> byPriority(List<Contender> contenders) {
    Map<Family, Deque<Contender>> families = new EnumMap<>(Family.class);
    for (Contender contender : contenders) {
      families.computeIfAbsent(contender.family(), f -> new ArrayDeque<>()).add(contender);
    }
    List<Contender> order = new ArrayList<>();
    while (order.size() < contenders.size()) {
      for (Deque<Contender> family : families.values()) {
        Contender next = family.poll();
        if (next != null) {
          order.add(next);
        }
      }
    }
    return order;
  }

  /**
   * Throws {@link IllegalArgumentException} with the least time and the selections that would fit.
   */
  static void require(ComparisonPlan plan, List<Contender> contenders) {
    int cells = cellsPerRun(plan.choice().workloads());
    Duration least = Schedule.least(plan, contenders.size(), cells);
    if (fits(plan, least)) {
      return;
    }
    List<String> ways = new ArrayList<>();
    ways.add("--time " + suggested(least));
    List<Contender> order = byPriority(contenders);
    for (int count = order.size() - 1; count >= 1; count--) {
      // A name selects all variants of a contender under other settings.
      Set<String> names =
          order.subList(0, count).stream()
              .map(contender -> contender.id().split(" ", 2)[0])
              .collect(Collectors.toCollection(LinkedHashSet::new));
      long chosen =
          contenders.stream().filter(c -> names.contains(c.id().split(" ", 2)[0])).count();
      if (fits(plan, Schedule.least(plan, (int) chosen, cells))) {
        ways.add("-c " + String.join(",", names));
        break;
      }
    }
    List<ComparedWorkload> workloads = bySignificance(plan.choice().workloads());
    for (int count = workloads.size() - 1; count >= 1; count--) {
      List<ComparedWorkload> some = workloads.subList(0, count);
      if (fits(plan, Schedule.least(plan, contenders.size(), cellsPerRun(some)))) {
        ways.add(
            "-w " + some.stream().map(ComparedWorkload::label).collect(Collectors.joining(",")));
        break;
      }
    }
    throw new IllegalArgumentException(
        String.format(
            Locale.ROOT,
            "--time %d is too short: %d contenders, each a JVM that fills %s, with %d runs of %d workloads take %d s at least; give %s, or a smaller --size",
            plan.effort().time().toSeconds(),
            contenders.size(),
            Units.bytes(plan.byteSize()),
            Math.min(plan.effort().runs(), Schedule.LEAST_RUNS),
            plan.choice().workloads().size(),
            Math.max(1, Math.ceilDiv(least.toMillis(), 1000)),
            String.join(", or ", ways)));
  }

  /** A time in seconds that should suffice for so many contenders. */
  static long suggested(ComparisonPlan plan, Duration overhead, int contenders) {
    Duration more = overhead.minus(Schedule.overheadGuess(plan)).multipliedBy(contenders);
    Duration least = Schedule.least(plan, contenders, cellsPerRun(plan.choice().workloads()));
    return suggested(more.isNegative() ? least : least.plus(more));
  }

  /** Every child fills its memory, with a separate time, even if the fill was not selected. */
  static int cellsPerRun(List<ComparedWorkload> workloads) {
    return (int) workloads.stream().filter(w -> w != ComparedWorkload.FILL).count();
  }

  private static boolean fits(ComparisonPlan plan, Duration least) {
    return least.plus(Schedule.reserve(plan.effort().time())).compareTo(plan.effort().time()) <= 0;
  }

  private static long suggested(Duration least) {
    long seconds = (long) Math.ceil(least.toMillis() / 1000.0 * ROOM);
    return Math.ceilDiv(seconds, ROUNDED_SECONDS) * ROUNDED_SECONDS;
  }

  private static List<ComparedWorkload> bySignificance(List<ComparedWorkload> workloads) {
    Set<ComparedWorkload> order = new LinkedHashSet<>(MOST_SIGNIFICANT);
    order.retainAll(workloads);
    order.addAll(workloads);
    return List.copyOf(order);
  }
}
