/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Where backups lie: objects by key. Most are written once, read, and deleted ({@link #put}); a few
 * small ones, the heads, are replaced under a condition ({@link #replace}), which is what keeps two
 * writers apart.
 *
 * <p><b>Keys</b> are 1 to 200 characters of {@code a–z}, {@code 0–9}, {@code .}, {@code -}, {@code
 * _} and {@code /}; no part between slashes is empty, {@code .} or {@code ..}. A store may put a
 * prefix of its own before them, which no result shows.
 *
 * <p><b>All or nothing.</b> An object is there as a whole or not at all, for everybody, also after
 * a crash or a lost connection in the middle of a write. What a call that returned has written is
 * durable, and every call that begins later, of any client, sees it: reads and lists after writes
 * are strongly consistent.
 *
 * <p><b>Threads.</b> All methods may be called from any thread, several at a time. An interrupt
 * ends a call with {@link MemoryException#interrupted}, or the call runs to its end; the thread's
 * interrupt status stays.
 *
 * <p><b>Failure.</b> What the environment refuses is a {@link MemoryException}; its message names
 * the key and {@link #location()}, and has no credentials. Every call ends: a store that does not
 * answer is a failure after a time that the store sets. A store may try again by itself what failed
 * for the moment, but for at most a minute: its user tries again later. After a failure a write may
 * or may not have happened.
 */
@ConsumerType
public interface BackupStore extends AutoCloseable {
  /** The longest key. */
  int MAX_KEY_CHARACTERS = 200;

  /** What is written by {@link #replace} has at most this many bytes. */
  int MAX_HEAD_BYTES = 16 << 20;

  /**
   * Where it is, for messages and status: a directory's path or an address. The same text opens it
   * again, given the same credentials.
   */
  String location();

  /**
   * Whether a write takes what a disk of this machine takes. The checkpoints go on while one that
   * is not local is slow or away: what it is to get is put on a local disk first.
   */
  boolean isLocal();

  /**
   * Writes an object that is not there yet.
   *
   * <p>A store that tries again after an answer was lost takes an object that it finds for its own
   * if length and digest are those of the content.
   *
   * @throws StoreConflictException if there is one by that key; it stays as it is
   * @throws IllegalArgumentException if the key is not allowed
   * @throws MemoryException also what the content throws when it is read
   */
  void put(String key, ObjectContent content) throws MemoryException;

  /**
   * Writes a small object if the one that is there is still the one that the caller knows. Of
   * several that try at the same time, with the same tag, one succeeds.
   *
   * @param tag of {@link TaggedObject#tag()} or of the last replace; null to write one that is not
   *     there yet
   * @param content up to {@link #MAX_HEAD_BYTES}; its position does not change
   * @return the new tag
   * @throws StoreConflictException if there is another one, or none; nothing has changed. Also, if
   *     the store tried again after a lost answer, for a write that has happened: whoever reads the
   *     object then sees its own content
   * @throws IllegalArgumentException if the key is not allowed, or the content too large
   */
  String replace(String key, @Nullable String tag, ByteBuffer content) throws MemoryException;

  /** A small object with the tag for {@link #replace}; empty if there is none. */
  Optional<TaggedObject> get(String key) throws MemoryException;

  /**
   * Fills a buffer with bytes of an object, from its position to its limit.
   *
   * @param offset of the first byte in the object
   * @throws MemoryException also if there is no such object, or it ends before the buffer is full
   */
  void read(String key, long offset, ByteBuffer into) throws MemoryException;

  /**
   * The objects whose keys begin with a prefix, in the order of their keys.
   *
   * @param prefix need not be whole parts; empty for all
   */
  List<StoredObject> list(String prefix) throws MemoryException;

  /** Deletes an object; does nothing if there is none. */
  void delete(String key) throws MemoryException;

  /** Gives up connections and files. What lies in the store stays. */
  @Override
  void close();

  /**
   * Returns the key if it is allowed.
   *
   * @throws IllegalArgumentException if not; the message says why
   */
  static String checkKey(String key) {
    boolean characters =
        key.chars()
            .allMatch(
                c -> (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || "./-_".indexOf(c) >= 0);
    if (key.isEmpty() || key.length() > MAX_KEY_CHARACTERS || !characters) {
      throw new IllegalArgumentException(
          "key '"
              + key
              + "' of an object; use 1 to 200 characters of a-z, 0-9, '.', '-', '_', '/'");
    }
    for (String part : key.split("/", -1)) {
      if (part.isEmpty() || part.equals(".") || part.equals("..")) {
        throw new IllegalArgumentException(
            "key '" + key + "' of an object has the part '" + part + "'; give each part a name");
      }
    }
    return key;
  }
}
