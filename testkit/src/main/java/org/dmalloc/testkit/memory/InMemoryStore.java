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
import org.dmalloc.api.MemoryException;
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
  private final Set<String> open = ConcurrentHashMap.newKeySet();
  private final Set<Path> leaving = ConcurrentHashMap.newKeySet();

  /** What stands for a file: its identity stays when its bytes change. */
  static final class StoredBytes {
    volatile MemorySegment content;
    volatile long ownLength = RegionBacking.NO_LENGTH;

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
    return Set.copyOf(open);
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

  Path path(String name) {
    return directory.resolve(name + ".region");
  }

  /** Gives a new file its name and opens it. */
  void publish(String operation, String name, StoredBytes file) throws MemoryException {
    if (files.putIfAbsent(name, file) != null) {
      throw MemoryException.of(operation, name, "the name is taken", "choose another name");
    }
    open.add(name);
  }

  StoredBytes open(String name) throws MemoryException {
    StoredBytes file = files.get(name);
    if (file == null) {
      throw MemoryException.of("open", name, "no such region", "see what is stored");
    }
    if (!open.add(name)) {
      throw MemoryException.of("open", name, "open elsewhere", "close it there");
    }
    return file;
  }

  void close(String name) {
    open.remove(name);
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

  void delete(String name) throws MemoryException {
    if (open.contains(name)) {
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

  List<StoredRegion> stored() {
    return files.entrySet().stream()
        .map(
            file ->
                new StoredRegion(
                    file.getKey(),
                    file.getValue().content.byteSize(),
                    file.getValue().length(),
                    path(file.getKey()),
                    open.contains(file.getKey())
                        ? StoredRegion.State.OPEN
                        : StoredRegion.State.CLOSED,
                    "",
                    Instant.EPOCH))
        .toList();
  }
}
