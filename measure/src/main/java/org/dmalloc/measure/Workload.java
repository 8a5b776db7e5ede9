/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.util.Set;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Capability;
import org.jspecify.annotations.Nullable;

/**
 * An order in which the pages of a store are used. Most have no state and may be shared by any
 * number of runs; the state of a run is in its {@link Worker}s.
 *
 * @param name short and unique: {@code random-read}
 * @param operation describes one operation in a table: {@code "load 8 bytes of a random page"}
 * @param pattern the advice that fits it, and the order of the raw disk's requests that it is
 *     compared with; {@code NORMAL} is compared with none
 * @param recordBytes what an operation uses of a page; 0 if it has no bandwidth
 * @param groupSize how many operations are timed together when one takes about as long as reading
 *     the clock
 * @param needs the capabilities of a provider that it needs
 * @param beside what another thread does meanwhile, not measured; null for nothing
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
    /** Writes every page in full, and leaves content that can be checked. */
    FILL,
    /** Reads filled pages. */
    READ,
    /** Changes filled pages in place. */
    WRITE,
    /** Allocates blocks. */
    ALLOCATE;

    /** Whether it leaves changed pages. */
    public boolean changesContent() {
      return this == FILL || this == WRITE;
    }
  }

  /** Prepares one thread's share of a run, untimed. */
  @FunctionalInterface
  public interface Maker {
    Worker worker(WorkerContext context);
  }

  /** A workload that needs no capability, with nothing beside it. */
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

  /** The starts that it supports. */
  public Set<Start> starts() {
    return kind == Kind.ALLOCATE ? Set.of(Start.WARM) : Set.of(Start.COLD, Start.WARM);
  }

  /** The bytes of one operation in a bandwidth; from a cold start at least the page read. */
  public long bytesPerOperation(Start start) {
    return start == Start.COLD && recordBytes > 0 ? PageContent.PAGE_BYTES : recordBytes;
  }

  public Workload withMaker(Maker newMaker) {
    return new Workload(
        name, operation, kind, pattern, recordBytes, groupSize, needs, beside, newMaker);
  }

  Workload needing(Capability capability) {
    return new Workload(
        name, operation, kind, pattern, recordBytes, groupSize, Set.of(capability), beside, maker);
  }

  @Override
  public String toString() {
    return name + " (" + operation + ")";
  }
}
