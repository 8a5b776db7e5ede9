/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.cell;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.dmalloc.measure.Workloads;

/**
 * A workload of a comparison. In contrast to a benchmark, which starts cold or warm, the memory is
 * always larger than the limit: an operation hits RAM, or waits.
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
  INDEX_QUERY,
  BLOCK_READ,
  BLOCK_REPLACE,
  BLOCK_RENEW;

  /** The name in commands and reports: {@code random-read}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The engine's name of the workload, which benchmarks share. */
  public String workload() {
    return this == SEQUENTIAL_READ ? Workloads.READ.name() : label();
  }

  public String operation() {
    return switch (this) {
      case INDEX_BUILD -> "index one document of 64 words";
      case INDEX_QUERY -> "find the documents that hold two words, of the indexed and of any";
      case BLOCK_READ -> "load 16 bytes, at both ends of a random block of 16 B to 64 KiB";
      case BLOCK_REPLACE ->
          "free a random block, allocate another, store 8 bytes to each of its pages";
      case BLOCK_RENEW -> "free a random block, allocate another, store nothing";
      default -> Workloads.named(workload()).operation();
    };
  }

  /** Whether it overwrites the content that other workloads check, so that it must run last. */
  public boolean replacesContent() {
    return this == INDEX_BUILD || this == INDEX_QUERY;
  }

  /**
   * Whether it uses many small blocks, which take the place of the pages that other workloads use,
   * so that it must run after them.
   */
  public boolean usesBlocks() {
    return this == BLOCK_READ || this == BLOCK_REPLACE || this == BLOCK_RENEW;
  }

  /** Whether its next pages are known in advance and so can be announced. */
  public boolean foreseeable() {
    return switch (this) {
      case FILL,
          SEQUENTIAL_READ,
          POINTER_CHASE,
          ALLOC_FREE,
          BLOCK_READ,
          BLOCK_REPLACE,
          BLOCK_RENEW ->
          false;
      default -> true;
    };
  }

  /** Throws {@link IllegalArgumentException} with all names if no workload has this one. */
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
