/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.dmalloc.spi.store.RegionHeader.COPY_POSITIONS;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import org.dmalloc.spi.store.RegionHeader.Condition;

/** The two copies of the header as they stand in a file: which of them holds. */
final class HeaderCopies {
  private HeaderCopies() {}

  /**
   * What holds.
   *
   * @param header the header
   * @param newestCopy the number of the copy that has it
   * @param durableCopy the number of the copy that the device is known to have; another one if the
   *     copies are not equal and both may hold
   * @param misfit whether the other copy has the header of a growth that the file is too short for
   */
  record Found(RegionHeader header, int newestCopy, int durableCopy, boolean misfit) {}

  private record Copy(int index, Condition condition, RegionHeader header) {
    boolean fits(long fileLength) {
      return condition == Condition.VALID && header.dataEnd() <= fileLength;
    }
  }

  /**
   * Reads the header that holds; throws if the file is foreign, damaged, too new or cut short. A
   * copy that tells of more bytes than the file has is that of a growth that the device never got
   * whole, if the other copy fits.
   */
  static Found find(Disk disk, Path path) throws IOException {
    List<Copy> copies = new ArrayList<>();
    EnumSet<Condition> seen = EnumSet.noneOf(Condition.class);
    for (int copy = 0; copy < COPY_POSITIONS.length; copy++) {
      byte[] bytes = new byte[RegionHeader.BYTES];
      disk.read(COPY_POSITIONS[copy], bytes);
      Condition condition = RegionHeader.examine(bytes);
      seen.add(condition);
      if (condition == Condition.VALID || condition == Condition.TOO_NEW) {
        copies.add(new Copy(copy, condition, RegionHeader.decode(bytes)));
      }
    }
    long length = disk.length();
    if (copies.isEmpty()) {
      boolean unwritten = seen.equals(EnumSet.of(Condition.UNWRITTEN)) && isUnwritten(disk);
      throw StoreErrors.noHeader(path, length, seen.contains(Condition.DAMAGED), unwritten);
    }
    copies.sort(Comparator.comparingLong(copy -> -copy.header.generation()));
    Copy newest = copies.getFirst();
    Copy other = copies.getLast();
    if (newest.condition == Condition.TOO_NEW) {
      throw StoreErrors.tooNew(path, newest.header);
    }
    if (!newest.fits(length)) {
      if (!other.fits(length)) {
        throw StoreErrors.cutShort("open", path, length, newest.header.dataEnd());
      }
      return new Found(other.header, other.index, other.index, true);
    }
    if (!other.fits(length) || copies.size() == 1) {
      return new Found(newest.header, newest.index, newest.index, false);
    }
    if (newest.header.generation() == other.header.generation()) {
      int first = RegionHeader.firstCopyOf(newest.header.generation());
      return new Found(newest.header, first, first, false);
    }
    return new Found(newest.header, newest.index, other.index, false);
  }

  /** Whether a file is none of the store's: it has bytes, and no header copy's magic number. */
  static boolean isForeign(Disk disk) throws IOException {
    boolean zeros = true;
    for (long position : COPY_POSITIONS) {
      byte[] bytes = new byte[RegionHeader.BYTES];
      disk.read(position, bytes);
      Condition condition = RegionHeader.examine(bytes);
      if (condition == Condition.VALID
          || condition == Condition.TOO_NEW
          || condition == Condition.DAMAGED) {
        return false;
      }
      zeros &= condition == Condition.UNWRITTEN;
    }
    return disk.length() > 0 && !(zeros && isUnwritten(disk));
  }

  /**
   * Whether there is nothing before the data but header copies: other files begin with zeros, too.
   */
  private static boolean isUnwritten(Disk disk) throws IOException {
    byte[] bytes = new byte[(int) RegionImage.DATA_OFFSET];
    disk.read(0, bytes);
    int first = (int) COPY_POSITIONS[0] + RegionHeader.BYTES;
    int second = (int) COPY_POSITIONS[1];
    return RegionHeader.areZeros(bytes, first, second)
        && RegionHeader.areZeros(bytes, second + RegionHeader.BYTES, bytes.length);
  }

  /**
   * Writes the header that a file was closed with, unless the file has a newer one: what could not
   * be written may have been dropped from memory. Needs the exclusive lock.
   */
  static void rewrite(Disk disk, RegionHeader noted) throws IOException {
    if (!isForeign(disk) && newestGeneration(disk) < noted.generation()) {
      disk.writeThrough(
          COPY_POSITIONS[RegionHeader.firstCopyOf(noted.generation())], noted.encode());
    }
  }

  private static long newestGeneration(Disk disk) throws IOException {
    long newest = -1;
    for (long position : COPY_POSITIONS) {
      byte[] bytes = new byte[RegionHeader.BYTES];
      disk.read(position, bytes);
      Condition condition = RegionHeader.examine(bytes);
      if (condition == Condition.VALID || condition == Condition.TOO_NEW) {
        newest = Math.max(newest, RegionHeader.decode(bytes).generation());
      }
    }
    return newest;
  }
}
