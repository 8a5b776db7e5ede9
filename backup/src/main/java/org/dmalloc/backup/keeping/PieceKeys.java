/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.StoredObject;
import org.dmalloc.backup.archive.Head;
import org.dmalloc.backup.archive.ObjectRef;
import org.dmalloc.backup.archive.Piece;

/** Names for the objects of a writer, which no other writer has; and what may be deleted. */
final class PieceKeys {
  /** The part of a key that all objects of a piece share. */
  private static final int ROOT_CHARACTERS = 17;

  private final String prefix;
  private final long epoch;
  private final Set<String> inFlight = new HashSet<>();
  private long sequence;

  PieceKeys(UUID backup, long epoch) {
    this.prefix = Head.objectPrefix(backup);
    this.epoch = epoch;
  }

  /** The key of a root that is to be written; kept from deletion until it is {@link #done}. */
  synchronized String next() {
    String key = String.format(Locale.ROOT, "%s%08x-%08x", prefix, epoch, ++sequence);
    inFlight.add(key);
    return key;
  }

  /** Keeps a root of an earlier writer from deletion. */
  synchronized void expect(String key) {
    inFlight.add(key);
  }

  /** Says that the head has the root, or never will. */
  synchronized void done(String key) {
    inFlight.remove(key);
  }

  private synchronized Set<String> inFlight() {
    return new HashSet<>(inFlight);
  }

  /** Which objects of a backup no piece has. */
  static List<StoredObject> unused(List<StoredObject> objects, Head head, Set<String> inFlight) {
    Set<String> used = new HashSet<>(inFlight);
    for (Piece piece : head.pieces()) {
      ObjectRef root = piece.root();
      if (root != null) {
        used.add(root.key());
      }
    }
    int rootLength = Head.objectPrefix(head.backup()).length() + ROOT_CHARACTERS;
    return objects.stream()
        .filter(
            object ->
                !used.contains(
                    object.key().substring(0, Math.min(rootLength, object.key().length()))))
        .toList();
  }

  /** Deletes what neither the head nor anything in flight has, and returns the bytes. */
  long deleteUnused(BackupStore store, HeadFile head) throws MemoryException {
    List<StoredObject> objects = store.list(prefix);
    // In this order: what is in flight is in the head before it is not in flight any more.
    Set<String> flying = inFlight();
    long bytes = 0;
    for (StoredObject object : unused(objects, head.head(), flying)) {
      store.delete(object.key());
      bytes += object.byteSize();
    }
    return bytes;
  }
}
