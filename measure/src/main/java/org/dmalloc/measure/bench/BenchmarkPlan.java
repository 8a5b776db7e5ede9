/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.Workloads;
import org.jspecify.annotations.Nullable;

/**
 * What a benchmark measures. Invalid values throw {@link IllegalArgumentException}.
 *
 * @param byteSize the size of each backend's region, at least 1 MiB
 * @param workloads what to run; fill always comes first
 * @param timePerRun the time limit of one workload; a cold fill goes on until the region is full
 * @param pattern the pattern of the region for all workloads, which then advise nothing; null lets
 *     each advise the one that fits it
 * @param directory the place of the regions of backends that accept a directory, and of the raw
 *     disk's file if there is no such backend; null for each backend's own
 */
public record BenchmarkPlan(
    long byteSize,
    List<Workload> workloads,
    Set<Start> starts,
    int threads,
    Duration timePerRun,
    @Nullable AccessPattern pattern,
    RawDiskChoice rawDisk,
    @Nullable Path directory,
    long seed) {
  /** The smallest size that gives meaningful figures. */
  public static final long MIN_BYTES = 1L << 20;

  /** Each thread needs a page of its own in the smallest region. */
  public static final int MAX_THREADS = (int) (MIN_BYTES / PageContent.PAGE_BYTES);

  public static final long DEFAULT_SEED = 20_240_229;

  /** How the raw disk is measured. */
  public enum RawDiskChoice {
    /** By fio where it is installed, else by {@link #OWN_LOOP}. */
    AUTO,
    /** By {@link org.dmalloc.measure.disk.DirectLoop}. */
    OWN_LOOP,
    /** Not at all; there are no ratios. */
    NONE
  }

  public BenchmarkPlan {
    if (byteSize < MIN_BYTES) {
      throw new IllegalArgumentException(
          "benchmark of " + byteSize + " bytes; give at least " + MIN_BYTES);
    }
    if (workloads.isEmpty() || starts.isEmpty()) {
      throw new IllegalArgumentException("benchmark of nothing; give a workload and a start");
    }
    if (threads < 1 || threads > MAX_THREADS) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "threads %d; give 1 to %d: each needs a page of its own in the smallest region, and more have more requests under way than a disk takes",
              threads,
              MAX_THREADS));
    }
    if (timePerRun.isNegative() || timePerRun.isZero()) {
      throw new IllegalArgumentException(
          timePerRun.toMillis() + " ms for each row; give more than 0");
    }
    workloads = List.copyOf(workloads);
    starts = Collections.unmodifiableSet(EnumSet.copyOf(starts));
  }

  /** All workloads, cold and warm, on one thread for a second each. */
  public static BenchmarkPlan ofSize(long byteSize) {
    return new BenchmarkPlan(
        byteSize,
        Workloads.standard(),
        EnumSet.allOf(Start.class),
        1,
        Duration.ofSeconds(1),
        null,
        RawDiskChoice.AUTO,
        null,
        DEFAULT_SEED);
  }

  public BenchmarkPlan withWorkloads(List<Workload> newWorkloads) {
    return new BenchmarkPlan(
        byteSize, newWorkloads, starts, threads, timePerRun, pattern, rawDisk, directory, seed);
  }

  public AccessPattern patternFor(Workload workload) {
    return pattern == null ? workload.pattern() : pattern;
  }
}
