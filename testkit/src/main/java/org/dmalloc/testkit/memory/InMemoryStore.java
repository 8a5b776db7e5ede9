/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.SnapshotOrigin;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.spi.region.RegionBacking;
import org.jspecify.annotations.Nullable;

/**
 * Named regions in memory. Providers that share one see each other's regions, as backends do that
 * look at one directory; it lasts while it is referred to. Thread-safe.
 */
public final class InMemoryStore {
  private final Path directory;
  private final Map<String, StoredBytes> files = new ConcurrentSkipListMap<>();
  private final Set<Path> leaving = ConcurrentHashMap.newKeySet();
  private final Map<String, InMemoryCheckpoints> groups = new ConcurrentHashMap<>();

  /** What stands for a file: its identity stays when its bytes change. */
  static final class StoredBytes {
    volatile MemorySegment content;
    volatile long ownLength = RegionBacking.NO_LENGTH;
    volatile boolean open;
    volatile @Nullable SnapshotOrigin snapshot;

    /** Its group, if it is checkpointed. */
    volatile @Nullable InMemoryCheckpoints checkpoints;

    StoredBytes(long byteSize) {
      content = Arena.ofAuto().allocate(byteSize, Long.BYTES);
    }

    long length() {
      return ownLength == RegionBacking.NO_LENGTH ? content.byteSize() : ownLength;
    }
  }

  /** An empty store, whose regions say that they are in a directory; nothing is created there. */
  public InMemoryStore(String directory) {
    this.directory = Path.of(directory);
  }

  /** The names of the stored regions, sorted. */
  public List<String> names() {
    return List.copyOf(files.keySet());
  }

  /** The names of those that are open, in no order. */
  public Set<String> open() {
    return files.entrySet().stream()
        .filter(file -> file.getValue().open)
        .map(Map.Entry::getKey)
        .collect(Collectors.toUnmodifiableSet());
  }

  /** The paths of those that are noted to go to another store. */
  public Set<Path> leaving() {
    return Set.copyOf(leaving);
  }

  /** The stored bytes of a region, as its last force or close left them; null if there is none. */
  public @Nullable MemorySegment bytes(String name) {
    StoredBytes file = files.get(name);
    return file == null ? null : file.content;
  }

  /** Puts a region of zeros there, as a process that ended would have left it. */
  public void put(String name, long byteSize) {
    files.put(name, new StoredBytes(byteSize));
  }

  /** Takes a region's file away under whoever has it open, as {@code rm} does. */
  public void lose(String name) {
    files.remove(name);
  }

  /** The group of that name, which all that name it get; one of its own for null. */
  InMemoryCheckpoints group(@Nullable String group, String region) {
    return group == null
        ? new InMemoryCheckpoints(region)
        : groups.computeIfAbsent(group, InMemoryCheckpoints::new);
  }

  Path path(String name) {
    return directory.resolve(name + ".region");
  }

  /** Gives a new file its name and opens it. */
  void publish(String operation, String name, StoredBytes file) throws MemoryException {
    file.open = true;
    name(operation, name, file);
  }

  void requireFree(String name) throws MemoryException {
    if (files.containsKey(name)) {
      throw taken("allocate", name);
    }
  }

  private static MemoryException taken(String operation, String name) {
    return MemoryException.of(operation, name, "the name is taken", "choose another name");
  }

  private void name(String operation, String name, StoredBytes file) throws MemoryException {
    if (files.putIfAbsent(name, file) != null) {
      throw taken(operation, name);
    }
  }

  /** Gives the file of one name another one, which may be open only if its user asks. */
  synchronized void rename(String name, String newName, @Nullable StoredBytes byItsUser)
      throws MemoryException {
    StoredBytes file = files.get(name);
    if (file == null || (byItsUser != null && file != byItsUser)) {
      throw MemoryException.of("rename", name, "no such region", "see what is stored");
    }
    if (file.open && byItsUser == null) {
      throw MemoryException.of("rename", name, "open", "close it first");
    }
    if (!newName.equals(name)) {
      name("rename", newName, file);
      files.remove(name, file);
    }
  }

  synchronized StoredBytes open(String name, boolean stores) throws MemoryException {
    StoredBytes file = files.get(name);
    if (file == null) {
      throw MemoryException.of("open", name, "no such region", "see what is stored");
    }
    if (file.open) {
      throw MemoryException.of("open", name, "open elsewhere", "close it there");
    }
    if (stores && file.snapshot != null) {
      throw MemoryException.of(
          "open", name, "it is a snapshot, which stays as it is", "open it for reading only");
    }
    file.open = true;
    return file;
  }

  /** What became of a file that its name does not lead to any more. */
  Optional<String> fate(String name, StoredBytes file) {
    StoredBytes now = files.get(name);
    return now == file
        ? Optional.empty()
        : Optional.of(now == null ? "its file was deleted" : "its file was replaced by another");
  }

  void discard(StoredBytes file) {
    files.values().removeIf(each -> each == file);
  }

  synchronized void delete(String name, boolean whileOpen) throws MemoryException {
    StoredBytes file = files.get(name);
    if (file != null && file.open && !whileOpen) {
      throw MemoryException.of("delete", name, "open", "close it first");
    }
    if (files.remove(name) == null) {
      throw MemoryException.of("delete", name, "no such region", "see what is stored");
    }
  }

  void noteLeaving(Path file, boolean goes) {
    if (goes) {
      leaving.add(file);
    } else {
      leaving.remove(file);
    }
  }

  List<StoredRegion> stored(@Nullable Path other) {
    if (other != null && !other.equals(directory)) {
      return List.of();
    }
    return files.entrySet().stream()
        .map(
            file ->
                new StoredRegion(
                    file.getKey(),
                    file.getValue().content.byteSize(),
                    file.getValue().length(),
                    path(file.getKey()),
                    file.getValue().open ? StoredRegion.State.OPEN : StoredRegion.State.CLOSED,
                    file.getValue().open ? "open in this JVM" : "",
                    Instant.EPOCH,
                    file.getValue().snapshot,
                    file.getValue().checkpoints != null))
        .toList();
  }
}
