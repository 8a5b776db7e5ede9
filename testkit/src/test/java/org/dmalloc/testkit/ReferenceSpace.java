/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;

/** The part of {@link ReferenceRegion} that empties ranges: by stores, so that no space goes. */
abstract class ReferenceSpace implements MemoryRegion {
  private final ReferenceProvider provider;

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
      long end = offset + length;
      if (flawed(Flaw.PUNCH_TAKES_WHOLE_PAGES)) {
        offset -= offset % ContractTheme.PAGE;
      } else if (flawed(Flaw.PUNCH_LEAVES_ENDS)) {
        end -= end % ContractTheme.PAGE;
      }
      if (end > offset) {
        access.segment().asSlice(offset, end - offset).fill((byte) 0);
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
      if (flawed(Flaw.RESERVE_LOSES_CONTENT)) {
        access.segment().asSlice(offset, length).fill((byte) 0);
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
}
