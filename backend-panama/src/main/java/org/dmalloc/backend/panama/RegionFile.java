/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.nio.file.Path;
import java.util.Optional;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.Reservation;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.linux.Platform;
import org.dmalloc.linux.SharedBlocks;
import org.dmalloc.spi.region.Alone;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.dmalloc.spi.store.Naming;
import org.dmalloc.spi.store.OpenMode;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.spi.store.SpaceReserver;
import org.dmalloc.spi.store.StoreFile;
import org.jspecify.annotations.Nullable;

/** The open file behind one region. */
abstract sealed class RegionFile permits RegionFile.Named, RegionFile.Unnamed, SlotFile {
  private final OpenFile descriptor;
  private boolean directOpened;
  private @Nullable OpenFile direct;

  RegionFile(OpenFile descriptor) {
    this.descriptor = descriptor;
  }

  final OpenFile descriptor() {
    return descriptor;
  }

  /**
   * The file for reads that come from the device, opened when first asked for; empty where there
   * are no such reads: then what the file system says has to do.
   */
  final synchronized Optional<OpenFile> direct() {
    if (!directOpened) {
      directOpened = true;
      try {
        direct = descriptor.openDirect();
      } catch (MemoryException e) {
        direct = null;
      }
    }
    return Optional.ofNullable(direct);
  }

  final synchronized void closeDirect() {
    OpenFile last = direct;
    if (last != null) {
      last.close();
      direct = null;
    }
  }

  /**
   * Empties a range. Where its space is not kept in one step, the file says before that space is
   * given up; minds no interrupt.
   */
  final synchronized void punch(long offset, long length, Punch space) throws MemoryException {
    long position = dataOffset() + offset;
    if (space == Punch.KEEP_RESERVED && descriptor.zeroInPlace(position, length)) {
      return;
    }
    if (reservation() == Reservation.RESERVED) {
      // Others rely on the space: a store of theirs would meet a full disk as a signal.
      Alone.run(
          members(),
          "punch",
          length,
          String.valueOf(path()),
          () -> punchHole(position, length, space));
    } else {
      punchHole(position, length, space);
    }
  }

  private void punchHole(long position, long length, Punch space) throws MemoryException {
    boolean had = hasHoles();
    boolean reserved = reservation() == Reservation.RESERVED;
    noteHoles(had || reserved);
    descriptor.punchHole(position, length);
    if (space == Punch.KEEP_RESERVED) {
      descriptor.reserve(position, length);
      noteHoles(had);
    }
  }

  /**
   * Takes the space of a range, whose content stays. Minds no interrupt.
   *
   * @param whole whether that is all of the region
   */
  final synchronized void reserve(long offset, long length, boolean whole) throws MemoryException {
    descriptor.reserveKeepingContent(dataOffset() + offset, length);
    if (whole) {
      noteHoles(false);
    }
  }

  /** Overwrites a range with zeros, on the device. */
  final void wipe(long offset, long length) throws MemoryException {
    descriptor.wipe(dataOffset() + offset, length);
  }

  /** Whether {@link #shareBlocksOf} may work; not for a file that others have parts of. */
  final boolean canShareBlocksOf(RegionFile source) {
    if (this instanceof SlotFile || source instanceof SlotFile) {
      return false;
    }
    try {
      return SharedBlocks.possible(source.descriptor, descriptor);
    } catch (MemoryException e) {
      return false; // it is copied then, which tells what is wrong
    }
  }

  /** Shares the blocks of another region's file; false if the file system refuses. */
  final boolean shareBlocksOf(RegionFile source) throws MemoryException {
    return SharedBlocks.share(source.descriptor, source.dataOffset(), descriptor, dataOffset());
  }

  /** Whether space that was reserved has been given up since. */
  abstract boolean hasHoles();

  /** Notes it where that lasts as long as the file. */
  abstract void noteHoles(boolean holes) throws MemoryException;

  /** Where in the file the region begins. */
  abstract long dataOffset();

  /** Its path; null if it has none. */
  abstract @Nullable Path path();

  /** How it was taken, and how growth takes more. */
  abstract Reservation reservation();

  /**
   * Gives the file room for another size. After a failure it has the old one. Before shrinking,
   * what goes away must be unmapped.
   *
   * @param progress told how much space is taken; it or an interrupt cancels that
   */
  abstract void resize(long oldByteSize, long newByteSize, ProgressListener progress)
      throws MemoryException;

  /** Takes a growth back that could not be mapped. */
  void undoGrowth(long newByteSize, long oldByteSize) throws MemoryException {
    resize(newByteSize, oldByteSize, ProgressListener.NONE);
  }

  /** The processes that have it open; empty unless it is process-shared. */
  Optional<RegionMembers> members() {
    return Optional.empty();
  }

  /**
   * Throws if the file was cut so short that it does not hold {@code byteSize} bytes of the region
   * any more.
   */
  abstract void checkLength(String operation, long byteSize) throws MemoryException;

  /** How many bytes of the region the file has now, or more if it is longer. */
  final long backedBytes() throws MemoryException {
    return Math.max(0, descriptor().facts().byteSize() - dataOffset());
  }

  /** Runs a call that may be told that pages of the file could not be written. */
  void watch(String operation, Action call) throws MemoryException {
    call.run();
  }

  /** Detects that the region's name does not lead to the file any more. */
  void checkName(String operation) throws MemoryException {}

  /** Tells the file from all others; null if it cannot be opened again. */
  abstract @Nullable String key();

  /** The file in the store; empty if it has no name. */
  Optional<StoreFile> inStore() {
    return Optional.empty();
  }

  /** Describes its holder, for the messages of other processes. */
  void describeHolder(String holder) {}

  /** Closes it; a file without a name is gone then. */
  abstract void close() throws MemoryException;

  /** Closes it and deletes it. */
  void delete() throws MemoryException {
    close();
  }

  /** Closes it and leaves nothing behind, after a failure that is going to be thrown. */
  abstract void discard(Throwable failure);

  /** A file of the store, with a header before the data. */
  static final class Named extends RegionFile {
    private final StoreFile file;
    private final boolean created;

    private Named(StoreFile file, OpenFile descriptor, boolean created) {
      super(descriptor);
      this.file = file;
      this.created = created;
      file.attach(this::closeDirect); // when that drops no lock
    }

    /**
     * Creates a named region, with its space. One that is a copy gets its name when its content is
     * there.
     */
    static Named create(
        RegionStore store,
        String name,
        OpenMode mode,
        long byteSize,
        Reservation reservation,
        Naming naming,
        NameDurability durable,
        String holder,
        ProgressListener progress)
        throws MemoryException {
      return create(
          reservation,
          progress,
          reserver ->
              naming.create(store, name, mode, byteSize, reservation, reserver, durable, holder));
    }

    /** Makes the file of a region in a store. */
    @FunctionalInterface
    interface Maker {
      StoreFile make(SpaceReserver reserver) throws MemoryException;
    }

    /** Creates a named region, with its space, in a way of its own. */
    static Named create(Reservation reservation, ProgressListener progress, Maker maker)
        throws MemoryException {
      OpenFile[] opened = new OpenFile[1];
      SpaceReserver reserver =
          (created, position, length) -> {
            opened[0] = attach(created, AccessMode.READ_WRITE);
            if (reservation == Reservation.RESERVED) {
              opened[0].reserve(position, length, progress);
            }
          };
      return new Named(maker.make(reserver), opened[0], true);
    }

    /** Opens a named region. */
    static Named open(
        RegionStore store, String name, OpenMode mode, NameDurability durable, String holder)
        throws MemoryException {
      StoreFile file = store.open(name, mode, durable, holder);
      try {
        AccessMode access = mode.stores() ? AccessMode.READ_WRITE : AccessMode.READ_ONLY;
        return new Named(file, attach(file, access), false);
      } catch (MemoryException | RuntimeException | Error e) {
        closeAfter(e, file);
        throw e;
      }
    }

    /** A descriptor that is closed by the store, when that can drop no lock. */
    private static OpenFile attach(StoreFile file, AccessMode access) throws MemoryException {
      // During a creation the file has a temporary path, which means nothing to users.
      Path path = file.name() == null ? file.path() : file.store().path(file.name());
      OpenFile descriptor = OpenFile.open(file.path(), access, path.toString());
      file.attach(descriptor::close);
      file.requireSame(descriptor.sharedPath());
      return descriptor;
    }

    @Override
    Optional<StoreFile> inStore() {
      return Optional.of(file);
    }

    /** The size that its header tells. */
    long byteSize() {
      return file.byteSize();
    }

    @Override
    void describeHolder(String holder) {
      file.describeHolder(holder);
    }

    @Override
    long dataOffset() {
      return file.dataOffset();
    }

    @Override
    Path path() {
      String name = file.name();
      return name == null ? file.path() : file.store().path(name);
    }

    @Override
    Reservation reservation() {
      return file.reservation();
    }

    @Override
    boolean hasHoles() {
      return file.hasHoles();
    }

    @Override
    void noteHoles(boolean holes) throws MemoryException {
      file.noteHoles(holes);
    }

    @Override
    void resize(long oldByteSize, long newByteSize, ProgressListener progress)
        throws MemoryException {
      boolean reserve = reservation() == Reservation.RESERVED;
      file.resize(
          newByteSize,
          (resized, position, length) -> {
            if (reserve) {
              descriptor().reserveGrowth(position, length, progress);
            }
          });
    }

    @Override
    void undoGrowth(long newByteSize, long oldByteSize) throws MemoryException {
      file.undoGrowth(oldByteSize);
    }

    @Override
    Optional<RegionMembers> members() {
      return file.members();
    }

    /** Gives the file room for a larger size, which its header gets with a checkpoint. */
    void growAhead(long newByteSize, ProgressListener progress) throws MemoryException {
      boolean reserve = reservation() == Reservation.RESERVED;
      file.growFile(
          newByteSize,
          (grown, position, length) -> {
            if (reserve) {
              descriptor().reserveGrowth(position, length, progress);
            }
          });
    }

    @Override
    void checkLength(String operation, long byteSize) throws MemoryException {
      file.checkLength(operation);
    }

    @Override
    void checkName(String operation) throws MemoryException {
      file.checkName(operation);
    }

    @Override
    @Nullable String key() {
      return file.isNamed() ? file.fileKey() : null;
    }

    @Override
    void close() throws MemoryException {
      file.close();
    }

    @Override
    void delete() throws MemoryException {
      file.discard();
    }

    @Override
    void discard(Throwable failure) {
      if (!created) {
        closeAfter(failure, file);
        return;
      }
      try {
        file.discard();
      } catch (MemoryException | RuntimeException e) {
        failure.addSuppressed(e);
      }
    }

    private static void closeAfter(Throwable failure, StoreFile file) {
      try {
        file.close();
      } catch (MemoryException e) {
        failure.addSuppressed(e);
      }
    }
  }

  /** A file without a name, which holds nothing but the data. */
  static final class Unnamed extends RegionFile {
    private final Reservation reservation;
    private volatile boolean holes;

    private Unnamed(OpenFile descriptor, Reservation reservation) {
      super(descriptor);
      this.reservation = reservation;
    }

    /** Creates a file in a directory, with its space. */
    static Unnamed create(
        Path directory, long byteSize, Reservation reservation, ProgressListener progress)
        throws MemoryException {
      Mapping.requireMappable("allocate", byteSize, directory.toString());
      OpenFile descriptor = OpenFile.unnamedIn(directory);
      try {
        long length = Platform.roundUpToPage(byteSize);
        descriptor.setByteSize(length);
        if (reservation == Reservation.RESERVED) {
          descriptor.reserve(0, length, progress);
        }
        return new Unnamed(descriptor, reservation);
      } catch (MemoryException | RuntimeException | Error e) {
        descriptor.close();
        throw e;
      }
    }

    @Override
    long dataOffset() {
      return 0;
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
    boolean hasHoles() {
      return holes;
    }

    @Override
    void noteHoles(boolean given) {
      holes = given;
    }

    @Override
    void resize(long oldByteSize, long newByteSize, ProgressListener progress)
        throws MemoryException {
      Mapping.requireMappable("resize", newByteSize, descriptor().target());
      long oldLength = Platform.roundUpToPage(oldByteSize);
      long newLength = Platform.roundUpToPage(newByteSize);
      descriptor().setByteSize(newLength);
      if (newLength > oldLength && reservation == Reservation.RESERVED) {
        try {
          descriptor().reserveGrowth(oldLength, newLength - oldLength, progress);
        } catch (MemoryException | RuntimeException | Error e) {
          cutBack(oldLength, e);
          throw e;
        }
      }
    }

    private void cutBack(long length, Throwable failure) {
      try {
        descriptor().setByteSize(length);
      } catch (MemoryException e) {
        failure.addSuppressed(e);
      }
    }

    @Override
    void checkLength(String operation, long byteSize) throws MemoryException {
      checkLength(descriptor(), operation, byteSize);
    }

    static void checkLength(OpenFile descriptor, String operation, long byteSize)
        throws MemoryException {
      long length = descriptor.facts().byteSize();
      if (length < byteSize) {
        throw MemoryException.of(
            operation,
            byteSize,
            "an unnamed file in " + descriptor.target(),
            "it was cut to " + length + " bytes",
            "close the region: what lay behind is lost");
      }
    }

    @Override
    @Nullable String key() {
      return null;
    }

    @Override
    void close() {
      closeDirect();
      descriptor().close();
    }

    @Override
    void discard(Throwable failure) {
      descriptor().close();
    }
  }
}
