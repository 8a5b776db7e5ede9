/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Reservation;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.linux.Platform;
import org.dmalloc.linux.Slabs;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.jspecify.annotations.Nullable;

/**
 * A piece of a file that small regions share; the mapping of the slot gives it back. No other
 * process can reach the file, which has no name and whose descriptor is handed to nobody.
 */
final class SlotFile extends RegionFile {
  private final Slabs.Slot slot;
  private final Path directory;
  private final Reservation reservation;
  private volatile boolean holes;

  /** How many failed writes of the shared file this region knows; guarded by the slab's. */
  private long known;

  private SlotFile(Slabs.Slot slot, OpenFile file, Path directory, Reservation reservation) {
    super(file);
    this.slot = slot;
    this.directory = directory;
    this.reservation = reservation;
    this.known = slot.failures().get();
  }

  /** Takes a slot over, with its space; after a failure it has been given back. */
  static SlotFile of(
      Slabs.Slot slot,
      OpenFile file,
      Path directory,
      Reservation reservation,
      ProgressListener progress)
      throws MemoryException {
    try {
      if (reservation == Reservation.RESERVED) {
        file.reserve(slot.fileOffset(), slot.range().length(), progress);
      }
      return new SlotFile(slot, file, directory, reservation);
    } catch (MemoryException | RuntimeException | Error e) {
      slot.range().close();
      throw e;
    }
  }

  /** Maps it. */
  Mapping map(long byteSize) {
    return Mapping.ofSlot(slot, byteSize);
  }

  /** A file for this region alone, of another size and empty. Minds no interrupt. */
  RegionFile.Unnamed alone(long byteSize) throws MemoryException {
    RegionFile.Unnamed file =
        RegionFile.Unnamed.create(directory, 0, reservation, ProgressListener.NONE);
    try {
      file.resize(0, byteSize, ProgressListener.NONE);
      return file;
    } catch (MemoryException | RuntimeException | Error e) {
      file.discard(e);
      throw e;
    }
  }

  /**
   * One at a time for all that share the file: the kernel tells of a failed write once, to whoever
   * asks first, and it may concern the pages of any.
   */
  @Override
  void watch(String operation, Action call) throws MemoryException {
    AtomicLong failures = slot.failures();
    synchronized (failures) {
      try {
        call.run();
      } catch (MemoryException e) {
        known = failures.incrementAndGet();
        throw e;
      }
      if (failures.get() != known) {
        known = failures.get();
        throw MemoryException.of(
            operation,
            slot.range().length(),
            "a file without a name in " + directory,
            "pages of the file, which small regions share, could not be written",
            "make room or mend the device, then force again");
      }
    }
  }

  @Override
  boolean hasHoles() {
    return holes;
  }

  @Override
  void noteHoles(boolean given) {
    holes = given;
  }

  @Override
  long dataOffset() {
    return slot.fileOffset();
  }

  @Override
  @Nullable Path path() {
    return null;
  }

  @Override
  Reservation reservation() {
    return reservation;
  }

  @Override
  void resize(long oldByteSize, long newByteSize, ProgressListener progress) {
    throw new IllegalStateException("a slot has one size; move the region to a file of its own");
  }

  @Override
  void checkLength(String operation, long byteSize) throws MemoryException {
    RegionFile.Unnamed.checkLength(
        descriptor(), operation, slot.fileOffset() + Platform.roundUpToPage(byteSize));
  }

  @Override
  @Nullable String key() {
    return null;
  }

  /** The slab closes its file. */
  @Override
  void close() {
    closeDirect();
  }

  @Override
  void discard(Throwable failure) {
    close();
  }
}
