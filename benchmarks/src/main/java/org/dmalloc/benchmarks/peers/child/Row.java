/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.child;

import com.google.gson.annotations.SerializedName;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.dmalloc.benchmarks.peers.store.Use;
import org.dmalloc.measure.RunOptions;
import org.dmalloc.measure.RunOptions.Timing;
import org.dmalloc.measure.Start;
import org.dmalloc.measure.compare.child.ChildTask;

/** A workload: one row of the table. One operation is one page. */
public enum Row {
  /** A fresh store is made and filled in order. */
  @SerializedName("fill")
  FILL("fill", "a fresh store, filled in order, until it is durable", Use.FILL, true),
  /** Read in order. */
  @SerializedName("scan")
  SCAN("scan", "all of each page, in order, from cold", Use.SCAN, true),
  /** Read at random. */
  @SerializedName("random-read")
  RANDOM_READ("random-read", "8 bytes of random pages, from cold", Use.RANDOM, false),
  /** Read at random, announced. */
  @SerializedName("batch-read")
  BATCH_READ(
      "batch-read",
      "8 bytes of random pages that are known beforehand, in batches of 512, from cold",
      Use.RANDOM,
      false),
  /** Written at random. */
  @SerializedName("random-write")
  RANDOM_WRITE(
      "random-write",
      "8 bytes stored to random pages, from cold, until they are durable",
      Use.RANDOM,
      false),
  /** Read with favourites. */
  @SerializedName("zipf")
  ZIPF("zipf", "8 bytes of pages by Zipf, θ = 0.99, after a while of the same", Use.RANDOM, false),
  /** Mostly read. */
  @SerializedName("mixed")
  MIXED(
      "mixed",
      "8 bytes of random pages, 5 % of them stored, after a while of the same, until durable",
      Use.RANDOM,
      false),
  /** One pattern after another. */
  @SerializedName("phases")
  PHASES("phases", "random, then in order, then random again, from cold", Use.MIXED, false),
  /** One pattern beside another. */
  @SerializedName("halves")
  HALVES(
      "halves",
      "one half read in order, in turn with random pages of the other, from cold",
      Use.MIXED,
      false);

  private final String label;
  private final String description;
  private final Use use;
  private final boolean bytes;

  Row(String label, String description, Use use, boolean bytes) {
    this.label = label;
    this.description = description;
    this.use = use;
    this.bytes = bytes;
  }

  /** Of the pages: what random writes change at most. */
  private static final int WRITTEN_SHARE = 50;

  /** Of the pages: random ones in a row that also scans. */
  private static final int TOUCHED_SHARE = 32;

  /** Pages read in order for each at random in {@link #HALVES}. */
  public static final int SCANNED_TO_TOUCHED_IN_HALVES = TOUCHED_SHARE / 2;

  /** As much in {@link #PHASES}: half of the pages, and twice a share at random. */
  public static final int SCANNED_TO_TOUCHED_IN_PHASES = SCANNED_TO_TOUCHED_IN_HALVES / 2;

  /**
   * What a child JVM does for it: workloads that a benchmark and a comparison run too.
   *
   * @param pages how many pages there are
   * @param nanos how long to measure
   * @param seed decides the content
   * @param stream makes the random choices differ from those of other runs
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
    return new ChildTask.Step(label, true, this == RANDOM_WRITE, parts);
  }

  /** How many pages each part is worth. */
  List<Long> work(long pages) {
    return step(pages, 1, 0, 0).parts().stream().map(part -> part.options().operations()).toList();
  }

  private static ChildTask.Part cold(
      String workload, long nanos, long operations, long seed, long stream) {
    return new ChildTask.Part(
        workload,
        new RunOptions(Start.COLD, Timing.EACH, 1, 0, false, nanos, operations, 0, seed, stream));
  }

  /** After as long of the same, so that only what then comes back is measured. */
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

  /** Its name on the command line and in tables. */
  public String label() {
    return label;
  }

  /** What it does, in words. */
  public String description() {
    return description;
  }

  /** What a store is opened for. */
  public Use use() {
    return use;
  }

  /** Whether its rate is told in bytes rather than in pages. */
  public boolean inBytes() {
    return bytes;
  }

  /** The row of a name. */
  public static Row named(String label) {
    return Arrays.stream(values())
        .filter(row -> row.label.equals(label))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    String.format(
                        Locale.ROOT,
                        "workload %s; there are %s",
                        label,
                        String.join(", ", Arrays.stream(values()).map(Row::label).toList()))));
  }
}
