/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProtectedRange;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.jspecify.annotations.Nullable;

/**
 * The part of {@link ReferenceRegion} that empties ranges, by stores, so that no space goes; and
 * that protects them.
 */
abstract class ReferenceSpace implements MemoryRegion {
  private final ReferenceProvider provider;

  /** The protected bytes. */
  private final BitSet guarded = new BitSet();

  private final Set<Arena> sections = ConcurrentHashMap.newKeySet();

  /** Said to be given up, by a flaw alone. */
  private volatile boolean holes;

  ReferenceSpace(ReferenceProvider provider) {
    this.provider = provider;
  }

  private boolean flawed(Flaw flaw) {
    return provider.flaws().contains(flaw);
  }

  final RegionOptions told(RegionOptions options) {
    return holes ? options.withReservation(Reservation.SPARSE) : options;
  }

  @Override
  public final void punch(long offset, long length, Punch space) {
    try (Access access = acquire()) {
      if (!flawed(Flaw.PUNCH_UNDECLARED)) {
        provider.require(Capability.PUNCH);
      }
      requireOwnSpace(offset, length, access.segment());
      requireUnguarded(Flaw.PROTECTED_PUNCHED, offset, length);
      long end = offset + length;
      if (flawed(Flaw.PUNCH_TAKES_WHOLE_PAGES)) {
        offset -= offset % ContractTheme.PAGE;
      } else if (flawed(Flaw.PUNCH_LEAVES_ENDS)) {
        end -= end % ContractTheme.PAGE;
      }
      if (end > offset) {
        memory().asSlice(offset, end - offset).fill((byte) 0);
      }
      holes |= flawed(Flaw.KEPT_SPACE_GIVEN_UP);
      holes |= flawed(Flaw.HOLES_FORGOTTEN) && space == Punch.RELEASE;
    }
  }

  @Override
  public final void reserve(long offset, long length) {
    try (Access access = acquire()) {
      provider.require(Capability.PUNCH);
      requireOwnSpace(offset, length, access.segment());
      requireUnguarded(Flaw.PROTECTED_PUNCHED, offset, length);
      if (flawed(Flaw.RESERVE_LOSES_CONTENT)) {
        memory().asSlice(offset, length).fill((byte) 0);
      }
      holes &= length < byteSize();
    }
  }

  private void requireOwnSpace(long offset, long length, MemorySegment segment) {
    Objects.checkFromIndexSize(offset, length, segment.byteSize());
    boolean ofAnother = info().name() != null && info().sharing() == Sharing.PRIVATE;
    if (ofAnother && !flawed(Flaw.PRIVATE_VIEW_PUNCHED)) {
      throw new UnsupportedOperationException("it is a private view");
    }
    if (info().access() == AccessMode.READ_ONLY) {
      throw new IllegalStateException("it is read-only");
    }
  }

  /** The memory of the whole region, inside a section. */
  abstract MemorySegment memory();

  private synchronized boolean isGuarded(long offset, long length) {
    if (offset >= guarded.length()) {
      return false;
    }
    int next = guarded.nextSetBit((int) offset);
    return next >= 0 && next < offset + length;
  }

  final void requireUnguarded(Flaw flaw, long offset, long length) {
    if (isGuarded(offset, length) && !flawed(flaw)) {
      throw new IllegalStateException("it is protected");
    }
  }

  /** What a section gets of some memory of the region. */
  final MemorySegment shown(MemorySegment memory, long offset, long length) {
    boolean whole = length == memory.byteSize();
    Flaw ignoring = whole ? Flaw.PROTECTION_IGNORED : Flaw.PART_UNPROTECTED;
    boolean readOnly =
        !flawed(ignoring)
            && (isGuarded(offset, length)
                || (flawed(Flaw.PART_NEVER_WRITABLE) && isGuarded(0, memory.byteSize())));
    MemorySegment part = memory.asSlice(offset, length);
    return readOnly ? part.asReadOnly() : part;
  }

  final synchronized void grown(long from) {
    if (flawed(Flaw.GROWTH_UNPROTECTS)) {
      guarded.clear();
    } else if (flawed(Flaw.GROWTH_PROTECTED) && !guarded.isEmpty()) {
      guarded.set((int) from, (int) byteSize());
    }
  }

  @Override
  public final void protect(long offset, long length, AccessMode access) {
    try (Access inside = acquire()) {
      Objects.checkFromIndexSize(offset, length, inside.segment().byteSize());
      boolean lifts = access == AccessMode.READ_WRITE;
      if (lifts && info().access() == AccessMode.READ_ONLY && !flawed(Flaw.READ_ONLY_LIFTED)) {
        throw new IllegalStateException("it is read-only");
      }
      synchronized (this) {
        if (!lifts || !flawed(Flaw.PROTECTION_NOT_LIFTED)) {
          guarded.set((int) offset, (int) (offset + length), !lifts);
        }
      }
    }
  }

  @Override
  public final synchronized List<ProtectedRange> protectedRanges() {
    List<ProtectedRange> ranges = new ArrayList<>();
    for (int from = guarded.nextSetBit(0); from >= 0; ) {
      int end = guarded.nextClearBit(from);
      ranges.add(new ProtectedRange(from, end - from));
      from = guarded.nextSetBit(end);
    }
    return ranges;
  }

  /** The arena of a section that is checked; null for any other. */
  final @Nullable Arena beginSection(boolean whole) {
    boolean ignored = flawed(Flaw.KEPT_SEGMENT_LIVES) || (!whole && flawed(Flaw.PART_UNCHECKED));
    if (ignored || !info().checkedSections()) {
      return null;
    }
    Arena arena = Arena.ofShared();
    sections.add(arena);
    return arena;
  }

  static MemorySegment bound(MemorySegment part, @Nullable Arena arena) {
    if (arena == null) {
      return part;
    }
    MemorySegment bound = part.reinterpret(arena, null);
    return part.isReadOnly() ? bound.asReadOnly() : bound;
  }

  /** Ends the segment of a section; false if it is in use. */
  final boolean endSection(Arena arena) {
    if (flawed(Flaw.NESTED_ENDS_ALL)) {
      sections.forEach(this::ended);
    }
    return ended(arena) || flawed(Flaw.CALL_PAST_SECTION_UNTOLD);
  }

  private boolean ended(Arena arena) {
    try {
      if (arena.scope().isAlive()) {
        arena.close();
      }
      sections.remove(arena);
      return true;
    } catch (IllegalStateException inUse) {
      return false;
    }
  }

  /** Ends the segments of all sections that are left. */
  final void endSections() {
    for (Arena arena : sections) {
      if (!flawed(Flaw.LOST_SEGMENT_LIVES) && !ended(arena)) {
        throw new IllegalStateException("a channel uses the segment of a section");
      }
    }
  }
}
