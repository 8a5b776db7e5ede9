/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import org.dmalloc.api.MemoryException;
import org.dmalloc.api.SnapshotOrigin;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.api.backing.StoredBacking;

/**
 * A stored region that moves. The descriptor of the notes may be told of failed write-backs in
 * place of the next force: so the region watches these calls.
 */
record MovableRegion(BackedRegion region, MovableFile file) implements StoredBacking {
  @Override
  public String fileKey() {
    return file.fileKey();
  }

  @Override
  public void leaving(StoreMove move) throws MemoryException {
    file.requireArrived();
    region.watchWriteBack(() -> file.leaving(move));
  }

  @Override
  public void publish() throws MemoryException {
    file.publish();
  }

  @Override
  public void publishSnapshot(SnapshotOrigin origin) throws MemoryException {
    region.watchWriteBack(() -> file.publishSnapshot(origin));
  }

  @Override
  public void endMove() throws MemoryException {
    region.watchWriteBack(file::endMove);
  }

  @Override
  public void discard() throws MemoryException {
    region.delete();
  }
}
