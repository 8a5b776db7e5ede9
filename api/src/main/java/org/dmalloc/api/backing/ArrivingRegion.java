/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.backing;

import java.lang.foreign.MemorySegment;
import org.dmalloc.api.MemoryException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The file of a checkpointed region that comes from another store, with a journal of its own; it is
 * had from {@link StoreProvider#receive}. Neither has a name: a crash leaves nothing of them. It
 * gets the last checkpoint, and then becomes a region, once; {@link #close} gives it up before.
 */
@ProviderType
public interface ArrivingRegion extends AutoCloseable {
  /** How many bytes it has. */
  long byteSize();

  /** Gives it another size; what is added is zero. */
  void resize(long byteSize) throws MemoryException;

  /** Stores content at an offset in bytes from the start of the region. */
  void load(long offset, MemorySegment content) throws MemoryException;

  /** Waits until the device has all that was loaded. */
  void force() throws MemoryException;

  /**
   * Makes it a region that has a checkpoint, on the device, and its numbers go on from there. Its
   * file gets its name, and holds the region from then on, by {@link StoredBacking#publish}.
   *
   * @return a region, which owns the file, with the carrier's number
   * @throws MemoryException if that failed; it is still to be closed
   */
  BackingRegion arrive(CarriedGroup.Last last) throws MemoryException;

  /** Leaves nothing of it, unless it has become a region. */
  @Override
  void close();
}
