/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.backing;

import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.osgi.annotation.versioning.ConsumerType;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The checkpoints of a group for a carrier that takes its regions from one backend to another. A
 * region goes with all that it has: its last checkpoint lies in its file, and what was stored since
 * goes from the old memory to the new one, so that a move makes no checkpoint and loses nothing.
 *
 * <p>A carrier keeps this order, on one thread: {@link #betweenCheckpoints}; in it, with nobody
 * inside a section of the group, {@link #unsaved}, the close of the region, its opening by the
 * other backend, and the same stores to its memory.
 */
@ProviderType
public interface CarriedGroup extends CheckpointLog {
  /** The names of all regions of the group, also of those that are not open. */
  List<String> allNames();

  /**
   * A region as the last checkpoint has it, with what another store has to know of its group.
   *
   * @param group identifies the group
   * @param groupName the name that the group was given; empty for a region on its own
   * @param member the region's number in the group
   * @param number the last checkpoint; 0 if there has been none
   * @param at when that was made
   * @param byteSize the region's size in it
   * @param length how many bytes are in use in it; -1 if nobody has said
   */
  record Last(
      UUID group,
      String groupName,
      int member,
      long number,
      Instant at,
      long byteSize,
      long length) {}

  /** Says how the last checkpoint has a region. */
  Last last(String region) throws MemoryException;

  /** What is done between two checkpoints. */
  @ConsumerType
  @FunctionalInterface
  interface Work {
    void run() throws MemoryException;
  }

  /**
   * Runs work between two checkpoints: none is made meanwhile, also at the close of a region, and
   * the group stays open when its last region is closed. Waits for a checkpoint that is being made.
   *
   * @param work runs on this thread
   * @throws IllegalStateException if this thread has a section open, or the group is closed
   * @throws MemoryException what the work throws
   */
  void betweenCheckpoints(Work work) throws MemoryException;

  /**
   * Shows the pages of a region that were stored to since the last checkpoint, which is in the file
   * when they are shown. Called inside {@link #betweenCheckpoints}, with nobody inside a section of
   * the group.
   *
   * @param visitor gets whole pages, in ascending order; it may get some that are as they were
   * @throws MemoryException if the group has to {@linkplain #discard go back} first, if the last
   *     checkpoint cannot be written to the file, or what the visitor throws
   */
  void unsaved(String region, SealedCheckpoint.PageVisitor visitor) throws MemoryException;
}
