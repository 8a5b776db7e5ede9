/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Capability;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.disk.RawDisk;
import org.dmalloc.measure.machine.MachineDescription;
import org.dmalloc.report.Units;

/**
 * What a benchmark's figures mean on the machine that gave them: a line for random access, one for
 * access in order, one for regions beyond RAM, and a command that measures more. All of it is
 * computed from the report.
 *
 * <p>It warns of one trap. A backend that takes no advice reads a lot around each page. If the
 * region fits into RAM, a few such reads bring all of it in, and RAM answers what is counted as
 * cold random access.
 */
public final class BenchmarkMeaning {
  /** Marks figures of cold rows that RAM gave. */
  static final String FROM_RAM = "†";

  /** A wait for the disk that brings in this many pages was not for one page. */
  private static final long MANY_PAGES = 8;

  /** A factor over the raw disk's rate at depth 32; that figure is no more exact. */
  private static final double BEYOND_DISK = 1.25;

  /** Figures that differ by less than this count as equal. */
  private static final double SAME = 0.05;

  private BenchmarkMeaning() {}

  /** The prefix of a line that is a command, to be copied unchanged. */
  static final String PROGRAM = "./dmalloc ";

  /** The lines; the last is a command. */
  public static List<String> lines(BenchmarkReport report) {
    return List.of(atRandom(report), inOrder(report), beyondMemory(report), next(report));
  }

  /**
   * The pages that each wait for the disk brought in, in a cold row of single random accesses that
   * mostly did not wait; empty for all other rows.
   */
  static OptionalLong pagesPerWait(BenchmarkResult result) {
    Workload workload = result.workload();
    if (result.measured().isEmpty()
        || result.start() != Start.COLD
        || workload.pattern() != AccessPattern.RANDOM
        || workload.needs().contains(Capability.PREFETCH)) {
      return OptionalLong.empty();
    }
    Measurement measurement = result.measurement();
    long faults = measurement.counters().majorFaults();
    long read = measurement.counters().readBytes();
    if (faults < 0 || read < 0 || 2 * faults > measurement.operations()) {
      return OptionalLong.empty();
    }
    long pages = read / PageContent.PAGE_BYTES / Math.max(1, faults);
    return pages < MANY_PAGES ? OptionalLong.empty() : OptionalLong.of(pages);
  }

  /**
   * Whether RAM answered most of a cold random row: each wait brought in many pages, or announced
   * pages came faster than the disk can give them.
   */
  static boolean fromRam(BenchmarkResult result) {
    return pagesPerWait(result).isPresent()
        || (result.start() == Start.COLD
            && result.workload().pattern() == AccessPattern.RANDOM
            && result.workload().needs().contains(Capability.PREFETCH)
            && result.throughputRatio(RawDisk.DEPTH_MANY).orElse(0) > BEYOND_DISK);
  }

  /** Whether a region fits into RAM; empty if the machine's RAM is unknown. */
  static Optional<Boolean> fitsIntoMemory(BenchmarkReport report) {
    long memory = memory(report.machine());
    return memory < 0 ? Optional.empty() : Optional.of(report.plan().byteSize() < memory);
  }

  private static long memory(MachineDescription machine) {
    long limit = machine.memoryLimitBytes();
    return limit < 0
        ? machine.memoryBytes()
        : machine.memoryBytes() < 0 ? limit : Math.min(limit, machine.memoryBytes());
  }

  private static String atRandom(BenchmarkReport report) {
    List<BenchmarkResult> all = cold(report, row -> row.workload().name().equals("random-read"));
    List<BenchmarkResult> fromDisk =
        all.stream().filter(row -> pagesPerWait(row).isEmpty()).toList();
    List<String> parts = new ArrayList<>();
    if (fromDisk.isEmpty()) {
      parts.add(
          "no figure from the disk" + (all.isEmpty() ? "; see -w random-read --start cold" : ""));
    } else {
      Best best = Best.of(fromDisk, BenchmarkMeaning::rate);
      String ofDisk =
          best.row().throughputRatio(RawDisk.DEPTH_ONE).stream()
              .mapToObj(r -> " (" + Units.ratio(r) + " of what it gives one request at a time)")
              .findFirst()
              .orElse("");
      parts.add(
          best.backends() + " from the disk, " + Units.count(best.figure()) + " pages/s" + ofDisk);
    }
    List<BenchmarkResult> announced =
        cold(
            report,
            row ->
                !fromRam(row)
                    && row.workload().kind() == Workload.Kind.READ
                    && row.workload().needs().contains(Capability.PREFETCH));
    if (!announced.isEmpty()) {
      Best best = Best.of(announced, BenchmarkMeaning::rate);
      parts.add("announced (prefetch) " + Units.count(best.figure()) + " by " + best.backends());
    }
    for (BenchmarkResult row : all) {
      pagesPerWait(row)
          .ifPresent(
              pages ->
                  parts.add(
                      String.format(
                          Locale.ROOT,
                          "the %s%s of %s are RAM's: each wait for the disk brought in %s pages",
                          Units.count(rate(row)),
                          FROM_RAM,
                          row.backend(),
                          Units.count(pages))));
    }
    return "at random: " + String.join("; ", parts);
  }

  private static String inOrder(BenchmarkReport report) {
    List<BenchmarkResult> reads = cold(report, row -> row.workload().name().equals("read"));
    List<BenchmarkResult> fills =
        cold(report, row -> row.workload().name().equals("fill") && hasFile(report, row.backend()));
    List<String> parts = new ArrayList<>();
    if (!reads.isEmpty()) {
      Best best = Best.of(reads, row -> row.measurement().durableBytesPerSecond());
      parts.add(
          best.backends()
              + (best.isOne() ? " reads" : " read")
              + " fastest from the disk, "
              + Units.megabytes(best.figure())
              + " MB/s");
    }
    if (!fills.isEmpty()) {
      // A backend that writes zeros to reserve its space has paid there for the first stores.
      Best best = Best.of(fills, row -> withAllocation(report, row));
      parts.add(
          best.backends()
              + (best.isOne() ? " fills" : " fill")
              + " a file fastest, "
              + Units.megabytes(best.figure())
              + " MB/s with its allocation and until durable");
    }
    return "in order: "
        + (parts.isEmpty()
            ? "no figure from the disk; see -w fill,read --start cold"
            : String.join("; ", parts));
  }

  private static boolean hasFile(BenchmarkReport report, String backend) {
    BenchmarkReport.Storage storage = report.storage().get(backend);
    return storage != null && !storage.fileSystem().isEmpty();
  }

  /** Bytes per second of a first fill, with the time of the allocation. */
  private static double withAllocation(BenchmarkReport report, BenchmarkResult row) {
    BenchmarkReport.Storage storage = report.storage().get(row.backend());
    long allocateNanos = storage == null ? 0 : storage.allocateNanos();
    Measurement m = row.measurement();
    return m.operations()
        * (double) m.bytesPerOperation()
        * 1e9
        / (m.elapsedNanos() + m.forceNanos() + allocateNanos);
  }

  private static String beyondMemory(BenchmarkReport report) {
    String size = Units.bytes(report.plan().byteSize());
    Optional<Boolean> fits = fitsIntoMemory(report);
    String memory = Units.bytes(Math.max(0, memory(report.machine())));
    if (fits.isPresent() && !fits.get()) {
      return String.format(
          Locale.ROOT,
          "beyond RAM: that is what was measured, %s with %s of RAM; which advice, file or swap serves which use:",
          size,
          memory);
    }
    return String.format(
        Locale.ROOT,
        "beyond RAM: not measured, %s; run bench with --size above RAM, or, as root for the limit:",
        fits.isPresent()
            ? "because "
                + size
                + " fits into "
                + memory
                + " of RAM, which then answers whatever was read once"
            : "as far as can be told");
  }

  private static String next(BenchmarkReport report) {
    return fitsIntoMemory(report).orElse(true)
        ? PROGRAM
            + "compare --size 1g --limit 256m --time 120 -r 3 -w random-read,sequential-read -c "
            + contenders(report)
        : PROGRAM + "compare";
  }

  /** The names that {@code compare} has for the backends of this report. */
  private static String contenders(BenchmarkReport report) {
    String names =
        report.storage().keySet().stream()
            .filter(name -> hasFile(report, name))
            .map(name -> name.equals("panama") ? "panama:auto,panama:random" : name)
            .sorted()
            .collect(Collectors.joining(","));
    return names.isEmpty() ? "panama:auto,filechannel" : names;
  }

  private static List<BenchmarkResult> cold(
      BenchmarkReport report, Predicate<BenchmarkResult> which) {
    return report.results().stream()
        .filter(row -> row.start() == Start.COLD && row.measured().isPresent())
        .filter(which)
        .toList();
  }

  private static double rate(BenchmarkResult row) {
    return row.measurement().durableOperationsPerSecond();
  }

  /** The highest figure of some rows, and the backends that are level with it. */
  private record Best(BenchmarkResult row, double figure, String backends) {
    private static final String AND = " and ";

    static Best of(List<BenchmarkResult> rows, ToDoubleFunction<BenchmarkResult> figure) {
      BenchmarkResult best = Collections.max(rows, Comparator.comparingDouble(figure));
      double highest = figure.applyAsDouble(best);
      return new Best(
          best,
          highest,
          rows.stream()
              .filter(row -> figure.applyAsDouble(row) * (1 + SAME) >= highest)
              .map(BenchmarkResult::backend)
              .distinct()
              .collect(Collectors.joining(AND)));
    }

    boolean isOne() {
      return !backends.contains(AND);
    }
  }
}
