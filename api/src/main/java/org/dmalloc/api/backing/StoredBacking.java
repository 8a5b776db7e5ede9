/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.backing;

import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.SnapshotOrigin;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The file of a backend's region, as a carrier sees it that takes the region from one file to
 * another, or has one backend close the file and another open it. It is had from {@link
 * BackingRegion#stored()}.
 *
 * <p>A move between two stores, which may lie on two file systems, keeps this order; a crash
 * between any two steps leaves one file that holds the region, whole:
 *
 * <ol>
 *   <li>{@link StoreProvider#allocateUnpublished} at the target; then the content goes there
 *   <li>{@link #leaving} at the source: whoever finds its file from now on looks at the target's
 *       name first
 *   <li>{@link MemoryRegion#force()} and {@link #publish} at the target, with nobody storing to
 *       either: from here on the target's file holds the region
 *   <li>{@link #discard} at the source
 *   <li>{@link #endMove} at the target
 * </ol>
 *
 * <p>If it fails before the third step is done, {@link #discard} at the target and then {@link
 * #endMove} at the source take it back.
 */
@ProviderType
public interface StoredBacking {
  /**
   * Tells the file from all others, whatever its path, also after close: only what is opened with
   * an equal key is the same region.
   */
  String fileKey();

  /**
   * Notes on the device, in the source's file, where the region goes.
   *
   * @throws MemoryException if that cannot be written; the region stays as it was
   */
  void leaving(StoreMove move) throws MemoryException;

  /**
   * Gives the target's file its region's name, durably and in one step.
   *
   * @throws MemoryException if the name is taken meanwhile, or the file system refuses
   */
  void publish() throws MemoryException;

  /**
   * Gives a file that {@link StoreProvider#allocateSnapshot} made its region's name, durably and in
   * one step, with all of its content. From then on it can be opened for reading only.
   *
   * @throws MemoryException if the name is taken meanwhile, or the file system refuses
   */
  default void publishSnapshot(SnapshotOrigin origin) throws MemoryException {
    throw new UnsupportedOperationException("a snapshot in this file; choose another target");
  }

  /**
   * Takes the note of a move away again.
   *
   * @throws MemoryException if that cannot be written, which whoever opens the file makes up for
   */
  void endMove() throws MemoryException;

  /**
   * Closes the region and deletes its file. Another file that has its name by now stays.
   *
   * @throws IllegalStateException as {@link MemoryRegion#close()} does; nothing is deleted then
   * @throws MemoryException if the file cannot be deleted; it is closed all the same
   */
  void discard() throws MemoryException;
}
