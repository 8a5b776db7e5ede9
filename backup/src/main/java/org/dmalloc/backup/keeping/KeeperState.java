/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.backup.BackupStatus;
import org.dmalloc.backup.BackupStatus.State;
import org.dmalloc.backup.archive.Chain;
import org.dmalloc.backup.archive.Head;
import org.dmalloc.backup.archive.Piece;
import org.jspecify.annotations.Nullable;

/** What a keeper is at, for its threads and for those who ask. Safe for any thread. */
final class KeeperState {
  private final CheckpointLog log;
  private final HeadFile head;
  private final @Nullable Spool spool;

  private State state = State.COPYING_BASE;

  /** Why the store does not take what it gets; null if it does. */
  private @Nullable String refusal;

  /** What is to be known although the backup goes on; null for nothing. */
  private @Nullable String note;

  private boolean groupEnded;
  private boolean over;
  private boolean closing;
  private boolean waitsForSpool;
  private boolean broken;
  private long baseBytes;
  private long baseTotalBytes;
  private long lastNumber;
  private long changes;

  /** The head of which {@link #newest} is the newest checkpoint that can be restored. */
  private @Nullable Head seen;

  private Piece newest = Piece.nothing();

  KeeperState(CheckpointLog log, HeadFile head, @Nullable Spool spool) {
    this.log = log;
    this.head = head;
    this.spool = spool;
  }

  synchronized void changed() {
    changes++;
    notifyAll();
  }

  /** Waits for a change, or a time. */
  synchronized void awaitChange(long millis) {
    long before = changes;
    if (!awaitUntil(() -> changes != before, TimeUnit.MILLISECONDS.toNanos(millis))) {
      Thread.currentThread().interrupt();
    }
  }

  @FunctionalInterface
  private interface Condition {
    boolean holds();
  }

  /** False if the thread was interrupted. */
  private boolean awaitUntil(Condition condition, long nanos) {
    long start = System.nanoTime();
    try {
      while (!condition.holds()) {
        long left = nanos - (System.nanoTime() - start);
        if (left <= 0) {
          return true;
        }
        TimeUnit.NANOSECONDS.timedWait(this, left);
      }
      return true;
    } catch (InterruptedException e) {
      return false;
    }
  }

  private synchronized void become(State next) {
    if (state != State.LOST && state != State.CLOSED) {
      state = next;
    }
    changed();
  }

  void keeping() {
    synchronized (this) {
      refusal = null;
    }
    become(State.KEEPING);
  }

  void copyingBase() {
    become(State.COPYING_BASE);
  }

  synchronized void baseBegins(long totalBytes) {
    baseBytes = 0;
    baseTotalBytes = totalBytes;
    become(State.COPYING_BASE);
  }

  synchronized void baseRead(long bytes) {
    baseBytes += bytes;
  }

  synchronized void baseEnds() {
    baseBytes = 0;
    baseTotalBytes = 0;
  }

  synchronized boolean copies() {
    return state == State.COPYING_BASE;
  }

  synchronized void refused(String why) {
    refusal = why;
    changed();
  }

  /** Says that the store has taken something. */
  synchronized void answered() {
    refusal = null;
    changed();
  }

  synchronized void note(@Nullable String text) {
    note = text;
  }

  synchronized void groupEnded() {
    groupEnded = true;
    become(State.ENDED);
  }

  synchronized boolean groupHasEnded() {
    return groupEnded;
  }

  /** Says that nothing is left to do. */
  synchronized void over() {
    over = true;
    changed();
  }

  synchronized boolean isOver() {
    return over;
  }

  synchronized void lost(String why) {
    refusal = why;
    become(State.LOST);
    over = true;
    changed();
  }

  synchronized boolean wasLost() {
    return state == State.LOST;
  }

  synchronized void waitForSpool() {
    waitsForSpool = true;
  }

  /** Whether the checkpoints may be followed again. */
  synchronized boolean spoolIsReady() {
    if (spool == null || !waitsForSpool || spool.count() == 0) {
      waitsForSpool = false;
      return true;
    }
    return false;
  }

  synchronized void breakChain() {
    broken = true;
    changed();
  }

  synchronized boolean takeBroken() {
    boolean was = broken;
    broken = false;
    return was;
  }

  /** False if it was closed before. */
  synchronized boolean beginClose() {
    if (closing) {
      return false;
    }
    closing = true;
    changed();
    return true;
  }

  synchronized boolean isClosing() {
    return closing;
  }

  synchronized void closed() {
    if (state != State.LOST) {
      state = State.CLOSED;
    }
    over = true;
    changed();
  }

  synchronized void requireOpen() throws MemoryException {
    if (closing || over) {
      throw ended();
    }
  }

  private MemoryException ended() {
    String why = refusal;
    return MemoryException.of(
        "backup", log.name(), "it has ended" + (why == null ? "" : ": " + why), "begin it again");
  }

  /** Waits until the store has what is on its way there, for as long as it may take. */
  synchronized void awaitDelivery(long nanos) {
    if (!awaitUntil(() -> over || closing || !isDelivering(), nanos)) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean isDelivering() {
    Spool of = spool;
    boolean follows = refusal == null && (state == State.KEEPING || state == State.ENDED);
    return (of != null && of.count() > 0) || (follows && newest().to() < last());
  }

  boolean await(long checkpoint, Duration timeout) throws MemoryException {
    synchronized (this) {
      boolean waited = awaitUntil(() -> newest().to() >= checkpoint || over, timeout.toNanos());
      if (!waited) {
        Thread.currentThread().interrupt();
        throw MemoryException.interrupted(
            "wait for backup", -1, log.name(), -1, "the backup goes on");
      }
      if (newest().to() < checkpoint && over) {
        throw ended();
      }
      return newest().to() >= checkpoint;
    }
  }

  /** The piece that leads to the newest checkpoint that can be restored. */
  private synchronized Piece newest() {
    Head now = head.head();
    Head before = seen;
    if (before == null || before.sequence() != now.sequence()) {
      List<Piece> points = Chain.points(now.pieces());
      newest = points.isEmpty() ? Piece.nothing() : points.getLast();
      seen = now;
    }
    return newest;
  }

  boolean baseIsOlderThan(Instant time) {
    Head now = head.head();
    Instant made =
        now.pieces().stream()
            .filter(piece -> piece.kind() == Piece.Kind.BASE && piece.root() != null)
            .map(Piece::at)
            .max(Comparator.naturalOrder())
            .orElse(now.created());
    return made.isBefore(time);
  }

  private synchronized long last() {
    if (!groupEnded && !over) {
      try {
        lastNumber = Math.max(lastNumber, log.status().number());
      } catch (IllegalStateException e) {
        // Closed just now; the number that it had last is what there is.
      }
    }
    return lastNumber;
  }

  synchronized BackupStatus status() {
    Piece kept = newest();
    State shown =
        refusal != null && (state == State.KEEPING || state == State.COPYING_BASE)
            ? State.WAITING
            : state;
    return new BackupStatus(
        shown,
        kept.to(),
        kept.at(),
        Math.max(last(), kept.to()),
        spool == null ? 0 : spool.count(),
        spool == null ? 0 : spool.bytes(),
        baseBytes,
        baseTotalBytes,
        refusal != null ? refusal : note);
  }
}
