/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.ObjectContent;
import org.dmalloc.backup.StoreConflictException;
import org.dmalloc.backup.StoredObject;
import org.dmalloc.backup.TaggedObject;
import org.jspecify.annotations.Nullable;

/** A store in memory, which can be away, and whose objects can be damaged. */
final class MemoryStore implements BackupStore {
  final TreeMap<String, byte[]> objects = new TreeMap<>();
  private final boolean local;
  private volatile boolean away;

  /** Called before each write with its key; may throw. */
  volatile Guard beforeWrite = key -> {};

  /** Called after each write with its key; may throw, as where the answer is lost. */
  volatile Guard afterWrite = key -> {};

  interface Guard {
    void check(String key) throws MemoryException;
  }

  MemoryStore(boolean local) {
    this.local = local;
  }

  void away(boolean now) {
    away = now;
  }

  MemoryException refusal() {
    return MemoryException.of("put", "memory store", "it is away", "wait");
  }

  private void requireThere() throws MemoryException {
    if (away) {
      throw refusal();
    }
  }

  /** A copy with what is there now. */
  synchronized MemoryStore copy() {
    MemoryStore copy = new MemoryStore(local);
    objects.forEach((key, bytes) -> copy.objects.put(key, bytes.clone()));
    return copy;
  }

  @Override
  public String location() {
    return "memory store";
  }

  @Override
  public boolean isLocal() {
    return local;
  }

  @Override
  public void put(String key, ObjectContent content) throws MemoryException {
    BackupStore.checkKey(key);
    requireThere();
    beforeWrite.check(key);
    byte[] bytes;
    try (InputStream in = content.open()) {
      bytes = in.readAllBytes();
    } catch (IOException e) {
      throw MemoryException.of("put", key, String.valueOf(e.getMessage()), "");
    }
    synchronized (this) {
      if (objects.putIfAbsent(key, bytes) != null) {
        throw new StoreConflictException("put", key, location(), "it is there", null);
      }
    }
    afterWrite.check(key);
  }

  @Override
  public String replace(String key, @Nullable String tag, ByteBuffer content)
      throws MemoryException {
    requireThere();
    beforeWrite.check(key);
    byte[] bytes = new byte[content.remaining()];
    content.get(content.position(), bytes);
    synchronized (this) {
      byte[] there = objects.get(key);
      String found = there == null ? null : tag(there);
      if (found == null ? tag != null : !found.equals(tag)) {
        throw new StoreConflictException("replace", key, location(), "it is another", null);
      }
      objects.put(key, bytes);
    }
    afterWrite.check(key);
    return tag(bytes);
  }

  private static String tag(byte[] bytes) {
    return Arrays.hashCode(bytes) + "-" + bytes.length;
  }

  @Override
  public synchronized Optional<TaggedObject> get(String key) throws MemoryException {
    requireThere();
    byte[] bytes = objects.get(key);
    return bytes == null
        ? Optional.empty()
        : Optional.of(new TaggedObject(ByteBuffer.wrap(bytes.clone()), tag(bytes)));
  }

  @Override
  public synchronized void read(String key, long offset, ByteBuffer into) throws MemoryException {
    requireThere();
    byte[] bytes = objects.get(key);
    if (bytes == null || offset + into.remaining() > bytes.length) {
      throw MemoryException.of("read", key, "there is not so much of it", "");
    }
    into.put(bytes, (int) offset, into.remaining());
  }

  @Override
  public synchronized List<StoredObject> list(String prefix) throws MemoryException {
    requireThere();
    return objects.entrySet().stream()
        .filter(each -> each.getKey().startsWith(prefix))
        .map(each -> new StoredObject(each.getKey(), each.getValue().length))
        .toList();
  }

  @Override
  public void delete(String key) throws MemoryException {
    requireThere();
    beforeWrite.check(key);
    synchronized (this) {
      objects.remove(key);
    }
  }

  @Override
  public void close() {}
}
