/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.util.List;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.archive.Chain;
import org.dmalloc.backup.archive.ChainReader;
import org.dmalloc.backup.archive.Head;
import org.dmalloc.backup.archive.MemberState;
import org.dmalloc.backup.archive.Piece;

/**
 * Reads a checkpoint while its backup may be merged. An object that is gone is looked for in the
 * head as it is then: the pages of a checkpoint are the same whatever pieces have them.
 */
final class PointRead {
  private final BackupStore store;
  private final long number;
  private final long since;
  private final ChainReader reader;
  private Head head;
  private Chain chain;

  /** Reads all of a checkpoint. */
  PointRead(BackupStore store, Head head, long number) throws MemoryException {
    this(store, head, number, -1);
  }

  /** Reads what has changed since a checkpoint that a reader has; see {@link #isWhole}. */
  PointRead(BackupStore store, Head head, long number, long since) throws MemoryException {
    this.store = store;
    this.number = number;
    this.head = head;
    this.reader = new ChainReader(store);
    this.since = since;
    this.chain = chain(head);
  }

  private Chain chain(Head of) throws MemoryException {
    Chain all = Points.chain(of, number, store);
    return new Chain(all.newestFirst().stream().filter(piece -> piece.to() > since).toList());
  }

  /** Whether what is not shown is zero; else it is as the reader has it. */
  boolean isWhole() {
    return chain.newestFirst().getLast().kind() == Piece.Kind.BASE;
  }

  @FunctionalInterface
  private interface Attempt<T> {
    T run() throws MemoryException;
  }

  private <T> T attempt(Attempt<T> attempt) throws MemoryException {
    while (true) {
      try {
        return attempt.run();
      } catch (MemoryException e) {
        Head now = Backups.head(store, head.backup());
        Chain again = chain(now);
        if (again.equals(chain)) {
          throw e;
        }
        head = now;
        chain = again;
      }
    }
  }

  /** The members at the checkpoint. */
  List<MemberState> members() throws MemoryException {
    return attempt(() -> reader.members(chain));
  }

  /** What reading takes from the store. */
  long storedBytes() {
    return chain.newestFirst().stream().mapToLong(Piece::storedBytes).sum();
  }

  /** Shows each page once; what is not shown is zero. */
  void read(ChainReader.Visitor visitor, ChainReader.Progress progress) throws MemoryException {
    attempt(
        () -> {
          reader.read(chain, visitor, progress);
          return true;
        });
  }

  /** The members, with the least size of each since the oldest delta that was read. */
  List<MemberState> mergedMembers() {
    return reader.mergedMembers();
  }

  boolean wasShown(int member, long page) {
    return reader.wasShown(member, page);
  }

  Head head() {
    return head;
  }
}
