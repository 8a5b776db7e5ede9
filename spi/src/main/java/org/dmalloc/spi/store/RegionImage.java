/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import static org.dmalloc.spi.store.RegionHeader.COPY_POSITIONS;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.SnapshotOrigin;
import org.dmalloc.spi.store.RegionHeader.Condition;
import org.jspecify.annotations.Nullable;

/**
 * The content of a region file: two header copies and the data behind them. Knows in which order to
 * write them so that a power cut at any point leaves the old or the new state.
 *
 * <p>A change is written to one copy only, never to the one that the device is known to have; so
 * any number of changes may follow each other before the device is waited for. Then the other copy
 * is made equal, without a wait: what it had is not needed any more, so that one damaged copy loses
 * nothing. The {@linkplain RegionHeader#firstCopyOf generation} tells which copy was first, for
 * whoever opens the file when both are equal, and the device may not have the second one yet.
 */
final class RegionImage {
  /** Data begins at 2 MiB, so that address and file offset fit huge pages; the gap is a hole. */
  static final long DATA_OFFSET = 2L << 20;

  private final Disk disk;

  /** What holds in this process; the device may not have it yet. */
  private RegionHeader header;

  /** The copy that has it. */
  private int newestCopy;

  /** The copy that no change may overwrite; equals the newest once the device has that. */
  private int durableCopy;

  /** What is to be waited for until the device has the header, and what that counts on. */
  private Unforced unforced = Unforced.NOTHING;

  /** Whether the file was made shorter since the device was waited for. */
  private boolean unforcedCut;

  /** A header that failed to be written and may be in the file even so; null if there is none. */
  private @Nullable RegionHeader withdrawn;

  /**
   * Whether the other copy has the header of a growth that the file is too short for: it would hold
   * as soon as the file is longer.
   */
  private boolean misfit;

  /** Whether other processes may have the file mapped, so that nothing may be cut. */
  private boolean shared;

  private enum Unforced {
    NOTHING,
    HEADER,
    WHOLE_FILE
  }

  private RegionImage(
      Disk disk, RegionHeader header, int newestCopy, int durableCopy, Unforced unforced) {
    this.disk = disk;
    this.header = header;
    this.newestCopy = newestCopy;
    this.durableCopy = durableCopy;
    this.unforced = unforced;
  }

  /** Writes a new image over an empty file, and waits for nothing; a moved one has a note. */
  static RegionImage initialise(
      Disk disk,
      long byteSize,
      Reservation reservation,
      @Nullable HandOver note,
      FileLengths.Reserve reserve)
      throws IOException {
    return initialise(
        disk, RegionHeader.first(byteSize, DATA_OFFSET, reservation, note, null), reserve);
  }

  /** Writes a new image with that header. */
  static RegionImage initialise(Disk disk, RegionHeader header, FileLengths.Reserve reserve)
      throws IOException {
    long byteSize = header.byteSize();
    long length = FileLengths.of(DATA_OFFSET, byteSize);
    disk.setLength(length);
    reserve.reserve(DATA_OFFSET, length - DATA_OFFSET);
    byte[] bytes = header.encode();
    byte[] both = Arrays.copyOf(bytes, (int) COPY_POSITIONS[1] + bytes.length);
    System.arraycopy(bytes, 0, both, (int) COPY_POSITIONS[1], bytes.length);
    disk.write(COPY_POSITIONS[0], both);
    return new RegionImage(disk, header, 0, 0, Unforced.WHOLE_FILE);
  }

  /** Takes over what {@link HeaderCopies#find} finds; throws as that does. */
  static RegionImage load(Disk disk, Path path) throws IOException {
    HeaderCopies.Found found = HeaderCopies.find(disk, path);
    // Where the copies are not equal, nobody knows whether the device has the newest one already.
    Unforced unforced =
        found.newestCopy() == found.durableCopy() ? Unforced.NOTHING : Unforced.WHOLE_FILE;
    RegionImage image =
        new RegionImage(disk, found.header(), found.newestCopy(), found.durableCopy(), unforced);
    image.misfit = found.misfit();
    return image;
  }

  RegionHeader header() {
    return header;
  }

  /** From now on growth cuts nothing away, as other processes may have the file mapped. */
  void shareWithOthers() {
    shared = true;
  }

  /** Whether the device may not have all that the header says. */
  boolean isUnforced() {
    return unforced != Unforced.NOTHING || disk.isLost();
  }

  /** Has the next {@link #force} wait for all of the file, whatever is known of it. */
  void doubt() {
    unforced = Unforced.WHOLE_FILE;
  }

  /** Waits until the device has the header, and what it counts on; makes both copies equal then. */
  void force() throws IOException {
    settle();
    if (disk.isLost()) {
      recover();
      return;
    }
    switch (unforced) {
      case NOTHING -> {
        return;
      }
      case HEADER -> disk.sync(COPY_POSITIONS[newestCopy], RegionHeader.BYTES);
      case WHOLE_FILE -> disk.sync();
    }
    forced();
  }

  /** Waits for the device after a failed wait, by which it may have lost either copy. */
  private void recover() throws IOException {
    write(newestCopy, header); // not over another one that it has
    disk.sync();
    durableCopy = newestCopy;
    unforced = Unforced.NOTHING;
    unforcedCut = false;
    mirror();
    disk.sync(); // or the other copy could be that of a growth, and hold with the next one
    misfit = false;
    disk.noteLost(false);
  }

  /**
   * Waits until the device has what is in the file, without writing to it.
   *
   * @throws IOException also if a wait failed before, as this one would wait for nothing
   */
  void forceAsItIs(Path path) throws IOException {
    if (isUnforced()) {
      if (disk.isLost()) {
        throw StoreErrors.lost(path);
      }
      disk.sync();
      unforced = Unforced.NOTHING;
    }
  }

  /** The device has all of the file. */
  private void forced() throws IOException {
    boolean apart = newestCopy != durableCopy;
    unforced = Unforced.NOTHING;
    unforcedCut = false;
    durableCopy = newestCopy;
    if (apart) {
      mirror();
    }
  }

  /**
   * Says that the device has got all of the file since {@link #header} returned that; false if it
   * has changed since. If a wait failed before, the device has got nothing by that: then this waits
   * for it.
   */
  boolean forced(RegionHeader seen) throws IOException {
    if (disk.isLost()) {
      force();
      return true;
    }
    boolean same = header.equals(seen) && withdrawn == null;
    if (same) {
      forced();
    }
    return same;
  }

  /**
   * Whether the other copy is damaged, or would hold if the file were longer, or may do so on the
   * device alone: then it is to be healed before anything is changed.
   */
  boolean isAiling() throws IOException {
    return misfit || disk.isLost() || RegionHeader.examine(otherCopy()) != Condition.VALID;
  }

  /** Makes both copies equal again after a power cut between them; needs the exclusive lock. */
  void heal() throws IOException {
    if (disk.isLost() || !areEqual()) {
      unforced = Unforced.WHOLE_FILE;
      force();
      mirror();
      if (misfit) {
        // Or the device could have a greater length before it has the copy.
        disk.sync();
        misfit = false;
      }
    }
  }

  private byte[] otherCopy() throws IOException {
    byte[] other = new byte[RegionHeader.BYTES];
    disk.read(COPY_POSITIONS[1 - newestCopy], other);
    return other;
  }

  private boolean areEqual() throws IOException {
    return Arrays.equals(otherCopy(), header.encode());
  }

  /** What is not as it should be, in words; empty when all is well. */
  List<String> flaws() throws IOException {
    List<String> flaws = new ArrayList<>();
    if (RegionHeader.examine(otherCopy()) != Condition.VALID) {
      flaws.add(
          "header copy at " + COPY_POSITIONS[1 - newestCopy] + " is damaged, the other is good");
    }
    if (disk.isLost()) {
      flaws.add("its header may not be on the device, as a write failed; open it for writing");
    }
    return List.copyOf(flaws);
  }

  /** Bytes in the file behind the region's last page, left by a power cut during a resize. */
  long surplusBytes() throws IOException {
    return Math.max(0, disk.length() - FileLengths.of(header.dataOffset(), header.byteSize()));
  }

  /** Cuts them. */
  void trim() throws IOException {
    if (surplusBytes() > 0) {
      settle();
      disk.setLength(FileLengths.of(header.dataOffset(), header.byteSize()));
      unforcedCut = true;
    }
  }

  /**
   * Says size and length as a checkpoint has them, and lengthens the file if it is too short; the
   * device has it with the next {@link #force}.
   *
   * @return whether anything has changed
   */
  boolean settleAt(long byteSize, long length) throws IOException {
    settle();
    RegionHeader settled = header.settled(byteSize, length);
    long fileLength = FileLengths.of(header.dataOffset(), byteSize);
    boolean tooShort = disk.length() < fileLength;
    if (tooShort) {
      disk.setLength(fileLength);
    }
    boolean differs = !settled.equals(header);
    if (differs) {
      change(settled, Unforced.WHOLE_FILE, false);
    }
    return tooShort || differs;
  }

  /** Makes the file longer, zero and reserved there, for what a later header tells. */
  void lengthen(long byteSize, FileLengths.Reserve reserve) throws IOException {
    long before = disk.length();
    long after = FileLengths.of(header.dataOffset(), byteSize);
    if (after <= before) {
      return;
    }
    disk.setLength(after);
    try {
      reserve.reserve(before, after - before);
      disk.sync();
    } catch (IOException | RuntimeException | Error e) {
      try {
        disk.setLength(before);
      } catch (IOException f) {
        e.addSuppressed(f);
      }
      throw e;
    }
  }

  /** Cuts what is behind the last byte, so that it is zero for whoever comes there next. */
  void trimExactly() throws IOException {
    long end = FileLengths.of(header.dataOffset(), header.byteSize());
    if (hasRemains(header.dataEnd(), end)) {
      settle();
      disk.setLength(header.dataEnd());
      disk.setLength(end);
      disk.sync();
    }
  }

  /** Says how many bytes are in use; the device has it with the next {@link #force}. */
  void use(long length) throws IOException {
    settle();
    change(header.using(length), Unforced.HEADER, false);
  }

  /**
   * Changes the size. Kept bytes stay, new ones are zero. Bytes that go away must be unmapped
   * before.
   *
   * @param durable whether to wait for the device, or leave that to {@link #force}. To shrink below
   *     what the device has for certain always waits, before the file is cut
   * @return what failed when the new size held already: the second copy is not equal yet, or the
   *     file is longer than it need be. Null if nothing failed
   * @throws IOException if the old size holds
   */
  @Nullable IOException resize(
      long newByteSize, FileLengths.Reserve reserve, NameDurability durable) throws IOException {
    long oldByteSize = header.byteSize();
    if (newByteSize == oldByteSize) {
      return null;
    }
    settle();
    if (newByteSize > oldByteSize) {
      return grow(newByteSize, reserve, durable);
    }
    boolean now = durable == NameDurability.NOW || newByteSize < durableByteSize();
    change(header.resized(newByteSize), Unforced.WHOLE_FILE, now);
    try {
      if (now) {
        mirror();
      }
      disk.setLength(FileLengths.of(header.dataOffset(), newByteSize));
      unforcedCut = true;
      return null;
    } catch (IOException e) {
      return e;
    }
  }

  private @Nullable IOException grow(
      long newByteSize, FileLengths.Reserve reserve, NameDurability durable) throws IOException {
    if (disk.isLost()) {
      force(); // or a copy that the device has, and this process has not seen, could fit then
    }
    long oldLength = FileLengths.of(header.dataOffset(), header.byteSize());
    long newLength = FileLengths.of(header.dataOffset(), newByteSize);
    long before = shared ? Math.max(oldLength, disk.length()) : oldLength;
    if (shared) {
      FileLengths.lengthenShared(disk, header.dataEnd(), oldLength, newLength, reserve);
    } else {
      if (unforcedCut || hasRemains(header.dataEnd(), oldLength)) {
        // Or the device could have the new size and still the bytes that an earlier shrink left.
        unforcedCut = true; // until a wait works
        disk.setLength(header.dataEnd());
        disk.setLength(oldLength);
        disk.sync();
        forced();
      }
      FileLengths.lengthen(disk, header.dataEnd(), oldLength, newLength, reserve);
    }
    try {
      // The device may get the header before the length: then the other copy holds.
      change(header.resized(newByteSize), Unforced.WHOLE_FILE, durable == NameDurability.NOW);
    } catch (IOException e) {
      if (withdrawn == null) {
        cut(before, e);
      }
      throw e;
    }
    try {
      if (!isUnforced()) {
        mirror();
      }
      return null;
    } catch (IOException e) {
      return e;
    }
  }

  /**
   * The size that the copy tells which is not overwritten; of a file cut shorter it would not hold.
   */
  private long durableByteSize() throws IOException {
    byte[] bytes = new byte[RegionHeader.BYTES];
    disk.read(COPY_POSITIONS[durableCopy], bytes);
    return RegionHeader.decode(bytes).byteSize();
  }

  private boolean hasRemains(long dataEnd, long length) throws IOException {
    byte[] tail = new byte[(int) (length - dataEnd)];
    disk.read(dataEnd, tail);
    return disk.length() > length || !RegionHeader.areZeros(tail, 0, tail.length);
  }

  private void cut(long length, IOException failure) {
    try {
      disk.setLength(length);
    } catch (IOException e) {
      failure.addSuppressed(e); // a longer file is no fault
    }
  }

  /**
   * Makes or ends the note of a move; waits for the headers alone. {@link #header} tells what
   * holds.
   */
  void note(@Nullable HandOver note) throws IOException {
    settle();
    change(header.noting(note), Unforced.HEADER, true);
    mirror();
  }

  /** Says that it is a snapshot; the device has it with the next {@link #force}. */
  void mark(SnapshotOrigin origin) throws IOException {
    settle();
    change(header.of(origin), Unforced.WHOLE_FILE, false);
  }

  /** Says whether space was given up; waits for the headers alone. */
  void noteHoles(boolean holes) throws IOException {
    settle();
    change(header.withHoles(holes), Unforced.HEADER, true);
    mirror();
  }

  /** Makes a header the one that holds; on failure the one before holds. */
  private void change(RegionHeader next, Unforced how, boolean now) throws IOException {
    int target = 1 - durableCopy;
    RegionHeader changed = next.after(header, target);
    Unforced before = unforced;
    try {
      put(changed, target, how.compareTo(before) > 0 ? how : before, now);
    } catch (IOException e) {
      // Whether the device has the copy nobody can tell, and if so it is the newest.
      withdrawn = changed;
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
      int target = 1 - durableCopy;
      put(header.after(failed, target), target, Unforced.WHOLE_FILE, true);
      withdrawn = null;
    }
  }

  private void put(RegionHeader next, int target, Unforced how, boolean now) throws IOException {
    write(target, next);
    if (now && how == Unforced.HEADER) {
      disk.sync(COPY_POSITIONS[target], RegionHeader.BYTES);
    } else if (now) {
      disk.sync();
    }
    header = next;
    newestCopy = target;
    durableCopy = now ? target : durableCopy;
    unforced = now ? Unforced.NOTHING : how;
  }

  /** Makes the other copy equal, once the device has the newest one. */
  private void mirror() throws IOException {
    write(1 - newestCopy, header);
  }

  private void write(int copy, RegionHeader content) throws IOException {
    if (disk.isLost()) {
      disk.writeThrough(COPY_POSITIONS[copy], content.encode());
    } else {
      disk.write(COPY_POSITIONS[copy], content.encode());
    }
  }
}
