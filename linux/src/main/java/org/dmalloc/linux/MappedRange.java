/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import java.lang.foreign.MemorySegment;
import java.util.function.LongBinaryOperator;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.spi.machine.MappingCount;
import org.dmalloc.spi.region.AddressRange;
import org.dmalloc.spi.region.LongOperation;
import org.dmalloc.spi.region.MappedBytes;
import org.jspecify.annotations.Nullable;

/**
 * The addresses of one mapping: those that are mapped, those that it may grow to in place, and what
 * the kernel was told about all of them.
 *
 * <p><b>Growth in place</b> ends nothing: all segments belong to the arena of the whole range, each
 * with the size that it was made with. Advice and the lock on pages that hold for all of the
 * mapping hold for what is added, so that the kernel keeps it one area.
 *
 * <p><b>Threads.</b> The monitor keeps what changes the range apart; {@link #view} may be read at
 * any time.
 */
final class MappedRange {
  /** Between two checks of the interrupt flag: 10 ms, or the reads of 64 MiB from swap. */
  private static final long COPY_STEP_BYTES = 64L << 20;

  private final String target;
  private final MmapCall mmap;
  private final PageLock lock;
  private final boolean keepsRoom;

  /** What the addresses are a slot of; null for a mapping of its own. Guarded by this. */
  private @Nullable Slab slab;

  /** Whether others may have stored behind the end already; guarded by this. */
  private boolean tailIsOthers;

  // What was advised for all of the mapping; guarded by this.
  private Madvise order = Madvise.NORMAL;
  private @Nullable Madvise hugePages;

  /** Whether somebody may use addresses of it past its end. */
  private volatile boolean strayUse;

  private volatile View view;

  /**
   * What is mapped now.
   *
   * @param range all addresses, with the room to grow
   * @param segment what users see
   */
  record View(AddressRange range, MemorySegment segment) {
    long byteSize() {
      return segment.byteSize();
    }

    /** How much is mapped. */
    long length() {
      return MappedRange.pages(byteSize());
    }

    /** What is mapped, in whole pages. */
    MemorySegment pages() {
      return range.segment().asSlice(0, length());
    }

    boolean isOpen() {
      return segment.scope().isAlive();
    }
  }

  /**
   * Maps the range.
   *
   * @param room bytes that it may grow to in place; {@code byteSize} if it has no maximum
   * @param keepsRoom whether it keeps all its addresses when it shrinks
   */
  MappedRange(MmapCall mmap, PageLock lock, long byteSize, long room, boolean keepsRoom)
      throws MemoryException {
    this.target = mmap.target();
    this.mmap = mmap;
    this.lock = lock;
    this.keepsRoom = keepsRoom;
    long length = pages(byteSize);
    long reserved = pages(room);
    this.view = view(Relocation.own(mmap.map(length, reserved), reserved), byteSize);
  }

  /** Takes a slot over, which it leaves when its size changes. */
  MappedRange(Slabs.Slot slot, PageLock lock, long byteSize) {
    this.mmap = slot.slab().mmap();
    this.target = mmap.target();
    this.lock = lock;
    this.keepsRoom = false;
    this.slab = slot.slab();
    this.view = view(slot.range(), byteSize);
  }

  /** Whole pages for a size; one for none. */
  static long pages(long byteSize) {
    return Math.max(Platform.pageSize(), Platform.roundUpToPage(byteSize));
  }

  View view() {
    return view;
  }

  /** The flags of mmap(2). */
  int flags() {
    return mmap.flags();
  }

  private View view(AddressRange range, long byteSize) {
    MemorySegment all = range.segment();
    MemorySegment segment = all.byteSize() == byteSize ? all : all.asSlice(0, byteSize);
    boolean readOnly = mmap.kind().access() == AccessMode.READ_ONLY;
    return new View(range, readOnly ? segment.asReadOnly() : segment);
  }

  /** Makes a call of advice that marks the mapping, for all of it and for what it grows by. */
  synchronized void mark(Madvise call) throws MemoryException {
    if (slab != null) {
      MappingCount.OF_PROCESS.add("madvise " + call, view.range.length(), target, 2);
    }
    call.call(view.range.segment(), target);
    switch (call) {
      case HUGEPAGE, NOHUGEPAGE -> hugePages = call;
      default -> order = call;
    }
  }

  /** Leaves what is behind the end as it is when the mapping grows. */
  synchronized void keepTail() {
    tailIsOthers = true;
  }

  synchronized void lock() throws MemoryException {
    lock.lock(view.pages());
  }

  synchronized void unlock() throws MemoryException {
    lock.unlock(view.pages());
  }

  /**
   * Grows within its room; segments stay. After a failure nothing has changed.
   *
   * @throws MemoryException if the memory cannot be promised or locked
   */
  synchronized void grow(long newByteSize) throws MemoryException {
    View now = view;
    long oldByteSize = now.byteSize();
    if (newByteSize < oldByteSize || newByteSize > now.range.length()) {
      throw new IllegalArgumentException(
          "growth from " + oldByteSize + " to " + newByteSize + " within " + now.range.length());
    }
    long added = pages(newByteSize) - now.length();
    if (added > 0) {
      openRoom(now.range.segment().asSlice(now.length(), added), now.length());
    }
    clearTail(now.range.segment(), oldByteSize, newByteSize);
    view = view(now.range, newByteSize);
  }

  private void openRoom(MemorySegment added, long offset) throws MemoryException {
    if (mmap.opensRoom()) {
      MappingCount.OF_PROCESS.add("mprotect", added.byteSize(), target, 2);
      mmap.open(added);
    }
    try {
      lock.extend(added);
    } catch (MemoryException e) {
      try {
        shutRoom(added, offset);
      } catch (MemoryException f) {
        e.addSuppressed(f);
      }
      throw e;
    }
  }

  /** Makes pages that no segment leads to room again, marked as the rest of it. */
  private void shutRoom(MemorySegment lost, long offset) throws MemoryException {
    lock.giveUp(lost);
    if (mmap.opensRoom()) {
      mmap.shut(lost, offset);
    } else if (mmap.device()) {
      Madvise.REMOVE.call(lost, target);
    }
    markLike(lost);
  }

  private void markLike(MemorySegment pages) throws MemoryException {
    order.call(pages, target);
    Madvise huge = hugePages;
    if (huge != null) {
      huge.call(pages, target);
    }
  }

  /** Zeroes what a larger size left in the last page; reads first, as a store may need space. */
  private void clearTail(MemorySegment all, long oldByteSize, long newByteSize) {
    if (tailIsOthers || mmap.kind().access() == AccessMode.READ_ONLY) {
      return;
    }
    long end = Math.min(newByteSize, pages(oldByteSize));
    if (!new MappedBytes().isZero(all, oldByteSize, end)) {
      all.asSlice(oldByteSize, end - oldByteSize).fill((byte) 0);
    }
    BusErrors.deliver();
  }

  /**
   * Takes a growth back, to whose new bytes nobody has got a segment. Room that cannot be shut
   * stays open, which nobody notices.
   */
  synchronized void withdraw(long oldByteSize, Throwable failure) {
    View now = view;
    view = view(now.range, oldByteSize);
    long kept = view.length();
    if (now.length() > kept) {
      try {
        shutRoom(now.range.segment().asSlice(kept, now.length() - kept), kept);
      } catch (MemoryException e) {
        failure.addSuppressed(e);
      }
    }
  }

  /**
   * Changes the size of a mapping that nobody uses; all segments end.
   *
   * @throws IllegalStateException while a kernel call uses the mapping; nothing has changed
   * @throws MemoryException if the kernel refuses; it has its old size then, and a new segment
   */
  synchronized void resize(long newByteSize) throws MemoryException {
    Slab left = slab;
    if (left != null) {
      replace(mmap, newByteSize, ProgressListener.NONE, left);
      slab = null;
      return;
    }
    View old = view;
    long oldByteSize = old.byteSize();
    long length = old.length();
    long newLength = pages(newByteSize);
    MappingCount.OF_PROCESS.add("mremap", newLength, target, 4);
    old.range.abandon();
    // What stays mapped if something fails; the calls want memory that is alive.
    MemorySegment all =
        MemorySegment.ofAddress(old.range.address()).reinterpret(old.range.length());
    long byteSize = oldByteSize;
    try {
      if (newLength > all.byteSize()) {
        MemorySegment room = all.asSlice(length);
        long address = mmap.move(all.asSlice(0, length), newLength);
        all = MemorySegment.ofAddress(address).reinterpret(newLength);
        if (room.byteSize() > 0) {
          Relocation.unmap(room.address(), room.byteSize());
        }
      } else if (newLength > length) {
        openRoom(all.asSlice(length, newLength - length), length);
      } else if (newLength < length && keepsRoom) {
        shutRoom(all.asSlice(newLength, length - newLength), newLength);
      } else if (newLength < all.byteSize() && !keepsRoom) {
        Relocation.unmap(all.address() + newLength, all.byteSize() - newLength);
        all = all.asSlice(0, newLength);
      }
      byteSize = newByteSize;
    } finally {
      view = view(Relocation.own(all.address(), all.byteSize()), byteSize);
    }
    if (newByteSize > oldByteSize) {
      clearTail(view.range.segment(), oldByteSize, newByteSize);
    }
  }

  /**
   * Gives a mapping of a device, whose memory has a fixed size, other memory with the same bytes.
   * Nobody uses it, and all segments end. For the moment there are both.
   *
   * @throws IllegalStateException while a kernel call uses the mapping; nothing has changed
   * @throws MemoryException if the kernel refuses; the old memory stays, with a new segment
   */
  synchronized void replace(OpenFile device, long newByteSize, ProgressListener progress)
      throws MemoryException {
    replace(mmap.reopened(device), newByteSize, progress, Libc.unmapping());
  }

  private void replace(
      MmapCall other, long newByteSize, ProgressListener progress, LongBinaryOperator unmap)
      throws MemoryException {
    View old = view;
    long length = pages(newByteSize);
    old.range.abandon();
    MemorySegment from = MemorySegment.ofAddress(old.range.address());
    View next = view(Relocation.own(from.address(), old.range.length(), unmap), old.byteSize());
    try {
      MemorySegment into = MemorySegment.ofAddress(other.map(length, length)).reinterpret(length);
      try {
        lock.extend(into);
        markLike(into);
        copyPages(from.reinterpret(Math.min(old.byteSize(), newByteSize)), into, progress);
      } catch (MemoryException | RuntimeException | Error e) {
        Relocation.unmap(into.address(), length);
        throw e;
      }
      next.range.close();
      next = view(Relocation.own(into.address(), length), newByteSize);
    } finally {
      view = next;
    }
  }

  /** Leaves pages of zeros out, which then take no memory. */
  private void copyPages(MemorySegment from, MemorySegment into, ProgressListener progress)
      throws MemoryException {
    LongOperation copying = LongOperation.ofGrowth("copy", target, from.byteSize(), progress);
    long page = Platform.pageSize();
    MappedBytes bytes = new MappedBytes();
    for (long at = 0; at < from.byteSize(); at += page) {
      if (at % COPY_STEP_BYTES == 0) {
        copying.checkNotInterrupted(at);
        copying.report(at);
      }
      long length = Math.min(page, from.byteSize() - at);
      if (!bytes.isZero(from, at, at + length)) {
        MemorySegment.copy(from, at, into, at, length);
      }
    }
    BusErrors.deliver();
  }

  /** Ends all segments of the same memory, for new ones. */
  synchronized void renew() {
    View old = view;
    old.range.abandon();
    view = view(Relocation.own(old.range.address(), old.range.length()), old.byteSize());
  }

  /** Has {@link #close} leave a tombstone. */
  void expectStrayUse() {
    strayUse = true;
  }

  /** Ends all access and unmaps; closing again does nothing. */
  synchronized void close() {
    if (!view.isOpen()) {
      return;
    }
    if (!strayUse) {
      view.range.close();
    } else if (slab == null) {
      view.range.close(Tombstones.OF_PROCESS);
    } else {
      view.range.close(slab);
    }
  }
}
