/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.Optional;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.spi.machine.MappingCount;
import org.jspecify.annotations.Nullable;

/**
 * A range of addresses that shows a file, or memory without one, and is unmapped exactly once.
 *
 * <p><b>Ownership.</b> Its maker closes it. It does not own the file; a closed file only makes
 * {@link #residency} take a slower way.
 *
 * <p><b>Threads.</b> All methods may be called from any thread. {@code close} and {@code resize}
 * throw {@link IllegalStateException} while a kernel call on the mapping is in progress, and change
 * nothing then; keep them apart from other calls. After {@code close} every other method throws
 * {@link IllegalStateException}.
 *
 * <p><b>Ranges</b> are given in bytes from the start; the calls act on the whole pages that hold
 * them. A range outside the mapping is an {@link IndexOutOfBoundsException}.
 *
 * <p>Over 500 lines: each kernel call on a mapping is a method here, most of them documentation.
 */
public final class Mapping implements AutoCloseable {
  /**
   * One write of a load, and the largest folio that it leaves: large enough for 4 GB/s, and small
   * enough that random stores to pages that were written back do not change all of the file again.
   */
  private static final long LOAD_PIECE_BYTES = 32L << 10;

  /**
   * The addresses that Linux gives a process on x86-64 and aarch64 without being asked for more.
   */
  private static final long ADDRESS_SPACE_BYTES = 1L << 47;

  private final String target;
  private final MappingKind kind;
  private final @Nullable OpenFile file;
  private final long fileOffset;
  private final boolean swapBacked;
  private final boolean inPageCache;

  private final PageLock lock;
  private final MappedRange mapped;

  private Mapping(
      String target,
      MappingKind kind,
      @Nullable OpenFile file,
      long fileOffset,
      long byteSize,
      long maximum,
      PageSize pageSize)
      throws MemoryException {
    requireMappable("mmap", byteSize, target);
    requireMappable("mmap", maximum, target);
    long room = Math.max(byteSize, maximum);
    this.target = target;
    this.kind = kind;
    this.file = file;
    this.fileOffset = fileOffset;
    this.lock = new PageLock(target);
    boolean regular = file != null && file.facts().regular();
    boolean device = file != null && !regular;
    this.swapBacked =
        file == null || device || file.fileSystem().type().equals(FileSystem.IN_MEMORY);
    this.inPageCache = regular;
    // What swap backs may be told to use huge pages later, and can only from such an address on.
    boolean huge = pageSize == PageSize.HUGE || (swapBacked && room >= Platform.hugePageSize());
    MmapCall mmap =
        MmapCall.of(target, kind, file, fileOffset)
            .aligned(huge ? Platform.hugePageSize() : Platform.pageSize())
            .promised(swapBacked || kind == MappingKind.PRIVATE)
            .ofDevice(device, room > byteSize);
    boolean keepsRoom = device || maximum != RegionAttributes.NO_MAXIMUM;
    this.mapped = new MappedRange(mmap, lock, byteSize, room, keepsRoom);
  }

  private Mapping(Slabs.Slot slot, long byteSize) {
    OpenFile shown = slot.file();
    this.target = slot.slab().mmap().target();
    this.kind = slot.slab().mmap().kind();
    this.file = shown;
    this.fileOffset = slot.fileOffset();
    this.lock = new PageLock(target);
    this.swapBacked = shown == null;
    this.inPageCache = shown != null;
    this.mapped = new MappedRange(slot, lock, byteSize);
  }

  /**
   * Takes a slot over. Another size leaves it: memory without a file moves by {@link #resize}, and
   * that of a file must be moved to another one.
   *
   * @param byteSize what the slot was taken for
   */
  public static Mapping ofSlot(Slabs.Slot slot, long byteSize) {
    return new Mapping(slot, byteSize);
  }

  /**
   * Maps a part of a file. The file must hold the range: a page behind its end is a SIGBUS.
   *
   * @param fileOffset where the range starts; a multiple of the page size
   * @param byteSize its length
   * @param pageSize {@link PageSize#HUGE} starts the mapping at a multiple of the huge page size
   *     and asks the kernel for huge pages
   * @throws MemoryException if the kernel refuses; EOPNOTSUPP for {@link MappingKind#SHARED_SYNC}
   *     on a file system without DAX
   */
  public static Mapping ofFile(
      OpenFile file, long fileOffset, long byteSize, MappingKind kind, PageSize pageSize)
      throws MemoryException {
    return ofFile(file, fileOffset, byteSize, RegionAttributes.NO_MAXIMUM, kind, pageSize);
  }

  /**
   * Maps a part of a file that may {@linkplain #grow} in place.
   *
   * @param maximum how many bytes to reserve addresses for; {@link RegionAttributes#NO_MAXIMUM} for
   *     no more than the size. Of a device all of it is mapped, and its pages are promised by
   *     nobody
   */
  public static Mapping ofFile(
      OpenFile file,
      long fileOffset,
      long byteSize,
      long maximum,
      MappingKind kind,
      PageSize pageSize)
      throws MemoryException {
    Platform.require();
    return new Mapping(file.target(), kind, file, fileOffset, byteSize, maximum, pageSize)
        .advised(pageSize);
  }

  /** Maps fresh private memory that cannot grow in place. */
  public static Mapping anonymous(String target, long byteSize, PageSize pageSize)
      throws MemoryException {
    return anonymous(target, byteSize, RegionAttributes.NO_MAXIMUM, pageSize);
  }

  /**
   * Maps fresh private memory without a file, which swap backs; otherwise like {@link #ofFile}.
   *
   * @param target what to call it in messages
   */
  public static Mapping anonymous(String target, long byteSize, long maximum, PageSize pageSize)
      throws MemoryException {
    Platform.require();
    return new Mapping(target, MappingKind.PRIVATE, null, 0, byteSize, maximum, pageSize)
        .advised(pageSize);
  }

  /**
   * Refuses sizes beyond the address space: the kernel has another error for each call, and larger
   * ones would overflow on their way to it.
   */
  public static void requireMappable(String operation, long byteSize, String target)
      throws MemoryException {
    if (byteSize < 0) {
      throw new IllegalArgumentException("byteSize " + byteSize + "; give at least 0");
    }
    if (byteSize > ADDRESS_SPACE_BYTES) {
      throw MemoryException.of(
          operation,
          byteSize,
          target,
          "a process has " + ADDRESS_SPACE_BYTES + " bytes of addresses",
          "choose a smaller size");
    }
  }

  /**
   * Whether {@link #trackWrites} works here. An old kernel or a system call filter may be in the
   * way; that is found out once, at the first call, which takes well under a millisecond.
   */
  public static boolean tracksWrites() {
    Platform.require();
    return WriteTracking.works();
  }

  /** The call that {@link #prefetch} makes here: process_madvise, or madvise on older kernels. */
  public static String prefetchCall() {
    Platform.require();
    return Prefetch.call();
  }

  /** The segment, until {@code close} or {@code resize}; read-only for a read-only kind. */
  public MemorySegment segment() {
    return mapped.view().segment();
  }

  /** The size in bytes, as asked for; the mapping itself is whole pages. */
  public long byteSize() {
    return segment().byteSize();
  }

  /** How far it can {@link #grow} in place, in bytes; whole pages. */
  public long room() {
    return mapped.view().range().length();
  }

  /** What it is to the file's other users. */
  public MappingKind kind() {
    return kind;
  }

  /** The flags that mmap(2) got, by name: {@code MAP_SHARED | MAP_FIXED}. */
  public String flags() {
    return MmapFlags.names(mapped.flags());
  }

  /** Whether {@link #lock} is in force. */
  public boolean locked() {
    return lock.held();
  }

  /**
   * Gives the kernel advice about a range. Content stays. Advice for all of the mapping that lasts
   * holds for what it grows by in place, too; no growth may come between.
   *
   * @throws UnsupportedOperationException for {@link Advice#DONT_NEED} on private memory, where it
   *     would destroy content, and {@link Advice#POPULATE_WRITE} on a read-only mapping
   * @throws MemoryException if the kernel refuses
   */
  public void advise(Advice advice, long offset, long length) throws MemoryException {
    MemorySegment range = range(offset, length);
    if (advice == Advice.DONT_NEED && kind.sharing() == Sharing.PRIVATE) {
      throw new UnsupportedOperationException(
          "DONT_NEED would destroy the content of private memory; use PAGE_OUT or COLD");
    }
    if (advice == Advice.POPULATE_WRITE && kind.access() == AccessMode.READ_ONLY) {
      throw new UnsupportedOperationException(
          "POPULATE_WRITE needs a writable mapping; use POPULATE_READ");
    }
    if (advice == Advice.WILL_NEED) {
      Prefetch.announce(mapped.view().pages(), new long[] {offset}, length, target);
    } else if (Madvise.of(advice).splits() && isWhole(offset, length)) {
      mapped.mark(Madvise.of(advice));
    } else {
      advise(Madvise.of(advice), range);
    }
  }

  /**
   * Stores content, by write(2) where the mapping shows a file's pages in the page cache: that
   * takes no page faults, and a full disk is an error and no signal.
   *
   * @throws MemoryException if there is no space for it; a part may have been stored
   */
  public void load(long offset, MemorySegment content) throws MemoryException {
    MemorySegment all = segment();
    Objects.checkFromIndexSize(offset, content.byteSize(), all.byteSize());
    OpenFile to = file;
    boolean writes = to != null && inPageCache && kind.sharing() == Sharing.SHARED && !swapBacked;
    if (writes && to != null && content.isNative()) {
      to.write(fileOffset + offset, content, LOAD_PIECE_BYTES);
    } else {
      MemorySegment.copy(content, 0, all, offset, content.byteSize());
      BusErrors.deliver();
    }
  }

  /**
   * Leaves a range to the kernel's own heuristics again. That merges mappings in the end, so that
   * it is not refused where they run out.
   */
  public void withdrawAdvice(long offset, long length) throws MemoryException {
    MemorySegment range = range(offset, length);
    if (isWhole(offset, length)) {
      mapped.mark(Madvise.NORMAL);
    } else {
      Madvise.NORMAL.call(range, target);
    }
  }

  private boolean isWhole(long offset, long length) {
    return offset == 0 && length == byteSize();
  }

  /** Gives advice that the kernel refuses for locked pages; they are locked again after it. */
  synchronized void adviseUnlocked(Madvise call, MemorySegment range) throws MemoryException {
    lock.without(range, () -> call.call(range, target));
  }

  void advise(Madvise call, MemorySegment range) throws MemoryException {
    if (range.byteSize() == 0) {
      return;
    }
    if (call.splits()) {
      MappingCount.OF_PROCESS.add("madvise " + call, range.byteSize(), target, 2);
    }
    call.call(range, target);
  }

  /**
   * Announces that {@code length} bytes at each of the offsets will be read soon, and returns when
   * the reads are queued.
   *
   * @throws IndexOutOfBoundsException if one range lies outside; then nothing is queued
   */
  public void prefetch(long[] offsets, long length) throws MemoryException {
    MappedRange.View now = mapped.view();
    for (long offset : offsets) {
      Objects.checkFromIndexSize(offset, length, now.segment().byteSize());
    }
    Prefetch.announce(now.pages(), offsets, length, target);
  }

  /**
   * Splits the large folios of a range in the page cache into single pages, as far as they are
   * mapped here, clean and not in use otherwise. What stays large is no failure. Content and what
   * is in RAM stay; the pages are mapped anew by the next access, and are among the first to go
   * when memory gets short until then.
   *
   * <p>A store to one page of a large folio marks all of it as changed, and all of it is written.
   *
   * @throws MemoryException if the kernel refuses
   */
  public void splitFolios(long offset, long length) throws MemoryException {
    MemorySegment range = range(offset, length);
    if (range.byteSize() > 0) {
      FolioSplit.split(range, target);
    }
  }

  /**
   * What of a range is in the page cache; empty where the kernel cannot tell (before Linux 6.5), or
   * the memory is not a file's.
   */
  public Optional<CacheCounts> cacheCounts(long offset, long length) {
    return pages().cacheCounts(offset, length);
  }

  /** Whether it shows a file's pages in the page cache, which the kernel reads ahead. */
  public boolean inPageCache() {
    return inPageCache && !swapBacked;
  }

  /** The whole pages of the mapping, as the kernel sees them. */
  public MemorySegment allPages() {
    return mapped.view().pages();
  }

  /** Writes the changed pages of a range to the device and waits (msync MS_SYNC). */
  public void force(long offset, long length) throws MemoryException {
    MemorySegment range = range(offset, length);
    if (range.byteSize() > 0) {
      long result = OpenFile.retry(() -> Libc.msync(range, range.byteSize(), Abi.MS_SYNC));
      Libc.check("msync", range.byteSize(), target, result);
    }
  }

  /**
   * Makes the pages of a range that are in RAM dirty, so that the next {@link #force} writes them,
   * also those that the kernel takes for clean since it failed to write them. Stores nothing; for a
   * writable shared mapping of a file, and nothing happens to others.
   *
   * @throws MemoryException if the file system refuses room for a page, or the file was cut short
   */
  public void rewrite(long offset, long length) throws MemoryException {
    if (inPageCache() && kind.sharing() == Sharing.SHARED) {
      WriteBackRepair.rewrite(range(offset, length), target);
    }
  }

  /** Is shown runs of pages. */
  @FunctionalInterface
  public interface RunVisitor {
    /** Visits a run; in bytes from the start of the mapping. */
    void visit(long offset, long length) throws MemoryException;
  }

  /** Shows the runs of pages of a range that are in RAM; those of the last page end with it. */
  public void eachResident(long offset, long length, RunVisitor visitor) throws MemoryException {
    long start = Platform.roundDownToPage(offset);
    long size = byteSize();
    WriteBackRepair.eachRun(
        range(offset, length),
        target,
        (at, count) -> visitor.visit(start + at, Math.min(count, size - start - at)));
  }

  /** Fills a buffer of whole pages from the device, by a file of {@link OpenFile#openDirect}. */
  public void readDirectly(OpenFile direct, long offset, MemorySegment into)
      throws MemoryException {
    direct.readFully(fileOffset + offset, into);
  }

  /**
   * Locks the whole mapping in RAM, each page from its first use on (MLOCK_ONFAULT); what {@link
   * #grow} and {@link #resize} add is locked too.
   *
   * @throws MemoryException if RLIMIT_MEMLOCK or the memory is too small; then nothing is locked
   */
  public void lock() throws MemoryException {
    mapped.lock();
  }

  /** Lets all pages go again. */
  public void unlock() throws MemoryException {
    mapped.unlock();
  }

  /**
   * Where the pages of a range are now. For shared memory {@code residentBytes} counts the page
   * cache, whichever process brought the pages in; {@code dirtyBytes} of a private file mapping are
   * its own copies.
   */
  public Residency residency(long offset, long length) throws MemoryException {
    return pages().residency(offset, length);
  }

  /** Where its pages are, for a clock that makes them leave RAM. */
  public MappedPages pages() {
    return new MappedPages(this, file, fileOffset, inPageCache);
  }

  String target() {
    return target;
  }

  /** Whether its pages have no place but RAM and swap. */
  public boolean swapBacked() {
    return swapBacked;
  }

  /**
   * Says that a range is not needed for a while. Private pages become the first to go under
   * pressure; shared ones leave the page table as well. Content stays.
   *
   * @throws MemoryException if the kernel refuses, as it does for locked pages
   */
  public void release(long offset, long length) throws MemoryException {
    MemorySegment range = range(offset, length);
    advise(Madvise.COLD, range);
    if (kind.sharing() == Sharing.SHARED) {
      advise(Madvise.DONTNEED, range);
    }
  }

  /**
   * Starts to note which pages are written through this mapping. It follows {@link #grow}, and ends
   * with a {@code resize} or {@code close}.
   *
   * @throws MemoryException if the kernel has no asynchronous write protection (Linux 6.7), or
   *     refuses userfaultfd, as the default profile of some container runtimes does
   */
  public DirtyTracking trackWrites() throws MemoryException {
    range(0, 0);
    pages().mapIfAllCached();
    MappingCount.OF_PROCESS.add("userfaultfd", byteSize(), target, 2);
    return WriteTracking.start(this, target);
  }

  /**
   * Grows the mapping in place: segments that were handed out stay, with their size, and {@link
   * #segment()} gives a larger one. New bytes are zero as far as the file's are, which must hold
   * them before. Advice for all of the mapping and {@link #lock} hold for them too.
   *
   * @param newByteSize at least the size, and no more than {@link #room}
   * @throws MemoryException if the kernel refuses; nothing has changed
   */
  public void grow(long newByteSize) throws MemoryException {
    mapped.grow(newByteSize);
  }

  /**
   * Says that other processes map the file too. One may have made it longer and stored to it before
   * this mapping grows: so what is in its last page behind its end stays, in place of being zeroed.
   */
  public void sharedWithProcesses() {
    mapped.keepTail();
  }

  /** Takes a growth in place back, before anybody has got a segment of it, after a failure. */
  public void withdraw(long oldByteSize, Throwable failure) {
    mapped.withdraw(oldByteSize, failure);
  }

  /**
   * Grows or shrinks a mapping that nobody uses; the old segment ends and {@link #segment()} gives
   * a new one. Kept bytes stay, and new ones are zero as far as the file's are. The file must hold
   * the new range before, and may be cut after. Advice for parts of the mapping stays with them.
   * One with a maximum keeps its addresses, and gets others beyond it; not for a device beyond its
   * {@link #room}.
   *
   * @throws MemoryException if the kernel refuses; the mapping has its old size then, and a new
   *     segment
   */
  public void resize(long newByteSize) throws MemoryException {
    requireMappable("resize", newByteSize, target);
    mapped.resize(newByteSize);
  }

  /**
   * Gives the mapping of a device another size beyond its room: maps it anew and copies the
   * content, so that for the moment there is twice the memory.
   *
   * @param device the device, opened again
   * @param progress told how much is copied; it or an interrupt cancels that
   * @throws MemoryException if the kernel refuses; the mapping has its old size then, and a new
   *     segment
   */
  public void replace(OpenFile device, long newByteSize, ProgressListener progress)
      throws MemoryException {
    requireMappable("resize", newByteSize, target);
    mapped.replace(device, newByteSize, progress);
  }

  /**
   * Ends all segments; {@link #segment()} gives a new one of the same memory.
   *
   * @throws IllegalStateException while a kernel call uses the mapping; nothing has changed
   */
  public void renew() {
    mapped.renew();
  }

  /**
   * Says that somebody may have taken addresses of it, and use them after {@link #close}: then such
   * a use is an {@link InternalError}, until many more mappings of the kind were closed, and never
   * memory of others.
   */
  public void expectStrayUse() {
    mapped.expectStrayUse();
  }

  /** Ends all access and unmaps; closing again does nothing. */
  @Override
  public void close() {
    mapped.close();
  }

  @Override
  public String toString() {
    return target + " " + byteSize() + " bytes";
  }

  private Mapping advised(PageSize pageSize) throws MemoryException {
    if (pageSize == PageSize.HUGE) {
      try {
        advise(Advice.HUGE_PAGE, 0, byteSize());
      } catch (MemoryException | RuntimeException e) {
        close();
        throw e;
      }
    }
    return this;
  }

  MemorySegment range(long offset, long length) {
    MappedRange.View now = mapped.view();
    Objects.checkFromIndexSize(offset, length, now.segment().byteSize());
    if (!now.isOpen()) {
      throw new IllegalStateException("mapping of " + target + " is closed");
    }
    long start = Platform.roundDownToPage(offset);
    long end = length == 0 ? start : Platform.roundUpToPage(offset + length);
    return now.range().segment().asSlice(start, end - start);
  }
}
