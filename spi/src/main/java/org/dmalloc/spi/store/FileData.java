/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.machine.AddressSpace;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.MappingCount;
import org.dmalloc.spi.region.DeviceProof;

/**
 * The bytes of a region in its file, by way of the file's channel: mapped, read, written, forced.
 * Has no state of its own, and takes no lock that a change of the file holds for longer than it
 * looks at the header.
 */
public final class FileData {
  private final StoreFile file;
  private final LockedFile locked;

  FileData(StoreFile file, LockedFile locked) {
    this.file = file;
    this.locked = locked;
  }

  /**
   * Maps the region's bytes by {@code FileChannel.map}, on interrupted threads too.
   *
   * @param arena a shared or automatic arena, which ends the mapping
   * @throws MemoryException if the file was cut short, or if the kernel refuses
   */
  public MemorySegment map(MapMode mapMode, Arena arena) throws MemoryException {
    return map(mapMode, arena, file.byteSize());
  }

  /**
   * Maps the region's bytes, and addresses behind them into which the file may grow. An access
   * there is a signal until it has.
   *
   * @param room how many bytes to map in all, at least the size
   */
  public MemorySegment map(MapMode mapMode, Arena arena, long room) throws MemoryException {
    StoreErrors.run("map", file.byteSize(), file.target(), file::settle);
    MappingCount.OF_PROCESS.add("map", room, file.path().toString(), 1);
    try {
      long offset = file.dataOffset();
      return room > file.byteSize()
          ? file.whileLengthStays("map", () -> mapRoom(mapMode, arena, offset, room))
          : mapRoom(mapMode, arena, offset, room);
    } catch (MemoryException e) {
      throw e;
    } catch (IOException e) {
      throw refusal(mapMode, room, e);
    }
  }

  private MemorySegment mapRoom(MapMode mapMode, Arena arena, long offset, long room)
      throws IOException {
    return ChannelDisk.call(
        () -> {
          FileChannel channel = locked.channel();
          long length = channel.size();
          if (length < offset + file.byteSize()) {
            throw StoreErrors.cutShort("map", file.path(), length, offset + file.byteSize());
          }
          MemorySegment mapped = channel.map(mapMode, offset, room, arena);
          if (length < offset + room) {
            channel.truncate(length); // mapping has extended it
          }
          return mapped;
        });
  }

  private MemoryException refusal(MapMode mapMode, long room, IOException e) {
    boolean outOfAddresses = e.getCause() instanceof OutOfMemoryError;
    int errno = outOfAddresses ? Errno.ENOMEM : Errno.of(e);
    if (!outOfAddresses && (room == file.byteSize() || errno == MemoryException.NO_ERRNO)) {
      return StoreErrors.of("map", room, file.target(), e);
    }
    String smaller = "give a smaller maximum: addresses are reserved for all of it";
    String step =
        outOfAddresses
            ? AddressSpace.OF_PROCESS.nextStep(room, mapMode.equals(MapMode.PRIVATE))
            : smaller;
    return MemoryException.of(
        "map",
        room,
        file.target().toString(),
        Errno.name(errno),
        errno,
        outOfAddresses && room > file.byteSize() ? step + "; or " + smaller : step,
        e);
  }

  /**
   * Reads some of the region's bytes from the file, past its mapping. Not for threads that may be
   * interrupted: that would close the channel.
   *
   * @param into takes the bytes that it has room for; at least 1
   * @param offset in the region
   * @return how many bytes came, at least 1
   * @throws MemoryException if the device or file system refuses, or if the file was cut short
   */
  public int read(ByteBuffer into, long offset) throws MemoryException {
    long position = file.dataOffset() + offset;
    try {
      int count = locked.channel().read(into, position);
      if (count <= 0) {
        throw file.cutShort("read");
      }
      return count;
    } catch (MemoryException e) {
      throw e;
    } catch (IOException e) {
      throw StoreErrors.of("read", into.remaining(), file.target(), e);
    }
  }

  /**
   * Writes some of the region's bytes to the file, past its mapping, and takes the space for them;
   * on interrupted threads too. Where mapped and written bytes have one cache, as on Linux, macOS
   * and Windows, the mapping shows them.
   *
   * @param offset in the region
   * @throws MemoryException if the device or file system refuses, as a full one does; a part may
   *     have been written
   */
  public void write(long offset, MemorySegment content) throws MemoryException {
    try {
      file.disk().write(file.dataOffset() + offset, content);
    } catch (IOException e) {
      // The rest of a region that is being filled will want its space too.
      throw StoreErrors.of("write", content.byteSize(), file.byteSize() - offset, file.target(), e);
    }
  }

  /**
   * Writes the changed pages of a range back, and waits until the device has them; of a file that
   * is open for reading, those of all of it.
   *
   * <p>Where the file was cut short, the system forces what is left and says nothing: see {@link
   * StoreFile#checkLength}; or where its name does not lead to it any more: see {@link
   * StoreFile#checkName}.
   *
   * @param mapped what {@link #map} gave
   * @throws MemoryException if the device or file system refuses a write
   */
  public void force(MemorySegment mapped, long offset, long length) throws MemoryException {
    file.watch(() -> forceMapped(mapped, offset, length));
  }

  private void forceMapped(MemorySegment mapped, long offset, long length) throws MemoryException {
    try {
      if (mapped.isReadOnly()) {
        // Linux takes the mapping of a file that is open for reading for a private one: msync does
        // nothing.
        ChannelDisk.run(() -> locked.channel().force(false));
      } else {
        mapped.asSlice(offset, length).force();
      }
    } catch (UncheckedIOException e) {
      throw StoreErrors.of("force", length, file.path(), StoreErrors.unwrapped(e));
    } catch (IOException e) {
      throw StoreErrors.of("force", length, file.path(), e);
    }
  }

  /**
   * Opens a named region's file once more, for reads that come from the device. It is closed with
   * this file, when that drops no lock.
   *
   * @throws MemoryException if Java or the file system has no such reads, or the path does not name
   *     the file any more
   */
  public DeviceProof.Reader openDirect() throws MemoryException {
    return DirectReads.open(file);
  }

  /**
   * Dirties the last page, if the region ends inside it, by a write behind the region's last byte.
   */
  public void touchPadding() throws MemoryException {
    long end = file.dataOffset() + file.byteSize();
    if (end < FileLengths.of(file.dataOffset(), file.byteSize())) {
      StoreErrors.run("write", 1, file.target(), () -> file.disk().write(end, new byte[1]));
    }
  }

  /** Throws unless the file system has so much room left for an operation. */
  public void requireRoom(String operation, long bytes) throws MemoryException {
    Path directory = file.store().directory();
    long free =
        StoreErrors.call(
            operation, bytes, file.target(), () -> Files.getFileStore(directory).getUsableSpace());
    if (free < bytes) {
      throw StoreErrors.noSpace(operation, bytes, directory, true);
    }
  }
}
