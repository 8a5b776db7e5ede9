/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.store;

import static org.dmalloc.store.RegionHeader.COPY_POSITIONS;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.Reservation;
import org.dmalloc.store.RegionHeader.Condition;
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

  private RegionImage(Disk disk, RegionHeader header, int newestCopy) {
    this.disk = disk;
    this.header = header;
    this.newestCopy = newestCopy;
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

  /** Writes a new image over an empty file and waits until the device has it. */
  static RegionImage initialise(Disk disk, long byteSize, Reservation reservation, Reserve reserve)
      throws IOException {
    return initialise(disk, byteSize, reservation, null, reserve);
  }

  /** Like the other one, for what comes from another store if there is a note. */
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
   * Reads the newest valid header.
   *
   * @throws MemoryException if the file is foreign, damaged, too new or cut short
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
      throw Refusal.noHeader(path, length, seenMagic);
    }
    if (newest.condition == Condition.TOO_NEW) {
      throw Refusal.tooNew(path, newest.header);
    }
    if (length < newest.header.dataEnd()) {
      throw Refusal.cutShort("open", path, length, newest.header.dataEnd());
    }
    return new RegionImage(disk, newest.header, newest.index);
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
   * Changes the size. Kept bytes stay, new ones are zero; on failure the old state holds. Whoever
   * maps bytes that go away must have unmapped them.
   */
  void resize(long newByteSize, Reserve reserve) throws IOException {
    long offset = header.dataOffset();
    long newLength = fileLength(offset, newByteSize);
    if (newByteSize > header.byteSize()) {
      grow(newLength, reserve);
      commit(header.resized(newByteSize));
    } else if (newByteSize < header.byteSize()) {
      commit(header.resized(newByteSize));
      disk.setLength(newLength);
      disk.sync();
    }
  }

  private void grow(long newLength, Reserve reserve) throws IOException {
    lengthen(
        disk,
        header.dataEnd(),
        fileLength(header.dataOffset(), header.byteSize()),
        newLength,
        reserve);
    disk.sync();
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

  /** Makes or ends the note of a move; waits for the headers, not for the data. */
  void note(@Nullable HandOver note) throws IOException {
    commit(header.noting(note), copy -> disk.sync(COPY_POSITIONS[copy], RegionHeader.BYTES));
  }

  private void commit(RegionHeader next) throws IOException {
    commit(next, copy -> disk.sync());
  }

  /** Waits for the device. */
  @FunctionalInterface
  private interface Sync {
    void of(int copy) throws IOException;
  }

  private void commit(RegionHeader next, Sync sync) throws IOException {
    byte[] bytes = next.encode();
    int target = 1 - newestCopy;
    disk.write(COPY_POSITIONS[target], bytes);
    sync.of(target);
    header = next;
    newestCopy = target;
    disk.write(COPY_POSITIONS[1 - target], bytes);
    sync.of(1 - target);
  }
}
