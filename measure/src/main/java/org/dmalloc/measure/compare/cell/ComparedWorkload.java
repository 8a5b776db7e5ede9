/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.cell;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.dmalloc.measure.Workloads;

/**
 * What a comparison does with memory. Unlike in a benchmark, which starts cold or warm, the memory
 * here is larger than the limit and stays so: an operation hits what is in RAM, or waits.
 */
public enum ComparedWorkload {
  FILL,
  SEQUENTIAL_READ,
  RANDOM_READ,
  ZIPF_READ,
  RANDOM_WRITE,
  MIXED_95_5,
  MIXED_50_50,
  POINTER_CHASE,
  SCAN_AND_RANDOM,
  WORKING_SET,
  ALLOC_FREE,
  INDEX_BUILD,
  INDEX_QUERY;

  /** The name in commands and reports: {@code random-read}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The name of what runs, which a benchmark and others may run too. */
  public String workload() {
    return this == SEQUENTIAL_READ ? Workloads.READ.name() : label();
  }

  /** What one operation is. */
  public String operation() {
    return switch (this) {
      case INDEX_BUILD -> "index one document of 64 words";
      case INDEX_QUERY -> "find the documents that hold two words, of the indexed and of any";
      default -> Workloads.named(workload()).operation();
    };
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
