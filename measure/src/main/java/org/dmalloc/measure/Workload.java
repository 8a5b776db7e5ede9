/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.util.Set;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Capability;

/**
 * An order in which memory is used. Has no state of its own and may be shared by any number of
 * runs; what a run needs lives in its {@link Worker}s.
 */
public interface Workload {
  /** Short and unique: {@code random-read}. */
  String name();

  /** What one operation is, for the reader of a table: {@code "load 8 bytes of a random page"}. */
  String operation();

  /** What it does to a region. */
  Kind kind();

  /** The advice that fits it. */
  AccessPattern pattern();

  /** What a provider must be able to do for it to run. */
  default Set<Capability> needs() {
    return Set.of();
  }

  /** The starts that mean something for it. */
  default Set<Start> starts() {
    return Set.of(Start.COLD, Start.WARM);
  }

  /**
   * The bytes that one operation stands for in a bandwidth: what it asks for, and from a cold start
   * at least the page that must come from the backing. 0 if a bandwidth means nothing here.
   */
  long bytesPerOperation(Start start);

  /**
   * How many operations are timed together from a warm start, where a single one takes about as
   * long as reading the clock does. From a cold start each operation is timed alone.
   */
  int warmGroupSize();

  /** Prepares one thread's share of a run; what is slow to compute is computed here, untimed. */
  Worker worker(WorkerContext context);

  /** What a workload does to a region. */
  enum Kind {
    /** Writes every page in full: needs nothing, and leaves content that can be checked. */
    FILL,
    /** Reads filled pages. */
    READ,
    /** Changes filled pages in place. */
    WRITE,
    /** Takes regions of its own. */
    ALLOCATE;

    /** Whether it leaves changed pages. */
    public boolean changesContent() {
      return this == FILL || this == WRITE;
    }
  }
}
