/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.backing;

import java.lang.foreign.MemorySegment;
import java.util.UUID;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.MemoryException;
import org.osgi.annotation.versioning.ConsumerType;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The checkpoints of a group for those who keep them. A region's {@link
 * org.dmalloc.api.MemoryRegion#checkpoints()} is one where its backend lets others keep them.
 */
@ProviderType
public interface CheckpointLog extends CheckpointGroup {
  /** Identifies the group, as long as its journal lives; numbers of checkpoints are its own. */
  UUID id();

  /** Takes checkpoints, one after the other, on a thread of the group. */
  @ConsumerType
  @FunctionalInterface
  interface Follower {
    /**
     * Takes a checkpoint that is durable. Its place in the journal is not used again before this
     * returns, so a slow follower holds up the checkpoint after the next.
     *
     * @throws MemoryException if it could not be taken: the follower gets no more, and is told why
     *     by {@link #ended}
     */
    void sealed(SealedCheckpoint checkpoint) throws MemoryException;

    /** Says that no more come: after a failure of this follower, or when the group is closed. */
    default void ended(Throwable reason) {}
  }

  /** Ends the calls of a follower, and waits for one that is under way. */
  @ProviderType
  interface Following extends AutoCloseable {
    /** The first checkpoint that the follower gets; those before are gone. */
    long first();

    @Override
    void close();
  }

  /**
   * Starts to show checkpoints, in order and without a gap.
   *
   * @param after the last one that the follower has; those that the journal still has of the ones
   *     after it come first
   */
  Following follow(long after, Follower follower);

  /**
   * Reads what the file of a member has, not what was stored since: a mixture of checkpoints from
   * the one that was {@linkplain org.dmalloc.api.CheckpointStatus#applied() applied} when reading
   * began to the one that is when it ends. Whoever has all checkpoints between these two can make
   * it exact.
   *
   * @param region the member's name
   * @param offset in bytes from the start of the region
   * @throws IndexOutOfBoundsException if it lies outside the region
   */
  void readApplied(String region, long offset, MemorySegment into) throws MemoryException;

  /**
   * Makes a checkpoint of what a source has in place of what the regions have: pages that it does
   * not give stay as the last checkpoint has them; all that was stored since that is discarded.
   * Waits for open sections, and no section begins before it has ended.
   *
   * @return its number
   * @throws MemoryException as {@link #checkpoint()} does, and what the source throws; nothing has
   *     changed then
   */
  long replace(PageSource source) throws MemoryException;

  /** Gives pages. */
  @ConsumerType
  @FunctionalInterface
  interface PageSource {
    /** Gives each page at most once. */
    void read(SealedCheckpoint.PageVisitor visitor) throws MemoryException;
  }
}
