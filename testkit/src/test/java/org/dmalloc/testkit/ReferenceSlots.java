/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.Comparator;
import java.util.Set;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryRegion;

/** What can go wrong where small regions share memory; does nothing without flaws. */
final class ReferenceSlots {
  private static final long LARGEST_SLOT = 64 << 10;

  private final Set<Flaw> flaws;
  private byte[] remains = new byte[0];

  ReferenceSlots(Set<Flaw> flaws) {
    this.flaws = flaws;
  }

  /** A new region has got its memory. */
  synchronized void taken(MemorySegment segment) {
    if (flaws.contains(Flaw.SLOT_NOT_EMPTIED) && segment.byteSize() <= LARGEST_SLOT) {
      int left = (int) Math.min(remains.length, segment.byteSize());
      MemorySegment.copy(remains, 0, segment, JAVA_BYTE, 0, left);
    }
  }

  /** A region is about to give its memory back, beside those that are open. */
  synchronized void givenBack(
      MemoryRegion region, MemorySegment segment, Collection<? extends MemoryRegion> open) {
    if (segment.byteSize() > LARGEST_SLOT) {
      return;
    }
    if (flaws.contains(Flaw.SLOT_NOT_EMPTIED)) {
      remains = segment.toArray(JAVA_BYTE);
    }
    if (flaws.contains(Flaw.SLOT_EMPTIES_NEIGHBOUR)) {
      open.stream()
          .filter(other -> other.id() > region.id())
          .min(Comparator.comparingLong(MemoryRegion::id))
          .ifPresent(ReferenceSlots::empty);
    }
  }

  private static void empty(MemoryRegion neighbour) {
    try (Access access = neighbour.acquire()) {
      access.segment().fill((byte) 0);
    }
  }
}
