/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.archive;

import java.util.Locale;
import java.util.UUID;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;
import org.jspecify.annotations.Nullable;

/** Reads all of a piece: each object, its digest, its index, and each block. */
public final class PieceCheck {
  private final BackupStore store;
  private final UUID backup;
  private final ChainReader.Progress progress;
  private int objects;
  private long objectBytes;

  public PieceCheck(BackupStore store, UUID backup, ChainReader.Progress progress) {
    this.store = store;
    this.backup = backup;
    this.progress = progress;
  }

  /** Takes what is wrong with an object. */
  @FunctionalInterface
  public interface Findings {
    /** Throws to give up. */
    void found(ObjectRef object, MemoryException problem) throws MemoryException;
  }

  /**
   * Checks a piece, and throws what is wrong with the first object that is not right.
   *
   * @throws MemoryException also if the store cannot be read
   */
  public void check(Piece piece) throws MemoryException {
    check(
        piece,
        (object, problem) -> {
          throw problem;
        });
  }

  /** Checks a piece, and goes on after what is wrong. */
  public void check(Piece piece, Findings findings) throws MemoryException {
    ObjectRef ref = piece.root();
    if (ref == null) {
      return;
    }
    Pack root = read(ref, findings);
    if (root == null) {
      return;
    }
    long pages = root.pageCount();
    long bytes = ref.byteSize();
    boolean complete = true;
    for (ObjectRef part : root.parts()) {
      Pack pack = read(part, findings);
      complete &= pack != null;
      pages += pack == null ? 0 : pack.pageCount();
      bytes += part.byteSize();
    }
    if (complete && (pages != piece.pages() || bytes != piece.storedBytes())) {
      findings.found(
          ref,
          ArchiveErrors.damaged(
              ref.key(),
              store.location(),
              String.format(
                  Locale.ROOT,
                  "it has %d pages in %d bytes in place of %d in %d",
                  pages,
                  bytes,
                  piece.pages(),
                  piece.storedBytes())));
    }
  }

  private @Nullable Pack read(ObjectRef ref, Findings findings) throws MemoryException {
    objects++;
    objectBytes += ref.byteSize();
    try {
      Pack pack = Pack.read(store, ref);
      if (!pack.backup().equals(backup)) {
        throw ArchiveErrors.damaged(
            ref.key(), store.location(), "it belongs to the backup " + pack.backup());
      }
      pack.read((member, first, content) -> {});
      return pack;
    } catch (MemoryException e) {
      findings.found(ref, e);
      return null;
    } finally {
      progress.read(ref.byteSize());
    }
  }

  /** How many objects were read. */
  public int objects() {
    return objects;
  }

  /** What they have. */
  public long objectBytes() {
    return objectBytes;
  }
}
