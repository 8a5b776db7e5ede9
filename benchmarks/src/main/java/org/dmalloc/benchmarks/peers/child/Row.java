/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.child;

import com.google.gson.annotations.SerializedName;
import java.util.List;
import java.util.Locale;
import org.dmalloc.benchmarks.Arguments;
import org.dmalloc.benchmarks.peers.store.Use;
import org.dmalloc.measure.RunOptions;
import org.dmalloc.measure.RunOptions.Timing;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.compare.child.ChildTask;

/** A workload of the comparison with peers. One operation is one page. */
public enum Row {
  @SerializedName("fill")
  FILL("a fresh store, filled in order, until it is durable", Use.FILL),
  @SerializedName("scan")
  SCAN("all of each page, in order, from cold", Use.SCAN),
  @SerializedName("random-read")
  RANDOM_READ("8 bytes of random pages, from cold", Use.RANDOM),
  @SerializedName("batch-read")
  BATCH_READ(
      "8 bytes of random pages that are known beforehand, in batches of 512, from cold",
      Use.RANDOM),
  @SerializedName("random-write")
  RANDOM_WRITE("8 bytes stored to random pages, from cold, until they are durable", Use.RANDOM),
  @SerializedName("zipf")
  ZIPF("8 bytes of pages by Zipf, θ = 0.99, after a while of the same", Use.RANDOM),
  @SerializedName("mixed")
  MIXED(
      "8 bytes of random pages, 5 % of them stored, after a while of the same, until durable",
      Use.RANDOM),
  @SerializedName("phases")
  PHASES("random, then in order, then random again, from cold", Use.MIXED),
  @SerializedName("halves")
  HALVES("one half read in order, in turn with random pages of the other, from cold", Use.MIXED);

  private final String description;
  private final Use use;

  Row(String description, Use use) {
    this.description = description;
    this.use = use;
  }

  /** The largest fraction of the pages that random writes change. */
  private static final int WRITTEN_SHARE = 50;

  /** The fraction of the pages that a scanning row also reads at random. */
  private static final int TOUCHED_SHARE = 32;

  /** Sequential pages for each random one in {@link #HALVES}. */
  public static final int SCANNED_TO_TOUCHED_IN_HALVES = TOUCHED_SHARE / 2;

  /** The same in {@link #PHASES}: half of the pages, and twice a fraction at random. */
  public static final int SCANNED_TO_TOUCHED_IN_PHASES = SCANNED_TO_TOUCHED_IN_HALVES / 2;

  /**
   * The child JVM's step of engine workloads; {@code stream} separates the random choices of runs.
   */
  public ChildTask.Step step(long pages, long nanos, long seed, long stream) {
    long all = RunOptions.UNLIMITED;
    long touched = Math.max(1, pages / TOUCHED_SHARE);
    List<ChildTask.Part> parts =
        switch (this) {
          case FILL -> throw new IllegalStateException("the fill is no step");
          case SCAN -> List.of(cold("read", nanos, all, seed, stream));
          case RANDOM_READ -> List.of(cold("random-read", nanos, all, seed, stream));
          case BATCH_READ -> List.of(cold("batch-read", nanos, all, seed, stream));
          case RANDOM_WRITE ->
              List.of(
                  cold(
                      "random-write", 2 * nanos, Math.max(1, pages / WRITTEN_SHARE), seed, stream));
          case ZIPF -> List.of(warm("zipf-read", nanos, seed, stream));
          case MIXED -> List.of(warm("mixed-95-5", nanos, seed, stream));
          case PHASES ->
              List.of(
                  cold("random-read", nanos, touched, seed, stream),
                  cold("read", nanos, Math.max(1, pages / 2), seed, stream),
                  cold("random-read", nanos, touched, seed, ~stream));
          case HALVES -> List.of(cold("scan-and-touch", 2 * nanos, all, seed, stream));
        };
    return new ChildTask.Step(label(), true, this == RANDOM_WRITE, parts);
  }

  private static ChildTask.Part cold(
      String workload, long nanos, long operations, long seed, long stream) {
    return new ChildTask.Part(
        workload, RunOptions.timed(Start.COLD, nanos, operations, seed, stream));
  }

  /** A warm-up of equal length precedes it, so that only what then comes back is measured. */
  private static ChildTask.Part warm(String workload, long nanos, long seed, long stream) {
    return new ChildTask.Part(
        workload,
        new RunOptions(
            Start.WARM,
            Timing.GROUPS,
            1,
            nanos,
            true,
            nanos,
            RunOptions.UNLIMITED,
            0,
            seed,
            stream));
  }

  /** The name on the command line and in tables. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  public String description() {
    return description;
  }

  public Use use() {
    return use;
  }

  /** Whether its rate is shown in bytes instead of pages. */
  public boolean inBytes() {
    return this == FILL || this == SCAN;
  }

  public static Row named(String label) {
    return Arguments.named("workload", label, List.of(values()), Row::label);
  }
}
