/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.backend.panama.auto.PageRange;
import org.dmalloc.backend.panama.auto.PageRanges;
import org.dmalloc.backend.panama.auto.PagingObserver;
import org.dmalloc.backend.panama.auto.WatchedRegion;
import org.dmalloc.linux.CheckedPaging;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.MemoryPunch;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.linux.Platform;
import org.dmalloc.spi.eviction.FileClock;
import org.dmalloc.spi.machine.Machine;
import org.dmalloc.spi.region.BackedRegion;
import org.dmalloc.spi.region.DeviceProof;
import org.dmalloc.spi.region.MovableFile;
import org.dmalloc.spi.region.RegionBacking;
import org.dmalloc.spi.region.RegionTraits;
import org.dmalloc.spi.region.ResidentTrimmer;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.dmalloc.spi.store.StoreFile;
import org.jspecify.annotations.Nullable;

/** A mapped file; owns both. */
final class MappedFileBacking implements RegionBacking {
  // Others after a resize that moves them, which comes with nobody inside.
  private volatile RegionFile file;
  private volatile Mapping mapping;

  private final RegionTraits traits;
  private final Machine machine;

  /** What messages call the region. */
  private volatile Object region = "";

  /** What was advised by hand while the pattern is fixed; null for nothing. Guarded by this. */
  private @Nullable PageRanges advised;

  /** Null unless the pattern is AUTO. */
  private volatile @Nullable WatchedRegion watched;

  MappedFileBacking(RegionFile file, Mapping mapping, RegionTraits traits, Machine machine) {
    this.file = file;
    this.mapping = mapping;
    this.traits = traits;
    this.machine = machine;
  }

  /** Lets an observer find out the pattern of a region whose pages may be filled already. */
  void watch(
      BackedRegion region, PagingObserver observer, WatchedRegion.Stores stores, boolean filled) {
    WatchedRegion watching = new WatchedRegion(observer, mapping, paging(), region, stores);
    if (filled) {
      watching.filled();
    }
    watched = watching;
    if (watching.begin()) {
      observer.watch(watching);
    }
  }

  private String target() {
    return region.toString();
  }

  private CheckedPaging paging() {
    return new CheckedPaging(mapping, machine, target());
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
    file.describeHolder(holder);
  }

  @Override
  public Optional<RegionMembers> members() {
    return file.members();
  }

  @Override
  public void requireWhole(String operation) throws MemoryException {
    Optional<StoreFile> stored = file.inStore();
    if (stored.isPresent()) {
      stored.get().requireWhole(operation);
    }
  }

  @Override
  public void checkFile(String operation) throws MemoryException {
    // msync is silent about pages behind the end of a file that was cut short.
    file.checkLength(operation, mapping.byteSize());
  }

  @Override
  public long backedBytes() throws MemoryException {
    return file.backedBytes();
  }

  @Override
  public void forced() throws MemoryException {
    Optional<StoreFile> stored = file.inStore();
    if (stored.isPresent()) {
      stored.get().forceEntry();
    }
    file.checkName("force");
  }

  @Override
  public void checkWriteBack() throws MemoryException {
    file.watch("write-back", () -> file.descriptor().checkWriteBack());
  }

  @Override
  public void rewrite(long offset, long length) throws MemoryException {
    mapping.rewrite(offset, length);
  }

  @Override
  public void prove(long offset, long length) throws MemoryException {
    Optional<OpenFile> direct = file.direct();
    if (direct.isPresent()) {
      OpenFile from = direct.get();
      mapping.eachResident(
          offset,
          length,
          (run, count) ->
              DeviceProof.prove(
                  mapping.segment(),
                  run,
                  count,
                  target(),
                  (at, into) -> mapping.readDirectly(from, at, into)));
    }
  }

  /** The file's two descriptors are both told of a failure, so the other one is asked at once. */
  @Override
  public void force(long offset, long length) throws MemoryException {
    try {
      forceBoth(offset, length);
    } catch (MemoryException e) {
      file.inStore().ifPresent(stored -> stored.writeBackFailed(e));
      try {
        checkWriteBack();
      } catch (MemoryException f) {
        e.addSuppressed(f);
      }
      throw e;
    }
    WatchedRegion watching = watched;
    if (watching != null) {
      watching.forced();
    }
  }

  private void forceBoth(long offset, long length) throws MemoryException {
    if (traits.access() == AccessMode.READ_ONLY) {
      // Linux takes the mapping of a file that is open for reading for a private one: msync does
      // nothing.
      file.descriptor().syncData();
    } else {
      file.watch("force", () -> mapping.force(offset, length));
    }
    Optional<StoreFile> stored = file.inStore();
    if (stored.isPresent()) {
      stored.get().forceHeader();
    }
  }

  @Override
  public void forceHeader() throws MemoryException {
    Optional<StoreFile> stored = file.inStore();
    if (stored.isPresent()) {
      stored.get().forceHeader();
    }
  }

  @Override
  public long ownLength() {
    return file.inStore().map(StoreFile::ownLength).orElse(NO_LENGTH);
  }

  @Override
  public void keepLength(long length) {
    file.inStore().ifPresent(stored -> stored.keepLength(length));
  }

  @Override
  public void advise(Advice advice, long offset, long length) throws MemoryException {
    WatchedRegion watching = watched;
    Optional<AccessPattern> pattern = patternOf(advice);
    boolean whole = offset == 0 && length == mapping.byteSize();
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
    if (pattern.isPresent() && length > 0) {
      noteAdvice(offset, length, pattern.get());
    }
  }

  private synchronized void noteAdvice(long offset, long length, AccessPattern pattern) {
    long page = Platform.pageSize();
    PageRanges ranges = advised == null ? new PageRanges() : advised;
    ranges.set(offset / page, (offset + length + page - 1) / page, pattern);
    advised = ranges;
  }

  private void populate(AccessMode access, long offset, long length) throws MemoryException {
    paging().populate(access, offset, length, ProgressListener.NONE, "the content is as it was");
  }

  private static Optional<AccessPattern> patternOf(Advice advice) {
    return switch (advice) {
      case NORMAL, RANDOM, SEQUENTIAL -> Optional.of(AccessPattern.valueOf(advice.name()));
      default -> Optional.empty();
    };
  }

  @Override
  public List<AdvisedRange> advised(AccessPattern pattern) {
    WatchedRegion watching = watched;
    if (watching != null) {
      return watching.map();
    }
    long page = Platform.pageSize();
    long pages = (mapping.byteSize() + page - 1) / page;
    List<AdvisedRange> map = new ArrayList<>();
    synchronized (this) {
      PageRanges ranges = advised == null ? new PageRanges() : advised;
      for (PageRanges.Advised range : ranges.touching(0, pages)) {
        map.add(range(range.first(), range.end(), range.pattern(), AdvisedRange.Origin.ADVISED));
      }
      for (PageRange gap : ranges.gaps(0, pages)) {
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
    return new AdvisedRange(
        offset, Math.min(end * page, mapping.byteSize()) - offset, pattern, origin);
  }

  @Override
  public void prefetch(long[] offsets, long length) throws MemoryException {
    mapping.prefetch(offsets, length);
  }

  @Override
  public void release(long offset, long length) throws MemoryException {
    mapping.release(offset, length);
  }

  @Override
  public ResidentTrimmer limitResident(long budgetBytes) throws MemoryException {
    if (traits.sharing() == Sharing.PRIVATE) {
      throw new UnsupportedOperationException(
          "resident budget of "
              + target()
              + ": its changed pages are private and have no file to go to; ask for SHARED");
    }
    if (mapping.swapBacked()) {
      throw MemoryException.of(
          "limit",
          budgetBytes,
          target(),
          "its file system has no disk behind it",
          "allocate it in a directory on a disk");
    }
    return new FileClock(mapping.pages(), System::nanoTime);
  }

  @Override
  public Residency residency(long offset, long length) throws MemoryException {
    return mapping.residency(offset, length);
  }

  @Override
  public void load(long offset, MemorySegment content) throws MemoryException {
    if (traits.pageSize() == PageSize.HUGE) {
      RegionBacking.super.load(offset, content);
    } else {
      mapping.load(offset, content);
    }
  }

  @Override
  public void punch(long offset, long length, Punch space) throws MemoryException {
    if (traits.sharing() == Sharing.PRIVATE) {
      MemoryPunch.punch(mapping, offset, length);
    } else {
      checkFile("punch");
      file.punch(offset, length, space);
    }
  }

  @Override
  public void reserve(long offset, long length) throws MemoryException {
    if (traits.sharing() == Sharing.PRIVATE) {
      populate(AccessMode.READ_WRITE, offset, length);
    } else {
      checkFile("reserve");
      file.reserve(offset, length, offset == 0 && length == mapping.byteSize());
    }
  }

  @Override
  public boolean hasHoles() {
    return file.hasHoles();
  }

  @Override
  public DirtyTracking trackDirty() throws MemoryException {
    return mapping.trackWrites();
  }

  @Override
  public void grow(long newByteSize, ProgressListener progress) throws MemoryException {
    WatchedRegion watching = watched;
    if (watching == null) {
      growInPlace(newByteSize, progress);
    } else {
      watching.grow(() -> growInPlace(newByteSize, progress));
    }
  }

  private void growInPlace(long newByteSize, ProgressListener progress) throws MemoryException {
    file.checkName("resize");
    grow(newByteSize, progress, () -> mapping.grow(newByteSize));
  }

  @Override
  public void resize(long newByteSize, ProgressListener progress) throws MemoryException {
    WatchedRegion watching = watched;
    if (watching == null) {
      changeSize(newByteSize, progress);
    } else {
      watching.resize(() -> changeSize(newByteSize, progress));
    }
  }

  private void changeSize(long newByteSize, ProgressListener progress) throws MemoryException {
    if (file instanceof SlotFile shared) {
      moveOut(shared, newByteSize);
      return;
    }
    file.checkName("resize");
    if (newByteSize > mapping.byteSize()) {
      grow(newByteSize, progress, () -> mapping.resize(newByteSize));
    } else {
      shrink(newByteSize);
    }
  }

  /** Moves a small region, which is to have another size, to a file of its own. */
  private void moveOut(SlotFile shared, long newByteSize) throws MemoryException {
    Mapping old = mapping;
    RegionFile.Unnamed next = shared.alone(newByteSize);
    try {
      Mapping own =
          Mapping.ofFile(next.descriptor(), 0, newByteSize, old.kind(), traits.pageSize());
      try {
        own.load(0, old.segment().asSlice(0, Math.min(old.byteSize(), newByteSize)));
        adviseAgain(own);
        old.close(); // the last step: it throws while a native call uses the old segment
      } catch (MemoryException | RuntimeException | Error e) {
        own.close();
        throw e;
      }
      file = next;
      mapping = own;
    } catch (MemoryException | RuntimeException | Error e) {
      next.discard(e);
      throw e;
    }
    shared.close();
    forgetAdviceFrom(newByteSize);
  }

  private synchronized void forgetAdviceFrom(long byteSize) {
    if (advised != null) {
      advised.clear(Platform.roundUpToPage(byteSize) / Platform.pageSize(), Long.MAX_VALUE);
    }
  }

  /** Gives what was advised of the old mapping to a new one, as far as that reaches. */
  private void adviseAgain(Mapping own) throws MemoryException {
    long page = Platform.pageSize();
    long pages = (own.byteSize() + page - 1) / page;
    synchronized (this) {
      List<PageRanges.Advised> ranges = advised == null ? List.of() : advised.touching(0, pages);
      for (PageRanges.Advised range : ranges) {
        long offset = range.first() * page;
        long end = Math.min(range.end() * page, own.byteSize());
        own.advise(Advice.valueOf(range.pattern().name()), offset, end - offset);
      }
    }
  }

  private void grow(long newByteSize, ProgressListener progress, Action map)
      throws MemoryException {
    long oldByteSize = mapping.byteSize();
    if (traits.locked()) {
      paging().requireGrowth(newByteSize);
    }
    file.resize(oldByteSize, newByteSize, progress);
    try {
      map.run();
    } catch (MemoryException | RuntimeException | Error e) {
      try {
        file.undoGrowth(newByteSize, oldByteSize);
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
    BusErrors.deliver();
    mapping.resize(newByteSize);
    try {
      file.resize(oldByteSize, newByteSize, ProgressListener.NONE);
    } catch (MemoryException | RuntimeException | Error e) {
      mapping.resize(oldByteSize);
      MemorySegment.copy(
          tail, 0, mapping.segment(), ValueLayout.JAVA_BYTE, newByteSize, tail.length);
      throw e;
    }
    forgetAdviceFrom(newByteSize);
  }

  @Override
  public void trim() throws MemoryException {
    Optional<StoreFile> stored = file.inStore();
    if (stored.isPresent()) {
      stored.get().trim();
    }
  }

  @Override
  public void rename(String newName, Renamed renamed) throws MemoryException {
    file.inStore().orElseThrow().rename(newName, traits.nameDurability(), renamed);
  }

  @Override
  public boolean canShareBlocksOf(RegionBacking source) {
    RegionFile from = fileOf(source);
    return from != null && file.canShareBlocksOf(from);
  }

  @Override
  public boolean shareBlocksOf(RegionBacking source) throws MemoryException {
    RegionFile from = fileOf(source);
    return from != null && file.shareBlocksOf(from);
  }

  private static @Nullable RegionFile fileOf(RegionBacking source) {
    return source instanceof MappedFileBacking mapped
        ? mapped.file
        : source instanceof CheckpointedBacking checkpointed ? checkpointed.regionFile() : null;
  }

  @Override
  public Optional<MovableFile> file() {
    return file.inStore().map(each -> each);
  }

  @Override
  public Optional<String> detached() {
    return file.inStore().flatMap(StoreFile::fate);
  }

  /** Private pages have never been in the file. */
  @Override
  public void wipe(long offset, long length) throws MemoryException {
    if (traits.sharing() == Sharing.SHARED) {
      file.wipe(offset, length);
    }
  }

  @Override
  public void expectStrayUse() {
    mapping.expectStrayUse();
  }

  @Override
  public void unmap() {
    WatchedRegion watching = watched;
    if (watching == null) {
      mapping.close();
    } else {
      watching.close(mapping::close);
    }
  }

  @Override
  public void close() throws MemoryException {
    file.close();
  }

  @Override
  public void delete() throws MemoryException {
    file.delete();
  }
}
