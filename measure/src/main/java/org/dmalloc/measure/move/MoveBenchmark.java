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
import java.util.Objects;
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
 * <p>For each size it makes the plain copies. Then one region moves in all directions, as often as
 * the plan says, at each rate of writing. Last, a stored region moves between the backends of one
 * store, which maps its file anew. One thread uses it.
 */
public final class MoveBenchmark {
  private static final String OWNER = "hotswapbench";
  private static final long SEED = 20240229;
  private static final int SIGNIFICANT_DIGITS = 3;

  private final MemoryProvider managed;
  private final RegionMover mover;
  private final Map<String, MemoryProvider> backends = new LinkedHashMap<>();
  private final MovePlan plan;
  private final MeasurementListener listener;
  private final List<Direction> round;
  private final List<Direction> remapped;

  /**
   * Prepares moves of regions of {@code managed} by {@code mover}.
   *
   * @param backends finds a backend by its name, and throws if there is none
   * @throws IllegalArgumentException if a backend of the plan is {@code managed} itself
   */
  public MoveBenchmark(
      MemoryProvider managed,
      RegionMover mover,
      Function<String, MemoryProvider> backends,
      MovePlan plan,
      MeasurementListener listener) {
    this.managed = managed;
    this.mover = mover;
    this.plan = plan;
    this.listener = listener;
    for (String name : plan.backends()) {
      MemoryProvider backend = backends.apply(name);
      if (backend.equals(managed)) {
        throw new IllegalArgumentException(
            "moves to " + name + ", which moves regions between the others; leave it out");
      }
      this.backends.put(name, backend);
    }
    round = round(plan.backends());
    // All backends that store regions share one store.
    remapped = round(plan.backends().stream().filter(this::storesRegions).toList());
  }

  private boolean storesRegions(String name) {
    return backend(name).capabilities().contains(Capability.NAMED);
  }

  private MemoryProvider backend(String name) {
    return Objects.requireNonNull(backends.get(name), name);
  }

  private record Direction(String from, String to) {
    @Override
    public String toString() {
      return from + " → " + to;
    }
  }

  /**
   * Measures; an interrupt ends it. Nothing stays allocated or stored in any case.
   *
   * @throws org.dmalloc.measure.WrongContentException if a page lost a write
   */
  public MoveReport run() throws MemoryException {
    Instant startedAt = Instant.now();
    long start = System.nanoTime();
    listener.said(outline());
    List<MoveReport.Copy> copies = new ArrayList<>();
    List<MoveReport.Row> rows = new ArrayList<>();
    for (long byteSize : plan.byteSizes()) {
      RegionRequest request = RegionRequest.ofSize(byteSize).withOwner(OWNER);
      copies.addAll(copies(request));
      try (MemoryRegion region = managed.allocate(request)) {
        rows.addAll(moves(region, round));
      }
      if (!remapped.isEmpty()) {
        rows.addAll(remaps(request));
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

  /** The work in one line, from which a user can tell how long it takes. */
  private String outline() {
    String sizes =
        plan.byteSizes().stream()
            .map(size -> plan.movesFor(size) + " with " + Units.bytes(size))
            .collect(Collectors.joining(", "));
    String rates =
        plan.writtenPercents().stream().map(MoveTable::percent).collect(Collectors.joining(", "));
    return String.format(
        Locale.ROOT,
        "%d moves after %d plain copies: %d directions between %s%s, each at %s written/s, %s",
        plan.byteSizes().stream().mapToInt(plan::movesFor).sum()
            * plan.writtenPercents().size()
            * (round.size() + remapped.size()),
        plan.byteSizes().size() * round.size(),
        round.size(),
        String.join(", ", plan.backends()),
        remapped.isEmpty() ? "" : ", and " + remapped.size() + " by mapping a stored region anew",
        rates,
        sizes);
  }

  /** A path through all directions, each once, that ends where it began. */
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

  private List<MoveReport.Copy> copies(RegionRequest request) throws MemoryException {
    String size = Units.bytes(request.byteSize());
    List<MoveReport.Copy> copies = new ArrayList<>();
    long start = System.nanoTime();
    for (String from : plan.backends()) {
      try (MemoryRegion source = backend(from).allocate(request)) {
        PageWriter.fill(source);
        for (String to : plan.backends()) {
          if (!to.equals(from)) {
            Direction direction = new Direction(from, to);
            listener.began("plain copy of " + size + ", " + direction);
            copies.add(copy(source, direction, request));
          }
        }
      }
    }
    listener.said(
        size + ": " + copies.size() + " plain copies in " + Units.nanos(System.nanoTime() - start));
    return copies;
  }

  private MoveReport.Copy copy(MemoryRegion source, Direction direction, RegionRequest request)
      throws MemoryException {
    long start = System.nanoTime();
    try (MemoryRegion target = backend(direction.to).allocate(request)) {
      long allocateNanos = System.nanoTime() - start;
      long freshNanos = copyNanos(source, target);
      return new MoveReport.Copy(
          direction.from,
          direction.to,
          request.byteSize(),
          allocateNanos,
          freshNanos,
          copyNanos(source, target));
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

  private List<MoveReport.Row> moves(MemoryRegion region, List<Direction> directions)
      throws MemoryException {
    List<MoveReport.Row> rows = new ArrayList<>();
    try (PageWriter writer = PageWriter.startFilled(region, OWNER + " writer", SEED)) {
      String first = directions.getFirst().from();
      mover.move(region.id(), first, MoveOptions.DEFAULT, ProgressListener.NONE);
      for (double percent : plan.writtenPercents()) {
        long start = System.nanoTime();
        List<MoveReport.Row> done = moves(region, writer, percent, directions);
        listener.began("comparing every page of " + Units.bytes(region.byteSize()));
        writer.check();
        listener.said(summary(done, System.nanoTime() - start));
        rows.addAll(done);
      }
    }
    return rows;
  }

  private List<MoveReport.Row> moves(
      MemoryRegion region, PageWriter writer, double percent, List<Direction> directions)
      throws MemoryException {
    int count = plan.movesFor(region.byteSize());
    Map<Direction, Samples> samples = new LinkedHashMap<>();
    writer.rate((double) region.byteSize() / PageWriter.PAGE_BYTES * percent / 100);
    for (int i = 0; i < count; i++) {
      for (Direction direction : directions) {
        listener.began(
            String.format(
                Locale.ROOT,
                "%s, %s written/s, %s, move %d of %d",
                Units.bytes(region.byteSize()),
                MoveTable.percent(percent),
                direction,
                i + 1,
                count));
        samples.computeIfAbsent(direction, d -> new Samples()).add(region, writer, direction.to);
      }
    }
    writer.rate(0);
    List<String> order = plan.backends();
    return samples.entrySet().stream()
        .map(entry -> entry.getValue().row(entry.getKey(), region.byteSize(), percent))
        .sorted(
            Comparator.<MoveReport.Row>comparingInt(row -> order.indexOf(row.from()))
                .thenComparingInt(row -> order.indexOf(row.to())))
        .toList();
  }

  /** Summarizes a size and rate after the check of every page. */
  private static String summary(List<MoveReport.Row> rows, long nanos) {
    MoveReport.Row worst =
        Collections.max(rows, Comparator.comparingLong(row -> row.pauseNanos(1)));
    return String.format(
        Locale.ROOT,
        "%s, %s written/s: %d moves%s in %s, longest pause %s (%s), every page right",
        Units.bytes(worst.byteSize()),
        MoveTable.percent(worst.writtenPercent()),
        rows.stream().mapToInt(row -> row.pauseNanos().size()).sum(),
        worst.passes() == 0 ? " by mapping anew" : "",
        Units.nanos(nanos),
        Units.nanos(worst.pauseNanos(1)),
        new Direction(worst.from(), worst.to()));
  }

  private List<MoveReport.Row> remaps(RegionRequest request) throws MemoryException {
    String name = String.format(Locale.ROOT, "%s-%016x", OWNER, System.nanoTime());
    try (MemoryRegion region = managed.allocate(request.withName(name))) {
      return moves(region, remapped);
    } finally {
      deleteStored(name);
    }
  }

  /** Deletes from the store that has it now. */
  private void deleteStored(String name) throws MemoryException {
    for (String backend : plan.backends()) {
      MemoryProvider provider = backend(backend);
      if (storesRegions(backend)
          && provider.stored().stream().anyMatch(stored -> stored.name().equals(name))) {
        provider.delete(name);
        return;
      }
    }
  }

  /** Collects the moves in one direction. */
  private final class Samples {
    private final List<MoveResult> results = new ArrayList<>();
    private final Histogram latencies = new Histogram(SIGNIFICANT_DIGITS);
    private long nanos;

    void add(MemoryRegion region, PageWriter writer, String to) throws MemoryException {
      // Stores between two moves belong to neither.
      writer.drainLatencies(new Histogram(SIGNIFICANT_DIGITS));
      long start = System.nanoTime();
      results.add(mover.move(region.id(), to, MoveOptions.DEFAULT, ProgressListener.NONE));
      nanos += System.nanoTime() - start;
      writer.drainLatencies(latencies);
      writer.throwFailure();
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
