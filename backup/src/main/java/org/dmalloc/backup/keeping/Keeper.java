/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupStatus;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.MergeReport;
import org.dmalloc.backup.archive.Chain;
import org.dmalloc.backup.archive.Head;
import org.dmalloc.backup.archive.Piece;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the checkpoints of one group. The group's thread writes them ({@link FollowedGroup}); a
 * thread of this keeper follows the group, anew after a failure, copies bases and merges; with a
 * spool another one brings what waits to the store.
 */
final class Keeper implements Backup {
  private static final Logger LOG = System.getLogger(Keeper.class.getName());
  private static final long MERGE_MILLIS = TimeUnit.MINUTES.toMillis(1);
  private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long LOOK_MILLIS = 200;

  /** How many checkpoints a journal has. */
  private static final int JOURNAL = 2;

  private final CheckpointLog log;
  private final UUID id;
  private final String group;
  private final BackupStore store;
  private final KeepOptions options;
  private final InstantSource clock;
  private final HeadFile head;
  private final PieceKeys keys;
  private final @Nullable Spool spool;
  private final @Nullable Uploads uploads;
  private final Throttle throttle;
  private final Pauses pauses = new Pauses();
  private final KeptCheckpoints kept;
  private final KeeperState state;
  private final BaseMaker bases;
  private final Thread keeping;
  private final @Nullable Thread uploading;

  /** One merge at a time. */
  private final Object merging = new Object();

  private @Nullable FollowedGroup followed;
  private CheckpointLog.@Nullable Following following;
  private long nextMergeNanos = System.nanoTime();
  private boolean swept;
  private boolean baseIsMissing;

  /** The last checkpoint that this keeper took from the group; 0 for none. */
  private long takenHere;

  /** The last checkpoint of the store if the group has another by that number; 0 if not. */
  private long divergedAt;

  /** The group is not followed before it has a checkpoint after this one. */
  private long waitsBeyond = -1;

  /** Takes what {@link Backups} has claimed; {@link #start} begins. */
  Keeper(
      CheckpointLog log,
      BackupStore store,
      KeepOptions options,
      InstantSource clock,
      HeadFile head,
      @Nullable Spool spool) {
    this.log = log;
    this.id = log.id();
    this.group = log.name();
    this.store = store;
    this.options = options;
    this.clock = clock;
    this.head = head;
    this.spool = spool;
    this.keys = new PieceKeys(id, head.head().writer().epoch());
    this.throttle = new Throttle(options.bytesPerSecond());
    this.uploads =
        spool == null ? null : new Uploads(group, store, head, keys, spool, throttle, pauses);
    this.kept = new KeptCheckpoints(store, head, keys, spool, pauses);
    this.state = new KeeperState(log, head, spool);
    this.bases = new BaseMaker(log, store, clock, head, keys, throttle, pauses, state);
    this.keeping = thread("dmalloc backup " + group, this::keep);
    this.uploading =
        uploads == null
            ? null
            : thread("dmalloc upload " + group, () -> uploads.run(state, this::lost));
    if (spool != null) {
      spool
          .pieces()
          .forEach(
              piece ->
                  Optional.ofNullable(piece.root()).ifPresent(root -> keys.expect(root.key())));
    }
  }

  private static Thread thread(String name, Runnable work) {
    return Thread.ofPlatform().daemon().name(name).unstarted(work);
  }

  /**
   * Follows the group, so that no checkpoint is missed that comes after this, and starts the
   * threads.
   */
  void start() throws MemoryException {
    begin();
    keeping.start();
    if (uploading != null) {
      uploading.start();
    }
  }

  // The thread that keeps.

  private void keep() {
    int failures = 0;
    while (!pauses.ended()) {
      try {
        round();
        failures = 0;
        if (state.isOver()) {
          break;
        }
        state.awaitChange(LOOK_MILLIS);
      } catch (LostBackupException e) {
        lost(e);
      } catch (MemoryException e) {
        state.refused(String.valueOf(e.getMessage()));
        pauses.pause(Pauses.backoffMillis(failures++));
      } catch (RuntimeException | Error e) {
        // A backend that breaks its word must not end the backup in silence.
        LOG.log(Level.ERROR, "backup of " + group + ": " + e, e);
        state.refused(e.toString());
        pauses.pause(Pauses.backoffMillis(failures++));
      }
    }
    endFollowing();
  }

  /** Does what is due. */
  private void round() throws MemoryException {
    FollowedGroup current = followed;
    if (state.isClosing()) {
      endFollowing();
    } else if (state.takeBroken()) {
      endFollowing();
      requireSpool().clear();
    } else if (current != null && current.hasEnded()) {
      endFollowing();
      afterEnd(current);
    } else if (state.groupHasEnded()) {
      if (spool == null || spool.count() == 0) {
        head.end();
        state.over();
      }
    } else if (current == null) {
      if (state.spoolIsReady() && log.status().number() > waitsBeyond) {
        begin();
      }
    } else if (baseIsMissing) {
      makeFirstBase(current);
    } else {
      mergeIfDue();
      newBaseIfDue();
    }
  }

  private void afterEnd(FollowedGroup ended) throws MemoryException {
    takenHere = Math.max(takenHere, ended.lastKept());
    MemoryException failure = ended.failure();
    if (failure == null) {
      state.groupEnded();
    } else if (ended.diverged()) {
      divergedAt = ended.last();
      note(String.valueOf(failure.getMessage()));
    } else if (failure instanceof SpoolFullException) {
      state.waitForSpool();
      state.refused(String.valueOf(failure.getMessage()));
      LOG.log(Level.WARNING, "backup of " + group + ": " + failure.getMessage());
    } else {
      throw failure; // follows again after a pause
    }
  }

  private void note(String text) {
    LOG.log(Level.WARNING, "backup of " + group + ": " + text);
    state.note(text);
  }

  /** Follows from where the store is; where that is not possible, from a new base. */
  private void begin() throws MemoryException {
    List<Piece> pieces = new ArrayList<>(dropOrphans().pieces());
    if (spool != null) {
      pieces.addAll(spool.pieces());
    }
    Piece newest = Chain.newest(pieces).orElse(Piece.nothing());
    long last = newest.to();
    long number = log.status().number();
    if (last == 0) {
      beginFromTheFirst(pieces, number);
    } else if (!resume(newest)) {
      if (number == last) {
        waitsBeyond = last;
      } else {
        // One more than the next: no delta may build on the last by its number alone.
        beginWithBase(Math.max(last + 1, number - 1));
      }
    }
  }

  /** Forgets deltas whose base was never complete; tells whether the backup is still ours. */
  private Head dropOrphans() throws MemoryException {
    List<Piece> waiting = spool == null ? List.of() : spool.pieces();
    Head before = head.head();
    List<Piece> all = new ArrayList<>(before.pieces());
    all.addAll(waiting);
    Piece newest = Chain.newest(all).orElse(Piece.nothing());
    if (newest.to() == 0 || Chain.of(all, newest.to()).isPresent()) {
      return head.update(current -> current);
    }
    if (spool != null) {
      spool.clear();
    }
    List<Piece> points = Chain.points(before.pieces());
    long last = points.isEmpty() ? 0 : points.getLast().to();
    return head.update(
        current ->
            current.withPieces(
                current.pieces().stream().filter(piece -> piece.to() <= last).toList()));
  }

  /** Nothing is kept. If the journal has all checkpoints, no base is needed. */
  private void beginFromTheFirst(List<Piece> pieces, long number) throws MemoryException {
    if (number > JOURNAL) {
      beginWithBase(number - 1);
      return;
    }
    if (!follow(new FollowedGroup(kept, null, 1, state::changed), 0)) {
      return;
    }
    if (firstOf(following) > 1) {
      endFollowing(); // the next round sees how far it is now
      return;
    }
    if (!pieces.contains(Piece.nothing())) {
      KeptCheckpoints.add(head, List.of(Piece.nothing()), names());
    }
    state.keeping();
  }

  /** Goes on with what the store has; false if the group has gone on without the backup. */
  private boolean resume(Piece newest) {
    long last = newest.to();
    if (last == divergedAt) {
      return false;
    }
    // What this keeper took itself is known; else the journal shows it once more.
    boolean known = last == takenHere;
    FollowedGroup session =
        new FollowedGroup(kept, known ? null : newest, known ? last + 1 : 0, state::changed);
    if (!follow(session, known ? last : last - 1)) {
      return true;
    }
    long first = firstOf(following);
    if (first == (known ? last + 1 : last)) {
      state.keeping();
      return true;
    }
    endFollowing();
    note(
        String.format(
            Locale.ROOT,
            "checkpoints from %d to %d were made while nobody kept them, and cannot be restored;"
                + " a new base is copied",
            last + 1,
            Math.max(first - 1, last + 1)));
    return false;
  }

  /**
   * Follows, for a base that is to be copied.
   *
   * @param after at most the last checkpoint. Those up to it are waited for in the files, and those
   *     that the journal has lost are there: the files have all before the first that comes
   */
  private void beginWithBase(long after) throws MemoryException {
    log.awaitApplied();
    state.copyingBase();
    baseIsMissing = follow(new FollowedGroup(kept, null, 0, state::changed), after);
  }

  private void makeFirstBase(FollowedGroup session) throws MemoryException {
    if (session.members().isEmpty()) {
      return; // the journal has the last checkpoint, which is on its way
    }
    try {
      bases.make(session, firstOf(following) - 1);
    } catch (MemoryException | RuntimeException e) {
      endFollowing(); // without the base the deltas are of no use
      throw e;
    }
    baseIsMissing = false;
    state.keeping();
  }

  private static long firstOf(CheckpointLog.@Nullable Following following) {
    if (following == null) {
      throw new IllegalStateException("not followed");
    }
    return following.first();
  }

  /** False if the group was closed just now. */
  private boolean follow(FollowedGroup session, long after) {
    try {
      following = log.follow(after, session);
      followed = session;
      return true;
    } catch (IllegalStateException e) {
      state.groupEnded();
      return false;
    }
  }

  private Spool requireSpool() {
    if (spool == null) {
      throw new IllegalStateException("no spool");
    }
    return spool;
  }

  private void endFollowing() {
    CheckpointLog.Following ending = following;
    baseIsMissing = false;
    following = null;
    followed = null;
    if (ending != null) {
      ending.close();
    }
  }

  private List<String> names() {
    return log.regions().stream().map(region -> String.valueOf(region.info().name())).toList();
  }

  // Bases.

  private void newBaseIfDue() throws MemoryException {
    FollowedGroup session = followed;
    if (session == null
        || options.baseEvery().isZero()
        || session.members().isEmpty()
        || !state.baseIsOlderThan(clock.instant().minus(options.baseEvery()))) {
      return;
    }
    bases.make(session, log.status().applied());
    state.keeping();
  }

  // Merging.

  private void mergeIfDue() throws MemoryException {
    if (System.nanoTime() - nextMergeNanos < 0) {
      return;
    }
    nextMergeNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(MERGE_MILLIS);
    mergeNow(!swept);
    swept = true;
  }

  private MergeReport mergeNow(boolean sweep) throws MemoryException {
    synchronized (merging) {
      Instant now = clock.instant();
      return new Compaction(
              store,
              head,
              keys,
              (name, content) -> {
                pauses.pause(throttle.book(content.byteSize()) / 1_000_000);
                StorePut.put(store, name, content);
              },
              bytes -> {
                if (pauses.ended()) {
                  throw MemoryException.of(
                      "merge backup", group, "the backup is closed", "it is merged the next time");
                }
              })
          .run(options.retention(), now, sweep);
    }
  }

  @Override
  public MergeReport merge() throws MemoryException {
    state.requireOpen();
    if (state.copies()) {
      throw MemoryException.of(
          "merge backup", group, "a base is being copied", "merge when it is done; see 'backups'");
    }
    return mergeNow(true);
  }

  private void lost(LostBackupException e) {
    LOG.log(Level.WARNING, "backup of " + group + ": " + e.getMessage());
    state.lost(String.valueOf(e.getMessage()));
    pauses.end();
  }

  // What users see.

  @Override
  public UUID id() {
    return id;
  }

  @Override
  public String group() {
    return group;
  }

  @Override
  public BackupStore store() {
    return store;
  }

  @Override
  public KeepOptions options() {
    return options;
  }

  @Override
  public BackupStatus status() {
    return state.status();
  }

  @Override
  public boolean await(long checkpoint, Duration timeout) throws MemoryException {
    return state.await(checkpoint, timeout);
  }

  /** Whether it does nothing more: closed, ended or lost. */
  boolean isOver() {
    return state.isOver();
  }

  boolean isClosed() {
    return state.isClosing() && state.isOver();
  }

  /** Closes what could not be started. */
  void abandon() {
    state.over();
    close();
  }

  @Override
  public void close() {
    state.awaitDelivery(DRAIN_NANOS);
    if (!state.beginClose()) {
      return;
    }
    pauses.end();
    state.changed();
    Pauses.join(keeping);
    if (uploading != null) {
      Pauses.join(uploading);
    }
    endFollowing(); // if it was never started
    try {
      if (!state.wasLost() && head.head().writer().open()) {
        head.end();
      }
      if (spool != null) {
        spool.close();
      }
    } catch (MemoryException e) {
      // The same owner may go on without that; the next one is told that this one did not end.
      LOG.log(Level.WARNING, "close of the backup of " + group + ": " + e.getMessage());
    }
    state.closed();
  }
}
