/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.spi.machine.AddressSpace;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.MappingCount;
import org.jspecify.annotations.Nullable;

/**
 * A range of addresses that shows a file, or memory without one, and is unmapped exactly once.
 *
 * <p><b>Ownership.</b> Who made it closes it. It does not own the file; a closed file only makes
 * {@link #residency} take a slower way.
 *
 * <p><b>Threads.</b> All methods may be called from any thread. {@code close} and {@code resize}
 * throw {@link IllegalStateException} while a kernel call on the mapping is in progress, and change
 * nothing then; keep them apart from other calls. After {@code close} every other method throws
 * {@link IllegalStateException}.
 *
 * <p><b>Ranges</b> are given in bytes from the start; the calls act on the whole pages that hold
 * them. A range outside the mapping is an {@link IndexOutOfBoundsException}.
 */
public final class Mapping implements AutoCloseable {
  /** Between two looks at the interrupt flag: 8 to 60 ms on ext4, 20 ms anonymous. */
  private static final long POPULATE_CHUNK_BYTES = 64L << 20;

  /**
   * MADV_WILLNEED on a file reads no more than the larger of read_ahead_kb and the device's largest
   * request, and says nothing about the rest (force_page_cache_ra in mm/readahead.c). The default
   * of the first is 128 KiB.
   */
  private static final long READ_AHEAD_BYTES = 128L << 10;

  /**
   * One write of a load, and the largest folio that it leaves: large enough for 4 GB/s, and small
   * enough that random stores to pages that were written back do not change all of the file again.
   */
  private static final long LOAD_PIECE_BYTES = 32L << 10;

  /** So many pieces of a long range are announced together: 1 GiB. */
  private static final int ANNOUNCED_PIECES = 8192;

  /** No architecture has larger addresses (x86-64 with five levels: 57 bits). */
  private static final long MAX_ADDRESS = 1L << 57;

  private final String target;
  private final MappingKind kind;
  private final @Nullable OpenFile file;
  private final long fileOffset;
  private final boolean swapBacked;
  private final boolean inPageCache;
  private final long alignment;

  private volatile View view;
  private volatile boolean locked;

  /** The range and the part of it that users see. */
  private record View(AddressRange range, MemorySegment segment) {}

  private Mapping(
      String target,
      MappingKind kind,
      @Nullable OpenFile file,
      long fileOffset,
      long byteSize,
      PageSize pageSize)
      throws MemoryException {
    if (byteSize < 1) {
      throw new IllegalArgumentException("byteSize " + byteSize + "; give at least 1");
    }
    requireMappable(byteSize, target);
    this.target = target;
    this.kind = kind;
    this.file = file;
    this.fileOffset = fileOffset;
    boolean regular = file != null && file.facts().regular();
    this.swapBacked =
        file == null || !regular || file.fileSystem().type().equals(FileSystem.IN_MEMORY);
    this.inPageCache = regular;
    // What swap backs may be told to use huge pages later, and can only from such an address on.
    boolean forHugePages =
        pageSize == PageSize.HUGE || (swapBacked && byteSize >= Platform.hugePageSize());
    this.alignment = forHugePages ? Platform.hugePageSize() : Platform.pageSize();
    long length = Platform.roundUpToPage(byteSize);
    this.view = view(new AddressRange(map(length), length), byteSize);
  }

  /**
   * Maps a part of a file. The file must hold the range: a page behind its end is a SIGBUS.
   *
   * @param fileOffset where the range starts; a multiple of the page size
   * @param byteSize its length, at least 1
   * @param pageSize {@link PageSize#HUGE} starts the mapping at a multiple of the huge page size
   *     and asks the kernel for huge pages
   * @throws MemoryException if the kernel refuses; EOPNOTSUPP for {@link MappingKind#SHARED_SYNC}
   *     on a file system without DAX
   */
  public static Mapping ofFile(
      OpenFile file, long fileOffset, long byteSize, MappingKind kind, PageSize pageSize)
      throws MemoryException {
    Platform.require();
    return new Mapping(file.target(), kind, file, fileOffset, byteSize, pageSize).advised(pageSize);
  }

  /**
   * Maps fresh private memory without a file, which swap backs.
   *
   * @param target what to call it in messages
   * @param byteSize its length, at least 1
   * @param pageSize as for {@link #ofFile}
   * @throws MemoryException if the kernel refuses
   */
  public static Mapping anonymous(String target, long byteSize, PageSize pageSize)
      throws MemoryException {
    Platform.require();
    return new Mapping(target, MappingKind.PRIVATE, null, 0, byteSize, pageSize).advised(pageSize);
  }

  /**
   * Refuses sizes that no machine can map, and that would overflow on their way to the kernel.
   *
   * @throws MemoryException if {@code byteSize} is larger than any address space
   */
  public static void requireMappable(long byteSize, String target) throws MemoryException {
    if (byteSize > MAX_ADDRESS) {
      throw Errno.exception(
          "mmap", byteSize, target, Errno.ENOMEM, "ask for less: no address space is that large");
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
    return view.segment;
  }

  /** The size in bytes, as asked for; the mapping itself is whole pages. */
  public long byteSize() {
    return view.segment.byteSize();
  }

  /** What it is to the file's other users. */
  public MappingKind kind() {
    return kind;
  }

  /** Whether {@link #lock} is in force. */
  public boolean locked() {
    return locked;
  }

  /**
   * Gives the kernel advice about a range. Content stays.
   *
   * @throws UnsupportedOperationException for {@link Advice#DONT_NEED} on private memory, where it
   *     would destroy content, and {@link Advice#POPULATE_WRITE} on a read-only mapping
   * @throws MemoryException if the kernel refuses
   */
  public void advise(Advice advice, long offset, long length) throws MemoryException {
    MemorySegment range = pages(offset, length);
    if (advice == Advice.DONT_NEED && kind.sharing() == Sharing.PRIVATE) {
      throw new UnsupportedOperationException(
          "DONT_NEED would destroy the content of private memory; use PAGE_OUT or COLD");
    }
    if (advice == Advice.POPULATE_WRITE && kind.access() == AccessMode.READ_ONLY) {
      throw new UnsupportedOperationException(
          "POPULATE_WRITE needs a writable mapping; use POPULATE_READ");
    }
    if (advice == Advice.WILL_NEED) {
      announce(offset, length);
    } else {
      advise(Madvise.of(advice), range);
    }
  }

  /**
   * Brings all pages of a range in: for reading, or for writing at once, which also takes what the
   * file system needs for the first store.
   *
   * @throws MemoryException if there is no space or memory for a page, the listener throws, or the
   *     thread is interrupted; its interrupt flag stays set
   */
  public void populate(AccessMode access, long offset, long length, ProgressListener progress)
      throws MemoryException {
    populate(access, offset, length, step -> {}, progress, "");
  }

  /** What is asked before each step of a {@code populate}. */
  @FunctionalInterface
  interface StepCheck {
    void before(long byteSize) throws MemoryException;
  }

  /**
   * Like the other {@code populate}, with a check that may end it.
   *
   * @param outcome what is there when it was cancelled, in words
   */
  void populate(
      AccessMode access,
      long offset,
      long length,
      StepCheck check,
      ProgressListener progress,
      String outcome)
      throws MemoryException {
    Madvise call = access == AccessMode.READ_ONLY ? Madvise.POPULATE_READ : Madvise.POPULATE_WRITE;
    MemorySegment range = pages(offset, length);
    LongOperation operation = new LongOperation("prefault", target, length, progress, outcome);
    for (long done = 0; done < range.byteSize(); ) {
      operation.checkNotInterrupted(done);
      long chunk = Math.min(POPULATE_CHUNK_BYTES, range.byteSize() - done);
      check.before(chunk);
      advise(call, range.asSlice(done, chunk));
      done += chunk;
      operation.report(done);
    }
  }

  /**
   * Stores content, by write(2) where the mapping shows a file's pages in the page cache: that
   * takes no page faults, and a full disk is an error and no signal.
   *
   * @throws MemoryException if there is no space for it; a part may have been stored
   */
  public void load(long offset, MemorySegment content) throws MemoryException {
    View current = view;
    Objects.checkFromIndexSize(offset, content.byteSize(), current.segment.byteSize());
    OpenFile to = file;
    boolean writes = to != null && inPageCache && kind.sharing() == Sharing.SHARED && !swapBacked;
    if (writes && to != null && content.isNative()) {
      to.write(fileOffset + offset, content, LOAD_PIECE_BYTES);
    } else {
      MemorySegment.copy(content, 0, current.segment, offset, content.byteSize());
    }
  }

  /**
   * Leaves a range to the kernel's own heuristics again. That merges mappings in the end, so that
   * it is not refused where they run out.
   */
  public void withdrawAdvice(long offset, long length) throws MemoryException {
    MemorySegment range = pages(offset, length);
    long result =
        OpenFile.retry(() -> Libc.madvise(range, range.byteSize(), Madvise.NORMAL.number));
    if (result < 0) {
      throw Madvise.NORMAL.failure((int) -result, range.byteSize(), target);
    }
  }

  private void advise(Madvise call, MemorySegment range) throws MemoryException {
    if (range.byteSize() == 0) {
      return;
    }
    if (call.splits && range.byteSize() < view.range.length()) {
      MappingCount.OF_PROCESS.add("madvise " + call, range.byteSize(), target, 2);
    }
    long result = OpenFile.retry(() -> Libc.madvise(range, range.byteSize(), call.number));
    if (result < 0) {
      throw call.failure((int) -result, range.byteSize(), target);
    }
  }

  /**
   * Announces that {@code length} bytes at each of the offsets will be read soon, and returns when
   * the reads are queued.
   *
   * @throws IndexOutOfBoundsException if one range lies outside; then nothing is queued
   */
  public void prefetch(long[] offsets, long length) throws MemoryException {
    View current = view;
    for (long offset : offsets) {
      Objects.checkFromIndexSize(offset, length, current.segment.byteSize());
    }
    if (length > READ_AHEAD_BYTES) {
      for (long offset : offsets) {
        announce(offset, length);
      }
    } else if (length > 0) {
      Prefetch.announce(current.range.segment(), offsets, length, target);
    }
  }

  /** Announces all of a long range, in pieces that the kernel takes whole. */
  private void announce(long offset, long length) throws MemoryException {
    MemorySegment pages = view.range.segment();
    long end = offset + length;
    for (long next = offset; next < end; ) {
      int count = (int) Math.min((end - next) / READ_AHEAD_BYTES, ANNOUNCED_PIECES);
      long piece = count > 0 ? READ_AHEAD_BYTES : end - next;
      long[] pieces = new long[Math.max(count, 1)];
      for (int i = 0; i < pieces.length; i++) {
        pieces[i] = next + i * piece;
      }
      Prefetch.announce(pages, pieces, piece, target);
      next += pieces.length * piece;
    }
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
    MemorySegment range = pages(offset, length);
    if (range.byteSize() > 0) {
      FolioSplit.split(range, target);
    }
  }

  /**
   * What of a range is in the page cache; empty where the kernel cannot tell (before Linux 6.5), or
   * the memory is not a file's.
   */
  public Optional<CacheCounts> cacheCounts(long offset, long length) {
    MemorySegment range = pages(offset, length);
    OpenFile from = file;
    if (from == null || !inPageCache || range.byteSize() == 0) {
      return Optional.empty();
    }
    long position = fileOffset + Platform.roundDownToPage(offset);
    return from.useIfOpen(
        Optional.empty(), fd -> ResidencyProbe.cachestat(fd, position, range.byteSize()));
  }

  /** Whether it shows a file's pages in the page cache, which the kernel reads ahead. */
  public boolean inPageCache() {
    return inPageCache && !swapBacked;
  }

  /** The pages as the kernel sees them, for a scanner; all of the mapping. */
  MemorySegment allPages() {
    return view.range.segment();
  }

  /** Writes the changed pages of a range to the device and waits (msync MS_SYNC). */
  public void force(long offset, long length) throws MemoryException {
    MemorySegment range = pages(offset, length);
    if (range.byteSize() > 0) {
      long result = OpenFile.retry(() -> Libc.msync(range, range.byteSize(), Abi.MS_SYNC));
      if (result < 0) {
        throw Errno.exception("msync", range.byteSize(), target, (int) -result);
      }
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
      WriteBackRepair.rewrite(pages(offset, length), target);
    }
  }

  /** Is shown parts of a mapping. */
  @FunctionalInterface
  public interface RunVisitor {
    /** Looks at a part; in bytes from the start of the mapping. */
    void visit(long offset, long length) throws MemoryException;
  }

  /** Shows the runs of pages of a range that are in RAM; those of the last page end with it. */
  public void eachResident(long offset, long length, RunVisitor visitor) throws MemoryException {
    long start = Platform.roundDownToPage(offset);
    long size = byteSize();
    WriteBackRepair.eachRun(
        pages(offset, length),
        target,
        (at, count) -> visitor.visit(start + at, Math.min(count, size - start - at)));
  }

  /**
   * Fills a buffer of whole pages from the device.
   *
   * @param direct the mapped file, from {@link OpenFile#openDirect}
   * @param offset in the mapping, a multiple of the page size
   */
  public void readDirectly(OpenFile direct, long offset, MemorySegment into)
      throws MemoryException {
    direct.readFully(fileOffset + offset, into);
  }

  /**
   * Locks the whole mapping in RAM; what {@link #resize} adds is locked too.
   *
   * @throws MemoryException if RLIMIT_MEMLOCK or the memory is too small; then nothing is locked
   */
  public synchronized void lock(LockMode mode) throws MemoryException {
    MemorySegment range = view.range.segment();
    MappingCount.OF_PROCESS.add("mlock", range.byteSize(), target, 2);
    long result = OpenFile.retry(() -> Libc.mlock2(range, range.byteSize(), mode.flags));
    if (result < 0) {
      int errno = (int) -result;
      if (!locked) {
        Libc.munlock(range, range.byteSize()); // a failure half-way leaves some pages locked
      }
      // EPERM is the limit's only where it is 0: else somebody forbids the call.
      boolean limited =
          errno == Errno.ENOMEM
              || errno == Errno.EAGAIN
              || (errno == Errno.EPERM && Platform.lockLimitBytes() == 0);
      throw limited
          ? Errno.exception("mlock", range.byteSize(), target, errno, lockAdvice())
          : Errno.exception("mlock", range.byteSize(), target, errno);
    }
    locked = true;
  }

  private static String lockAdvice() {
    long limit = Platform.lockLimitBytes();
    return limit == Long.MAX_VALUE
        ? "free memory: RLIMIT_MEMLOCK is unlimited"
        : String.format(
            Locale.ROOT,
            "RLIMIT_MEMLOCK is %d bytes for all of the process; raise it (ulimit -l, LimitMEMLOCK=)",
            limit);
  }

  /** Lets all pages go again. */
  public synchronized void unlock() throws MemoryException {
    MemorySegment range = view.range.segment();
    long result = Libc.munlock(range, range.byteSize());
    if (result < 0) {
      throw Errno.exception("munlock", range.byteSize(), target, (int) -result);
    }
    locked = false;
  }

  /**
   * Where the pages of a range are now. For shared memory {@code residentBytes} counts the page
   * cache, whoever brought the pages in; {@code dirtyBytes} of a private file mapping are its own
   * copies.
   */
  public Residency residency(long offset, long length) throws MemoryException {
    MemorySegment range = pages(offset, length);
    if (file == null) {
      return ResidencyProbe.ofAnonymous(range, locked);
    }
    if (kind.sharing() == Sharing.PRIVATE) {
      return ResidencyProbe.ofPrivateFile(range, locked, target);
    }
    return ResidencyProbe.ofShared(range, cacheCounts(offset, length), swapBacked, locked, target);
  }

  /** A clock that can take this mapping's pages out of RAM. */
  public ResidentClock clock() {
    boolean dropsCache = inPageCache && !swapBacked && kind.sharing() == Sharing.SHARED;
    return dropsCache ? new FileClock(CachedPages.of(this), System::nanoTime) : new SwapClock(this);
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
    MemorySegment range = pages(offset, length);
    advise(Madvise.COLD, range);
    if (kind.sharing() == Sharing.SHARED) {
      advise(Madvise.DONTNEED, range);
    }
  }

  /** Bytes of a range in the page cache, whoever brought them in; for files. */
  long cachedBytes(long offset, long length) throws MemoryException {
    MemorySegment range = pages(offset, length);
    if (file == null || range.byteSize() == 0) {
      return 0;
    }
    Optional<CacheCounts> cache = cacheCounts(offset, length);
    return cache.isPresent() ? cache.get().cached() : ResidencyProbe.mincore(range, target);
  }

  /** Bytes of a range that are mapped and take memory. */
  long presentBytes(long offset, long length) throws MemoryException {
    MemorySegment range = pages(offset, length);
    PageTable.Counts counts = PageTable.count(range.address(), range.address() + range.byteSize());
    return counts.mapped() - counts.zero();
  }

  /** Drops the clean cached pages of a range that nobody has mapped; for files. */
  void dropCached(long offset, long length) throws MemoryException {
    MemorySegment range = pages(offset, length);
    OpenFile from = file;
    if (from != null && range.byteSize() > 0) {
      from.dropCachedPages(fileOffset + Platform.roundDownToPage(offset), range.byteSize());
    }
  }

  /**
   * Starts to note which pages are written through this mapping. Not to be used beyond a {@code
   * resize} or {@code close}.
   *
   * @throws MemoryException if the kernel has no asynchronous write protection (Linux 6.7), or
   *     refuses userfaultfd, as the default profile of some container runtimes does
   */
  public DirtyTracking trackWrites() throws MemoryException {
    View current = view;
    if (!current.segment.scope().isAlive()) {
      throw new IllegalStateException("mapping of " + target + " is closed");
    }
    mapCached();
    MappingCount.OF_PROCESS.add("userfaultfd", current.segment.byteSize(), target, 2);
    return WriteTracking.start(current.range.segment(), current.segment.byteSize(), target);
  }

  /**
   * Maps the pages of a file that is cached as a whole, without a read: while writes are noted the
   * kernel maps no neighbours at a fault, and whoever reads all of it would take one for each page.
   */
  private void mapCached() throws MemoryException {
    if (file == null || !inPageCache) {
      return;
    }
    MemorySegment range = view.range.segment();
    if (cachedBytes(0, byteSize()) < range.byteSize()) {
      return;
    }
    try {
      advise(Madvise.POPULATE_READ, range);
    } catch (MemoryException e) {
      if (e.errno() != Errno.EINVAL) { // before Linux 5.14
        throw e;
      }
    }
  }

  /**
   * Grows or shrinks the mapping; the old segment ends and {@link #segment()} gives a new one. Kept
   * bytes stay, and new ones are zero as far as the file's are. The file must hold the new range
   * before, and may be cut after. Advice for parts of the mapping stays with them.
   *
   * @throws MemoryException if the kernel refuses; the mapping has its old size then, and a new
   *     segment
   */
  public synchronized void resize(long newByteSize) throws MemoryException {
    if (newByteSize < 1) {
      throw new IllegalArgumentException("byteSize " + newByteSize + "; give at least 1");
    }
    requireMappable(newByteSize, target);
    AddressRange old = view.range;
    long oldByteSize = byteSize();
    long newLength = Platform.roundUpToPage(newByteSize);
    MappingCount.OF_PROCESS.add("mremap", newLength, target, 4);
    old.abandon();
    long address = old.address();
    long length = old.length();
    long byteSize = oldByteSize;
    try {
      if (newLength > old.length()) {
        address = Relocation.grow(old, newLength, alignment, this::mapFailure);
      } else if (newLength < old.length()) {
        AddressRange.unmap(old.address() + newLength, old.length() - newLength);
      }
      length = newLength;
      byteSize = newByteSize;
    } finally {
      view = view(new AddressRange(address, length), byteSize);
    }
    if (newByteSize > oldByteSize && kind.access() == AccessMode.READ_WRITE) {
      // What an earlier, larger size left behind the old end, in its last page.
      long end = Math.min(newByteSize, Platform.roundUpToPage(oldByteSize));
      view.segment.asSlice(oldByteSize, end - oldByteSize).fill((byte) 0);
    }
  }

  /**
   * Ends all access and unmaps; closing again does nothing.
   *
   * @throws IllegalStateException while a kernel call on the mapping is in progress
   */
  @Override
  public synchronized void close() {
    if (view.segment.scope().isAlive()) {
      view.range.close();
    }
  }

  @Override
  public String toString() {
    return target + " " + byteSize() + " bytes";
  }

  private long map(long length) throws MemoryException {
    // An aligned one is cut out of a larger one.
    int added = alignment > Platform.pageSize() ? 2 : 1;
    MappingCount.OF_PROCESS.add("mmap", length, target, added);
    MemorySegment hint = MemorySegment.NULL;
    int flags = kind.flags;
    if (alignment > Platform.pageSize()) {
      long room = Relocation.reserve(length, alignment);
      if (room < 0) {
        throw mapFailure("mmap", length, (int) -room);
      }
      hint = MemorySegment.ofAddress(room);
      flags |= Abi.MAP_FIXED;
    }
    long address = map(hint, length, flags);
    if (address < 0) {
      if (hint.address() != 0) {
        AddressRange.unmap(hint.address(), length);
      }
      throw mapFailure("mmap", length, (int) -address);
    }
    return address;
  }

  private MemoryException mapFailure(String operation, long length, int errno) {
    // Only what may need RAM or swap of its own counts as promised.
    boolean promised = swapBacked || kind.sharing() == Sharing.PRIVATE;
    return errno == Errno.ENOMEM
        ? Errno.exception(
            operation, length, target, errno, AddressSpace.OF_PROCESS.nextStep(length, promised))
        : Errno.exception(operation, length, target, errno);
  }

  private long map(MemorySegment hint, long length, int flags) {
    return file == null
        ? Libc.mmap(hint, length, kind.protection(), flags | Abi.MAP_ANONYMOUS, -1, 0)
        : file.use(fd -> Libc.mmap(hint, length, kind.protection(), flags, fd, fileOffset));
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

  private View view(AddressRange range, long byteSize) {
    MemorySegment segment = range.segment().asSlice(0, byteSize);
    return new View(range, kind.access() == AccessMode.READ_ONLY ? segment.asReadOnly() : segment);
  }

  /** The whole pages that hold the range. */
  private MemorySegment pages(long offset, long length) {
    View current = view;
    Objects.checkFromIndexSize(offset, length, current.segment.byteSize());
    if (!current.segment.scope().isAlive()) {
      throw new IllegalStateException("mapping of " + target + " is closed");
    }
    long start = Platform.roundDownToPage(offset);
    long end = length == 0 ? start : Platform.roundUpToPage(offset + length);
    return current.range.segment().asSlice(start, end - start);
  }
}
