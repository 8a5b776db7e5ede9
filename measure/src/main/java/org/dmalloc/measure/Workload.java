/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.util.Set;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Capability;
import org.jspecify.annotations.Nullable;

/**
 * An order in which the pages of a store are used. Most have no state and may be shared by any
 * number of runs; what a run needs lives in its {@link Worker}s.
 *
 * @param name short and unique: {@code random-read}
 * @param operation what one operation is, for the reader of a table: {@code "load 8 bytes of a
 *     random page"}
 * @param kind what it does to a store
 * @param pattern the advice that fits it, and the order of the raw disk's requests that it is
 *     compared with; {@code NORMAL} is compared with none
 * @param recordBytes what an operation uses of a page; 0 if a bandwidth means nothing here
 * @param groupSize how many operations are timed together where a single one takes about as long as
 *     reading the clock does
 * @param needs what a provider must be able to do for it to run
 * @param beside what another thread does meanwhile, not measured; null for nothing
 * @param maker prepares workers
 */
public record Workload(
    String name,
    String operation,
    Kind kind,
    AccessPattern pattern,
    int recordBytes,
    int groupSize,
    Set<Capability> needs,
    @Nullable Workload beside,
    Maker maker) {

  /** What a workload does to a store. */
  public enum Kind {
    /** Writes every page in full: needs nothing, and leaves content that can be checked. */
    FILL,
    /** Reads filled pages. */
    READ,
    /** Changes filled pages in place. */
    WRITE,
    /** Takes blocks of its own. */
    ALLOCATE;

    /** Whether it leaves changed pages. */
    public boolean changesContent() {
      return this == FILL || this == WRITE;
    }
  }

  /** Prepares one thread's share of a run. */
  @FunctionalInterface
  public interface Maker {
    /** Makes it; what is slow to compute is computed here, untimed. */
    Worker worker(WorkerContext context);
  }

  /** A workload that needs nothing, with nothing beside it. */
  public Workload(
      String name,
      String operation,
      Kind kind,
      AccessPattern pattern,
      int recordBytes,
      int groupSize,
      Maker maker) {
    this(name, operation, kind, pattern, recordBytes, groupSize, Set.of(), null, maker);
  }

  /** The starts that mean something for it. */
  public Set<Start> starts() {
    return kind == Kind.ALLOCATE ? Set.of(Start.WARM) : Set.of(Start.COLD, Start.WARM);
  }

  /**
   * The bytes that one operation stands for in a bandwidth: what it uses, and from a cold start at
   * least the page that must come from the backing. 0 if a bandwidth means nothing here.
   */
  public long bytesPerOperation(Start start) {
    return start == Start.COLD && recordBytes > 0 ? PageContent.PAGE_BYTES : recordBytes;
  }

  /** A copy that makes its workers otherwise. */
  public Workload withMaker(Maker newMaker) {
    return new Workload(
        name, operation, kind, pattern, recordBytes, groupSize, needs, beside, newMaker);
  }

  /** A copy for providers that can do something. */
  Workload needing(Capability capability) {
    return new Workload(
        name, operation, kind, pattern, recordBytes, groupSize, Set.of(capability), beside, maker);
  }

  @Override
  public String toString() {
    return name + " (" + operation + ")";
  }
}
