/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.StoreMove;
import org.jspecify.annotations.Nullable;

/**
 * A note in a region's header that its bytes go to, or came from, a file of another store. The old
 * file is noted as leaving before the new one gets its name, and the new one bears the same id from
 * the beginning; so whoever finds both after a crash knows that the new one holds the region, and
 * whoever finds the old one alone knows that it does.
 *
 * @param role which of the two files bears the note
 * @param id the same in both files
 * @param path the other file
 */
record HandOver(Role role, UUID id, String path) {
  /** Where the note lies in a header copy. */
  static final int AT = 56;

  private static final int LENGTH_AT = AT + 16;
  private static final int PATH_AT = LENGTH_AT + Short.BYTES;

  /** What is left of a header copy for the path. */
  static final int MAX_PATH_BYTES = RegionHeader.JOURNAL_AT - PATH_AT;

  enum Role {
    /** The old one, which is the region only if the new one is not. */
    LEAVING(1L << 1),
    /** The new one, which any reader may open. */
    ARRIVED(1L << 32);

    private final long flag;

    Role(long flag) {
      this.flag = flag;
    }
  }

  static final long FLAGS = Role.LEAVING.flag | Role.ARRIVED.flag;

  long flag() {
    return role.flag;
  }

  /** Makes a note; throws if the path is longer than a header can note. */
  static HandOver of(Role role, UUID id, Path path) throws MemoryException {
    String text = path.toAbsolutePath().normalize().toString();
    if (text.getBytes(StandardCharsets.UTF_8).length > MAX_PATH_BYTES) {
      throw MemoryException.of(
          "move",
          text,
          "the path has more than the " + MAX_PATH_BYTES + " bytes that a region's header can note",
          "choose a store with a shorter path");
    }
    return new HandOver(role, id, text);
  }

  /** The note of the new file of a move; null without one. */
  static @Nullable HandOver arriving(@Nullable StoreMove move) throws MemoryException {
    return move == null ? null : of(Role.ARRIVED, move.id(), move.from());
  }

  void encode(ByteBuffer header) {
    byte[] text = path.getBytes(StandardCharsets.UTF_8);
    header.putLong(AT, Long.reverseBytes(id.getMostSignificantBits()));
    header.putLong(AT + Long.BYTES, Long.reverseBytes(id.getLeastSignificantBits()));
    header.putShort(LENGTH_AT, (short) text.length);
    header.put(PATH_AT, text);
  }

  /** The note of a header copy with these flags; null if it has none. */
  static @Nullable HandOver decode(ByteBuffer header, long flags) {
    Role role =
        (flags & Role.LEAVING.flag) != 0
            ? Role.LEAVING
            : (flags & Role.ARRIVED.flag) != 0 ? Role.ARRIVED : null;
    int length = header.getShort(LENGTH_AT);
    if (role == null || length < 1 || length > MAX_PATH_BYTES) {
      return null;
    }
    byte[] text = new byte[length];
    header.get(PATH_AT, text);
    UUID id =
        new UUID(
            Long.reverseBytes(header.getLong(AT)),
            Long.reverseBytes(header.getLong(AT + Long.BYTES)));
    return new HandOver(role, id, new String(text, StandardCharsets.UTF_8));
  }

  /** What the file with a note of leaving is. */
  enum Standing {
    /** The region: the other file never got its name. */
    HOLDS,
    /** What was left when the other file had got its name. */
    SUPERSEDED,
    /** Not known as long as the other file cannot be read. */
    UNKNOWN
  }

  /** Whether the file with this note was left when the other one had got its name. */
  boolean isSuperseded() {
    return role == Role.LEAVING && standing() == Standing.SUPERSEDED;
  }

  private boolean isFor(RegionHeader header, Role other) {
    HandOver there = header.handOver();
    return there != null && there.role == other && there.id.equals(id);
  }

  /** Null where its directory is not there, such as on a disk that is not mounted. */
  private @Nullable Path otherFile() {
    try {
      Path other = Path.of(path);
      Path directory = other.getParent();
      return directory != null && Files.isDirectory(directory) ? other : null;
    } catch (InvalidPathException e) {
      return null; // noted where names are encoded otherwise
    }
  }

  /** Examines the new file, which tells what the old one with this note is. Changes nothing. */
  Standing standing() {
    Path other = otherFile();
    if (other == null) {
      return Standing.UNKNOWN;
    }
    try {
      FileIdentity identity = FileIdentity.of(other);
      synchronized (OpenFiles.monitor(identity)) {
        if (!OpenFiles.entries(identity).isEmpty()) {
          return Standing.UNKNOWN; // to open it here, and close it, would drop its lock
        }
        try (FileIdentity.Opened opened = FileIdentity.openAsAllowed(other, identity)) {
          ChannelDisk disk = opened.disk();
          if (disk.length() == 0) {
            return Standing.HOLDS; // a creation where there are no hard links, cut off
          }
          RegionHeader header = RegionImage.load(disk, other).header();
          return isFor(header, Role.ARRIVED) ? Standing.SUPERSEDED : Standing.HOLDS;
        }
      }
    } catch (NoSuchFileException e) {
      return Standing.HOLDS;
    } catch (IOException e) {
      return Standing.UNKNOWN;
    }
  }

  /** Deletes the old file of the new one, which is open for writing; false if it is still there. */
  boolean removeOldFile(DirectoryEntries.Calls calls) {
    Path other = otherFile();
    if (other == null) {
      return false;
    }
    try {
      deleteOld(other);
      // Also if it was gone already: whoever deleted it may not have waited for the device.
      calls.force(Objects.requireNonNull(other.getParent()));
      return true;
    } catch (IOException e) {
      return false; // in use, unreadable or not ours to delete: the note stays, and so does it
    }
  }

  private void deleteOld(Path other) throws IOException {
    try (LockedFile old =
        LockedFile.open("remove", other, OpenMode.WRITER, "its removal", Duration.ZERO)) {
      RegionHeader header = RegionImage.load(old.disk(), other).header();
      if (isFor(header, Role.LEAVING)) {
        FileIdentity.deleteIfSame(other, old.identity());
        CheckpointedRegions.forget(
            Objects.requireNonNull(other.toAbsolutePath().getParent()), header.journal());
      }
    } catch (NoSuchFileException e) {
      // Deleted before, or never there.
    }
  }
}
