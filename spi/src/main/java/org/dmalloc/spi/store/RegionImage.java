/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.dmalloc.spi.store.RegionHeader.COPY_POSITIONS;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dmalloc.api.Reservation;
import org.dmalloc.spi.store.RegionHeader.Condition;
import org.jspecify.annotations.Nullable;

/**
 * The content of a region file: two header copies and the data behind them. Knows in which order to
 * write them so that a power cut at any point leaves the old or the new state.
 *
 * <p>At rest both copies are equal, so one damaged copy loses nothing. A change overwrites first
 * the copy that is not the newest valid one, waits for the device, and then the other.
 */
final class RegionImage {
  /** Data begins at 2 MiB, so that address and file offset fit huge pages; the gap is a hole. */
  static final long DATA_OFFSET = 2L << 20;

  private static final long PAGE = 4096;

  private final Disk disk;
  private RegionHeader header;
  private int newestCopy;

  /** A header that failed to be written and may be in the file even so; null if there is none. */
  private @Nullable RegionHeader withdrawn;

  private final Sync wholeFile;

  private RegionImage(Disk disk, RegionHeader header, int newestCopy) {
    this.disk = disk;
    this.header = header;
    this.newestCopy = newestCopy;
    this.wholeFile = copy -> disk.sync();
  }

  /** Takes the space for a stretch of the file, or throws. */
  @FunctionalInterface
  interface Reserve {
    void reserve(long position, long length) throws IOException;
  }

  /** The file length for a region of that size: whole pages. */
  static long fileLength(long dataOffset, long byteSize) {
    long end = dataOffset + byteSize;
    return end + (PAGE - end % PAGE) % PAGE;
  }

  /** Writes a new image over an empty file and waits for the device; a moved one has a note. */
  static RegionImage initialise(
      Disk disk, long byteSize, Reservation reservation, @Nullable HandOver note, Reserve reserve)
      throws IOException {
    RegionHeader header =
        new RegionHeader(
            RegionHeader.VERSION,
            1,
            byteSize,
            DATA_OFFSET,
            Instant.ofEpochMilli(System.currentTimeMillis()),
            (reservation == Reservation.RESERVED ? RegionHeader.FLAG_RESERVED : 0)
                | (note == null ? 0 : note.flag()),
            note);
    long length = fileLength(DATA_OFFSET, byteSize);
    disk.setLength(length);
    reserve.reserve(DATA_OFFSET, length - DATA_OFFSET);
    byte[] bytes = header.encode();
    disk.write(COPY_POSITIONS[0], bytes);
    disk.write(COPY_POSITIONS[1], bytes);
    disk.sync();
    return new RegionImage(disk, header, 0);
  }

  /**
   * Reads the newest valid header; throws if the file is foreign, damaged, too new or cut short.
   */
  static RegionImage load(Disk disk, Path path) throws IOException {
    Copy newest = null;
    boolean seenMagic = false;
    for (int copy = 0; copy < COPY_POSITIONS.length; copy++) {
      byte[] bytes = new byte[RegionHeader.BYTES];
      disk.read(COPY_POSITIONS[copy], bytes);
      Condition condition = RegionHeader.examine(bytes);
      seenMagic |= condition != Condition.FOREIGN;
      if (condition == Condition.VALID || condition == Condition.TOO_NEW) {
        RegionHeader found = RegionHeader.decode(bytes);
        if (newest == null || found.generation() > newest.header.generation()) {
          newest = new Copy(copy, condition, found);
        }
      }
    }
    long length = disk.length();
    if (newest == null) {
      throw StoreErrors.noHeader(path, length, seenMagic);
    }
    if (newest.condition == Condition.TOO_NEW) {
      throw StoreErrors.tooNew(path, newest.header);
    }
    if (length < newest.header.dataEnd()) {
      throw StoreErrors.cutShort("open", path, length, newest.header.dataEnd());
    }
    return new RegionImage(disk, newest.header, newest.index);
  }

  /** Whether a file is none of the store's: it has bytes, and no header copy's magic number. */
  static boolean isForeign(Disk disk) throws IOException {
    for (long position : COPY_POSITIONS) {
      byte[] bytes = new byte[RegionHeader.BYTES];
      disk.read(position, bytes);
      if (RegionHeader.examine(bytes) != Condition.FOREIGN) {
        return false;
      }
    }
    return disk.length() > 0;
  }

  private record Copy(int index, Condition condition, RegionHeader header) {}

  RegionHeader header() {
    return header;
  }

  /** Makes both copies equal again after a power cut between them; needs the exclusive lock. */
  void heal() throws IOException {
    if (!flaws().isEmpty()) {
      disk.write(COPY_POSITIONS[1 - newestCopy], header.encode());
      disk.sync();
    }
  }

  /** What is not as it should be at rest, in words; empty when all is well. */
  List<String> flaws() throws IOException {
    List<String> flaws = new ArrayList<>();
    byte[] other = new byte[RegionHeader.BYTES];
    disk.read(COPY_POSITIONS[1 - newestCopy], other);
    if (!Arrays.equals(other, header.encode())) {
      flaws.add(
          "header copy at "
              + COPY_POSITIONS[1 - newestCopy]
              + (RegionHeader.examine(other) == Condition.VALID ? " is older" : " is damaged")
              + ", the other is good");
    }
    return flaws;
  }

  /** Bytes in the file behind the region's last page, left by a power cut during a resize. */
  long surplusBytes() throws IOException {
    return Math.max(0, disk.length() - fileLength(header.dataOffset(), header.byteSize()));
  }

  /**
   * Changes the size. Kept bytes stay, new ones are zero. Bytes that go away must be unmapped
   * before.
   *
   * @return what failed when the new size held already: the second copy is not equal yet, or the
   *     file is longer than it need be. Null if nothing failed
   * @throws IOException if the old size holds
   */
  @Nullable IOException resize(long newByteSize, Reserve reserve) throws IOException {
    long oldByteSize = header.byteSize();
    long oldLength = fileLength(header.dataOffset(), oldByteSize);
    long newLength = fileLength(header.dataOffset(), newByteSize);
    if (newByteSize == oldByteSize) {
      return null;
    }
    settle();
    if (newByteSize > oldByteSize) {
      lengthen(disk, header.dataEnd(), oldLength, newLength, reserve);
    }
    try {
      if (newByteSize > oldByteSize) {
        disk.sync();
      }
      commit(header.resized(newByteSize), wholeFile);
    } catch (IOException e) {
      if (newByteSize > oldByteSize && withdrawn == null) {
        cut(oldLength, e);
      }
      throw e;
    }
    try {
      mirror(wholeFile);
      if (newByteSize < oldByteSize) {
        disk.setLength(newLength);
        disk.sync();
      }
      return null;
    } catch (IOException e) {
      return e;
    }
  }

  private void cut(long length, IOException failure) {
    try {
      disk.setLength(length);
    } catch (IOException e) {
      failure.addSuppressed(e); // a longer file is no fault
    }
  }

  /** Resizes a file without a header, whose data begins at its first byte. */
  static void resizePlain(Disk disk, long byteSize, long newByteSize, Reserve reserve)
      throws IOException {
    long newLength = fileLength(0, newByteSize);
    if (newByteSize > byteSize) {
      lengthen(disk, byteSize, fileLength(0, byteSize), newLength, reserve);
    } else {
      disk.setLength(newLength);
    }
  }

  private static void lengthen(
      Disk disk, long dataEnd, long oldLength, long newLength, Reserve reserve) throws IOException {
    // What an earlier shrink left behind the last byte must not show up again: cutting the file
    // exactly there makes the kernel zero the rest of the page.
    disk.setLength(dataEnd);
    try {
      disk.setLength(newLength);
      if (newLength > oldLength) {
        reserve.reserve(oldLength, newLength - oldLength);
      }
    } catch (IOException | RuntimeException | Error e) {
      try {
        disk.setLength(oldLength);
      } catch (IOException f) {
        e.addSuppressed(f);
      }
      throw e;
    }
  }

  /**
   * Makes or ends the note of a move; waits for the headers alone. {@link #header} tells what
   * holds.
   */
  void note(@Nullable HandOver note) throws IOException {
    Sync copyOnly = copy -> disk.sync(COPY_POSITIONS[copy], RegionHeader.BYTES);
    settle();
    commit(header.noting(note), copyOnly);
    mirror(copyOnly);
  }

  @FunctionalInterface
  private interface Sync {
    void of(int copy) throws IOException;
  }

  /** Makes a header the one that holds; on failure the one before holds. */
  private void commit(RegionHeader next, Sync sync) throws IOException {
    try {
      put(next, sync);
    } catch (IOException e) {
      // Whether the device has the copy nobody can tell, and if so it is the newest.
      withdrawn = next;
      try {
        settle();
      } catch (IOException f) {
        e.addSuppressed(f);
      }
      throw e;
    }
  }

  /**
   * Writes over the copy of a change that failed, if that is still to be done: until it is, the
   * file may have that change for whoever opens it next.
   */
  void settle() throws IOException {
    RegionHeader failed = withdrawn;
    if (failed != null) {
      put(header.after(failed), wholeFile);
      withdrawn = null;
    }
  }

  private void put(RegionHeader next, Sync sync) throws IOException {
    int target = 1 - newestCopy;
    disk.write(COPY_POSITIONS[target], next.encode());
    sync.of(target);
    header = next;
    newestCopy = target;
  }

  /** Makes the other copy equal. */
  private void mirror(Sync sync) throws IOException {
    disk.write(COPY_POSITIONS[1 - newestCopy], header.encode());
    sync.of(1 - newestCopy);
  }
}
