/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.nio.file.Path;
import java.util.Optional;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.linux.Platform;
import org.dmalloc.spi.store.OpenMode;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.spi.store.SpaceReserver;
import org.dmalloc.spi.store.StoreFile;
import org.jspecify.annotations.Nullable;

/** The open file behind one region. */
sealed interface RegionFile {
  /** The descriptor to map. */
  OpenFile descriptor();

  /** Where in the file the region begins. */
  long dataOffset();

  /** Its path; null if it has none. */
  @Nullable Path path();

  /** How its space is taken. */
  Reservation reservation();

  /**
   * Gives the file room for another size. After a failure it has the old one. Before shrinking,
   * what goes away must be unmapped. Minds no interrupt.
   */
  void resize(long oldByteSize, long newByteSize) throws MemoryException;

  /**
   * Throws if somebody has cut the file so short that it does not hold {@code byteSize} bytes of
   * the region any more.
   */
  void checkLength(String operation, long byteSize) throws MemoryException;

  /** Detects that the region's name does not lead to the file any more. */
  default void checkName(String operation) throws MemoryException {}

  /** The file for direct reads, opened when first asked for; empty where there are none. */
  Optional<OpenFile> direct();

  /** Tells the file from all others; null if nobody can open it again. */
  @Nullable String key();

  /** The file in the store; empty if it has no name. */
  default Optional<StoreFile> inStore() {
    return Optional.empty();
  }

  /** Says who has it open, for the messages that others get. */
  default void describeHolder(String holder) {}

  /** Closes it; a file without a name is gone then. */
  void close() throws MemoryException;

  /** Closes it and deletes it. */
  default void delete() throws MemoryException {
    close();
  }

  /** Closes it and leaves nothing behind, after a failure that is going to be thrown. */
  void discard(Throwable failure);

  /** A file of the store, with a header before the data. */
  final class Named implements RegionFile {
    private final StoreFile file;
    private final OpenFile descriptor;
    private final boolean created;
    private final DirectReads direct = new DirectReads();

    private Named(StoreFile file, OpenFile descriptor, boolean created) {
      this.file = file;
      this.descriptor = descriptor;
      this.created = created;
      file.attach(direct); // closed when that drops no lock
    }

    /**
     * Creates a named region, with its space.
     *
     * @param move where its content comes from; it gets its name when that is there. Null for a
     *     region that has its name at once
     */
    static Named create(
        RegionStore store,
        String name,
        long byteSize,
        Reservation reservation,
        @Nullable StoreMove move,
        String holder,
        ProgressListener progress)
        throws MemoryException {
      OpenFile[] opened = new OpenFile[1];
      SpaceReserver reserver =
          (created, position, length) -> {
            opened[0] = attach(created, AccessMode.READ_WRITE);
            if (reservation == Reservation.RESERVED) {
              opened[0].reserve(position, length, progress);
            }
          };
      StoreFile file =
          move == null
              ? store.create(name, byteSize, reservation, reserver, holder)
              : store.createUnpublished(name, byteSize, reservation, move, reserver, holder);
      return new Named(file, opened[0], true);
    }

    /** Opens a named region. */
    static Named open(RegionStore store, String name, OpenMode mode, String holder)
        throws MemoryException {
      StoreFile file = store.open(name, mode, holder);
      try {
        AccessMode access = mode == OpenMode.WRITER ? AccessMode.READ_WRITE : AccessMode.READ_ONLY;
        return new Named(file, attach(file, access), false);
      } catch (MemoryException | RuntimeException | Error e) {
        closeAfter(e, file);
        throw e;
      }
    }

    /** A descriptor that is closed by the store, when that can drop no lock. */
    private static OpenFile attach(StoreFile file, AccessMode access) throws MemoryException {
      // During a creation the file has a temporary path, which means nothing to anybody.
      Path path = file.name() == null ? file.path() : file.store().path(file.name());
      OpenFile descriptor = OpenFile.open(file.path(), access, path.toString());
      file.attach(descriptor::close);
      file.requireSame(descriptor.sharedPath());
      return descriptor;
    }

    @Override
    public Optional<StoreFile> inStore() {
      return Optional.of(file);
    }

    /** The size that its header tells. */
    long byteSize() {
      return file.byteSize();
    }

    @Override
    public void describeHolder(String holder) {
      file.describeHolder(holder);
    }

    @Override
    public OpenFile descriptor() {
      return descriptor;
    }

    @Override
    public long dataOffset() {
      return file.dataOffset();
    }

    @Override
    public Path path() {
      String name = file.name();
      return name == null ? file.path() : file.store().path(name);
    }

    @Override
    public Reservation reservation() {
      return file.reservation();
    }

    @Override
    public void resize(long oldByteSize, long newByteSize) throws MemoryException {
      boolean reserve = reservation() == Reservation.RESERVED;
      file.resize(
          newByteSize,
          (resized, position, length) -> {
            if (reserve) {
              descriptor.reserve(position, length);
            }
          });
    }

    @Override
    public void checkLength(String operation, long byteSize) throws MemoryException {
      file.checkLength(operation);
    }

    @Override
    public void checkName(String operation) throws MemoryException {
      file.checkName(operation);
    }

    @Override
    public Optional<OpenFile> direct() {
      return direct.of(descriptor);
    }

    @Override
    public @Nullable String key() {
      return file.isNamed() ? file.fileKey() : null;
    }

    @Override
    public void close() throws MemoryException {
      file.close();
    }

    @Override
    public void delete() throws MemoryException {
      file.discard();
    }

    @Override
    public void discard(Throwable failure) {
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
  final class Unnamed implements RegionFile {
    private final OpenFile descriptor;
    private final Reservation reservation;
    private final DirectReads direct = new DirectReads();

    private Unnamed(OpenFile descriptor, Reservation reservation) {
      this.descriptor = descriptor;
      this.reservation = reservation;
    }

    /** Creates a file in a directory, with its space. */
    static Unnamed create(
        Path directory, long byteSize, Reservation reservation, ProgressListener progress)
        throws MemoryException {
      Mapping.requireMappable(byteSize, directory.toString());
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
    public OpenFile descriptor() {
      return descriptor;
    }

    @Override
    public long dataOffset() {
      return 0;
    }

    @Override
    public @Nullable Path path() {
      return null;
    }

    @Override
    public Reservation reservation() {
      return reservation;
    }

    @Override
    public void resize(long oldByteSize, long newByteSize) throws MemoryException {
      Mapping.requireMappable(newByteSize, descriptor.target());
      long oldLength = Platform.roundUpToPage(oldByteSize);
      long newLength = Platform.roundUpToPage(newByteSize);
      descriptor.setByteSize(newLength);
      if (newLength > oldLength && reservation == Reservation.RESERVED) {
        try {
          descriptor.reserve(oldLength, newLength - oldLength);
        } catch (MemoryException | RuntimeException | Error e) {
          cutBack(oldLength, e);
          throw e;
        }
      }
    }

    private void cutBack(long length, Throwable failure) {
      try {
        descriptor.setByteSize(length);
      } catch (MemoryException e) {
        failure.addSuppressed(e);
      }
    }

    @Override
    public void checkLength(String operation, long byteSize) throws MemoryException {
      long length = descriptor.facts().byteSize();
      if (length < byteSize) {
        throw MemoryException.of(
            operation,
            byteSize,
            "an unnamed file in " + descriptor.target(),
            "somebody cut it to " + length + " bytes",
            MemoryException.NO_ERRNO,
            "close the region: what lay behind is lost",
            null);
      }
    }

    @Override
    public Optional<OpenFile> direct() {
      return direct.of(descriptor);
    }

    @Override
    public @Nullable String key() {
      return null;
    }

    @Override
    public void close() {
      direct.close();
      descriptor.close();
    }

    @Override
    public void discard(Throwable failure) {
      descriptor.close();
    }
  }
}
