/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.child;

import com.google.gson.annotations.SerializedName;
import java.util.Arrays;
import java.util.Locale;
import org.dmalloc.benchmarks.peers.store.Use;

/** A workload: one row of the table. One operation is one page. */
public enum Row {
  /** A fresh store is made and filled in order. */
  @SerializedName("fill")
  FILL("fill", "a fresh store, filled in order, until it is durable", Use.FILL, false, true),
  /** Read in order. */
  @SerializedName("scan")
  SCAN("scan", "all of each page, in order, from cold", Use.SCAN, false, true),
  /** Read at random. */
  @SerializedName("random-read")
  RANDOM_READ("random-read", "8 bytes of random pages, from cold", Use.RANDOM, false, false),
  /** Read at random, announced. */
  @SerializedName("batch-read")
  BATCH_READ(
      "batch-read",
      "8 bytes of random pages that are known beforehand, in batches of 512, from cold",
      Use.RANDOM,
      false,
      false),
  /** Written at random. */
  @SerializedName("random-write")
  RANDOM_WRITE(
      "random-write",
      "8 bytes stored to random pages, from cold, until they are durable",
      Use.RANDOM,
      true,
      false),
  /** Read with favourites. */
  @SerializedName("zipf")
  ZIPF(
      "zipf",
      "8 bytes of pages by Zipf, θ = 0.99, after a while of the same",
      Use.RANDOM,
      false,
      false),
  /** Mostly read. */
  @SerializedName("mixed")
  MIXED(
      "mixed",
      "8 bytes of random pages, 5 % of them stored, after a while of the same, until durable",
      Use.RANDOM,
      true,
      false),
  /** One pattern after another. */
  @SerializedName("phases")
  PHASES("phases", "random, then in order, then random again, from cold", Use.MIXED, false, false),
  /** One pattern beside another. */
  @SerializedName("halves")
  HALVES(
      "halves",
      "one half read in order, in turn with random pages of the other, from cold",
      Use.MIXED,
      false,
      false);

  private final String label;
  private final String description;
  private final Use use;
  private final boolean stores;
  private final boolean bytes;

  Row(String label, String description, Use use, boolean stores, boolean bytes) {
    this.label = label;
    this.description = description;
    this.use = use;
    this.stores = stores;
    this.bytes = bytes;
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

  /** Whether it changes pages that are there. */
  public boolean stores() {
    return stores;
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
