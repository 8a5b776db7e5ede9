/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.Optional;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.Residency;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.MemoryPunch;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.linux.Platform;
import org.dmalloc.spi.eviction.SwapClock;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.region.Alone;
import org.dmalloc.spi.region.RegionBacking;
import org.dmalloc.spi.region.RegionTraits;
import org.dmalloc.spi.region.ResidentTrimmer;

/** Memory without a file. */
final class AnonymousBacking implements RegionBacking {
  private static final long WORTH_POPULATING = 1L << 20;

  private final RegionTraits traits;
  private final AnonymousMemory memory;
  private final Mapping mapping;
  private final PagedMemory paged;
  private final PolicyState policies;
  private volatile boolean populates = true;

  private volatile boolean holes;

  /** What messages call the region. */
  private volatile Object region = "";

  AnonymousBacking(
      RegionTraits traits, AnonymousMemory memory, PagedMemory paged, PolicyState policies) {
    this.traits = traits;
    this.memory = memory;
    this.mapping = memory.mapping();
    this.paged = paged;
    this.policies = policies;
  }

  @Override
  public Optional<RegionMembers> members() {
    return Optional.ofNullable(memory.shared()).map(SharedMemfd::members);
  }

  @Override
  public void requireWhole(String operation) throws MemoryException {
    SharedMemfd shared = memory.shared();
    long byteSize = shared == null ? 0 : shared.file().facts().byteSize();
    if (byteSize > mapping.byteSize()) {
      throw MemoryException.of(
          operation,
          mapping.byteSize(),
          region.toString(),
          "another process has made it " + byteSize + " bytes",
          "resize it to that first");
    }
  }

  @Override
  public String token() {
    SharedMemfd shared = Objects.requireNonNull(memory.shared());
    try {
      return shared.token().print();
    } catch (MemoryException e) { // it was told the same when the memfd was made
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  @Override
  public void requireCuttable() throws MemoryException {
    if (memory.shared() != null) {
      throw MemoryException.of(
          "shrink",
          region.toString(),
          "its memfd is sealed against cuts, so that no process meets a missing page",
          "punch a range to give its memory back");
    }
  }

  @Override
  public MemorySegment segment() {
    return mapping.segment();
  }

  @Override
  public String mapping() {
    return mapping.flags();
  }

  @Override
  public void named(Object newRegion, String holder) {
    region = newRegion;
  }

  @Override
  public void advise(Advice advice, long offset, long length) throws MemoryException {
    switch (advice) {
      case POPULATE_READ -> paged.populate(AccessMode.READ_ONLY, offset, length);
      case POPULATE_WRITE -> paged.populate(AccessMode.READ_WRITE, offset, length);
      default -> mapping.advise(advice, offset, length);
    }
    policies.advised(advice, offset == 0 && length == mapping.byteSize());
  }

  /** One call for all pages is four times as fast as a fault for each. */
  @Override
  public void load(long offset, MemorySegment content) throws MemoryException {
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
    RegionBacking.super.load(offset, content);
  }

  @Override
  public void prefetch(long[] offsets, long length) throws MemoryException {
    mapping.prefetch(offsets, length);
  }

  @Override
  public void release(long offset, long length) throws MemoryException {
    mapping.release(offset, length);
  }

  /**
   * What the allocation took stays: of a memfd that is the promise of memory alone, but where
   * overcommit is forbidden. There a page that is missing at a store would be a SIGBUS, so that it
   * is given up only while no other process relies on it.
   */
  @Override
  public void punch(long offset, long length, Punch space) throws MemoryException {
    OpenFile file = memory.file();
    if (file == null) {
      MemoryPunch.punch(mapping, offset, length);
      return;
    }
    boolean taken = memory.machine().forbidsOvercommit();
    if (memory.shared() != null && taken && space == Punch.RELEASE) {
      Alone.run(members(), "punch", length, region.toString(), () -> giveUp(file, offset, length));
      return;
    }
    synchronized (this) { // while pages of a memfd are given up or taken for good
      boolean had = holes;
      holes = had || taken;
      file.punchHole(offset, length);
      if (taken && space == Punch.KEEP_RESERVED) {
        file.reserve(offset, length);
        holes = had;
      }
    }
  }

  private synchronized void giveUp(OpenFile file, long offset, long length) throws MemoryException {
    holes = true;
    file.punchHole(offset, length);
  }

  @Override
  public void reserve(long offset, long length) throws MemoryException {
    synchronized (this) {
      paged.populate(AccessMode.READ_WRITE, offset, length);
      if (offset == 0 && length == mapping.byteSize()) {
        holes = false;
      }
    }
  }

  @Override
  public boolean hasHoles() {
    return holes;
  }

  @Override
  public ResidentTrimmer limitResident(long budgetBytes) throws MemoryException {
    requireOwnPages(memory.shared() != null, region);
    memory.machine().requireSwap(mapping.byteSize(), region.toString());
    return new SwapClock(mapping.pages());
  }

  /**
   * Throws where a budget could not be kept: the kernel pages nothing out that another process has
   * mapped.
   */
  static void requireOwnPages(boolean shared, Object region) {
    if (shared) {
      throw new UnsupportedOperationException(
          "limit of "
              + region
              + ": no page leaves RAM that another process has mapped; share a region without a"
              + " resident budget");
    }
  }

  @Override
  public Residency residency(long offset, long length) throws MemoryException {
    return mapping.residency(offset, length);
  }

  @Override
  public void apply(SwapPolicy policy) throws MemoryException {
    policies.apply(policy);
  }

  @Override
  public DirtyTracking trackDirty() throws MemoryException {
    return mapping.trackWrites();
  }

  @Override
  public void grow(long newByteSize, ProgressListener progress) throws MemoryException {
    long oldByteSize = mapping.byteSize();
    makeRoom(newByteSize, progress);
    try {
      mapping.grow(newByteSize);
      populateLocked(oldByteSize, newByteSize, progress);
      memory.settle(newByteSize);
    } catch (MemoryException | RuntimeException | Error e) {
      mapping.withdraw(oldByteSize, e);
      giveBack(oldByteSize, newByteSize, e);
      throw e;
    }
  }

  private void makeRoom(long newByteSize, ProgressListener progress) throws MemoryException {
    Mapping.requireMappable("resize", newByteSize, memory.target());
    if (policies.locked()) {
      paged.requireGrowth(newByteSize);
    }
    memory.makeRoom(newByteSize, progress);
  }

  private void populateLocked(long oldByteSize, long newByteSize, ProgressListener progress)
      throws MemoryException {
    if (traits.locked()) {
      paged.populateGrowth(oldByteSize, newByteSize - oldByteSize, progress);
    }
  }

  private void giveBack(long newByteSize, long oldByteSize, Throwable failure) {
    try {
      memory.giveBack(newByteSize, oldByteSize);
    } catch (MemoryException e) {
      failure.addSuppressed(e);
    }
  }

  @Override
  public void resize(long newByteSize, ProgressListener progress) throws MemoryException {
    long oldByteSize = mapping.byteSize();
    if (newByteSize < oldByteSize) {
      shrink(newByteSize);
      return;
    }
    makeRoom(newByteSize, progress);
    try {
      memory.remap(newByteSize, progress);
      try {
        populateLocked(oldByteSize, newByteSize, progress);
      } catch (MemoryException | RuntimeException e) {
        memory.remap(oldByteSize, ProgressListener.NONE);
        throw e;
      }
      memory.settle(newByteSize);
    } catch (MemoryException e) {
      giveBack(oldByteSize, newByteSize, e);
      throw explain(e);
    } catch (RuntimeException | Error e) {
      giveBack(oldByteSize, newByteSize, e);
      throw e;
    }
  }

  private void shrink(long newByteSize) throws MemoryException {
    long oldByteSize = mapping.byteSize();
    // What goes away of the last page that stays: growing back would zero it.
    long end = Math.min(oldByteSize, Platform.roundUpToPage(newByteSize));
    byte[] tail =
        mapping.segment().asSlice(newByteSize, end - newByteSize).toArray(ValueLayout.JAVA_BYTE);
    memory.remap(newByteSize, ProgressListener.NONE);
    try {
      memory.giveBack(newByteSize, oldByteSize);
    } catch (MemoryException | RuntimeException | Error e) {
      memory.remap(oldByteSize, ProgressListener.NONE);
      MemorySegment.copy(
          tail, 0, mapping.segment(), ValueLayout.JAVA_BYTE, newByteSize, tail.length);
      throw e;
    }
  }

  private MemoryException explain(MemoryException failure) {
    if (failure.errno() == Errno.EAGAIN && policies.locked()) { // how mremap says RLIMIT_MEMLOCK
      return Errno.exception(
          failure.operation(),
          failure.byteSize(),
          failure.target(),
          Errno.EAGAIN,
          "its pages are locked, and " + Platform.lockLimitStep());
    }
    return failure;
  }

  @Override
  public void expectStrayUse() {
    mapping.expectStrayUse();
  }

  @Override
  public void unmap() {
    memory.close();
  }
}
