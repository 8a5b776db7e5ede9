/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.dmalloc.measure.compare.setup.SwapFile;
import org.jspecify.annotations.Nullable;

/**
 * What to compare, and how.
 *
 * @param byteSize the memory of each contender
 * @param limitBytes what each child JVM may have of RAM, itself included
 * @param directory where files go
 * @param choice which workloads and contenders
 * @param variants the swap and settings to try
 * @param effort how often and how long to measure
 * @param seed decides content and order
 * @param stateDirectory where the journal of changes is kept; null for the user's own
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
  /** What a JVM needs for itself, and a little for the data. */
  public static final long LEAST_LIMIT_BYTES = 128L << 20;

  private static final long LEAST_BYTES = 16L << 20;

  /** Which swap policies to try. */
  public enum Policies {
    /** Those that change how pages come back: KERNEL and NO_READ_AHEAD. */
    DISTINCT,
    /** All that last and that memory beyond the limit allows. */
    ALL
  }

  /**
   * What is measured.
   *
   * @param workloads what to run
   * @param contenders names to choose by: of a provider, of a contender, or {@code all}; empty for
   *     all but those that are like another
   */
  public record Choice(List<ComparedWorkload> workloads, List<String> contenders) {
    /** All workloads over all contenders but those that are like another. */
    public static final Choice ALL = new Choice(List.of(ComparedWorkload.values()), List.of());

    /** Copies the lists. */
    public Choice {
      if (workloads.isEmpty()) {
        throw new IllegalArgumentException("no workload; name at least one");
      }
      workloads = List.copyOf(workloads);
      contenders = List.copyOf(contenders);
    }
  }

  /**
   * Under which conditions.
   *
   * @param swapFile a swap file for this comparison; null for none
   * @param zramBytes the size of a zram device for this comparison; 0 for none
   * @param pageClusters values of vm.page-cluster to try with swap; empty to leave it
   * @param readAheadKib values of the disk's read_ahead_kb to try with files; empty to leave it
   * @param policies which swap policies to try
   */
  public record Variants(
      @Nullable TemporarySwap swapFile,
      long zramBytes,
      List<Integer> pageClusters,
      List<Integer> readAheadKib,
      Policies policies) {
    /** The swap and the settings that the machine has. */
    public static final Variants NONE =
        new Variants(null, 0, List.of(), List.of(), Policies.DISTINCT);

    /** Copies the lists. */
    public Variants {
      pageClusters = List.copyOf(pageClusters);
      readAheadKib = List.copyOf(readAheadKib);
    }
  }

  /**
   * How much is measured.
   *
   * @param runs how often to measure each cell; fewer than five tell no spread
   * @param time how long all may take
   * @param cellTime how long to measure each cell; null for as long as that permits
   */
  public record Effort(int runs, Duration time, @Nullable Duration cellTime) {
    /** Five runs within ten minutes, less what setting up and a last slow child may take. */
    public static final Effort STANDARD = new Effort(5, Duration.ofSeconds(510), null);

    /** Checks the numbers. */
    public Effort {
      if (runs < 1) {
        throw new IllegalArgumentException("runs " + runs + "; give at least 1");
      }
      if (time.isNegative() || time.isZero()) {
        throw new IllegalArgumentException(
            String.format(Locale.ROOT, "time of %d s; give at least 1", time.toSeconds()));
      }
      if (cellTime != null && (cellTime.isNegative() || cellTime.isZero())) {
        throw new IllegalArgumentException(
            String.format(Locale.ROOT, "cell time of %d ms; give at least 1", cellTime.toMillis()));
      }
    }
  }

  /**
   * A swap file.
   *
   * @param path must not exist
   * @param byteSize its size
   * @param priority from 0 to {@value SwapFile#HIGHEST_PRIORITY}
   */
  public record TemporarySwap(Path path, long byteSize, int priority) {
    /** Checks the numbers. */
    public TemporarySwap {
      if (byteSize < 1 << 20) {
        throw new IllegalArgumentException("swap file of " + byteSize + " bytes; give at least 1m");
      }
      if (priority < 0 || priority > SwapFile.HIGHEST_PRIORITY) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "swap priority %d; give 0 to %d",
                priority,
                SwapFile.HIGHEST_PRIORITY));
      }
    }
  }

  /** Checks the sizes. */
  public ComparisonPlan {
    if (byteSize < LEAST_BYTES) {
      throw new IllegalArgumentException("size of " + byteSize + " bytes; give at least 16m");
    }
    if (limitBytes < LEAST_LIMIT_BYTES) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "limit of %d bytes; give at least 128m, because the child JVM itself lives within it",
              limitBytes));
    }
  }

  /** All workloads, five runs, within ten minutes. */
  public static ComparisonPlan of(long byteSize, long limitBytes, Path directory) {
    return new ComparisonPlan(
        byteSize, limitBytes, directory, Choice.ALL, Variants.NONE, Effort.STANDARD, 42, null);
  }

  /** The same with another effort. */
  public ComparisonPlan with(Effort newEffort) {
    return new ComparisonPlan(
        byteSize, limitBytes, directory, choice, variants, newEffort, seed, stateDirectory);
  }
}
