/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.function.LongUnaryOperator;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.spi.region.GrowthSteps;

/**
 * The size of a managed region, and all that changes it: books the bytes on the bundle, has the
 * backend's region resized, and hands the result to the users.
 *
 * <p><b>In place.</b> Growth up to the maximum runs inside an access section, beside users and
 * beside a move that copies; the last step of the move waits for the section, and brings the target
 * to the size that the region has then. Growths exclude each other by a lock that is taken inside
 * the section, so that nobody waits for the gate with it.
 *
 * <p><b>Anew.</b> Every other resize holds the move lock, which makes a move give way, and shuts
 * the gate.
 */
final class RegionSize implements GrowthSteps.Growing {
  private static final long NOT_IN_PLACE = -1;

  private final ManagedRegion region;
  private final ManagedRegions regions;
  private final BackingSlot slot;
  private final BackendCalls calls;
  private final Object growing = new Object();

  /** Written after the segment of that size was handed to the slot. */
  private volatile long byteSize;

  RegionSize(ManagedRegion region, ManagedRegions regions, BackingSlot slot, BackendCalls calls) {
    this.region = region;
    this.regions = regions;
    this.slot = slot;
    this.calls = calls;
    this.byteSize = slot.placement().region().byteSize();
  }

  @Override
  public long byteSize() {
    return byteSize;
  }

  /** See {@link org.dmalloc.api.MemoryRegion#resize}. */
  void resize(long newByteSize, ProgressListener progress) throws MemoryException {
    change("resize", old -> newByteSize, progress);
  }

  /** See {@link org.dmalloc.api.MemoryRegion#ensure}; the listener is told of the managed id. */
  long ensure(long atLeast, ProgressListener progress) throws MemoryException {
    region.requireOpen();
    return GrowthSteps.ensure(this, atLeast, progress);
  }

  @Override
  public long id() {
    return region.id();
  }

  @Override
  public RegionOptions options() {
    return region.asked().options();
  }

  @Override
  public long grow(long least, GrowthSteps.Target target, ProgressListener progress)
      throws MemoryException {
    return change("grow", old -> old >= least ? old : target.from(old), progress);
  }

  @Override
  public String toString() {
    return region.toString();
  }

  /**
   * Brings the region to a size that depends on the one it has, which others may change meanwhile.
   *
   * @return the size that it had
   */
  private long change(String operation, LongUnaryOperator next, ProgressListener progress)
      throws MemoryException {
    region.requireOpen();
    slot.awaitBackend();
    slot.checkAttached();
    calls.require(Capability.RESIZE);
    long wanted = next.applyAsLong(byteSize);
    if (wanted < 0) {
      throw new IllegalArgumentException(
          operation + " of " + region + " to " + wanted + " bytes; give at least 0");
    }
    if (inPlace(byteSize, wanted)) {
      long from = growInPlace(operation, next, progress);
      if (from != NOT_IN_PLACE) {
        return from;
      }
    }
    return mapAnew(operation, next, progress);
  }

  private boolean inPlace(long from, long to) {
    return to >= from && to <= region.asked().maximum();
  }

  /**
   * Returns the size before, or {@link #NOT_IN_PLACE} if another has changed it meanwhile so that
   * this is no growth in place any more.
   */
  private long growInPlace(String operation, LongUnaryOperator next, ProgressListener progress)
      throws MemoryException {
    int section = slot.gate().enter();
    try {
      slot.checkAttached();
      calls.require(Capability.RESIZE);
      slot.use();
      synchronized (growing) {
        long from = byteSize;
        long to = next.applyAsLong(from);
        if (!inPlace(from, to)) {
          return NOT_IN_PLACE;
        }
        to(to, operation, progress, slot::grown); // to the same size it trims the file
        return from;
      }
    } finally {
      slot.gate().exit(section);
    }
  }

  private long mapAnew(String operation, LongUnaryOperator next, ProgressListener progress)
      throws MemoryException {
    region.moving().take(operation);
    try {
      region.checkMovable(operation);
      ManagedGroup group = region.group();
      if (group == null) {
        return mapAnewShut(operation, next, progress);
      }
      long[] before = new long[1];
      group.apart(() -> before[0] = mapAnewShut(operation, next, progress));
      return before[0];
    } finally {
      region.moving().release();
    }
  }

  private long mapAnewShut(String operation, LongUnaryOperator next, ProgressListener progress)
      throws MemoryException {
    slot.gate().shut(regions.sectionTimeoutNanos());
    try {
      region.checkMovable(operation);
      slot.checkAttached();
      calls.require(Capability.RESIZE); // it may have moved meanwhile
      long from = byteSize;
      long to = next.applyAsLong(from);
      slot.protection().requireNone(operation, region, to, Math.max(0, from - to));
      to(to, operation, progress, slot::remap);
      return from;
    } finally {
      slot.gate().open();
    }
  }

  private void to(long newByteSize, String operation, ProgressListener progress, Runnable publish)
      throws MemoryException {
    long growth = newByteSize - byteSize;
    if (growth > 0) {
      regions.accounts().book(operation, growth, 0, region.payer(), region.toString());
    }
    boolean done = false;
    try {
      slot.placement().region().resize(newByteSize, progress);
      done = true;
    } finally {
      publish.run(); // also a failed resize may have mapped the bytes anew
      if (done) {
        byteSize = newByteSize;
        region.resized(newByteSize);
      }
      if (done ? growth < 0 : growth > 0) {
        regions.accounts().release(Math.abs(growth), 0, region.payer());
      }
    }
  }
}
