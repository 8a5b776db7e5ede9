/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.heap;

import java.util.Locale;

/** How blocks are used. */
enum HeapPattern {
  MIXED("replace a random block of 4,096 a thread by one of 16 B to 64 KiB", "MixedSizes"),
  SMALL("replace a random block of 4,096 a thread by one of 16 B to 1 KiB", "MixedSizes"),
  LARSON("the same, the blocks go on to the next thread, which frees them", "FreedElsewhere"),
  RECORDS("replace a random record of 4,096 a thread, copying all of its bytes", "WholeRecords");

  private final String operation;
  private final String benchmark;

  HeapPattern(String operation, String benchmark) {
    this.operation = operation;
    this.benchmark = benchmark;
  }

  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  String operation() {
    return operation;
  }

  /** The largest block, in bytes. */
  int mostBytes() {
    return this == SMALL ? 1 << 10 : Sizes.MOST;
  }

  /** What JMH selects the benchmark by. */
  String regex() {
    return "\\." + benchmark + "\\.";
  }
}
