/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Regions that are checkpointed together: one, or all of a store that were allocated with the same
 * {@link CheckpointOptions#group()}.
 *
 * <p><b>What a checkpoint has.</b> All that was stored in sections that had ended, of all regions
 * of the group, and nothing of any other section. The regions have one gate: a section on one is a
 * section on all, so that what a thread stores to several regions inside one outermost section is
 * in a checkpoint as a whole or not at all.
 *
 * <p><b>After a crash</b> of the process, the system or the power, the regions open as their last
 * finished checkpoint, byte for byte, sizes and lengths included. That is never an older one than
 * the last whose call has returned.
 *
 * <p><b>Threads.</b> All methods may be called from any thread; checkpoints of a group follow each
 * other.
 */
@ProviderType
public interface CheckpointGroup {
  /** The group's name; of a region on its own the region's. */
  String name();

  /** The members that are open in this process. */
  List<MemoryRegion> regions();

  /**
   * Makes all that was stored in finished sections durable, all or nothing. Sections go on but for
   * the moment of the cut, which waits for the open ones to end. Returns when the journal has it;
   * another thread writes it to the files of the regions then.
   *
   * @return its number, greater than all before; that of the last one if nothing was changed since
   * @throws IllegalStateException if this thread has a section open, or another one stays open for
   *     too long, or the group is closed
   * @throws MemoryException if there is no disk space for the journal, or the device or file system
   *     refuses; the last checkpoint stays, and so does all that was stored since
   */
  default long checkpoint() throws MemoryException {
    return checkpoint(ProgressListener.NONE);
  }

  /**
   * Like {@link #checkpoint()}, telling a listener the bytes that are in the journal. The listener
   * or an interrupt of the thread cancels it before its cut, as a {@link MemoryException}.
   */
  long checkpoint(ProgressListener progress) throws MemoryException;

  /**
   * Goes back to the last checkpoint: what was stored since is gone. Waits for open sections. Sizes
   * stay as they are: what the regions have grown by since is zero.
   *
   * @throws IllegalStateException as {@link #checkpoint()} does
   * @throws MemoryException if the last checkpoint cannot be written to the regions' files, which
   *     must come first; nothing is discarded
   */
  void discard() throws MemoryException;

  /**
   * Waits until the last checkpoint is in the files of the regions, and its place in the journal
   * free.
   *
   * @throws MemoryException if it cannot be written there; it stays in the journal
   */
  void awaitApplied() throws MemoryException;

  CheckpointStatus status();
}
