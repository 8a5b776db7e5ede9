/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SnapshotOrigin;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.RegionIds;
import org.dmalloc.api.backing.StoreProvider;
import org.dmalloc.api.backing.StoredBacking;
import org.jspecify.annotations.Nullable;

/**
 * The region that becomes a snapshot. Until then its file has no name, so that a crash leaves
 * nothing. It is written by {@link BackingRegion#load} alone, also what comes late: it need not
 * reserve its space then, as a full disk is an exception there, and pages of zeros take none.
 */
final class SnapshotTarget implements PreCopy.Target {
  private static final Logger LOG = System.getLogger(SnapshotTarget.class.getName());

  private final BackingRegion region;
  private final StoredBacking file;
  private final Path path;

  private SnapshotTarget(BackingRegion region, StoredBacking file, Path path) {
    this.region = region;
    this.file = file;
    this.path = path;
  }

  /**
   * Allocates it.
   *
   * @param own the provider that the region lies on; null if it is not known
   * @param of what the snapshot is of
   */
  static SnapshotTarget allocate(
      SnapshotRequest request, @Nullable MemoryProvider own, MemoryRegion of, long byteSize)
      throws MemoryException {
    StoreProvider store = store(request.target() == null ? own : request.target(), of);
    BackingRegion region =
        store.allocateSnapshot(
            new RegionRequest(
                byteSize,
                request.name(),
                options(store.capabilities(), of.info().options())
                    .withDirectory(request.directory())),
            RegionIds.next());
    Path path = store.fileOf(request.name(), request.directory());
    Optional<StoredBacking> file = region.stored();
    if (file.isEmpty()) {
      region.close();
      throw new IllegalStateException(
          "backend " + store.name() + " broke its contract: it made a snapshot without a file");
    }
    return new SnapshotTarget(region, file.get(), path);
  }

  private static StoreProvider store(@Nullable MemoryProvider target, MemoryRegion of) {
    if (target instanceof StoreProvider store) {
      return store;
    }
    throw new UnsupportedOperationException(
        "snapshot of "
            + of
            + ": "
            + (target == null ? "its backend" : "backend " + target.name())
            + " has no store that takes one; name a backend with files as its target");
  }

  private static RegionOptions options(Set<Capability> there, RegionOptions of) {
    return RegionOptions.DEFAULT
        .withSharing(Sharing.SHARED)
        .withPattern(AccessPattern.NORMAL)
        .withReservation(
            there.contains(Capability.SPARSE) ? Reservation.SPARSE : Reservation.RESERVED)
        .withMaximum(
            there.contains(Capability.GROW_IN_PLACE) ? of.maximum() : RegionOptions.NO_MAXIMUM);
  }

  Path path() {
    return path;
  }

  @Override
  public MemorySegment memory() {
    return region.backing();
  }

  @Override
  public boolean unfilled() {
    return false; // sparse, or filled with zeros
  }

  @Override
  public void load(long offset, MemorySegment content) throws MemoryException {
    region.load(offset, content);
  }

  @Override
  public void store(long offset, MemorySegment content) throws MemoryException {
    region.load(offset, content);
  }

  @Override
  public void grow(long byteSize) throws MemoryException {
    if (byteSize > region.byteSize()) {
      region.resize(byteSize);
    }
  }

  /** Makes it larger, with zeros, or smaller. */
  void resize(long byteSize) throws MemoryException {
    region.resize(byteSize);
  }

  @Override
  public boolean isWritten() {
    return true;
  }

  @Override
  public void force() throws MemoryException {
    region.force();
  }

  /** Takes over how many bytes are in use, if somebody has said so. */
  void takeLength(MemoryRegion source) {
    long length = source.length();
    if (length != source.byteSize()) {
      region.setLength(length);
    }
  }

  /** Whether its file could share the blocks of another region's. */
  boolean canShareBlocksOf(MemoryRegion source) {
    return region instanceof BackedRegion to
        && source instanceof BackedRegion from
        && to.canShareBlocksOf(from);
  }

  /** Has its file share them, which has its size; false if the file system refuses. */
  boolean shareBlocksOf(MemoryRegion source) throws MemoryException {
    return region instanceof BackedRegion to
        && source instanceof BackedRegion from
        && to.shareBlocksOf(from);
  }

  /** Gives it its name, on the device with all that it has. */
  void publish(SnapshotOrigin origin) throws MemoryException {
    file.publishSnapshot(origin);
  }

  /** Closes it once it is there: the snapshot is made, whatever fails here. */
  void close() {
    try {
      region.close();
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "closing the snapshot {0}: {1}", path, e.getMessage());
    }
  }

  /** Gives it back after a failure, whose exception is on its way: this one is only logged. */
  void discard() {
    try {
      file.discard();
    } catch (MemoryException | RuntimeException e) {
      LOG.log(Level.WARNING, "discarding the unfinished {0}: {1}", path, e.getMessage());
    }
  }
}
