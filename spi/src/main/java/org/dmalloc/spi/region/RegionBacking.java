/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.Capability;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.Residency;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.jspecify.annotations.Nullable;

/**
 * What is behind one {@link BackedRegion}: its memory, and the calls that differ from backend to
 * backend. A backend implements this, and nothing else of a region.
 *
 * <p><b>Calls.</b> The region calls with checked arguments: offsets and lengths are in bytes and
 * lie inside. A method that a capability stands for is called only where the provider declares that
 * capability, and must be implemented there.
 *
 * <p><b>Threads.</b> Calls come from any thread, beside each other, inside an access section: the
 * memory stays. {@link #resize}, {@link #unmap}, {@link #close} and {@link #delete} come with the
 * gate shut and nobody inside. So no lock is needed for the memory's sake.
 */
public interface RegionBacking {
  /** As {@link #ownLength}: nobody ever set one. */
  long NO_LENGTH = -1;

  /**
   * The memory of the whole region, read-only if opened so; another one after {@link #grow} and
   * {@link #resize} only.
   */
  MemorySegment segment();

  /** How the memory is mapped, as {@link RegionInfo#mapping} says it; asked at any time. */
  default String mapping() {
    return "";
  }

  /**
   * Tells what the region is called, at first and whenever its user knows it by another name.
   *
   * @param region its text is for the messages that its own user gets, at any time
   * @param holder its name as holder of its file, for the messages that others get
   */
  default void named(Object region, String holder) {}

  /** The gate of the region where it shares one with others; null for one of its own. */
  default @Nullable SectionGate gate() {
    return null;
  }

  /** The processes that have the region open; empty unless it is process-shared. */
  default Optional<RegionMembers> members() {
    return Optional.empty();
  }

  /** Throws if another process has made the region larger than this one has it. */
  default void requireWhole(String operation) throws MemoryException {}

  /** By which another process attaches the region, which is process-shared and has no name. */
  default String token() {
    throw notImplemented(Capability.PROCESS_SHARED);
  }

  /**
   * Throws if the region cannot be made smaller, whoever has it open; called with the gate shut.
   */
  default void requireCuttable() throws MemoryException {}

  /** The checkpoints of the region; null if it has none. */
  default @Nullable CheckpointGroup checkpoints() {
    return null;
  }

  /**
   * Runs what shuts the gate and then resizes or ends the region, apart from what the backing shuts
   * it for itself.
   *
   * @param ends whether it ends the region
   */
  default void apart(boolean ends, Action work) throws MemoryException {
    work.run();
  }

  /**
   * Keeps what was stored at the very last, before the region ends; the gate is shut.
   *
   * @return what is lost, and why; null if nothing is
   */
  default @Nullable MemoryException keepLast() {
    return null;
  }

  /** Throws if the file does not hold the region any more; called before a force. */
  default void checkFile(String operation) throws MemoryException {}

  /**
   * How many bytes, from the first one on, have something behind them: as many as the file has now.
   * Asked at any time.
   */
  default long backedBytes() throws MemoryException {
    return Long.MAX_VALUE; // without a file
  }

  /**
   * Throws, which makes all suspect, if write-back failed since the last call or {@link #force}.
   */
  default void checkWriteBack() throws MemoryException {}

  /** Writes changed pages back and waits for the device; a failure makes the region suspect. */
  default void force(long offset, long length) throws MemoryException {
    throw notImplemented(Capability.FORCE);
  }

  /** Called after a force; throws if the region's name does not lead to its file any more. */
  default void forced() throws MemoryException {}

  /**
   * Makes the range's pages in RAM dirty, so that the next {@link #force} writes them; no store is
   * lost.
   */
  default void rewrite(long offset, long length) throws MemoryException {}

  /** Throws unless the file has what is in RAM of the range, as far as that can be found out. */
  default void prove(long offset, long length) throws MemoryException {}

  /** Passes advice on; it is one of the provider's supported advice. */
  default void advise(Advice advice, long offset, long length) throws MemoryException {
    throw notImplemented(Capability.ADVICE);
  }

  /** What the kernel has been told for each range of a region with this pattern. */
  default List<AdvisedRange> advised(AccessPattern pattern) {
    return List.of(
        new AdvisedRange(0, segment().byteSize(), pattern, AdvisedRange.Origin.REQUESTED));
  }

  /** Queues reads of {@code length} bytes at each offset. */
  default void prefetch(long[] offsets, long length) throws MemoryException {
    throw notImplemented(Capability.PREFETCH);
  }

  default Residency residency(long offset, long length) throws MemoryException {
    throw notImplemented(Capability.RESIDENCY);
  }

  /** Makes the kernel calls of a policy, all or none. */
  default void apply(SwapPolicy policy) throws MemoryException {
    throw notImplemented(Capability.SWAP_POLICY);
  }

  /** Lets go of a range, whose pages are not locked. */
  default void release(long offset, long length) throws MemoryException {
    throw notImplemented(Capability.RELEASE);
  }

  /** What can take pages of this region out of RAM; throws where there is nowhere to go. */
  default ResidentTrimmer limitResident(long budgetBytes) throws MemoryException {
    throw notImplemented(Capability.RESIDENT_BUDGET);
  }

  /** Stores content by the way that is quickest for much of it. */
  default void load(long offset, MemorySegment content) throws MemoryException {
    MemorySegment.copy(content, 0, segment(), offset, content.byteSize());
    BusErrors.deliver();
  }

  /** Starts to note written pages. */
  default DirtyTracking trackDirty() throws MemoryException {
    throw notImplemented(Capability.DIRTY_TRACKING);
  }

  /**
   * Empties a range of at least a byte, which is not protected: zero afterwards, its whole pages
   * given back. Other calls go on beside it.
   */
  default void punch(long offset, long length, Punch space) throws MemoryException {
    throw notImplemented(Capability.PUNCH);
  }

  /** Takes the space of a range of at least a byte. Content stays. */
  default void reserve(long offset, long length) throws MemoryException {
    throw notImplemented(Capability.PUNCH);
  }

  /** Whether space that was reserved has been given up since, and was not all taken again. */
  default boolean hasHoles() {
    return false;
  }

  /**
   * Throws, which makes all suspect, if {@link #grow} or {@link #resize} was told in place of a
   * force that pages could not be written; called after each.
   */
  default void checkResize() throws MemoryException {}

  /**
   * Grows in place, up to the maximum that the region was asked to have: {@link #segment} is larger
   * then, and older segments stay valid. What is behind the old size is zero. Called inside a
   * section, by one thread at a time. After a failure nothing has changed.
   *
   * @param progress told of steps that take long, which it or an interrupt cancels ({@link
   *     LongOperation#ofGrowth})
   */
  default void grow(long newByteSize, ProgressListener progress) throws MemoryException {
    throw notImplemented(Capability.GROW_IN_PLACE);
  }

  /**
   * Changes the size; what is behind the old size is zero. Addresses that are reserved for a
   * maximum stay so, and no more are beyond it. The old segment must be invalid afterwards. A
   * failure may have ended it too: {@link #segment} then shows the same bytes anew. To make a
   * process-shared region smaller comes with all others kept out.
   *
   * @param progress as for {@link #grow}
   * @throws IllegalStateException while a native call uses the segment; nothing has changed then
   */
  default void resize(long newByteSize, ProgressListener progress) throws MemoryException {
    throw notImplemented(Capability.RESIZE);
  }

  /**
   * Gives back what a resize that was cut off has left in the file behind the region; called by one
   * to the size that it has, as {@link #grow} or {@link #resize} would be.
   */
  default void trim() throws MemoryException {}

  /**
   * Waits until the device has size and length of a named region, as far as that was put off; not
   * for its content, and not for its directory.
   */
  default void forceHeader() throws MemoryException {}

  /** The length that was set and kept with the region; {@link #NO_LENGTH} if there is none. */
  default long ownLength() {
    return NO_LENGTH;
  }

  /**
   * Keeps the length with a named region: its next {@link #force} makes it durable, and its {@link
   * #close}. A {@link #resize} to less has cut what was kept.
   */
  default void keepLength(long length) {}

  /**
   * Gives the region another name, durably if it asked for that; the same name changes nothing.
   *
   * @param renamed is told what the file is called afterwards, unless that is what it was called;
   *     also before an exception, where the device refused to give the old name back
   * @throws MemoryException if the name is taken, or the file system refuses
   */
  default void rename(String newName, Renamed renamed) throws MemoryException {
    throw notImplemented(Capability.NAMED);
  }

  /** Takes note of a file's name. */
  @FunctionalInterface
  interface Renamed {
    void to(String name, Path path);
  }

  /** Whether {@link #shareBlocksOf} may work. */
  default boolean canShareBlocksOf(RegionBacking source) {
    return false;
  }

  /**
   * Has the file share all blocks of another one, which is of the same size, in place of its own.
   * Nobody stores to either meanwhile.
   *
   * @return false, and nothing has changed, if the file system refuses
   * @throws MemoryException if it failed
   */
  default boolean shareBlocksOf(RegionBacking source) throws MemoryException {
    return false;
  }

  /** The file of a named region that can go to another store; empty if there is none. */
  default Optional<MovableFile> file() {
    return Optional.empty();
  }

  /** What became of a file that the region's name does not lead to any more. */
  default Optional<String> detached() {
    return Optional.empty();
  }

  /**
   * Says, before {@link #unmap}, that somebody may have taken addresses from the segment, and use
   * them past the region's end: what lies there then should be nobody's memory.
   */
  default void expectStrayUse() {}

  /**
   * Ends the segment and gives its addresses back. Called until it returns, and then never again.
   *
   * @throws IllegalStateException while a native call uses the segment; nothing has been released
   *     then
   */
  void unmap();

  /**
   * Overwrites bytes with zeros where they would stay readable, on the device too, when their space
   * is given back. Nothing is to be done for memory that the kernel zeroes before anybody gets it.
   * Called between {@link #unmap} and {@link #close} or {@link #delete}.
   */
  default void wipe(long offset, long length) throws MemoryException {}

  /** Lets go of all else, after {@link #unmap}. */
  default void close() throws MemoryException {}

  /** In place of {@link #close}: the file goes too. */
  default void delete() throws MemoryException {
    close();
  }

  private static IllegalStateException notImplemented(Capability capability) {
    return new IllegalStateException(
        "the provider declares " + capability + ", and its backing does not implement it");
  }
}
