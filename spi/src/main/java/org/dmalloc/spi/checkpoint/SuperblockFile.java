/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.SortedMap;
import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;

/**
 * The superblock in its file: two copies, each with a table of members elsewhere in the file. A
 * change is written over the copy that the device is not known to have, so that a power cut leaves
 * the values before or after it.
 */
final class SuperblockFile {
  static final long[] COPY_POSITIONS = {0, PageFormat.PAGE};
  private static final long TABLES_AT = 2 * PageFormat.PAGE;

  private static final Logger LOG = System.getLogger(SuperblockFile.class.getName());

  private final JournalDisk disk;
  private final Path path;
  private Superblock now;

  /** The copy that the device has for certain. */
  private int durableCopy;

  /** The table that goes with it. */
  private long durableTable;

  private long durableTableBytes;

  /** Where nothing has been written that the device failed to take. */
  private long soundFrom = TABLES_AT;

  private SuperblockFile(JournalDisk disk, Path path, Superblock now, int durableCopy) {
    this.disk = disk;
    this.path = path;
    this.now = now;
    this.durableCopy = durableCopy;
    this.durableTable = now.tablePosition();
    this.durableTableBytes = tableBytes(now);
  }

  /** Writes the first one into an empty file, and waits for the device. */
  static SuperblockFile create(JournalDisk disk, Path path, Superblock first) throws IOException {
    for (long position : COPY_POSITIONS) {
      disk.write(position, first.encode());
    }
    disk.sync();
    return new SuperblockFile(disk, path, first, 0);
  }

  private record Copy(int index, Superblock content) {}

  /** Reads the one that holds; may run beside its owner. */
  static Superblock read(JournalDisk disk, Path path) throws IOException {
    return newest(disk, path).content;
  }

  private static Copy newest(JournalDisk disk, Path path) throws IOException {
    Copy best = null;
    int newerVersion = 0;
    for (int copy = 0; copy < COPY_POSITIONS.length; copy++) {
      ByteBuffer page = PageFormat.page();
      disk.read(COPY_POSITIONS[copy], page);
      if (PageFormat.is(page, PageFormat.SUPERBLOCK)) {
        newerVersion = Math.max(newerVersion, Superblock.version(page));
      }
      Superblock read = decode(disk, page);
      if (read != null && (best == null || read.generation() > best.content.generation())) {
        best = new Copy(copy, read);
      }
    }
    if (newerVersion > PageFormat.VERSION) {
      throw JournalErrors.tooNew(path, newerVersion);
    }
    if (best == null) {
      throw JournalErrors.damaged("open", path, "both copies of its superblock fail their checks");
    }
    return best;
  }

  private static @Nullable Superblock decode(JournalDisk disk, ByteBuffer page) throws IOException {
    Superblock.TablePlace place = Superblock.tablePlace(page);
    if (place == null || place.position() + place.bytes() > disk.length()) {
      return null;
    }
    ByteBuffer table = ByteBuffer.allocate(place.bytes());
    disk.read(place.position(), table);
    return Superblock.decode(page, table.flip());
  }

  /**
   * Opens it to be changed. What memory has of the file the device need not have, even after a wait
   * that works; so what holds is written once more where it is, over the same or over what does not
   * count, and only then over the other copy, which may be the only one that the device has.
   */
  static SuperblockFile open(JournalDisk disk, Path path) throws IOException {
    Copy newest = newest(disk, path);
    Superblock holds = newest.content;
    SuperblockFile file = new SuperblockFile(disk, path, holds, newest.index);
    ByteBuffer table = holds.encodeTable();
    if (table.hasRemaining()) {
      disk.write(holds.tablePosition(), table);
    }
    disk.write(COPY_POSITIONS[newest.index], holds.encode());
    disk.sync();
    file.mirror();
    return file;
  }

  Superblock now() {
    return now;
  }

  /** Changes what was applied and acknowledged, and waits for the device. */
  void progress(Superblock next) throws IOException {
    put(next);
  }

  /** The same without a wait: a power cut may take it back. */
  void progressLazily(Superblock next) throws IOException {
    disk.write(COPY_POSITIONS[1 - durableCopy], next.encode());
    now = next;
  }

  /** Changes the members, and waits for the device. */
  void members(SortedMap<Integer, String> members, int nextMember) throws IOException {
    Superblock next = now.withMembers(members, nextMember, 0);
    put(next.withMembers(members, nextMember, placeOfTable(next)));
  }

  /** A place for a table that spares the one that the device has. */
  private long placeOfTable(Superblock next) {
    long bytes = PageFormat.wholePages(tableBytes(next));
    long durableEnd = durableTable + PageFormat.wholePages(durableTableBytes);
    boolean fitsBefore = durableTableBytes == 0 || soundFrom + bytes <= durableTable;
    return fitsBefore ? soundFrom : Math.max(soundFrom, durableEnd);
  }

  private static long tableBytes(Superblock superblock) {
    return superblock.encodeTable().remaining();
  }

  private void put(Superblock next) throws IOException {
    int target = 1 - durableCopy;
    ByteBuffer table = next.encodeTable();
    long bytes = table.remaining();
    boolean moved = next.tablePosition() != now.tablePosition();
    try {
      if (moved && bytes > 0) {
        disk.write(next.tablePosition(), table);
      }
      disk.write(COPY_POSITIONS[target], next.encode());
      disk.sync();
    } catch (IOException e) {
      withdraw(next, target, moved, e);
      throw e;
    }
    now = next;
    durableCopy = target;
    durableTable = next.tablePosition();
    durableTableBytes = bytes;
    mirror();
  }

  /** Makes the other copy equal, so that a damaged one is no loss; nobody waits for that. */
  private void mirror() {
    try {
      disk.write(COPY_POSITIONS[1 - durableCopy], now.encode());
    } catch (IOException e) {
      LOG.log(
          Level.WARNING,
          "{0}: the second copy of the superblock could not be written, the next change tries"
              + " again: {1}",
          path,
          e.getMessage());
    }
  }

  /** The device may have the change all the same: what holds is written over it. */
  private void withdraw(Superblock failed, int target, boolean moved, IOException cause) {
    if (moved) {
      // Blocks that failed to be allocated may never get what is written to them.
      soundFrom =
          Math.max(soundFrom, failed.tablePosition() + PageFormat.wholePages(tableBytes(failed)));
    }
    try {
      now = now.withMembers(now.members(), now.nextMember(), now.tablePosition());
      now = now.withMembers(now.members(), now.nextMember(), now.tablePosition());
      disk.write(COPY_POSITIONS[target], now.encode());
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  static @Nullable MemoryException flaw(JournalDisk disk, Path path) throws IOException {
    for (long position : COPY_POSITIONS) {
      ByteBuffer page = PageFormat.page();
      disk.read(position, page);
      if (decode(disk, page) == null) {
        return JournalErrors.damaged("examine", path, "its superblock copy at " + position);
      }
    }
    return null;
  }
}
