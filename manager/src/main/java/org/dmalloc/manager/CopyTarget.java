/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.backing.BackingProvider;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.api.backing.StoreProvider;
import org.dmalloc.api.backing.StoredBacking;
import org.dmalloc.spi.region.PreCopy;
import org.jspecify.annotations.Nullable;

/**
 * Fresh memory on another backend that a region is copied to. It is not listed until the region is
 * placed there; if that never happens, it is discarded.
 */
final class CopyTarget implements PreCopy.Target {
  private static final Logger LOG = System.getLogger(CopyTarget.class.getName());

  private final Placement placement;

  /** The file that waits for its name; empty if there is none, or it had it from the first. */
  private final Optional<StoredBacking> stored;

  private final boolean unfilled;

  private CopyTarget(Backend backend, MemoryRegion region, boolean published, boolean unfilled) {
    this.placement = new Placement(backend, region);
    this.stored = published ? Optional.empty() : placement.stored();
    this.unfilled = unfilled;
  }

  /**
   * Allocates it, where the backend can without taking its disk space: the copy takes that, which
   * spares a file being written twice, once with zeros. What is to be a stored region has no name
   * until all is copied and forced, so that nothing of it outlives a crash before.
   *
   * @param between the move of a stored region to another store; null for any other region
   * @param regionId the number of the region that moves
   */
  static CopyTarget allocate(
      Backend backend, RegionRequest request, @Nullable StoreMove between, long regionId)
      throws MemoryException {
    boolean copyTakesSpace =
        backend.provider() instanceof BackingProvider backing
            && backing.reservesByWriting()
            && request.reservation() == Reservation.RESERVED
            && request.sharing() != Sharing.PRIVATE;
    if (between != null && backend.provider() instanceof StoreProvider store) {
      MemoryRegion region = store.allocateUnpublished(request, between, regionId);
      return new CopyTarget(backend, region, false, copyTakesSpace);
    }
    MemoryRegion region =
        copyTakesSpace && backend.provider() instanceof BackingProvider backing
            ? backing.allocateUnfilled(request, regionId)
            : backend.allocate(request, regionId);
    return new CopyTarget(backend, region, true, copyTakesSpace);
  }

  Placement placement() {
    return placement;
  }

  @Override
  public MemorySegment memory() {
    return placement.segment();
  }

  @Override
  public boolean unfilled() {
    return unfilled;
  }

  /** Stores a part of the first copy, by the way that its backend says is quickest. */
  @Override
  public void load(long offset, MemorySegment content) throws MemoryException {
    if (placement.region() instanceof BackingRegion backing) {
      backing.load(offset, content);
    } else {
      MemorySegment.copy(content, 0, memory(), offset, content.byteSize());
    }
  }

  /** By the mapping: a move has nothing in the way that a store to it could meet. */
  @Override
  public void store(long offset, MemorySegment content) {
    MemorySegment.copy(content, 0, memory(), offset, content.byteSize());
  }

  /** Grows in place with its source. */
  @Override
  public void grow(long byteSize) throws MemoryException {
    placement.region().resize(byteSize);
  }

  /** Takes over how many bytes are in use, if somebody has said so. */
  void takeLength(MemoryRegion source) {
    long length = source.length();
    if (length != source.byteSize()) {
      placement.region().setLength(length);
    }
  }

  @Override
  public boolean isWritten() {
    return placement.backend().capabilities().contains(Capability.FORCE)
        && placement.region().info().sharing() != Sharing.PRIVATE;
  }

  @Override
  public void force() throws MemoryException {
    placement.region().force();
  }

  /** Makes it the region, on the device; its file of a stored one gets its name. */
  void publish() throws MemoryException {
    if (stored.isPresent()) {
      stored.get().publish();
    }
  }

  void endMove() throws MemoryException {
    if (stored.isPresent()) {
      stored.get().endMove();
    }
  }

  /** Gives it back after a failure, whose exception is on its way: this one is only logged. */
  void discard(ManagedRegion of) {
    try {
      if (stored.isPresent()) {
        stored.get().discard();
      } else {
        placement.region().close();
      }
    } catch (MemoryException | RuntimeException e) {
      LOG.log(Level.WARNING, "discarding the unfinished copy of {0}: {1}", of, e.getMessage());
    }
  }
}
