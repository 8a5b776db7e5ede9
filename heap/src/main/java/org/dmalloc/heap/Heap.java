/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.LongPredicate;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.osgi.annotation.versioning.ProviderType;

/**
 * malloc, calloc, realloc and free inside one region. Blocks are named by their offset in bytes
 * from the region's start.
 *
 * <p><b>Ownership.</b> Whoever made or opened the heap closes it. A block belongs to whoever
 * allocated it until it is freed, also over a restart.
 *
 * <p><b>Threads.</b> Everything may be called from any thread, platform or virtual. A block may be
 * freed by any thread. What is stored to blocks is the callers' to order.
 *
 * <p><b>Failure.</b> A heap without room for a block grows with its region ({@link
 * HeapOptions#growth()}). If it cannot, the methods named {@code try…} return {@link #NULL} and the
 * others throw {@link HeapFullException}. An offset that is no block's is an {@link
 * IllegalArgumentException}, one that is not allocated any more a {@link DoubleFreeException};
 * either changes nothing. What contradicts itself is a {@link HeapDamagedException}, and never more
 * than that: no damage leads outside the region. A page of the region with nothing behind it is a
 * {@link MemoryException} ({@link MemoryRegion#faulted}), and of the calls that take nanoseconds an
 * {@link InternalError}, where compiled code learns of it when they return.
 *
 * <p><b>Durability.</b> That of the region: each call is one access section. After {@code kill -9}
 * no block is handed out twice and no live one is lost; see docs/heap.md for power losses.
 */
@ProviderType
public interface Heap extends AutoCloseable {
  /** What is no block's offset. */
  long NULL = 0;

  /** The largest alignment of a block, in bytes. */
  long MAX_ALIGNMENT = 2L << 20;

  /** The alignment that every block has, in bytes. */
  long MIN_ALIGNMENT = 16;

  /** The region that it lies in. */
  MemoryRegion region();

  /** What it was made or opened with. */
  HeapOptions options();

  /** What opening it found. */
  HeapRecovery recovery();

  /**
   * Allocates a block. Its content is undefined, and may be what an earlier block had.
   *
   * @param byteSize at least 1
   * @return its offset, a multiple of {@link #MIN_ALIGNMENT}
   * @throws IllegalArgumentException if the size is not at least 1
   * @throws HeapFullException if there is no room and the region cannot grow
   * @throws IllegalStateException if the heap is closed or read-only
   */
  long allocate(long byteSize) throws MemoryException;

  /**
   * Like {@link #allocate(long)}, at a multiple of the alignment. It is that of the offset; the
   * address is aligned too as far as the region's is, which is 4096 bytes on every backend.
   *
   * @param alignment a power of two, at most {@link #MAX_ALIGNMENT}
   * @throws IllegalArgumentException also if the alignment is not such
   */
  long allocate(long byteSize, long alignment) throws MemoryException;

  /** Like {@link #allocate(long)}; {@link #NULL} where that would throw HeapFullException. */
  long tryAllocate(long byteSize) throws MemoryException;

  /** Like {@link #allocate(long, long)}; {@link #NULL} where that would throw HeapFullException. */
  long tryAllocate(long byteSize, long alignment) throws MemoryException;

  /**
   * Allocates {@code count * byteSize} bytes that are zero, as calloc does.
   *
   * @param count at least 1
   * @param byteSize at least 1
   * @throws IllegalArgumentException also if the product does not fit a long
   */
  long allocateZeroed(long count, long byteSize) throws MemoryException;

  /** Like {@link #allocateZeroed}; {@link #NULL} where that would throw HeapFullException. */
  long tryAllocateZeroed(long count, long byteSize) throws MemoryException;

  /**
   * Gives a block another size, as realloc does: in place where that is possible, else by copying
   * it to another block and freeing this one. If there is no room the block stays as it is.
   *
   * @param block {@link #NULL} allocates
   * @param byteSize at least 1; the content is kept up to the smaller of both sizes
   * @return the offset, which may be the same
   * @throws IllegalArgumentException if it is no block's offset, or the size is not at least 1
   * @throws DoubleFreeException if it is not allocated
   */
  long reallocate(long block, long byteSize) throws MemoryException;

  /** Like {@link #reallocate}; {@link #NULL} where that would throw HeapFullException. */
  long tryReallocate(long block, long byteSize) throws MemoryException;

  /**
   * Frees a block.
   *
   * @param block {@link #NULL} does nothing
   * @throws IllegalArgumentException if it is no block's offset
   * @throws DoubleFreeException if it is not allocated
   */
  void free(long block) throws MemoryException;

  /**
   * Allocates blocks of one size, all or none.
   *
   * @param blocks gets their offsets, from index {@code from} on
   * @throws IndexOutOfBoundsException if the array has no such range
   */
  void allocate(long byteSize, long[] blocks, int from, int count) throws MemoryException;

  /**
   * Frees blocks of any size; {@link #NULL} entries are passed over. If one of them cannot be freed
   * the others are, and the first error is thrown.
   */
  void free(long[] blocks, int from, int count) throws MemoryException;

  /**
   * How many bytes the block has, at least as many as were asked for; all of them may be used. With
   * {@linkplain HeapOptions.Debug guards} it is what was asked for, of blocks that were allocated
   * since the heap was opened: of a block from an earlier opening nobody knows that any more, and
   * it has what its size class or its pages have, what were guards included.
   *
   * @throws IllegalArgumentException if it is no block's offset
   * @throws DoubleFreeException if it is not allocated
   */
  long usableSize(long block) throws MemoryException;

  /**
   * A block as a segment of {@link #usableSize} bytes, for as long as the section is open.
   *
   * @param section one that is open on {@link #region()}, of all of it
   * @throws IndexOutOfBoundsException if the section is older than the growth that the block lies
   *     in
   */
  MemorySegment segment(Access section, long block) throws MemoryException;

  /**
   * A block as a segment of {@link #usableSize} bytes, for as long as the region is open; whoever
   * uses it after the block was freed finds others' bytes. Pins the region ({@link
   * MemoryRegion#segment()}).
   */
  MemorySegment pinned(long block) throws MemoryException;

  /**
   * Allocates blocks as pinned segments, which their user frees: by {@link #free} of {@link
   * #offsetOf}, or never. Contents are zero, as those of an arena's segments are. A full heap is an
   * {@link OutOfMemoryError}, as the JDK's own allocators throw.
   */
  SegmentAllocator allocator();

  /**
   * The block that a segment of {@link #pinned}, {@link #allocator()} or an arena begins in.
   *
   * @throws IllegalArgumentException if it lies outside the region
   */
  long offsetOf(MemorySegment segment);

  /**
   * An arena whose segments are blocks of this heap, and are freed when it is closed. Usable by the
   * calling thread alone; a use after the close throws. Pins the region. A full heap is an {@link
   * OutOfMemoryError}. A heap that is closed first leaves the blocks allocated.
   */
  Arena confinedArena();

  /** Like {@link #confinedArena()}, for all threads; closing it waits for none of them. */
  Arena sharedArena();

  /**
   * The block that a name was given to by {@link #setRoot}; empty if there is none.
   *
   * @param name 1 to {@value HeapOptions#MAX_ROOT_NAME} bytes of UTF-8
   */
  OptionalLong root(String name) throws MemoryException;

  /**
   * Gives a name to an offset, so that it is found again after a restart. What holds after a {@code
   * kill -9} is the old value or the new one.
   *
   * @param offset any number; {@link #NULL} takes the name away
   * @throws MemoryException if there are {@value HeapOptions#MAX_ROOTS} names already
   */
  void setRoot(String name, long offset) throws MemoryException;

  /** All names and what they stand for, in the order of names. */
  Map<String, Long> roots() throws MemoryException;

  /** Takes a block; see {@link #walk}. */
  @FunctionalInterface
  interface Visitor {
    /**
     * Takes a block.
     *
     * @return whether to go on
     */
    boolean block(long offset, long usableSize) throws MemoryException;
  }

  /**
   * Shows all allocated blocks in ascending order. Others may allocate and free meanwhile: blocks
   * that were there all the time are shown once, those that came or went once or never.
   *
   * @param visitor may free the block that it is shown
   */
  void walk(Visitor visitor) throws MemoryException;

  /** Takes a run of pages; see {@link #runs}. */
  @FunctionalInterface
  interface RunVisitor {
    /**
     * Takes a run.
     *
     * @return whether to go on
     */
    boolean run(HeapRun run) throws MemoryException;
  }

  /**
   * Shows what the pages are used for, in ascending order. Others may allocate and free meanwhile,
   * and nobody waits for the visitor: what changes may be shown as it was or is, pages that come
   * together or apart meanwhile twice or never.
   */
  void runs(RunVisitor visitor) throws MemoryException;

  /**
   * Frees every block that is not live, and was allocated before the call. For what a process left
   * that was killed between an allocation and the store of its offset. Nobody may allocate or free
   * meanwhile.
   *
   * @param live says of a block's offset whether it is still wanted
   * @return how many blocks were freed
   */
  long sweep(LongPredicate live) throws MemoryException;

  /** Looks at every invariant, and changes nothing. Other users wait meanwhile. */
  HeapReport check() throws MemoryException;

  /**
   * Like {@link #check()}, and tells how far it is.
   *
   * @param progress is told of bytes of the heap, on the calling thread, while other users wait: it
   *     must neither wait for them nor use the heap itself. What it throws ends the check, and is
   *     thrown on
   * @throws IllegalStateException if it uses the heap
   */
  default HeapReport check(ProgressListener progress) throws MemoryException {
    return check();
  }

  /**
   * Makes the metadata agree with the bitmaps. Nothing that may be a live block is freed. Other
   * users wait meanwhile.
   *
   * @return what was found, and is mended where it says so
   */
  HeapReport repair() throws MemoryException;

  /**
   * Like {@link #repair()}, and tells how far it is.
   *
   * @param progress like that of {@link #check(ProgressListener)}; a repair goes through the heap
   *     three times, which all count. What it throws ends the repair, and is thrown on: in the
   *     first third, which only looks, the heap stays as it was; later it is stopped until a repair
   *     has come to its end
   */
  default HeapReport repair(ProgressListener progress) throws MemoryException {
    return repair();
  }

  /** What is allocated and free now; a snapshot for which nobody waits. */
  HeapStatistics statistics();

  /**
   * Gives back at once what is free: what caches hold, and the space of all free pages, also of
   * those that were never used; it is taken again before they are. Nothing of the latter where the
   * region cannot give space back, or {@link HeapOptions#punchAfter()} is {@link
   * HeapOptions#NEVER}. A region in a file is forced first, unless that would be a checkpoint: the
   * kernel keeps free pages in RAM that share a large folio with changed ones.
   *
   * @return bytes whose space was given back
   * @throws MemoryException if the device refuses that
   */
  long trim() throws MemoryException;

  /** What debug mode has recorded of blocks that are allocated; empty without it. */
  HeapLeaks leaks();

  /** Whether it can still be used. */
  boolean isOpen();

  /**
   * Ends the heap; blocks stay allocated. It is noted as closed cleanly, and where the region is
   * named, all of it is forced; of a checkpointed one the next checkpoint has it. Closing again
   * does nothing. A region that was closed before leaves a heap that was not closed cleanly.
   *
   * @throws java.io.UncheckedIOException if the region could not be forced; the heap is closed even
   *     so, and is opened next time like one that was not
   */
  @Override
  void close();
}
