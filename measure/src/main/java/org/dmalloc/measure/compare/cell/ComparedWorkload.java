/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.cell;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.dmalloc.api.AccessPattern;

/**
 * What a comparison does with memory. Unlike in a benchmark, which starts cold or warm, the memory
 * here is larger than the limit and stays so: an operation hits what is in RAM, or waits.
 */
public enum ComparedWorkload {
  /** The first stores. */
  FILL("store all 4 KiB of the next page, the first time", AccessPattern.SEQUENTIAL, true),
  /** A scan. */
  SEQUENTIAL_READ("load all 4 KiB of the next page", AccessPattern.SEQUENTIAL, false),
  /** Uniform loads. */
  RANDOM_READ("load 8 bytes of a random page", AccessPattern.RANDOM, false),
  /** Skewed loads. */
  ZIPF_READ("load 8 bytes of a page, zipfian 0.99", AccessPattern.RANDOM, false),
  /** Uniform stores. */
  RANDOM_WRITE("store 8 bytes to a random page", AccessPattern.RANDOM, true),
  /** Few stores. */
  MIXED_95_5("random page: load 95 %, store 5 %", AccessPattern.RANDOM, true),
  /** Many stores. */
  MIXED_50_50("random page: load 50 %, store 50 %", AccessPattern.RANDOM, true),
  /** Loads of which each waits for the one before. */
  POINTER_CHASE("load the page that the last load named", AccessPattern.RANDOM, false),
  /** Loads disturbed by a scan. */
  SCAN_AND_RANDOM(
      "load 8 bytes of a random page while another thread scans", AccessPattern.RANDOM, false),
  /** A working set that changes. */
  WORKING_SET(
      "load 8 bytes of a random page of a set that shrinks from all to an eighth and grows back",
      AccessPattern.RANDOM,
      false),
  /** Short-lived memory. */
  ALLOC_FREE("allocate 1 MiB, store to 2 pages, free", AccessPattern.NORMAL, true),
  /** A search engine's writes. */
  INDEX_BUILD("index one document of 64 words", AccessPattern.RANDOM, true),
  /** A search engine's reads. */
  INDEX_QUERY(
      "find the documents that hold two words, of the indexed and of any",
      AccessPattern.RANDOM,
      false);

  private final String operation;
  private final AccessPattern pattern;
  private final boolean stores;

  ComparedWorkload(String operation, AccessPattern pattern, boolean stores) {
    this.operation = operation;
    this.pattern = pattern;
    this.stores = stores;
  }

  /** The name in commands and reports: {@code random-read}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** What one operation is. */
  public String operation() {
    return operation;
  }

  /** The advice that fits. */
  public AccessPattern pattern() {
    return pattern;
  }

  /** Whether it leaves changed pages in memory that lasts. */
  public boolean owesDurability() {
    return stores && this != ALLOC_FREE;
  }

  /** Whether it ends the content that other workloads check, so that it must come last. */
  public boolean replacesContent() {
    return this == INDEX_BUILD || this == INDEX_QUERY;
  }

  /** Whether the pages that it is going to use can be known, and so announced, beforehand. */
  public boolean foreseeable() {
    return switch (this) {
      case FILL, SEQUENTIAL_READ, POINTER_CHASE, ALLOC_FREE -> false;
      default -> true;
    };
  }

  /**
   * The workload of a name.
   *
   * @throws IllegalArgumentException if there is none; the message lists the names
   */
  public static ComparedWorkload named(String label) {
    return Arrays.stream(values())
        .filter(workload -> workload.label().equals(label))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    String.format(
                        Locale.ROOT,
                        "no workload '%s'; choose from %s",
                        label,
                        Arrays.stream(values())
                            .map(ComparedWorkload::label)
                            .collect(Collectors.joining(", ")))));
  }
}
