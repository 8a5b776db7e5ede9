/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import org.dmalloc.api.BusErrors;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.spi.region.Uninterrupted.Action;

/**
 * Changes the size of one region.
 *
 * <p><b>In place</b>, up to its maximum: inside a section, so that no close or move comes between,
 * and one thread at a time. Nobody waits for it but others that grow the region: sections and raw
 * segments go on, on the segment that they have.
 *
 * <p><b>Anew</b> in all other cases: with the gate shut, nobody inside, and so nobody growing.
 * Segments end.
 *
 * <p>The monitor, which keeps growth in place apart, is taken inside a section, so that whoever has
 * shut the gate knows that nobody holds it.
 */
final class Resizing implements GrowthSteps.Growing {
  private static final long NOT_IN_PLACE = -1;

  private final BackedRegion region;
  private final SectionGate gate;
  private final RegionLedger ledger;
  private final RegionBacking backing;
  private final AccessRules rules;
  private final CurrentOptions options;
  private final WriteBack writeBack;
  private final NextUse nextUse;

  /** Whether growth in place is under way; guarded by this, so only its own thread sees it. */
  private boolean growing;

  Resizing(
      BackedRegion region,
      SectionGate gate,
      RegionLedger ledger,
      RegionBacking backing,
      AccessRules rules,
      CurrentOptions options,
      WriteBack writeBack,
      NextUse nextUse) {
    this.region = region;
    this.gate = gate;
    this.ledger = ledger;
    this.backing = backing;
    this.rules = rules;
    this.options = options;
    this.writeBack = writeBack;
    this.nextUse = nextUse;
  }

  @Override
  public long id() {
    return region.id();
  }

  @Override
  public long byteSize() {
    return region.byteSize();
  }

  @Override
  public RegionOptions options() {
    return options.get(backing.hasHoles());
  }

  /** Runs a call for all of the region beside no growth in place. Called inside a section. */
  void whileSizeStays(Action call) throws MemoryException {
    synchronized (this) {
      requireNotGrowing();
      call.run();
    }
  }

  /** Throws in a progress listener of growth in place, which runs in the middle of it. */
  void requireNotGrowing() {
    if (Thread.holdsLock(this) && growing) {
      throw new IllegalStateException(
          "this thread is growing " + region + "; its listener cannot change or close it");
    }
  }

  void resize(long newByteSize, ProgressListener progress) throws MemoryException {
    if (region.hasEnded()) {
      throw new IllegalStateException("region is closed");
    }
    ledger.require(Capability.RESIZE);
    rules.requireSize(newByteSize);
    change(now -> newByteSize, progress);
  }

  @Override
  public long grow(long least, GrowthSteps.Target target, ProgressListener progress)
      throws MemoryException {
    ledger.require(Capability.RESIZE);
    return change(now -> now >= least ? now : target.from(now), progress);
  }

  /** Returns the size before. */
  private long change(GrowthSteps.Target target, ProgressListener progress) throws MemoryException {
    return BusErrors.in(region, "resize", () -> changed(target, progress));
  }

  private long changed(GrowthSteps.Target target, ProgressListener progress)
      throws MemoryException {
    rules.requireStores("resize");
    if (options.maximum() != RegionOptions.NO_MAXIMUM) {
      long before = region.inSection(() -> changeInPlace(target, progress));
      if (before != NOT_IN_PLACE) {
        return before;
      }
    }
    rules.requireUnpinned(nextUse.pinned());
    if (writeBack.isSuspect()) {
      region.inSection(this::settle);
    }
    long[] before = new long[1];
    backing.apart(false, () -> before[0] = changeAnew(target, progress));
    return before[0];
  }

  private boolean settle() throws MemoryException {
    writeBack.settle();
    return true;
  }

  private long changeInPlace(GrowthSteps.Target target, ProgressListener progress)
      throws MemoryException {
    synchronized (this) {
      requireNotGrowing();
      long now = region.byteSize();
      long next = target.from(now);
      if (next < now || next > options.maximum()) {
        return NOT_IN_PLACE;
      }
      if (next > now) {
        writeBack.settle();
        growing = true;
        try {
          book(now, next, () -> backing.grow(next, progress));
        } finally {
          growing = false;
        }
      } else {
        backing.trim();
      }
      return now;
    }
  }

  private long changeAnew(GrowthSteps.Target target, ProgressListener progress)
      throws MemoryException {
    SegmentUse use = new SegmentUse(toString(), ledger.sectionTimeoutNanos());
    gate.shut(ledger.sectionTimeoutNanos());
    try {
      if (region.hasEnded()) {
        throw new IllegalStateException("region is closed");
      }
      rules.requireUnpinned(nextUse.pinned());
      long now = region.byteSize();
      writeBack.require("resize", 0, now);
      long next = target.from(now);
      region.checkCut(next);
      if (next == now) {
        backing.trim();
      } else {
        try {
          Action work =
              () ->
                  book(
                      now,
                      next,
                      () ->
                          use.end(
                              backing.segment(), "resize", () -> backing.resize(next, progress)));
          if (next < now) {
            Action cut =
                () -> {
                  backing.requireWhole("shrink"); // what others have added is theirs
                  work.run();
                };
            Alone.run(backing.members(), "shrink", next, toString(), cut);
          } else {
            work.run();
          }
        } catch (MemoryException | RuntimeException | Error e) {
          region.show(now); // the same bytes, maybe mapped anew
          throw e;
        }
        options.outgrew(next);
      }
      return now;
    } finally {
      gate.open();
    }
  }

  /** Holds a change of size against the limit, and shows it once it is made. */
  private void book(long byteSize, long newByteSize, Action change) throws MemoryException {
    ledger.rebook(byteSize, newByteSize, region);
    boolean done = false;
    try {
      change.run();
      done = true;
    } finally {
      if (done) {
        region.show(newByteSize);
      } else {
        ledger.undoRebook(byteSize, newByteSize, region);
      }
      writeBack.noteResize();
    }
  }

  @Override
  public String toString() {
    return region.toString();
  }
}
