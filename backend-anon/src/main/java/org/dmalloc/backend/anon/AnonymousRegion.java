/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.lang.foreign.MemorySegment;
import java.util.Locale;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.Residency;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.Platform;
import org.dmalloc.spi.eviction.SwapClock;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.Machine;
import org.dmalloc.spi.region.GatedRegion;
import org.dmalloc.spi.region.RegionLedger;
import org.dmalloc.spi.region.RegionTraits;
import org.dmalloc.spi.region.ResidentTrimmer;

/** A region of memory without a file. */
final class AnonymousRegion extends GatedRegion {
  private static final long WORTH_POPULATING = 1L << 20;

  private final MemorySource.Memory memory;
  private final Mapping mapping;
  private final Machine machine;
  private final PagedMemory paged;
  private final PolicyState policies;
  private volatile boolean populates = true;

  AnonymousRegion(
      RegionLedger ledger,
      RegionTraits traits,
      MemorySource.Memory memory,
      Machine machine,
      PagedMemory paged,
      PolicyState policies) {
    super(ledger, traits, memory.mapping().segment());
    this.memory = memory;
    this.mapping = memory.mapping();
    this.machine = machine;
    this.paged = paged;
    this.policies = policies;
  }

  @Override
  protected void onForce(MemorySegment segment, long offset, long length) {
    throw new UnsupportedCapabilityException(ledger().backend(), Capability.FORCE);
  }

  @Override
  protected void onAdvise(MemorySegment segment, Advice advice, long offset, long length)
      throws MemoryException {
    switch (advice) {
      case POPULATE_READ -> paged.populate(AccessMode.READ_ONLY, offset, length);
      case POPULATE_WRITE -> paged.populate(AccessMode.READ_WRITE, offset, length);
      default -> mapping.advise(advice, offset, length);
    }
    policies.advised(advice, offset == 0 && length == byteSize());
  }

  /** One call for all pages is four times as fast as a fault for each. */
  @Override
  protected void onLoad(MemorySegment segment, long offset, MemorySegment content)
      throws MemoryException {
    if (populates && content.byteSize() >= WORTH_POPULATING) {
      try {
        paged.populate(AccessMode.READ_WRITE, offset, content.byteSize());
      } catch (MemoryException e) {
        if (e.errno() != Errno.EINVAL) {
          throw e; // no memory: better now, by name, than at a store
        }
        populates = false; // before Linux 5.14
      }
    }
    super.onLoad(segment, offset, content);
  }

  @Override
  protected void onPrefetch(MemorySegment segment, long[] offsets, long length)
      throws MemoryException {
    mapping.prefetch(offsets, length);
  }

  @Override
  protected void onRelease(MemorySegment segment, long offset, long length) throws MemoryException {
    mapping.release(offset, length);
  }

  @Override
  protected ResidentTrimmer onLimitResident(long budgetBytes) throws MemoryException {
    machine.requireSwap(byteSize(), toString());
    return new SwapClock(mapping.pages());
  }

  @Override
  protected Residency onResidency(MemorySegment segment, long offset, long length)
      throws MemoryException {
    return mapping.residency(offset, length);
  }

  @Override
  protected void onApply(MemorySegment segment, SwapPolicy policy) throws MemoryException {
    policies.apply(policy);
  }

  @Override
  protected DirtyTracking onTrackDirty(MemorySegment segment) throws MemoryException {
    return mapping.trackWrites();
  }

  @Override
  protected MemorySegment onResize(MemorySegment segment, long newByteSize) throws MemoryException {
    long oldByteSize = segment.byteSize();
    boolean grows = newByteSize > oldByteSize;
    if (grows && policies.locked()) {
      paged.requireGrowth(newByteSize);
    }
    try {
      mapping.resize(newByteSize);
    } catch (MemoryException e) {
      throw explain(e);
    }
    if (grows && traits().locked()) {
      try {
        paged.populate(AccessMode.READ_WRITE, oldByteSize, newByteSize - oldByteSize);
      } catch (MemoryException | RuntimeException e) {
        mapping.resize(oldByteSize);
        throw e;
      }
    }
    return mapping.segment();
  }

  @Override
  protected MemorySegment afterFailedResize(MemorySegment segment) {
    return mapping.segment();
  }

  private MemoryException explain(MemoryException refusal) {
    if (refusal.errno() == Errno.EAGAIN && policies.locked()) { // how mremap says RLIMIT_MEMLOCK
      return Errno.exception(
          refusal.operation(),
          refusal.byteSize(),
          refusal.target(),
          Errno.EAGAIN,
          String.format(
              Locale.ROOT,
              "its pages are locked, and RLIMIT_MEMLOCK is %d bytes for all of the process; raise"
                  + " it (ulimit -l, LimitMEMLOCK=)",
              Platform.lockLimitBytes()));
    }
    return refusal;
  }

  @Override
  protected void onClose(MemorySegment segment) {
    memory.close();
  }
}
