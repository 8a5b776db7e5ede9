/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.DirtyTracking;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.Residency;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.Platform;
import org.dmalloc.region.GatedRegion;
import org.dmalloc.region.RegionLedger;
import org.dmalloc.region.RegionTraits;

/** A region over a mapped file; owns both. */
final class MappedFileRegion extends GatedRegion {
  private final RegionFile file;
  private final Mapping mapping;

  MappedFileRegion(RegionLedger ledger, RegionTraits traits, RegionFile file, Mapping mapping) {
    super(ledger, traits, mapping.segment());
    this.file = file;
    this.mapping = mapping;
  }

  @Override
  protected void onForce(MemorySegment segment, long offset, long length) throws MemoryException {
    // msync is silent about pages behind the end of a file that was cut short.
    file.checkLength("force", byteSize());
    mapping.force(offset, length);
  }

  @Override
  protected void onAdvise(MemorySegment segment, Advice advice, long offset, long length)
      throws MemoryException {
    mapping.advise(advice, offset, length);
  }

  @Override
  protected void onPrefetch(MemorySegment segment, long[] offsets, long length)
      throws MemoryException {
    mapping.prefetch(offsets, length);
  }

  @Override
  protected Residency onResidency(MemorySegment segment, long offset, long length)
      throws MemoryException {
    return mapping.residency(offset, length);
  }

  @Override
  protected void onApply(MemorySegment segment, SwapPolicy policy) {
    throw new UnsupportedCapabilityException(ledger().backend(), Capability.SWAP_POLICY);
  }

  @Override
  protected DirtyTracking onTrackDirty(MemorySegment segment) throws MemoryException {
    return mapping.trackWrites();
  }

  @Override
  protected MemorySegment onResize(MemorySegment segment, long newByteSize) throws MemoryException {
    if (newByteSize > mapping.byteSize()) {
      grow(newByteSize);
    } else {
      shrink(newByteSize);
    }
    return mapping.segment();
  }

  private void grow(long newByteSize) throws MemoryException {
    long oldByteSize = mapping.byteSize();
    file.resize(oldByteSize, newByteSize);
    try {
      mapping.resize(newByteSize);
    } catch (MemoryException | RuntimeException | Error e) {
      try {
        file.resize(newByteSize, oldByteSize);
      } catch (MemoryException f) {
        e.addSuppressed(f);
      }
      throw e;
    }
  }

  private void shrink(long newByteSize) throws MemoryException {
    long oldByteSize = mapping.byteSize();
    file.checkLength("resize", oldByteSize);
    // What goes away of the last page that stays: growing back would zero it.
    long end = Math.min(oldByteSize, Platform.roundUpToPage(newByteSize));
    byte[] tail =
        mapping.segment().asSlice(newByteSize, end - newByteSize).toArray(ValueLayout.JAVA_BYTE);
    mapping.resize(newByteSize);
    try {
      file.resize(oldByteSize, newByteSize);
    } catch (MemoryException | RuntimeException | Error e) {
      mapping.resize(oldByteSize);
      MemorySegment.copy(
          tail, 0, mapping.segment(), ValueLayout.JAVA_BYTE, newByteSize, tail.length);
      throw e;
    }
  }

  @Override
  protected MemorySegment afterFailedResize(MemorySegment segment) {
    return mapping.segment();
  }

  @Override
  protected void onClose(MemorySegment segment) {
    mapping.close();
    file.close();
  }
}
