/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.api.backing.StoredBacking;
import org.dmalloc.backend.panama.auto.PageRange;
import org.dmalloc.backend.panama.auto.PageRanges;
import org.dmalloc.backend.panama.auto.PagingObserver;
import org.dmalloc.backend.panama.auto.WatchedRegion;
import org.dmalloc.linux.CheckedPaging;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.linux.Platform;
import org.dmalloc.spi.eviction.FileClock;
import org.dmalloc.spi.machine.Machine;
import org.dmalloc.spi.region.DeviceProof;
import org.dmalloc.spi.region.GatedRegion;
import org.dmalloc.spi.region.RegionLedger;
import org.dmalloc.spi.region.RegionTraits;
import org.dmalloc.spi.region.ResidentTrimmer;
import org.dmalloc.spi.store.Disposal;
import org.dmalloc.spi.store.StoreFile;
import org.jspecify.annotations.Nullable;

/** A region over a mapped file; owns both. */
final class MappedFileRegion extends GatedRegion implements StoredBacking {
  private final RegionFile file;
  private final Mapping mapping;
  private final CheckedPaging paging;

  /** What was advised by hand while the pattern is fixed; guarded by itself. */
  private final PageRanges advised = new PageRanges();

  /** Set when the file is to be deleted at the close. */
  private volatile @Nullable Disposal disposal;

  /** Null unless the pattern is AUTO. */
  private volatile @Nullable WatchedRegion watched;

  MappedFileRegion(
      RegionLedger ledger, RegionTraits traits, RegionFile file, Mapping mapping, Machine machine) {
    super(ledger, traits, mapping.segment());
    this.file = file;
    this.mapping = mapping;
    this.paging = new CheckedPaging(mapping, machine, toString());
  }

  /**
   * Lets an observer find out the pattern.
   *
   * @param filled whether the pages are in already
   */
  void watch(PagingObserver observer, WatchedRegion.Stores stores, boolean filled)
      throws MemoryException {
    WatchedRegion region =
        new WatchedRegion(
            observer,
            mapping,
            paging,
            toString(),
            id(),
            this::doze,
            this::suspect,
            () -> patternBecame(AccessPattern.NORMAL),
            stores);
    if (filled) {
      region.filled();
    }
    watched = region;
    if (!region.begin()) {
      return;
    }
    observer.watch(region);
  }

  @Override
  protected void onCarried() {
    if (file instanceof RegionFile.Named named) {
      named.describeHolder(holder());
    }
  }

  @Override
  protected void onCheckFile(String operation) throws MemoryException {
    // msync is silent about pages behind the end of a file that was cut short.
    file.checkLength(operation, byteSize());
  }

  @Override
  protected void onForced() throws MemoryException {
    file.checkName("force");
  }

  @Override
  protected void onCheckWriteBack() throws MemoryException {
    file.descriptor().checkWriteBack();
  }

  @Override
  protected void onRewrite(MemorySegment segment, long offset, long length) throws MemoryException {
    mapping.rewrite(offset, length);
  }

  @Override
  protected void onProve(MemorySegment segment, long offset, long length) throws MemoryException {
    Optional<OpenFile> direct = file.direct();
    if (direct.isPresent()) {
      OpenFile from = direct.get();
      mapping.eachResident(
          offset,
          length,
          (run, count) ->
              DeviceProof.prove(
                  segment,
                  run,
                  count,
                  toString(),
                  (at, into) -> mapping.readDirectly(from, at, into)));
    }
  }

  @Override
  protected void onForce(MemorySegment segment, long offset, long length) throws MemoryException {
    if (traits().access() == AccessMode.READ_ONLY) {
      // Linux takes the mapping of a file that is open for reading for a private one: msync does
      // nothing.
      file.descriptor().syncData();
    } else {
      mapping.force(offset, length);
    }
    WatchedRegion watching = watched;
    if (watching != null) {
      watching.forced();
    }
  }

  @Override
  protected void onAdvise(MemorySegment segment, Advice advice, long offset, long length)
      throws MemoryException {
    WatchedRegion watching = watched;
    Optional<AccessPattern> pattern = patternOf(advice);
    boolean whole = offset == 0 && length == byteSize();
    if (watching != null && !(whole && pattern.isPresent())) {
      watching.advise(advice, offset, length);
      return;
    }
    if (watching != null) {
      watched = null; // all of it is fixed from now on
      watching.end();
    }
    switch (advice) {
      case POPULATE_READ -> populate(AccessMode.READ_ONLY, offset, length);
      case POPULATE_WRITE -> populate(AccessMode.READ_WRITE, offset, length);
      default -> mapping.advise(advice, offset, length);
    }
    if (pattern.isPresent()) {
      synchronized (advised) {
        long page = Platform.pageSize();
        advised.set(offset / page, (offset + length + page - 1) / page, pattern.get());
      }
    }
  }

  private void populate(AccessMode access, long offset, long length) throws MemoryException {
    paging.populate(access, offset, length, ProgressListener.NONE, "the content is as it was");
  }

  private static Optional<AccessPattern> patternOf(Advice advice) {
    return switch (advice) {
      case NORMAL -> Optional.of(AccessPattern.NORMAL);
      case RANDOM -> Optional.of(AccessPattern.RANDOM);
      case SEQUENTIAL -> Optional.of(AccessPattern.SEQUENTIAL);
      default -> Optional.empty();
    };
  }

  @Override
  protected List<AdvisedRange> onAdvised(AccessPattern pattern) {
    WatchedRegion watching = watched;
    if (watching != null) {
      return watching.map();
    }
    long page = Platform.pageSize();
    long pages = (byteSize() + page - 1) / page;
    List<AdvisedRange> map = new ArrayList<>();
    synchronized (advised) {
      for (PageRanges.Advised range : advised.touching(0, pages)) {
        map.add(range(range.first(), range.end(), range.pattern(), AdvisedRange.Origin.ADVISED));
      }
      for (PageRange gap : advised.gaps(0, pages)) {
        map.add(range(gap.first(), gap.end(), pattern, AdvisedRange.Origin.REQUESTED));
      }
    }
    map.sort(Comparator.comparingLong(AdvisedRange::offset));
    return map;
  }

  private AdvisedRange range(
      long first, long end, AccessPattern pattern, AdvisedRange.Origin origin) {
    long page = Platform.pageSize();
    long offset = first * page;
    return new AdvisedRange(offset, Math.min(end * page, byteSize()) - offset, pattern, origin);
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
    if (traits().sharing() == Sharing.PRIVATE) {
      throw new UnsupportedOperationException(
          String.format(
              Locale.ROOT,
              "resident budget of %s: its changed pages are private and have no file to go to; ask"
                  + " for SHARED",
              this));
    }
    if (mapping.swapBacked()) {
      throw MemoryException.of(
          "limit",
          budgetBytes,
          toString(),
          "its file system has no disk behind it",
          MemoryException.NO_ERRNO,
          "choose another directory",
          null);
    }
    return new FileClock(mapping.pages(), System::nanoTime);
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
  protected void onLoad(MemorySegment segment, long offset, MemorySegment content)
      throws MemoryException {
    if (traits().pageSize() == PageSize.HUGE) {
      super.onLoad(segment, offset, content);
    } else {
      mapping.load(offset, content);
    }
  }

  @Override
  protected DirtyTracking onTrackDirty(MemorySegment segment) throws MemoryException {
    return mapping.trackWrites();
  }

  @Override
  protected MemorySegment onResize(MemorySegment segment, long newByteSize) throws MemoryException {
    WatchedRegion watching = watched;
    if (watching == null) {
      changeSize(newByteSize);
    } else {
      watching.resize(() -> changeSize(newByteSize));
    }
    return mapping.segment();
  }

  private void changeSize(long newByteSize) throws MemoryException {
    file.checkName("resize");
    if (newByteSize > mapping.byteSize()) {
      grow(newByteSize);
    } else {
      shrink(newByteSize);
    }
  }

  private void grow(long newByteSize) throws MemoryException {
    long oldByteSize = mapping.byteSize();
    if (traits().locked()) {
      paging.requireGrowth(newByteSize);
    }
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
  protected Optional<String> onDetached() {
    return file instanceof RegionFile.Named named ? named.inStore().fate() : Optional.empty();
  }

  @Override
  protected void onClose(MemorySegment segment) {
    WatchedRegion watching = watched;
    if (watching == null) {
      mapping.close();
    } else {
      watching.close(mapping::close);
    }
    Disposal ends = disposal;
    if (ends == null) {
      file.close();
    } else {
      ends.end(inStore());
    }
  }

  // --- moves between stores ---

  private StoreFile inStore() {
    if (file instanceof RegionFile.Named named) {
      return named.inStore();
    }
    throw new IllegalStateException(
        String.format(Locale.ROOT, "%s has no name, and is in no store", this));
  }

  @Override
  public String fileKey() {
    return inStore().fileKey();
  }

  @Override
  public void leaving(StoreMove move) throws MemoryException {
    StoreFile moved = inStore();
    moved.requireArrived();
    watchWriteBack(() -> moved.leaving(move));
  }

  @Override
  public void publish() throws MemoryException {
    inStore().publish();
  }

  @Override
  public void endMove() throws MemoryException {
    watchWriteBack(inStore()::endMove);
  }

  @Override
  public void discard() throws MemoryException {
    inStore();
    Disposal ends = new Disposal();
    disposal = ends;
    try {
      close();
    } finally {
      disposal = null;
    }
    ends.check();
  }
}
