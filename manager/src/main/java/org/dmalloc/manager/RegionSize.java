/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.function.LongUnaryOperator;
import org.dmalloc.api.Autogrowth;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;

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
final class RegionSize {
  private final ManagedRegion region;
  private final ManagedRegions regions;
  private final BackingSlot slot;
  private final Object growing = new Object();

  /** Written after the segment of that size was handed to the slot. */
  private volatile long byteSize;

  RegionSize(ManagedRegion region, ManagedRegions regions, BackingSlot slot) {
    this.region = region;
    this.regions = regions;
    this.slot = slot;
    this.byteSize = slot.placement().region().byteSize();
  }

  long byteSize() {
    return byteSize;
  }

  /** See {@link org.dmalloc.api.MemoryRegion#resize}. */
  void resize(long newByteSize) throws MemoryException {
    change("resize", old -> newByteSize);
  }

  /** See {@link org.dmalloc.api.MemoryRegion#ensure}; the listener is told of the managed id. */
  long ensure(long atLeast) throws MemoryException {
    region.requireOpen();
    if (atLeast < 0) {
      throw new IllegalArgumentException(
          "ensure of " + atLeast + " bytes in " + region + "; give at least 0");
    }
    long old = byteSize;
    if (atLeast <= old) {
      return old;
    }
    Autogrowth autogrowth = region.asked().autogrowth();
    Change change;
    try {
      change = grow(atLeast, autogrowth.ceiling());
    } catch (MemoryException | RuntimeException e) {
      autogrowth.listener().refused(region.id(), atLeast, e);
      throw e;
    }
    if (change.to > change.from) {
      autogrowth.listener().grown(region.id(), change.from, change.to);
    }
    return change.to;
  }

  /** To half as much again as it has, below the ceiling; without the space for that, to just it. */
  private Change grow(long atLeast, long ceiling) throws MemoryException {
    if (ceiling > 0 && atLeast > ceiling) {
      throw MemoryException.of(
          "grow",
          atLeast,
          region.toString(),
          "it grows by itself to " + ceiling + " bytes at most",
          "resize it, or open it with a higher ceiling");
    }
    if (ceiling > 0) {
      try {
        return change(
            "grow",
            old -> atLeast <= old ? old : Math.max(atLeast, Math.min(old + old / 2, ceiling)));
      } catch (MemoryException e) {
        // No space for more than what is asked; the call below tells whether there is for that.
      }
    }
    return change("grow", old -> Math.max(old, atLeast));
  }

  /** A change of size that was made. */
  private record Change(long from, long to) {}

  /**
   * Brings the region to a size that depends on the one it has, which others may change meanwhile.
   */
  private Change change(String operation, LongUnaryOperator next) throws MemoryException {
    region.requireOpen();
    slot.awaitBackend();
    slot.checkAttached();
    region.require(Capability.RESIZE);
    long wanted = next.applyAsLong(byteSize);
    if (wanted < 0) {
      throw new IllegalArgumentException(
          operation + " of " + region + " to " + wanted + " bytes; give at least 0");
    }
    if (inPlace(byteSize, wanted)) {
      Change grown = growInPlace(operation, next);
      if (grown != null) {
        return grown;
      }
    }
    return mapAnew(operation, next);
  }

  private boolean inPlace(long from, long to) {
    return to >= from && to <= region.asked().maximum();
  }

  /**
   * Null if another has changed the size meanwhile, so that this is no growth in place any more.
   */
  private @Nullable Change growInPlace(String operation, LongUnaryOperator next)
      throws MemoryException {
    int section = slot.gate().enter();
    try {
      slot.checkAttached();
      region.require(Capability.RESIZE);
      slot.use();
      synchronized (growing) {
        long from = byteSize;
        long to = next.applyAsLong(from);
        if (!inPlace(from, to)) {
          return null;
        }
        if (to > from) {
          to(to, operation, slot::grown);
        }
        return new Change(from, to);
      }
    } finally {
      slot.gate().exit(section);
    }
  }

  private Change mapAnew(String operation, LongUnaryOperator next) throws MemoryException {
    region.moving().take(operation);
    try {
      region.checkMovable(operation);
      slot.gate().shut(regions.sectionTimeoutNanos());
      try {
        region.checkMovable(operation);
        slot.checkAttached();
        region.require(Capability.RESIZE); // it may have moved meanwhile
        long from = byteSize;
        long to = next.applyAsLong(from);
        if (to != from) {
          to(to, operation, slot::remap);
        }
        return new Change(from, to);
      } finally {
        slot.gate().open();
      }
    } finally {
      region.moving().release();
    }
  }

  private void to(long newByteSize, String operation, Runnable publish) throws MemoryException {
    long growth = newByteSize - byteSize;
    if (growth > 0) {
      regions.accounts().book(operation, growth, region.bundle(), region.toString());
    }
    boolean done = false;
    try {
      slot.placement().region().resize(newByteSize);
      done = true;
    } finally {
      publish.run(); // also a failed resize may have mapped the bytes anew
      if (done) {
        byteSize = newByteSize;
        region.resized(newByteSize);
      }
      if (done ? growth < 0 : growth > 0) {
        regions.accounts().release(Math.abs(growth), region.bundle());
      }
    }
  }
}
