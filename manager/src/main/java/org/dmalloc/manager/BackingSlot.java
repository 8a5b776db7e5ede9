/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.ProtectedRange;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.spi.region.ProtectedRanges;
import org.dmalloc.spi.region.SectionGate;
import org.jspecify.annotations.Nullable;

/**
 * The slot of a managed region that takes a backing at a time: the gate, the placement behind it,
 * and what is left when there is none.
 *
 * <p>The gate is the only one on the way to the memory: a section hands out the segment of the
 * backend's region, whose own gate is passed by once per placement. So the backend is told of the
 * region's use from here; see {@link #notifyNextUse}. Of a checkpointed region it is the first of
 * two, and that of the whole group ({@link ManagedGroup}).
 */
final class BackingSlot {
  private final Object region;
  private final LongSupplier detachedWaitNanos;
  private final SectionGate gate;

  /** Whether each section is one of the backend's region too, and the gate is a group's. */
  private final boolean nested;

  /** Whether the region has ended where its gate goes on. */
  private volatile boolean ended;

  // Written with the gate shut, read inside sections: the gate orders them. Growth in place writes
  // it beside sections, which see the old segment or the new one: both lead to the same memory, and
  // a segment's own fields are final. Null while the region is stranded, and of a checkpointed one.
  private @Nullable MemorySegment memory;

  /** What sections get: the memory, read-only while a byte is protected. */
  private @Nullable MemorySegment segment;

  /** Goes with the region; no backend is told. */
  private final ProtectedRanges protection = new ProtectedRanges();

  private volatile Placement placement;

  private volatile @Nullable Detached detached;
  private volatile boolean pinned;

  /** Set by users, taken by the policy's clock: a plain read on the way in is all that it costs. */
  private boolean used = true;

  /**
   * Held while a placement asks to be told of the next use, and while placement or segment change
   * beside users.
   */
  private final Object notifying = new Object();

  /**
   * Begins on a placement; users of a region without a backend wait so long for one.
   *
   * @param shared the gate of the region's group; null for one of its own
   */
  BackingSlot(
      Object region,
      boolean checked,
      @Nullable SectionGate shared,
      Placement placement,
      LongSupplier detachedWaitNanos) {
    this.region = region;
    this.nested = shared != null;
    this.gate = shared == null ? new SectionGate(checked) : shared;
    this.detachedWaitNanos = detachedWaitNanos;
    this.placement = placement;
    this.memory = memoryOf(placement);
    this.segment = memory;
    carry(placement);
  }

  SectionGate gate() {
    return gate;
  }

  boolean hasEnded() {
    return nested ? ended : gate.hasEnded();
  }

  private @Nullable MemorySegment memoryOf(Placement placed) {
    return nested ? null : placed.segment();
  }

  Placement placement() {
    return placement;
  }

  // --- for users ---

  Access acquire() {
    int slot = gate.enter();
    MemorySegment now = segment;
    if (now == null) {
      gate.exit(slot);
      return acquireSlowly(null);
    }
    if (!used) {
      used = true;
    }
    return gate.section(slot, now);
  }

  Access acquire(long offset, long length) {
    int slot = gate.enter();
    MemorySegment now = memory;
    if (now == null) {
      gate.exit(slot);
      return acquireSlowly(new ProtectedRange(offset, length));
    }
    used = true;
    return protection.section(gate, slot, now, offset, length, region);
  }

  /**
   * Of a checkpointed region, and of one without a backend: waits outside the gate, which a move to
   * a backend needs; then takes what is there.
   *
   * @param part null for all of it
   */
  private Access acquireSlowly(@Nullable ProtectedRange part) {
    boolean inside = gate.heldByCaller();
    while (true) {
      awaitBackend();
      int slot = gate.enter();
      if (nested && detached == null) {
        return acquireNested(slot, part);
      }
      MemorySegment now = segment;
      Detached still = detached;
      if (now == null && still != null && (still.isWaitOver() || inside)) {
        now = still.remains();
        if (now == null) {
          gate.exit(slot);
          throw unusable(still);
        }
      }
      if (now != null) {
        used = true;
        MemorySegment all = memory == null ? now : memory;
        return part == null
            ? gate.section(slot, now)
            : protection.section(gate, slot, all, part.offset(), part.length(), region);
      }
      gate.exit(slot);
    }
  }

  /** Makes an entered gate a section of both gates; leaves it if there is none. */
  private Access acquireNested(int slot, @Nullable ProtectedRange part) {
    Access inner = null;
    boolean done = false;
    try {
      checkAttached();
      inner = placement.region().acquire();
      used = true;
      MemorySegment all = inner.segment();
      MemorySegment shown =
          part == null
              ? protection.shown(all)
              : protection.part(all, part.offset(), part.length(), region);
      Access both = new NestedAccess(gate, slot, inner, shown);
      done = true;
      return both;
    } finally {
      if (!done) {
        if (inner != null) {
          inner.close();
        }
        gate.exit(slot);
      }
    }
  }

  /** The segment for good: from now on the region cannot move. */
  MemorySegment pin() {
    awaitBackend();
    int slot = gate.enter();
    try {
      checkAttached();
      if (nested) {
        return placement.region().segment(); // which its backend refuses
      }
      pinned = true;
      used = true;
      return Objects.requireNonNull(segment);
    } finally {
      gate.exit(slot);
    }
  }

  boolean pinned() {
    return pinned;
  }

  /** What is protected from stores. */
  ProtectedRanges protection() {
    return protection;
  }

  /** Protects a range, or lifts that. Called inside a section. */
  void protect(long offset, long length, AccessMode access) {
    synchronized (notifying) {
      protection.set(offset, length, access);
      show(memory);
    }
  }

  /** Notes a use other than a section of the user's. Called inside a section. */
  void use() {
    used = true;
  }

  /** Whether the region was used since the last call. */
  boolean takeUsed() {
    boolean was = used || gate.openSections() > 0;
    used = false;
    return was;
  }

  // --- placements ---

  /** Puts the region on other memory. Called with the gate shut. */
  void place(Placement next) {
    MemorySegment there = memoryOf(next);
    synchronized (notifying) {
      placement = next;
      show(there);
    }
    carry(next);
  }

  /** Takes the memory anew after its size has changed. Called with the gate shut. */
  void remap() {
    synchronized (notifying) {
      show(memoryOf(placement));
    }
  }

  private void show(@Nullable MemorySegment now) {
    memory = now;
    segment = now == null ? null : protection.shown(now);
  }

  /** Takes the memory anew after it has grown in place. Called inside a section. */
  void grown() {
    synchronized (notifying) {
      if (segment != null) { // stranded beside this section otherwise
        show(placement.segment());
      }
    }
  }

  /** Lets the backend tell others the region's new name. Called while no move is at work. */
  void renamed() {
    carry(placement);
  }

  /** Ends it all. Called with the gate shut and the placement's region closed. */
  void end() {
    show(null);
    if (nested) {
      ended = true;
      gate.open();
    } else {
      gate.end();
    }
    endDetached();
  }

  private void carry(Placement placed) {
    if (placed.region() instanceof BackingRegion backing) {
      backing.usedThrough(
          new BackingRegion.Carrier() {
            @Override
            public boolean notifyNextUse(Runnable onUse) {
              return BackingSlot.this.notifyNextUse(placed, onUse);
            }

            @Override
            public String label() {
              return region.toString();
            }

            @Override
            public boolean pinned() {
              return pinned;
            }
          });
    }
  }

  /**
   * Makes the next section tell the backend that the region is in use, so that it need not sample
   * an idle one. The lock keeps a placement that was just left from taking the gate's one
   * notification away from the next: with the gate shut there is none, and later it is not the
   * placement.
   */
  private boolean notifyNextUse(Placement placed, Runnable onUse) {
    synchronized (notifying) {
      // A group's gate has one notification for all of its regions: its regions are in use.
      if (nested || pinned || !placement.equals(placed) || !gate.notifyNextUse(onUse)) {
        return false;
      }
      if (pinned) {
        gate.notifyUse(); // handed out just before
      }
      return true;
    }
  }

  // --- without a backend ---

  /** A caller inside a section does not wait: it keeps the region from going to a backend. */
  void awaitBackend() {
    Detached now = detached;
    if (now != null && !gate.heldByCaller()) {
      now.await();
    }
  }

  void checkAttached() {
    if (nested && ended) {
      throw new IllegalStateException("region is closed");
    }
    Detached now = detached;
    if (now != null) {
      throw unusable(now);
    }
  }

  /** Why no living backend holds it; null if one does. */
  @Nullable String stranded() {
    Detached now = detached;
    return now == null ? null : now.why();
  }

  /** Leaves the region without memory. Called with the gate shut. */
  void lose(String why) {
    detached = new Detached(why, null, detachedWaitNanos.getAsLong());
    show(null);
  }

  /**
   * Leaves the region on a backend that is gone: readable, and nothing else. Called with the gate
   * shut, or without that if a section would not end.
   */
  void strand(String why) {
    synchronized (notifying) {
      MemorySegment now = nested && detached == null ? placement.segment() : segment;
      if (now != null) {
        detached = new Detached(why, now.asReadOnly(), detachedWaitNanos.getAsLong());
        show(null);
      }
    }
  }

  /** A backend holds the region again, or it is closed. */
  void endDetached() {
    Detached was = detached;
    detached = null;
    if (was != null) {
      was.end();
    }
  }

  private IllegalStateException unusable(Detached now) {
    return new IllegalStateException(region + ": " + now.why());
  }
}
