/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.move;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.api.move.RegionMover;
import org.dmalloc.measure.Latency;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.Workloads;
import org.dmalloc.measure.machine.KernelCounts;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.measure.report.MeasurementListener;
import org.dmalloc.report.Units;
import org.dmalloc.spi.machine.KernelFiles;

/**
 * Moves a region in every direction between backends while a writer stores to it, checks every page
 * afterwards, and makes plain copies between the same backends for comparison.
 *
 * <p>For each size: first the plain copies, then one region that goes round all directions, as
 * often as the plan says, at each rate of writing; then a stored region between the backends of one
 * store, which maps its file anew. One thread uses it.
 */
public final class MoveBenchmark {
  private static final String OWNER = "hotswapbench";
  private static final long SEED = 20240229;
  private static final int SIGNIFICANT_DIGITS = 3;

  private final MemoryProvider managed;
  private final RegionMover mover;
  private final Function<String, MemoryProvider> backends;

  /**
   * A benchmark.
   *
   * @param managed the provider of regions that can move
   * @param mover what moves them
   * @param backends finds a backend by its name, and throws for one that is not there
   */
  public MoveBenchmark(
      MemoryProvider managed, RegionMover mover, Function<String, MemoryProvider> backends) {
    this.managed = managed;
    this.mover = mover;
    this.backends = backends;
  }

  /** From one backend to another. */
  private record Direction(String from, String to) {}

  /**
   * Measures; an interrupt ends it. Whatever ends it, nothing stays allocated or stored.
   *
   * @param listener told what will be done, of each step, and of each size and rate that is done
   * @throws MemoryException if a backend refuses or a move fails
   * @throws org.dmalloc.measure.WrongContentException if a page lost a write
   */
  public MoveReport run(MovePlan plan, MeasurementListener listener) throws MemoryException {
    Instant startedAt = Instant.now();
    long start = System.nanoTime();
    requireAll(plan.backends());
    List<Direction> round = round(plan.backends());
    List<Direction> remapped = round(storing(plan.backends()));
    listener.said(outline(plan, round.size(), remapped.size()));
    List<MoveReport.Copy> copies = new ArrayList<>();
    List<MoveReport.Row> rows = new ArrayList<>();
    for (long byteSize : plan.byteSizes()) {
      copies.addAll(copies(plan.backends(), byteSize, listener));
      RegionRequest request = RegionRequest.ofSize(byteSize).withOwner(OWNER);
      try (MemoryRegion region = managed.allocate(request)) {
        rows.addAll(moves(plan, region, round, listener));
      }
      if (!remapped.isEmpty()) {
        rows.addAll(remaps(plan, byteSize, remapped, listener));
      }
    }
    return new MoveReport(
        startedAt,
        Duration.ofNanos(System.nanoTime() - start),
        MachineDescription.read(KernelFiles.ofThisMachine()),
        plan,
        copies,
        rows);
  }

  /** A mistyped name ends the benchmark before it begins. */
  private void requireAll(List<String> names) {
    for (String name : names) {
      if (backends.apply(name).equals(managed)) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "moves to %s, which moves regions between the others; leave it out",
                name));
      }
    }
  }

  /** Those that can carry a stored region; all of them are of one store. */
  private List<String> storing(List<String> names) {
    return names.stream()
        .filter(name -> backends.apply(name).capabilities().contains(Capability.NAMED))
        .toList();
  }

  /** All that will be done, in a line: who reads it knows how long to wait. */
  private static String outline(MovePlan plan, int directions, int remapped) {
    int movesOfAllSizes = plan.byteSizes().stream().mapToInt(plan::movesFor).sum();
    String sizes =
        plan.byteSizes().stream()
            .map(
                size ->
                    String.format(
                        Locale.ROOT, "%d with %s", plan.movesFor(size), Units.bytes(size)))
            .collect(Collectors.joining(", "));
    String rates =
        plan.writtenPercents().stream().map(MoveTable::percent).collect(Collectors.joining(", "));
    return String.format(
        Locale.ROOT,
        "%d moves after %d plain copies: %d directions between %s%s, each at %s written/s, %s",
        movesOfAllSizes * plan.writtenPercents().size() * (directions + remapped),
        plan.byteSizes().size() * directions,
        directions,
        String.join(", ", plan.backends()),
        remapped == 0
            ? ""
            : String.format(Locale.ROOT, ", and %d by mapping a stored region anew", remapped),
        rates,
        sizes);
  }

  /** A way through all directions, each once, that ends where it began. */
  private static List<Direction> round(List<String> names) {
    List<Direction> round = new ArrayList<>();
    addRound(names, 0, round);
    return round;
  }

  private static void addRound(List<String> names, int at, List<Direction> round) {
    for (int other = at + 1; other < names.size(); other++) {
      round.add(new Direction(names.get(at), names.get(other)));
      if (other == at + 1) {
        addRound(names, other, round);
      }
      round.add(new Direction(names.get(other), names.get(at)));
    }
  }

  // --- plain copies ---

  private List<MoveReport.Copy> copies(
      List<String> names, long byteSize, MeasurementListener listener) throws MemoryException {
    RegionRequest request = RegionRequest.ofSize(byteSize).withOwner(OWNER);
    List<MoveReport.Copy> copies = new ArrayList<>();
    long start = System.nanoTime();
    for (String from : names) {
      try (MemoryRegion source = backends.apply(from).allocate(request)) {
        PageWriter.fill(source);
        for (String to : names) {
          if (!to.equals(from)) {
            listener.began(
                String.format(
                    Locale.ROOT, "plain copy of %s, %s → %s", Units.bytes(byteSize), from, to));
            copies.add(copy(source, from, to, request));
          }
        }
      }
    }
    listener.said(
        String.format(
            Locale.ROOT,
            "%s: %d plain copies in %s",
            Units.bytes(byteSize),
            copies.size(),
            Units.nanos(System.nanoTime() - start)));
    return copies;
  }

  private MoveReport.Copy copy(MemoryRegion source, String from, String to, RegionRequest request)
      throws MemoryException {
    long start = System.nanoTime();
    try (MemoryRegion target = backends.apply(to).allocate(request)) {
      long allocateNanos = System.nanoTime() - start;
      long freshNanos = copyNanos(source, target);
      return new MoveReport.Copy(
          from, to, request.byteSize(), allocateNanos, freshNanos, copyNanos(source, target));
    }
  }

  private static long copyNanos(MemoryRegion source, MemoryRegion target) {
    try (Access read = source.acquire();
        Access write = target.acquire()) {
      long start = System.nanoTime();
      write.segment().copyFrom(read.segment());
      return System.nanoTime() - start;
    }
  }

  // --- moves ---

  private List<MoveReport.Row> moves(
      MovePlan plan, MemoryRegion region, List<Direction> round, MeasurementListener listener)
      throws MemoryException {
    List<MoveReport.Row> rows = new ArrayList<>();
    try (PageWriter writer = PageWriter.startFilled(region, OWNER + " writer", SEED)) {
      mover.move(region.id(), round.getFirst().from(), MoveOptions.DEFAULT, ProgressListener.NONE);
      for (double percent : plan.writtenPercents()) {
        long start = System.nanoTime();
        List<MoveReport.Row> done = moves(plan, region, writer, percent, round, listener);
        listener.began("comparing every page of " + Units.bytes(region.byteSize()));
        writer.check();
        listener.said(summary(done, System.nanoTime() - start));
        rows.addAll(done);
      }
    }
    return rows;
  }

  private List<MoveReport.Row> moves(
      MovePlan plan,
      MemoryRegion region,
      PageWriter writer,
      double percent,
      List<Direction> round,
      MeasurementListener listener)
      throws MemoryException {
    int count = plan.movesFor(region.byteSize());
    Map<Direction, Samples> samples = new LinkedHashMap<>();
    writer.rate((double) region.byteSize() / PageWriter.PAGE_BYTES * percent / 100);
    for (int i = 0; i < count; i++) {
      for (Direction direction : round) {
        listener.began(
            String.format(
                Locale.ROOT,
                "%s, %s written/s, %s → %s, move %d of %d",
                Units.bytes(region.byteSize()),
                MoveTable.percent(percent),
                direction.from,
                direction.to,
                i + 1,
                count));
        samples.computeIfAbsent(direction, d -> new Samples()).add(region, writer, direction.to);
      }
    }
    writer.rate(0);
    return samples.entrySet().stream()
        .sorted(
            Comparator.comparingInt(
                entry ->
                    plan.backends().indexOf(entry.getKey().from) * plan.backends().size()
                        + plan.backends().indexOf(entry.getKey().to)))
        .map(entry -> entry.getValue().row(entry.getKey(), region.byteSize(), percent))
        .toList();
  }

  /** What a size and rate came to, when every page of it has been found right. */
  private static String summary(List<MoveReport.Row> rows, long nanos) {
    MoveReport.Row worst =
        Collections.max(rows, Comparator.comparingLong(row -> row.pauseNanos(1)));
    return String.format(
        Locale.ROOT,
        "%s, %s written/s: %d moves%s in %s, longest pause %s (%s → %s), every page right",
        Units.bytes(worst.byteSize()),
        MoveTable.percent(worst.writtenPercent()),
        rows.stream().mapToInt(row -> row.pauseNanos().size()).sum(),
        worst.passes() == 0 ? " by mapping anew" : "",
        Units.nanos(nanos),
        Units.nanos(worst.pauseNanos(1)),
        worst.from(),
        worst.to());
  }

  /** A stored region between the backends of one store. */
  private List<MoveReport.Row> remaps(
      MovePlan plan, long byteSize, List<Direction> round, MeasurementListener listener)
      throws MemoryException {
    String name = String.format(Locale.ROOT, "%s-%016x", OWNER, System.nanoTime());
    RegionRequest request = RegionRequest.ofSize(byteSize).withName(name).withOwner(OWNER);
    try (MemoryRegion region = managed.allocate(request)) {
      return moves(plan, region, round, listener);
    } finally {
      deleteStored(storing(plan.backends()), name);
    }
  }

  /** From whichever store it is in now. */
  private void deleteStored(List<String> storing, String name) throws MemoryException {
    for (String backend : storing) {
      MemoryProvider provider = backends.apply(backend);
      if (provider.stored().stream().anyMatch(stored -> stored.name().equals(name))) {
        provider.delete(name);
        return;
      }
    }
  }

  /** The moves in one direction, while they are made. */
  private final class Samples {
    private final List<MoveResult> results = new ArrayList<>();
    private final Histogram latencies = new Histogram(SIGNIFICANT_DIGITS);
    private long nanos;

    void add(MemoryRegion region, PageWriter writer, String to) throws MemoryException {
      // What came between two moves is nobody's.
      writer.drainLatencies(new Histogram(SIGNIFICANT_DIGITS));
      long start = System.nanoTime();
      results.add(mover.move(region.id(), to, MoveOptions.DEFAULT, ProgressListener.NONE));
      nanos += System.nanoTime() - start;
      writer.drainLatencies(latencies);
      Throwable failure = writer.failure();
      if (failure != null) {
        throw new IllegalStateException("the writer failed: " + failure.getMessage(), failure);
      }
    }

    MoveReport.Row row(Direction direction, long byteSize, double percent) {
      List<Long> copied = results.stream().map(MoveResult::copiedBytes).sorted().toList();
      List<Integer> passes = results.stream().map(MoveResult::passes).sorted().toList();
      return new MoveReport.Row(
          direction.from,
          direction.to,
          byteSize,
          percent,
          new Measurement(
              Workloads.RANDOM_WRITE.name(),
              Workloads.RANDOM_WRITE.operation(),
              latencies.getTotalCount(),
              Workloads.RANDOM_WRITE.bytesPerOperation(Start.WARM),
              latencies.getTotalCount(),
              Measurement.UNKNOWN,
              nanos,
              Measurement.UNKNOWN,
              Measurement.UNKNOWN,
              Latency.of(latencies, 1),
              KernelCounts.none(),
              false),
          results.stream().map(MoveResult::pauseNanos).sorted().toList(),
          results.stream().map(MoveResult::elapsedNanos).sorted().toList(),
          copied.get(copied.size() / 2),
          passes.get(passes.size() / 2),
          results.getLast().methodInAWord());
    }
  }
}
