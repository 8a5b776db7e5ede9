/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * One contiguous range of bytes outside the Java heap.
 *
 * {@snippet class="org.dmalloc.api.examples.RegionExamples" region="section"}
 *
 * <p><b>Ownership.</b> Whoever allocated or opened a region owns it and closes it once. Others may
 * use it for as long as the owner lets them.
 *
 * <p><b>Threads.</b> All methods may be called from any thread. The bytes themselves follow the
 * memory model of {@link MemorySegment}: plain accesses of two threads need ordering of their own.
 *
 * <p><b>Failure.</b> After {@link #close()} every method but {@code close}, {@link #id()}, {@link
 * #byteSize()} and {@link #info()} throws {@link IllegalStateException}, and so does every access
 * through a segment that the region gave. Offsets and lengths are in bytes from the start of the
 * region; a range outside it is an {@link IndexOutOfBoundsException}, before anything happens.
 *
 * <p><b>Durability.</b> A named region on a file backend holds what was stored when {@link
 * #force()} returned, also after power loss. Unnamed regions vanish with their process.
 */
@ProviderType
public interface MemoryRegion extends AutoCloseable {
  /** The region's number, unique in this container, counted from 1. */
  long id();

  /** The region's size in bytes, as requested; the mapping behind it is whole pages. */
  long byteSize();

  /**
   * The processes that have this region open; empty unless it is {@linkplain
   * RegionAttributes#processShared() process-shared}. A move to another store makes this process a
   * new member.
   */
  default Optional<RegionMembers> members() {
    return Optional.empty();
  }

  /**
   * A token by which another process of the same user gets this region, which has no name: by
   * {@link MemoryProvider#attach}, as long as this process has it open. Whoever has the token and
   * is that user gets the region, so hand it on as you would a password.
   *
   * @throws UnsupportedCapabilityException if the region is not {@linkplain
   *     RegionAttributes#processShared() process-shared}
   * @throws IllegalStateException if it has a name, by which others open it
   */
  default String token() {
    throw new UnsupportedCapabilityException(info().backend(), Capability.PROCESS_SHARED);
  }

  /** A snapshot of what this region is. Also answers after close, with {@code open=false}. */
  RegionInfo info();

  /**
   * What became of the file of a named region, in words, if the name does not lead to it any more:
   * it was deleted, renamed, with its directory maybe, or replaced by another file. What is stored
   * to the region then is not in its store; copy it to another region before you close it. Empty
   * while the name leads to the file, and for regions without one. Also answers after close.
   */
  default Optional<String> detached() {
    return Optional.empty();
  }

  /**
   * Why bytes of the region may not be what was stored to it, in words: its file was cut short, or
   * a page of it could not be read or written when something needed it last. Empty while all is
   * well, and for memory that has no file. Asks the file for its length. Also answers after close.
   *
   * <p>What a file has lost by a cut stays lost, whatever length somebody gives it later, until the
   * region is closed, or made smaller by what is lost. A page that could not be had is forgotten
   * after the next {@link #force()} of the whole region that succeeds.
   */
  default Optional<String> failure() {
    return Optional.empty();
  }

  /** Like {@link #verifyBacked(long, long)}, for the whole region. */
  default void verifyBacked() throws MemoryException {
    verifyBacked(0, byteSize());
  }

  /**
   * Throws if bytes of a range have nothing behind them, since the region's file is shorter than it
   * was, or was so once. For code that a SIGBUS would kill: a native copy, {@link
   * MemorySegment#mismatch}, a checksum over a direct buffer, a compare-and-set. It asks for the
   * length of the file and touches no page: a system call or two, for any range. This default is
   * for memory without a file, which nobody can take away.
   *
   * <p><b>What it cannot promise.</b> Another process may cut the file a moment later: only memory
   * without a file, or a copy of the bytes made in Java, is safe from that. The device may fail to
   * read a page: {@link Advice#POPULATE_READ} reads all of them before, as an exception. A store to
   * a page without disk space, in a sparse region or where another process has punched a hole,
   * meets a full disk: {@link #reserve} or {@link Advice#POPULATE_WRITE} take the space before.
   *
   * @throws IndexOutOfBoundsException if the range lies outside the region
   * @throws MemoryException if bytes of it have nothing behind them; it says which
   */
  default void verifyBacked(long offset, long length) throws MemoryException {
    acquire(offset, length).close();
  }

  /**
   * Says why an access to the region's memory was an {@link InternalError}, which is how Java tells
   * of a SIGBUS, and marks the region by {@link #failure()}. For code that uses segments: calls of
   * this suite throw a {@link MemoryException} themselves.
   *
   * @param operation what the access was for; the message begins with it
   * @return what to throw
   */
  default MemoryException faulted(String operation, InternalError error) {
    return MemoryException.of(
        operation,
        byteSize(),
        toString(),
        "SIGBUS: a page has nothing behind it",
        MemoryException.NO_ERRNO,
        "look at the length of its file, at the free space of its disk, and at the device",
        error);
  }

  /**
   * Opens an access section. Inside it the segment is valid and its backing does not change; {@link
   * #close()}, a resize and a hot swap wait for it to end. Keep sections short.
   *
   * <p>Sections nest, on the same thread, and cost a few nanoseconds. A thread that has one open is
   * never made to wait for another on the same region.
   */
  Access acquire();

  /**
   * Opens an access section on a part of the region: its segment is that part, read-only where one
   * byte of it is {@linkplain #protect protected}. All else is as for {@link #acquire()}.
   *
   * @throws IndexOutOfBoundsException if the range lies outside the region
   */
  Access acquire(long offset, long length);

  /**
   * The raw segment of the whole region, valid until the region is closed. This <i>pins</i> the
   * region: from now on it cannot be moved or made smaller, and cannot grow but in place. Accesses
   * cost nothing beyond those of any {@link MemorySegment}. Read-only regions give a read-only
   * segment.
   */
  MemorySegment segment();

  /**
   * Has {@link #close} close an arena before the memory goes. For segments of this region that were
   * given the shorter life of an arena by {@link MemorySegment#reinterpret(Arena,
   * java.util.function.Consumer)}: nothing else would keep an access through them from memory that
   * is others' by then. The region is to be pinned.
   *
   * <p>An arena that cannot be closed refuses the close of the region: a confined one of another
   * thread, or one whose segment is in use by a native call.
   *
   * @throws UnsupportedOperationException if regions of this provider know nothing of arenas
   */
  default void attach(Arena arena) {
    throw new UnsupportedOperationException("arenas of " + this + "; take a segment of its own");
  }

  /** Takes an arena off again that was attached, and is closed. */
  default void detach(Arena arena) {}

  /**
   * Writes all changed pages to the backing file and waits until the device has them, whoever
   * changed them: also in a region that is read-only here. On a private (copy-on-write) mapping
   * there is nothing to write, and it is refused.
   *
   * <p><b>After a failure.</b> The kernel tells of pages that it could not write once, and may drop
   * them. So a failure sticks: until a later force has written it again from memory and the device
   * is proven to have it, the region tells by {@link RegionInfo#writeBackFailure()} how much is
   * suspect, which is all of it at first. Meanwhile evicting advice, {@link #release()}, {@link
   * #limitResident}, resizes and moves are refused, and budgets rest. The mark outlives the region:
   * it is there when the file is opened again in this JVM. What can not be found out is whether the
   * kernel had dropped pages before it told of the failure.
   *
   * <p>The size of the region is to be taken inside the access section that the call itself needs.
   * This default, and those of the other calls for the whole region, take it before: they are for
   * regions that are never resized.
   *
   * @throws UnsupportedCapabilityException without {@link Capability#FORCE}
   * @throws UnsupportedOperationException on a private mapping
   * @throws MemoryException if the device or file system refuses a write, or refused one before and
   *     this one did not make it good; the pages stay in memory. Also if the region is {@linkplain
   *     #detached() detached}: then the pages are written to a file that its name does not lead to
   */
  default void force() throws MemoryException {
    force(0, byteSize());
  }

  /** Like {@link #force()}, for the pages that hold the given range. */
  void force(long offset, long length) throws MemoryException;

  /**
   * The checkpoints of a region with {@link Durability#CHECKPOINT}, and of those in its group.
   *
   * @throws UnsupportedOperationException if it has another durability
   */
  default CheckpointGroup checkpoints() {
    throw new UnsupportedOperationException(
        this + " has no checkpoints; allocate it with durability CHECKPOINT");
  }

  /** Makes a {@linkplain CheckpointGroup#checkpoint() checkpoint} of the region and its group. */
  default long checkpoint() throws MemoryException {
    return checkpoints().checkpoint();
  }

  /** Takes the region and its group {@linkplain CheckpointGroup#discard() back} to the last one. */
  default void discard() throws MemoryException {
    checkpoints().discard();
  }

  /** Gives the kernel advice about the whole region. */
  default void advise(Advice advice) throws MemoryException {
    advise(advice, 0, byteSize());
  }

  /**
   * Gives the kernel advice about the pages that hold the given range. Never changes content:
   * advice that would, on this kind of memory, is refused. {@link Advice#NORMAL}, {@link
   * Advice#RANDOM} and {@link Advice#SEQUENTIAL} hold for that range from then on, also in a region
   * under {@link AccessPattern#AUTO}.
   *
   * @throws UnsupportedCapabilityException without {@link Capability#ADVICE}
   * @throws UnsupportedOperationException if the provider's {@link
   *     MemoryProvider#supportedAdvice()} lacks this advice
   * @throws MemoryException if the kernel refuses
   */
  void advise(Advice advice, long offset, long length) throws MemoryException;

  /**
   * What the kernel has been told about the order of accesses, range by range in ascending order,
   * without gaps. One range with {@link RegionInfo#pattern()} where the backend keeps no such map:
   * it takes no advice, or passes it on and forgets it.
   */
  default List<AdvisedRange> advised() {
    AccessPattern pattern = info().pattern();
    return List.of(
        new AdvisedRange(
            0,
            byteSize(),
            pattern == AccessPattern.AUTO ? AccessPattern.NORMAL : pattern,
            AdvisedRange.Origin.REQUESTED));
  }

  /**
   * Announces that {@code length} bytes at each of the offsets will be read soon, so that all are
   * read from the backing at once, at the depth that the device likes. Returns when the reads are
   * queued, and the accesses that follow wait for what has not arrived; a backend that has no call
   * for that (filechannel) reads on threads of its own and returns when all has arrived. Offsets
   * need no order or alignment. {@link BatchedAccess} does this for whole lists of records.
   *
   * @throws UnsupportedCapabilityException without {@link Capability#PREFETCH}
   * @throws MemoryException if the kernel refuses, or a read fails that is waited for
   * @throws IndexOutOfBoundsException if one range lies outside the region; then nothing is queued
   */
  void prefetch(long[] offsets, long length) throws MemoryException;

  /** Like {@link #release(long, long)}, for the whole region. */
  default void release() throws MemoryException {
    release(0, byteSize());
  }

  /**
   * Says that a range is not needed for a while: the pages that hold it, those at its ends
   * included, may leave RAM before others. Content stays, wherever it was, and the next access
   * brings it back.
   *
   * <table class="striped">
   * <caption>What it does</caption>
   * <thead><tr><th>Memory<th>Calls<th>Effect</tr></thead>
   * <tbody>
   * <tr><th>shared: file, memfd, /dev/zero<td>MADV_COLD, MADV_DONTNEED<td>leaves this process's
   *     page table; stays cached until somebody needs the RAM; changed pages are kept for writing
   * <tr><th>private<td>MADV_COLD<td>the first to go when memory gets short; nothing where there
   *     is no swap to go to
   * </tbody>
   * </table>
   *
   * <p>To write back and reclaim at once, give the advice {@link Advice#PAGE_OUT}.
   *
   * @throws UnsupportedCapabilityException without {@link Capability#RELEASE}
   * @throws IndexOutOfBoundsException if the range lies outside the region
   * @throws IllegalStateException if its pages are locked in RAM
   * @throws MemoryException if the kernel refuses
   */
  void release(long offset, long length) throws MemoryException;

  /**
   * Keeps the region's {@linkplain Residency#residentBytes() resident bytes} within a budget, from
   * now until another call, or the region's end. A thread of the provider samples the region some
   * times a second, more often near the budget, and evicts pages down to 15/16 of it, those not
   * used lately first. Users do not wait: they may exceed the budget by what they bring in between
   * two samples, and dirty pages leave once they are written.
   *
   * @param byteSize at least 1; {@link RegionRequest#NO_BUDGET} to lift the bound
   * @throws UnsupportedCapabilityException without {@link Capability#RESIDENT_BUDGET}
   * @throws UnsupportedOperationException on a private mapping of a file, whose changed pages have
   *     no file to go to
   * @throws IllegalStateException if its pages are locked in RAM
   * @throws MemoryException if there is no swap for memory without a file; the old budget holds
   */
  void limitResident(long byteSize) throws MemoryException;

  /** How much of the region is in RAM, in swap and in huge pages, now. */
  default Residency residency() throws MemoryException {
    return residency(0, byteSize());
  }

  /**
   * Like {@link #residency()}, for the pages that hold the given range.
   *
   * @throws UnsupportedCapabilityException without {@link Capability#RESIDENCY}
   */
  Residency residency(long offset, long length) throws MemoryException;

  /**
   * Changes how the kernel treats the region under memory pressure ({@link SwapPolicy}). Content
   * stays.
   *
   * @throws UnsupportedCapabilityException without {@link Capability#SWAP_POLICY}
   * @throws MemoryException if the kernel refuses, such as at RLIMIT_MEMLOCK; the old policy holds
   *     then
   */
  void apply(SwapPolicy policy) throws MemoryException;

  /**
   * Grows or shrinks the region. Kept bytes stay, new ones are zero.
   *
   * <p><b>Up to its {@linkplain RegionAttributes#maximum() maximum} it grows in place</b>: nobody
   * is waited for, and segments that were handed out stay valid, with the size that they had;
   * {@link #acquire()} and {@link #segment()} give larger ones from then on. It may grow while it
   * is pinned. Beyond it, and in a region without one, the region is mapped anew, which waits for
   * open sections, ends the segments and is refused while the region is pinned.
   *
   * <p>Shrinking always waits for open sections, ends all segments, so that none of them leads
   * behind the new end, and is refused while the region is pinned. The {@link #length()} is cut
   * with it.
   *
   * <p>Each process that has a {@linkplain RegionAttributes#processShared() process-shared} region
   * open has it in a size of its own, up to which it is mapped. Growth by one leaves the others
   * their sizes, until they grow to what is there already. Shrinking is refused while another one
   * has it open.
   *
   * @param newByteSize at least 0
   * @throws UnsupportedCapabilityException without {@link Capability#RESIZE}
   * @throws IllegalStateException if the region is pinned, read-only or a private view of a stored
   *     one, or if a section stays open for too long; the message names its owner
   * @throws MemoryException if the space cannot be had; the region stays as it was
   */
  default void resize(long newByteSize) throws MemoryException {
    resize(newByteSize, ProgressListener.NONE);
  }

  /**
   * Like {@link #resize(long)}, for growth that may take long, because it writes zeros, copies or
   * brings pages in: the listener is told how far that is, and an interrupt of the thread or an
   * exception of the listener cancels it. With {@link ProgressListener#NONE} it runs to its end, as
   * {@code resize(long)} does.
   *
   * @throws MemoryException as {@code resize(long)} does, and if it was cancelled; the region stays
   *     as it was
   */
  void resize(long newByteSize, ProgressListener progress) throws MemoryException;

  /**
   * Makes the region at least so large; does nothing if it is. With {@linkplain
   * RegionAttributes#autogrowth() autogrowth} it grows to half as much again as it has, if that is
   * more, but not beyond the ceiling; where the space for that cannot be had, to what is asked.
   *
   * @param byteSize at least 0
   * @return the size that it has now, in bytes
   * @throws IllegalStateException as {@link #resize} does
   * @throws MemoryException as {@link #resize} does, also if it is beyond the ceiling
   */
  default long ensure(long byteSize) throws MemoryException {
    return ensure(byteSize, ProgressListener.NONE);
  }

  /** Like {@link #ensure(long)}, with the progress of {@link #resize(long, ProgressListener)}. */
  long ensure(long byteSize, ProgressListener progress) throws MemoryException;

  /**
   * How many of the region's bytes are in use, as its owner said by {@link #setLength}; all of them
   * if he never did. Nothing is done by it: sections show the whole region.
   */
  long length();

  /**
   * Says how many bytes are in use. It is kept with the region: over moves, and with a named one,
   * where it is durable with the next force, of any part, or at its close; with {@link
   * NameDurability#ON_FORCE} with the force that follows, or {@link MemoryProvider#forceNames()}. A
   * process that dies before loses it.
   *
   * @param length from 0 to {@link #byteSize()}
   * @throws IllegalArgumentException if it is not
   * @throws IllegalStateException if the region is read-only or a private view of a stored one
   */
  void setLength(long length);

  /**
   * Empties a range: its bytes are zero from then on, and what its whole pages took is given back.
   * Sections go on meanwhile, and segments stay valid; what they store to the range at the same
   * time may be lost. What lies beside the range stays, also in the pages at its ends.
   *
   * <table class="striped">
   * <caption>What it does</caption>
   * <thead><tr><th>Memory<th>{@link Punch#KEEP_RESERVED}<th>{@link Punch#RELEASE}</tr></thead>
   * <tbody>
   * <tr><th>shared file<td>FALLOC_FL_ZERO_RANGE on ext4, else FALLOC_FL_PUNCH_HOLE and fallocate:
   *     RAM alone is given back<td>FALLOC_FL_PUNCH_HOLE: RAM and disk space</tr>
   * <tr><th>memfd<td>FALLOC_FL_PUNCH_HOLE; where overcommit is forbidden its pages are taken again
   *     at once<td>FALLOC_FL_PUNCH_HOLE</tr>
   * <tr><th>/dev/zero<td colspan="2">MADV_REMOVE</tr>
   * <tr><th>private<td colspan="2">MADV_DONTNEED</tr>
   * </tbody>
   * </table>
   *
   * <p>Locked pages are given back too, and those that come in later are locked again.
   *
   * <p><b>Durability.</b> A hole is durable like a store: with the next {@link #force()}. Until
   * then a power loss may leave the old bytes or zeros. That the space is not reserved any more is
   * noted in the file of a named region before anything is given up.
   *
   * @throws UnsupportedCapabilityException without {@link Capability#PUNCH}
   * @throws UnsupportedOperationException on a private view of a stored region
   * @throws IllegalStateException if the region is read-only, or a part of the range protected
   * @throws IndexOutOfBoundsException if the range lies outside the region
   * @throws MemoryException if the file system or kernel refuses; the range may be zero in part.
   *     With {@link Punch#KEEP_RESERVED} also if its space was lost to others on the way, which
   *     {@link RegionInfo#reservation()} tells
   */
  void punch(long offset, long length, Punch space) throws MemoryException;

  /**
   * Takes the space of a range that {@link #punch} gave back, or that a {@link Reservation#SPARSE}
   * region never took, so that no store to it can meet a full disk. Content stays. Of memory
   * without a file and of private memory, RAM or swap is taken for each page that has none yet,
   * after asking whether the machine can bear it.
   *
   * <p>A region that was allocated {@link Reservation#RESERVED} is so again once all of it was
   * reserved by one call.
   *
   * <p>The kernel makes a page of a file writable with all of its folio, which has up to 2 MiB.
   * Where that covers a part of a hole, the page has its space and a store to it may meet a full
   * disk even so: reserve, and punch, whole multiples of 2 MiB where that must not be.
   *
   * @throws UnsupportedCapabilityException without {@link Capability#PUNCH}
   * @throws UnsupportedOperationException on a private view of a stored region
   * @throws IllegalStateException if the region is read-only, or a part of the range protected
   * @throws IndexOutOfBoundsException if the range lies outside the region
   * @throws MemoryException if the space cannot be had; what was taken until then stays taken
   */
  void reserve(long offset, long length) throws MemoryException;

  /**
   * Protects a range from stores, or lifts that. Segments that are handed out from then on are
   * read-only if they hold one protected byte: {@link #acquire()} and {@link #segment()} give a
   * read-only one as long as any byte is protected, {@link #acquire(long, long)} a writable one for
   * the rest. What would store to a protected byte itself is refused: {@link #punch}, {@link
   * #reserve}, {@link Advice#POPULATE_WRITE}, and a {@link #resize} that would cut it off.
   *
   * <p><b>Segments that were handed out before</b> stay as they are: those of {@link #segment()}
   * and of sections that are still open take stores as ever. No store through a segment is a
   * signal. See docs/regions.md.
   *
   * <p>The protection ends with the region; it is not stored. It moves with a region.
   *
   * @param access {@link AccessMode#READ_ONLY} to protect, {@link AccessMode#READ_WRITE} to lift it
   * @throws IllegalStateException if the region was opened for reading only and stores are to be
   *     allowed
   * @throws IndexOutOfBoundsException if the range lies outside the region
   * @throws MemoryException if the kernel refuses
   */
  void protect(long offset, long length, AccessMode access) throws MemoryException;

  /** What is protected from stores now, in ascending order; ranges that touch are one. */
  default List<ProtectedRange> protectedRanges() {
    return List.of();
  }

  /**
   * Gives a named region another name in its store, atomically: there is one of the two names at
   * any time. The {@link RegionAttributes#nameDurability()} says when it is certain. The name that
   * it has already changes nothing.
   *
   * @throws UnsupportedCapabilityException without {@link Capability#NAMED}
   * @throws IllegalArgumentException if the name is not {@linkplain RegionNames#check allowed}
   * @throws IllegalStateException if it has no name, is read-only, or is a private view of a stored
   *     one
   * @throws MemoryException if the name is taken, if the region's file was deleted, or the file
   *     system refuses; the old name holds
   */
  void rename(String newName) throws MemoryException;

  /**
   * Makes a copy of the region as it is at one moment, while its users go on: a named region in the
   * store of a provider, on the device when this returns, that can be opened for reading only. It
   * has all that was stored in sections that had ended, and nothing of any other section. Users
   * wait only while the last changes are copied; {@link SnapshotResult#pauseNanos()} says how long.
   *
   * <p>Whatever fails, the region is as it was and nothing is left of the snapshot; a crash leaves
   * nothing either. An interrupt of the thread cancels it. A close or a resize of the region that
   * does not go in place does not wait for it: the snapshot gives way. Growth in place goes on
   * meanwhile.
   *
   * <p>What is stored by a raw {@link #segment()}, or through another mapping of the same memory,
   * cannot be held. So a region that is pinned has no snapshots, unless it is read-only.
   *
   * @throws UnsupportedOperationException if the target has no store, or the region's provider
   *     cannot do it; the message says what can be done
   * @throws IllegalStateException if the region is closed or pinned, if this thread has a section
   *     open on it, or if another snapshot or a move of it is being made
   * @throws MemoryException if the name is taken, space is short, the snapshot was cancelled or
   *     gave way, or an access section stayed open through all attempts; the message names its
   *     owner
   */
  default SnapshotResult snapshot(SnapshotRequest request) throws MemoryException {
    throw new UnsupportedOperationException(
        "snapshot of "
            + this
            + ": regions of its provider make none; copy its content to another region inside an"
            + " access section");
  }

  /**
   * Ends the region. Waits for open access sections of other threads, and for calls in progress
   * that use the raw segment, such as a channel's; one that stays for too long makes it an {@link
   * IllegalStateException} that names the section's owner or says what uses the segment, and the
   * region stays open, with nothing released. Closing again does nothing. A closed named region
   * stays in its store; an unnamed one is gone.
   *
   * <p>Sections that the calling thread has open end with the region: their segments throw {@link
   * IllegalStateException} from then on, and closing them late does nothing. Sections of threads
   * that have ended are not waited for beyond the time.
   *
   * <p>Does not force: the kernel writes the changed pages of a shared mapping back in its own
   * time, and only a power loss or a kernel crash before that can lose them. Where the kernel has
   * told that it could not write pages of a named region, this tries once more.
   *
   * @throws java.io.UncheckedIOException if pages of a named region could not be written, with the
   *     {@link MemoryException}; the region is closed and everything is released even so
   */
  @Override
  void close();
}
