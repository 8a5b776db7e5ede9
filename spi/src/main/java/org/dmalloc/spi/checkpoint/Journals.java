/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.checkpoint.SlotFormat.Head;

/** The journals in a store's directory, as they are seen without being opened. */
public final class Journals {
  private Journals() {}

  /** The ids of all. */
  public static List<UUID> list(Path store) throws MemoryException {
    return JournalErrors.call(
        "list",
        -1,
        store,
        () ->
            JournalDirectory.list(store).stream()
                .map(JournalDirectory::id)
                .flatMap(Optional::stream)
                .toList());
  }

  /** The journal of a group. */
  static Optional<UUID> find(Path store, String group) throws MemoryException {
    for (UUID id : list(store)) {
      try {
        if (superblock(path(store, id)).group().equals(group)) {
          return Optional.of(id);
        }
      } catch (IOException e) {
        // Gone by now, or damaged: whoever opens a region of it is told.
      }
    }
    return Optional.empty();
  }

  public static Path path(Path store, UUID id) {
    return JournalDirectory.path(store, id);
  }

  /** Whether there is something by the name of that journal. */
  public static boolean exists(Path store, UUID id) {
    return Files.exists(path(store, id), LinkOption.NOFOLLOW_LINKS);
  }

  /** Deletes what creations and deletions that were cut off have left. */
  public static void removeUnfinished(Path store) throws MemoryException {
    JournalErrors.run("open store", -1, store, () -> JournalDirectory.removeUnfinished(store));
  }

  /** What that would delete, and creations and deletions that are under way. */
  public static List<Path> unfinished(Path store) throws MemoryException {
    return JournalErrors.call("list", -1, store, () -> JournalDirectory.unfinished(store));
  }

  /** Whether it has what is not in the regions' files; asks no lock, and changes nothing. */
  public static boolean isSettled(Path store, UUID id) throws MemoryException {
    Path path = path(store, id);
    return JournalErrors.call("examine", -1, path, () -> isSettled(path));
  }

  private static boolean isSettled(Path path) throws IOException {
    Superblock superblock = superblock(path);
    if (superblock.applied() < superblock.acknowledged()) {
      return false;
    }
    for (int slot = 0; slot < JournalFiles.SLOTS; slot++) {
      try (ChannelJournalDisk disk = reading(path.resolve(Integer.toString(slot)))) {
        ByteBuffer page = PageFormat.page();
        disk.read(0, page);
        Head head = Head.decode(page);
        if (head != null && head.attempt().number() > superblock.applied()) {
          return false; // begun, and perhaps sealed
        }
      } catch (NoSuchFileException e) {
        // One that has nothing.
      }
    }
    return true;
  }

  /** Whether its superblock can be read; asks no lock. */
  public static boolean isReadable(Path store, UUID id) {
    try {
      superblock(path(store, id));
      return true;
    } catch (IOException e) {
      return false; // whoever opens it is told
    }
  }

  /** Whether somebody has it open, here or elsewhere. */
  public static boolean isInUse(Path store, UUID id) throws MemoryException {
    Path path = path(store, id);
    return JournalErrors.call("examine", -1, path, () -> JournalDirectory.isHeld(path));
  }

  /** Whether it has no members, or some without a name, which are being made or deleted. */
  public static boolean hasRemains(Path store, UUID id) throws MemoryException {
    Path path = path(store, id);
    Superblock superblock = JournalErrors.call("examine", -1, path, () -> superblock(path));
    return superblock.members().isEmpty() || superblock.members().containsValue("");
  }

  /** What is known of a journal without opening it. */
  static Superblock superblock(Path path) throws IOException {
    JournalDirectory.requireNoLink(path);
    Path file = path.resolve("group");
    try (ChannelJournalDisk disk = reading(file)) {
      return SuperblockFile.read(disk, file);
    }
  }

  private static ChannelJournalDisk reading(Path file) throws IOException {
    return ChannelJournalDisk.open(file, StandardOpenOption.READ);
  }

  /**
   * What a journal is found to be.
   *
   * @param group the group's name; empty for a region on its own
   * @param members the names of the regions by number; an empty one is being made or deleted
   * @param open whether somebody has it open; then the checkpoints are not examined
   * @param applied the last checkpoint in the regions' files
   * @param sealed the last one that is durable
   * @param damage why it cannot be used; empty if it can
   * @param flaws what is not as it should be, though it can be used
   */
  public record Inspection(
      String group,
      Map<Integer, String> members,
      boolean open,
      long applied,
      long sealed,
      Instant sealedAt,
      String damage,
      List<String> flaws) {}

  /** Examines a journal, and changes nothing. */
  public static Inspection inspect(Path store, UUID id) {
    Path path = path(store, id);
    try {
      if (JournalDirectory.isHeld(path)) {
        return open(superblock(path));
      }
      try (JournalFiles files = JournalDirectory.read(path)) {
        List<String> flaws = new ArrayList<>();
        Superblock superblock = SuperblockFile.read(files.group(), files.groupPath());
        MemoryException flaw = SuperblockFile.flaw(files.group(), files.groupPath());
        if (flaw != null) {
          flaws.add(String.valueOf(flaw.getMessage()));
        }
        if (!superblock.id().equals(id)) {
          throw JournalErrors.copy(path, superblock.id());
        }
        return closed(superblock, Recovery.of(files, superblock), flaws);
      }
    } catch (IOException e) {
      String damage = String.valueOf(JournalErrors.of("examine", -1, path, e).getMessage());
      return new Inspection("", Map.of(), false, 0, 0, Instant.EPOCH, damage, List.of());
    }
  }

  private static Inspection open(Superblock superblock) {
    return new Inspection(
        superblock.group(),
        superblock.members(),
        true,
        superblock.applied(),
        superblock.acknowledged(),
        superblock.sealedAt(),
        "",
        List.of());
  }

  private static Inspection closed(Superblock superblock, Recovery found, List<String> flaws) {
    Recovery.Damage damage = found.damage();
    return new Inspection(
        superblock.group(),
        superblock.members(),
        false,
        found.applied(),
        found.sealed(),
        found.sealedAt(),
        damage == null ? "" : damage.file() + ": damaged: " + damage.what(),
        List.copyOf(flaws));
  }
}
