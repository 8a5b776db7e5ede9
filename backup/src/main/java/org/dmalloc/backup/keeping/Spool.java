/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.ObjectContent;
import org.dmalloc.backup.archive.MemoryContent;
import org.dmalloc.backup.archive.ObjectRef;
import org.dmalloc.backup.archive.ObjectSink;
import org.dmalloc.backup.archive.Piece;
import org.dmalloc.backup.archive.SpoolRecord;
import org.dmalloc.backup.directory.DurableFiles;

/**
 * Pieces on a local disk on their way to a store: a directory each, with a file for each object and
 * a last one, {@value #RECORD}, which says that all are there. What a process leaves the next one
 * finds. Safe for any thread.
 */
final class Spool {
  private static final String RECORD = "piece";

  private final Path directory;
  private final long mostBytes;
  private final Deque<Entry> waiting = new ArrayDeque<>();
  private long bytes;

  /** A piece that waits. */
  record Entry(Path directory, SpoolRecord record) {
    Piece piece() {
      return record.piece();
    }
  }

  private Spool(Path directory, long mostBytes) {
    this.directory = directory;
    this.mostBytes = mostBytes;
  }

  /** Opens the spool of a backup; pieces that are not complete are deleted. */
  static Spool open(Path parent, UUID backup, long mostBytes) throws MemoryException {
    Path directory = parent.resolve(backup + ".spool");
    Spool spool = new Spool(directory, mostBytes);
    try {
      DurableFiles.makeDirectories(directory);
      spool.load();
    } catch (IOException e) {
      throw DurableFiles.refused("open spool", directory, e);
    }
    return spool;
  }

  private void load() throws IOException {
    List<Path> found;
    try (Stream<Path> entries = Files.list(directory)) {
      found = entries.sorted().toList();
    }
    for (Path each : found) {
      Optional<SpoolRecord> record = record(each);
      if (record.isPresent()) {
        waiting.add(new Entry(each, record.get()));
        bytes += record.get().byteSize();
      } else {
        delete(each);
      }
    }
  }

  private static Optional<SpoolRecord> record(Path entry) throws IOException {
    try {
      byte[] content = Files.readAllBytes(entry.resolve(RECORD));
      return SpoolRecord.decode(ByteBuffer.wrap(content));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  synchronized Optional<Entry> first() {
    return Optional.ofNullable(waiting.peekFirst());
  }

  /** So many of those that wait, the oldest first. */
  synchronized List<Entry> firstOf(int count) {
    return waiting.stream().limit(count).toList();
  }

  synchronized List<Piece> pieces() {
    return waiting.stream().map(Entry::piece).toList();
  }

  synchronized long bytes() {
    return bytes;
  }

  synchronized int count() {
    return waiting.size();
  }

  /** A place for the objects of one piece. */
  final class Incoming implements ObjectSink {
    private final Path place;
    private final List<ObjectRef> objects = new ArrayList<>();
    private long taken;

    private Incoming(Path place) {
      this.place = place;
    }

    @Override
    public void put(String key, ObjectContent content) throws MemoryException {
      take(content.byteSize());
      taken += content.byteSize();
      write(file(place, key), content);
      objects.add(ObjectRef.of(key, content.byteSize(), content.sha256()));
    }

    /** Makes the piece one that waits. */
    void complete(Piece piece, List<String> regions) throws MemoryException {
      SpoolRecord record = new SpoolRecord(piece, regions, objects);
      write(place.resolve(RECORD), new MemoryContent(record.encode()));
      synchronized (Spool.this) {
        waiting.add(new Entry(place, record));
      }
      taken = 0;
    }

    /** Gives up a piece that did not become complete. */
    void abandon() throws MemoryException {
      release(taken);
      taken = 0;
      try {
        delete(place);
      } catch (IOException e) {
        throw DurableFiles.refused("delete", place, e);
      }
    }
  }

  Incoming begin(long to) throws MemoryException {
    Path place = directory.resolve(String.format(Locale.ROOT, "%016x", to));
    try {
      delete(place);
      DurableFiles.makeDirectories(place);
    } catch (IOException e) {
      throw DurableFiles.refused("write spool", place, e);
    }
    return new Incoming(place);
  }

  private synchronized void take(long more) throws MemoryException {
    if (bytes + more > mostBytes) {
      throw new SpoolFullException(directory, bytes, mostBytes);
    }
    bytes += more;
  }

  private synchronized void release(long count) {
    bytes -= count;
  }

  private static Path file(Path place, String key) {
    return place.resolve(key.substring(key.lastIndexOf('/') + 1));
  }

  private static void write(Path file, ObjectContent content) throws MemoryException {
    try {
      DurableFiles.replace(file, content);
    } catch (IOException e) {
      throw DurableFiles.refused("write spool", file, e);
    }
  }

  /** An object of a piece that waits; its digest is compared first. */
  static ObjectContent content(Entry entry, ObjectRef object) throws MemoryException {
    Path file = file(entry.directory(), object.key());
    MessageDigest digest = MemoryContent.digest();
    long size = 0;
    try (InputStream in = Files.newInputStream(file)) {
      byte[] buffer = new byte[1 << 16];
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        digest.update(buffer, 0, count);
        size += count;
      }
    } catch (IOException e) {
      throw DurableFiles.refused("read spool", file, e);
    }
    if (size != object.byteSize() || !MessageDigest.isEqual(digest.digest(), object.digest())) {
      throw new SpoolDamagedException(file);
    }
    return new FileContent(file, object);
  }

  private record FileContent(Path file, ObjectRef object) implements ObjectContent {
    @Override
    public long byteSize() {
      return object.byteSize();
    }

    @Override
    public byte[] sha256() {
      return object.digest();
    }

    @Override
    public InputStream open() throws MemoryException {
      try {
        return Files.newInputStream(file);
      } catch (IOException e) {
        throw DurableFiles.refused("read spool", file, e);
      }
    }
  }

  /** Removes the first piece, which the store has. */
  void remove(Entry entry) throws MemoryException {
    synchronized (this) {
      if (waiting.remove(entry)) {
        bytes -= entry.record().byteSize();
      }
    }
    try {
      delete(entry.directory());
    } catch (IOException e) {
      throw DurableFiles.refused("delete", entry.directory(), e);
    }
  }

  /** Removes all pieces. */
  void clear() throws MemoryException {
    for (Optional<Entry> each = first(); each.isPresent(); each = first()) {
      remove(each.get());
    }
  }

  private static void delete(Path entry) throws IOException {
    if (Files.isDirectory(entry)) {
      // The record first: without it the rest is not a piece.
      Files.deleteIfExists(entry.resolve(RECORD));
      List<Path> files;
      try (Stream<Path> listed = Files.list(entry)) {
        files = listed.toList();
      }
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(entry);
  }

  /** Deletes the directory of an empty spool. */
  void close() throws MemoryException {
    try {
      if (count() == 0) {
        Files.deleteIfExists(directory);
      }
    } catch (IOException e) {
      throw DurableFiles.refused("delete", directory, e);
    }
  }
}
