/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.LongAdder;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.heap.HeapDamagedException;
import org.dmalloc.heap.HeapOptions;
import org.jspecify.annotations.Nullable;

/**
 * The tables of a heap that is open, with what whoever changes them needs: sections, locks, and
 * what ends a heap.
 *
 * <p><b>Sections.</b> Each call is one access section on the region, opened before any lock is
 * taken: a mover waits for sections with the gate shut, and so whoever holds a lock must never wait
 * for the gate. A thread that has a section open gets another at once. A section of before a growth
 * shows less than others know of, which {@link #isOld} tells.
 *
 * <p><b>Damage.</b> What contradicts itself ends all allocating and freeing until a repair.
 */
abstract sealed class HeapTables permits Allocator {
  final MemoryRegion region;
  final HeapOptions options;
  final boolean readOnly;
  final PageTable table;
  final FreeRuns runs;
  final BlockCache[] caches = new BlockCache[BlockCache.COUNT];
  final WarmSpan.Places warm = new WarmSpan.Places();
  final LongAdder largeBlocks = new LongAdder();
  final LongAdder largePages = new LongAdder();

  private final SpinLock.WaitCheck check = this::waited;

  /** Held while roots are looked at or changed; the last of all locks. */
  final SpinLock rooting = new SpinLock(check);

  /** Held while the space of a run is given back. */
  final SpinLock punching = new SpinLock(check);

  /** The thread that has all locks for a check or repair; 0 for none. */
  private volatile long aloneThread;

  /** Whether a call was cut off by an error, and no repair has come to its end since. */
  private volatile boolean wasCut;

  private volatile boolean listed;
  private volatile boolean rootsChanged;
  private volatile HeapHeader header;
  volatile Extents extents;

  /** Why nothing may be done any more; null while all is well. */
  volatile @Nullable Stopped stopped;

  /**
   * What {@link #stopped} is where an error cut a call off. Whoever catches the error stores it
   * first, as there may be no stack left for a call.
   */
  static final Stopped CUT = new Stopped(null);

  private static final Stopped CLOSED = new Stopped(null);

  /** How long a lock is waited for that a call may have left locked. */
  private static final long CUT_WAIT_NANOS = 250_000_000;

  /** Damaged, cut off, or closed; {@link #CUT} and CLOSED are told by their identity. */
  static final class Stopped {
    final @Nullable HeapDamagedException damage;

    private Stopped(@Nullable HeapDamagedException damage) {
      this.damage = damage;
    }
  }

  HeapTables(MemoryRegion region, HeapOptions options, HeapHeader header) {
    this.region = region;
    this.options = options;
    this.readOnly = region.info().access() == AccessMode.READ_ONLY;
    this.table = new PageTable(header.seed());
    this.runs = new FreeRuns(table, check);
    this.header = header;
    this.extents = header.extents();
    for (int i = 0; i < caches.length; i++) {
      caches[i] = new BlockCache(i, table, warm, check);
    }
  }

  @Override
  public final String toString() {
    return "heap in " + region;
  }

  final Extents extents() {
    return extents;
  }

  final HeapHeader header() {
    return header;
  }

  /** Shows a larger heap to all. */
  void publish(HeapHeader newHeader) {
    header = newHeader;
    extents = newHeader.extents();
  }

  /**
   * Whether free runs and spans with free blocks are in lists, as they are unless it is read-only.
   */
  boolean isListed() {
    return listed;
  }

  /** The lists are there. */
  void listed() {
    listed = true;
  }

  /** Whether the roots were not what the heap was closed with. */
  boolean rootsChanged() {
    return rootsChanged;
  }

  void rootsChanged(boolean changed) {
    rootsChanged = changed;
  }

  // --- what ends a heap ---

  boolean isStopped() {
    return stopped != null;
  }

  /** Ends all use, because of damage, or as the heap is closed. */
  void stop(@Nullable HeapDamagedException damage) {
    if (stopped == CUT) {
      wasCut = true;
    }
    stopped = damage == null ? CLOSED : new Stopped(damage);
  }

  /** After a repair, which has had all locks. */
  void goOn() {
    wasCut = false;
    stopped = null;
  }

  /** Whether a call was cut off, which may have left a lock locked for good. */
  boolean isCut() {
    return wasCut || stopped == CUT;
  }

  /** Throws where the calling thread would wait for itself, or for a call that was cut off. */
  private void waited(long holder, long waitedNanos) {
    if (holder == Thread.currentThread().threadId()) {
      requireNotAlone();
    }
    if (isCut() && waitedNanos >= CUT_WAIT_NANOS) {
      throw new IllegalStateException(
          this
              + " is damaged: an error has cut off a call, which has left a lock locked; close the"
              + " heap and open it again");
    }
  }

  /** Throws if the calling thread has all locks: it is the listener of a check or repair. */
  void requireNotAlone() {
    if (aloneThread == Thread.currentThread().threadId()) {
      throw new IllegalStateException(
          this
              + " is being checked or repaired by this thread: a listener must not use the heap;"
              + " do that when the check has returned");
    }
  }

  void requireRunning() throws HeapDamagedException {
    Stopped why = stopped;
    if (why != null) {
      throw refusal(why);
    }
  }

  private RuntimeException refusal(Stopped why) throws HeapDamagedException {
    HeapDamagedException damage = why.damage;
    if (why == CUT) {
      throw new HeapDamagedException(
          "use",
          toString(),
          -1,
          "an error has cut off a call",
          "run heap repair, or close the heap and open it again",
          null);
    }
    if (damage == null) {
      return new IllegalStateException(this + " is closed");
    }
    throw new HeapDamagedException(
        "use",
        toString(),
        damage.offset(),
        "it is stopped, as it is damaged: " + damage.reason(),
        "run heap repair",
        damage);
  }

  void requireWritable(String operation) {
    if (readOnly) {
      throw new IllegalStateException(
          operation + " in " + this + ": the region is read-only; open it for writing");
    }
  }

  /** Ends all use if what was thrown leaves the tables half changed, or shows that they are bad. */
  void failed(Throwable t) {
    if (t instanceof HeapDamagedException damage) {
      if (stopped == null) { // else it is what says so
        stop(damage);
      }
    } else if (t instanceof Error || t instanceof IndexOutOfBoundsException) {
      stop(
          new HeapDamagedException(
              "use", toString(), -1, "a call ended in its middle: " + t, "run heap repair", t));
    }
  }

  /**
   * A page could not be read or written: the file was cut short, or the device failed. Such an
   * error comes anywhere, and may leave locks held that nobody else would unlock.
   *
   * @throws MemoryException in place of an error of the memory
   */
  VirtualMachineError lost(VirtualMachineError error) throws MemoryException {
    for (BlockCache cache : caches) {
      cache.unlockIfHeld();
    }
    runs.unlockIfHeld();
    punching.unlockIfHeld();
    rooting.unlockIfHeld();
    failed(error);
    if (error instanceof InternalError fault) {
      throw region.faulted("heap access", BusErrors.require(fault));
    }
    return error;
  }

  /** Work in a section, or with a lock held. */
  @FunctionalInterface
  interface Work<T> {
    T run() throws MemoryException;
  }

  /** Work with the memory of a section. */
  @FunctionalInterface
  interface InSection<T> {
    T run(MemorySegment memory) throws MemoryException;
  }

  /** Runs it in a section. */
  <T> T section(InSection<T> work) throws MemoryException {
    try (Access access = region.acquire()) {
      T result = work.run(access.segment());
      BusErrors.deliver();
      return result;
    } catch (VirtualMachineError e) {
      stopped = CUT;
      throw lost(e);
    }
  }

  /** Runs it in the section that the thread has open, with a lock held. */
  <T> T locked(SpinLock lock, Work<T> work) throws MemoryException {
    lock.lock();
    try {
      return work.run();
    } catch (Throwable t) {
      if (t instanceof Error) {
        stopped = CUT;
      }
      failed(t);
      throw t;
    } finally {
      lock.unlock();
    }
  }

  /** Whether the section is from before a growth: then what others know of may lie behind it. */
  boolean isOld(MemorySegment memory) {
    return extents.byteSize() > memory.byteSize();
  }

  // --- everything at once ---

  /** Runs it with all locks held, in one section: a move of the region waits for it. */
  <T> T alone(InSection<T> work) throws MemoryException {
    requireNotAlone();
    while (true) {
      try (Access access = region.acquire()) {
        try {
          lockAll();
          if (!isOld(access.segment())) {
            T result = work.run(access.segment());
            BusErrors.deliver();
            return result;
          }
        } finally {
          unlockAll();
        }
        requireRegion();
      } catch (VirtualMachineError e) {
        stopped = CUT;
        throw lost(e);
      }
    }
  }

  private void lockAll() {
    punching.lock();
    for (BlockCache cache : caches) {
      cache.lock();
    }
    runs.lock();
    aloneThread = Thread.currentThread().threadId();
  }

  /** Unlocks those that the thread has got: a wait for one of them may have ended by a throw. */
  private void unlockAll() {
    if (aloneThread == Thread.currentThread().threadId()) {
      aloneThread = 0;
    }
    runs.unlockIfHeld();
    for (BlockCache cache : caches) {
      cache.unlockIfHeld();
    }
    punching.unlockIfHeld();
  }

  /**
   * Throws if the region is shorter than the heap: a section that was opened after the extents were
   * read shows all of them unless others have made the region smaller.
   */
  void requireRegion() throws HeapDamagedException {
    long byteSize = extents.byteSize();
    try (Access access = region.acquire()) {
      if (access.segment().byteSize() < byteSize) {
        HeapDamagedException damage =
            new HeapDamagedException(
                "use",
                toString(),
                access.segment().byteSize(),
                "the heap has " + byteSize + " bytes, and its region was made smaller",
                "make the region as large as it was",
                null);
        stop(damage);
        throw damage;
      }
    }
  }
}
