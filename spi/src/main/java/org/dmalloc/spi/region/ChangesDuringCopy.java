/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.DirtyTracking;

/**
 * Finds what the target of a copy lacks, also in what the source has grown by since, which its
 * tracking does not see: that is compared. The target grows with the source before each look.
 */
final class ChangesDuringCopy implements DirtyTracking {
  private final PreCopy.Source source;
  private final PreCopy.Target target;
  private final DirtyTracking tracking;

  /** The size at which the copy began, which is what the tracking is asked for. */
  private final long trackedBytes;

  private MemorySegment from;
  private MemorySegment to;

  /**
   * Goes on from a tracking.
   *
   * @param from the source's memory at the begin of the copy
   */
  ChangesDuringCopy(
      PreCopy.Source source, MemorySegment from, PreCopy.Target target, DirtyTracking tracking) {
    this.source = source;
    this.target = target;
    this.tracking = tracking;
    this.trackedBytes = from.byteSize();
    this.from = from;
    this.to = target.memory();
  }

  /** The source's memory, as far as the target has grown with it. */
  MemorySegment from() {
    return from;
  }

  /** The target's memory; of the same size. */
  MemorySegment to() {
    return to;
  }

  /** Whether a look costs as much as reading all. */
  boolean compares() {
    return tracking instanceof PageComparison;
  }

  @Override
  public void collect(Visitor visitor) throws MemoryException {
    follow();
    tracking.collect((offset, length) -> tell(offset, length, visitor));
    grown().collect(behind(visitor));
  }

  @Override
  public void collectLast(Visitor visitor) throws MemoryException {
    follow();
    tracking.collectLast((offset, length) -> tell(offset, length, visitor));
    grown().collectLast(behind(visitor));
  }

  private void follow() throws MemoryException {
    MemorySegment now = source.memory();
    if (now.byteSize() > to.byteSize()) {
      target.grow(now.byteSize());
      to = target.memory();
    }
    from = now;
  }

  /** A tracking that began after a growth may know pages that are compared here. */
  private void tell(long offset, long length, Visitor visitor) throws MemoryException {
    if (offset < trackedBytes) {
      visitor.written(offset, Math.min(length, trackedBytes - offset));
    }
  }

  /** What the source has grown by, which may be nothing. */
  private PageComparison grown() {
    return new PageComparison(from.asSlice(trackedBytes), to.asSlice(trackedBytes), () -> {});
  }

  private Visitor behind(Visitor visitor) {
    return (offset, length) -> visitor.written(trackedBytes + offset, length);
  }

  @Override
  public String method() {
    return tracking.method();
  }

  @Override
  public void close() {
    tracking.close();
  }
}
