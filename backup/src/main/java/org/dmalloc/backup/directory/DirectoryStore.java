/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.directory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.ObjectContent;
import org.dmalloc.backup.StoreConflictException;
import org.dmalloc.backup.StoredObject;
import org.dmalloc.backup.TaggedObject;
import org.dmalloc.backup.archive.MemoryContent;
import org.jspecify.annotations.Nullable;

/**
 * A store that is a directory: each object is a file with its key as path. A file is written beside
 * the others, synced, and gets its name while a lock is held that all writers of the directory
 * take.
 */
public final class DirectoryStore implements BackupStore {
  /** What is being written; no key has a name in capitals. */
  private static final String INCOMING = "INCOMING";

  private static final String LOCK = "LOCK";

  /** Left by a process that was killed. */
  private static final Duration ABANDONED = Duration.ofDays(1);

  private final Path root;

  private DirectoryStore(Path root) {
    this.root = root;
  }

  /** Opens a directory, which need not be there: the first write makes it. */
  public static DirectoryStore open(Path directory) throws MemoryException {
    Path root = directory.toAbsolutePath().normalize();
    Path incoming = root.resolve(INCOMING);
    try {
      if (Files.isWritable(incoming)) {
        deleteAbandoned(incoming);
      }
    } catch (IOException e) {
      throw DurableFiles.refused("open backup store", root, e);
    }
    return new DirectoryStore(root);
  }

  private static void deleteAbandoned(Path incoming) throws IOException {
    Instant before = Instant.now().minus(ABANDONED);
    try (Stream<Path> files = Files.list(incoming)) {
      for (Path file : files.toList()) {
        try {
          if (Files.getLastModifiedTime(file).toInstant().isBefore(before)) {
            Files.deleteIfExists(file);
          }
        } catch (NoSuchFileException e) {
          // Its writer has just finished it.
        }
      }
    }
  }

  @Override
  public String location() {
    return root.toString();
  }

  @Override
  public boolean isLocal() {
    return true;
  }

  private Path file(String key) {
    return root.resolve(BackupStore.checkKey(key));
  }

  @Override
  public void put(String key, ObjectContent content) throws MemoryException {
    Path file = file(key);
    write(
        "put",
        key,
        content,
        () -> {
          if (Files.exists(file)) {
            throw new StoreConflictException("put", key, location(), "it is there already", null);
          }
        });
  }

  @Override
  public String replace(String key, @Nullable String tag, ByteBuffer content)
      throws MemoryException {
    Path file = file(key);
    byte[] bytes = new byte[content.remaining()];
    content.get(content.position(), bytes);
    if (bytes.length > MAX_HEAD_BYTES) {
      throw new IllegalArgumentException(
          bytes.length + " bytes for " + key + "; the most is " + MAX_HEAD_BYTES);
    }
    MemoryContent next = new MemoryContent(bytes);
    write(
        "replace",
        key,
        next,
        () -> {
          String found = Files.exists(file) ? tag(Files.readAllBytes(file)) : null;
          if (found == null ? tag != null : !found.equals(tag)) {
            String reason =
                tag == null
                    ? "it is there already"
                    : found == null ? "it is gone" : "it is not the one that was read";
            throw new StoreConflictException("replace", key, location(), reason, null);
          }
        });
    return tag(bytes);
  }

  private static String tag(byte[] content) {
    return HexFormat.of().formatHex(MemoryContent.digest().digest(content));
  }

  /** What must hold when the file gets its name. */
  @FunctionalInterface
  private interface Condition {
    void check() throws IOException;
  }

  private void write(String operation, String key, ObjectContent content, Condition condition)
      throws MemoryException {
    Path incoming = DurableFiles.fresh(root.resolve(INCOMING));
    Path file = file(key);
    try {
      DurableFiles.makeDirectories(root.resolve(INCOMING));
      DurableFiles.write(incoming, content);
      try {
        DirectoryLock.call(
            root.resolve(LOCK),
            () -> {
              condition.check();
              DurableFiles.makeDirectories(Objects.requireNonNull(file.getParent()));
              DurableFiles.rename(incoming, file);
              return true;
            });
      } finally {
        Files.deleteIfExists(incoming); // still there if it did not get its name
      }
    } catch (IOException e) {
      throw DurableFiles.refused(operation, file, e);
    }
  }

  @Override
  public Optional<TaggedObject> get(String key) throws MemoryException {
    Path file = file(key);
    try {
      byte[] content = Files.readAllBytes(file);
      return Optional.of(new TaggedObject(ByteBuffer.wrap(content), tag(content)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw DurableFiles.refused("get", file, e);
    }
  }

  @Override
  public void read(String key, long offset, ByteBuffer into) throws MemoryException {
    Path file = file(key);
    try {
      DurableFiles.read(file, offset, into);
    } catch (IOException e) {
      throw DurableFiles.refused("read", file, e);
    }
  }

  @Override
  public List<StoredObject> list(String prefix) throws MemoryException {
    int lastSlash = prefix.lastIndexOf('/');
    Path start = lastSlash < 0 ? root : root.resolve(prefix.substring(0, lastSlash));
    List<StoredObject> found = new ArrayList<>();
    try {
      Files.walkFileTree(start, new Collector(prefix, found));
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw DurableFiles.refused("list", start, e);
    }
    found.sort(Comparator.comparing(StoredObject::key));
    return found;
  }

  private final class Collector extends SimpleFileVisitor<Path> {
    private final String prefix;
    private final List<StoredObject> found;

    Collector(String prefix, List<StoredObject> found) {
      this.prefix = prefix;
      this.found = found;
    }

    @Override
    public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
      return directory.equals(root.resolve(INCOMING))
          ? FileVisitResult.SKIP_SUBTREE
          : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      String key = root.relativize(file).toString().replace('\\', '/');
      if (key.startsWith(prefix) && !key.equals(LOCK) && attributes.isRegularFile()) {
        found.add(new StoredObject(key, attributes.size()));
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
      if (e instanceof NoSuchFileException && !file.equals(root)) {
        return FileVisitResult.CONTINUE; // deleted meanwhile
      }
      throw e;
    }
  }

  @Override
  public void delete(String key) throws MemoryException {
    Path file = file(key);
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw DurableFiles.refused("delete", file, e);
    }
  }

  @Override
  public void close() {
    // Has nothing open.
  }
}
