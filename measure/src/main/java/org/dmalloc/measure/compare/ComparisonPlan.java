/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.measure.compare.setup.SwapFile;
import org.dmalloc.report.Units;
import org.jspecify.annotations.Nullable;

/**
 * What to compare, and how.
 *
 * @param limitBytes the RAM limit of each child JVM, itself included
 * @param seed decides content and order
 * @param stateDirectory the directory of the journal of changes; null for the user's own
 */
public record ComparisonPlan(
    long byteSize,
    long limitBytes,
    Path directory,
    Choice choice,
    Variants variants,
    Effort effort,
    long seed,
    @Nullable Path stateDirectory) {
  /** A JVM's own memory, and a little for the data. */
  public static final long LEAST_LIMIT_BYTES = 128L << 20;

  private static final long LEAST_BYTES = 16L << 20;

  /** Which swap policies to try. */
  public enum Policies {
    /** Policies that change how pages come back: KERNEL and NO_READ_AHEAD. */
    DISTINCT,
    /** Policies that last and that permit memory beyond the limit. */
    ALL
  }

  /**
   * Selects by the names of providers or contenders, or {@code all}. No names select all but those
   * that are like another.
   */
  public record Choice(List<ComparedWorkload> workloads, List<String> contenders) {
    public static final Choice ALL = new Choice(List.of(ComparedWorkload.values()), List.of());

    public Choice {
      check(!workloads.isEmpty(), "no workload; name at least one");
      workloads = List.copyOf(workloads);
      contenders = List.copyOf(contenders);
    }
  }

  /**
   * The conditions.
   *
   * @param swapFile a swap file for this comparison; null for none
   * @param zramBytes the size of a zram device for this comparison; 0 for none
   * @param pageClusters values of vm.page-cluster to try with swap; empty to leave it
   * @param readAheadKib values of the disk's read_ahead_kb to try with files; empty to leave it
   */
  public record Variants(
      @Nullable TemporarySwap swapFile,
      long zramBytes,
      List<Integer> pageClusters,
      List<Integer> readAheadKib,
      Policies policies) {
    /** The machine's own swap and settings. */
    public static final Variants NONE =
        new Variants(null, 0, List.of(), List.of(), Policies.DISTINCT);

    public Variants {
      pageClusters = List.copyOf(pageClusters);
      readAheadKib = List.copyOf(readAheadKib);
    }
  }

  /**
   * How much to measure.
   *
   * @param runs measurements of each cell; fewer than five show no spread
   * @param time the limit for the whole comparison
   * @param cellTime the time of each cell; null for as long as {@code time} permits
   */
  public record Effort(int runs, Duration time, @Nullable Duration cellTime) {
    /** Five runs within ten minutes, less the time to set up and to end a slow child. */
    public static final Effort STANDARD = new Effort(5, Duration.ofSeconds(510), null);

    public Effort {
      check(runs >= 1, "runs " + runs + "; give at least 1");
      check(time.isPositive(), "time of " + time.toSeconds() + " s; give at least 1");
      if (cellTime != null) {
        check(
            cellTime.isPositive(), "cell time of " + cellTime.toMillis() + " ms; give at least 1");
      }
    }
  }

  /**
   * A swap file at a path that does not exist, of a priority from 0 to {@value
   * SwapFile#HIGHEST_PRIORITY}.
   */
  public record TemporarySwap(Path path, long byteSize, int priority) {
    public TemporarySwap {
      check(byteSize >= 1 << 20, "swap file of " + Units.bytes(byteSize) + "; give at least 1m");
      check(
          priority >= 0 && priority <= SwapFile.HIGHEST_PRIORITY,
          "swap priority " + priority + "; give 0 to " + SwapFile.HIGHEST_PRIORITY);
    }
  }

  public ComparisonPlan {
    check(byteSize >= LEAST_BYTES, "size of " + Units.bytes(byteSize) + "; give at least 16m");
    check(
        limitBytes >= LEAST_LIMIT_BYTES,
        "limit of "
            + Units.bytes(limitBytes)
            + "; give at least 128m, because the child JVM itself lives within it");
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  /** All workloads, with {@link Effort#STANDARD}. */
  public static ComparisonPlan of(long byteSize, long limitBytes, Path directory) {
    return new ComparisonPlan(
        byteSize, limitBytes, directory, Choice.ALL, Variants.NONE, Effort.STANDARD, 42, null);
  }

  public ComparisonPlan with(Effort newEffort) {
    return new ComparisonPlan(
        byteSize, limitBytes, directory, choice, variants, newEffort, seed, stateDirectory);
  }
}
