/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import org.dmalloc.api.MemoryException;
import org.dmalloc.api.SnapshotOrigin;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.api.backing.StoredBacking;

/** The file of a named region that can go to another store; {@link StoredBacking} has the rules. */
public interface MovableFile {
  String fileKey();

  /** Throws if the move that brought the region here has not ended, and cannot be ended. */
  void requireArrived() throws MemoryException;

  /** See {@link StoredBacking#leaving}; waits for the device. */
  void leaving(StoreMove move) throws MemoryException;

  void publish() throws MemoryException;

  /** See {@link StoredBacking#publishSnapshot}. */
  void publishSnapshot(SnapshotOrigin origin) throws MemoryException;

  /** See {@link StoredBacking#endMove}; waits for the device. */
  void endMove() throws MemoryException;
}
