/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.ObjectContent;
import org.dmalloc.backup.archive.MemberState;
import org.dmalloc.backup.archive.Piece;

/** Makes bases for a keeper, on its thread. */
final class BaseMaker {
  private static final long LOOK_MILLIS = 200;

  private final CheckpointLog log;
  private final BackupStore store;
  private final InstantSource clock;
  private final HeadFile head;
  private final PieceKeys keys;
  private final Throttle throttle;
  private final Pauses pauses;
  private final KeeperState state;

  BaseMaker(
      CheckpointLog log,
      BackupStore store,
      InstantSource clock,
      HeadFile head,
      PieceKeys keys,
      Throttle throttle,
      Pauses pauses,
      KeeperState state) {
    this.log = log;
    this.store = store;
    this.clock = clock;
    this.head = head;
    this.keys = keys;
    this.throttle = throttle;
    this.pauses = pauses;
    this.state = state;
  }

  /**
   * Copies a base while a group is followed, and adds it to the head.
   *
   * @param to a checkpoint of which the files have all; those after it are kept
   */
  void make(FollowedGroup session, long to) throws MemoryException {
    List<MemberState> members = session.beginCopy();
    Map<String, Long> open = BaseCopy.names(log);
    state.baseBegins(members.stream().mapToLong(MemberState::byteSize).sum());
    String key = keys.next();
    try {
      Piece base =
          new BaseCopy(log)
              .copy(
                  log.id(),
                  clock.instant(),
                  members,
                  to,
                  key,
                  (name, content) -> putPatiently(session, name, content),
                  bytes -> {
                    requireGoesOn(session);
                    state.baseRead(bytes);
                  });
      long exact = Math.max(log.status().number(), to);
      while (session.last() < exact) {
        requireGoesOn(session);
        state.awaitChange(LOOK_MILLIS);
      }
      if (session.renamed() || !open.equals(BaseCopy.names(log))) {
        throw MemoryException.of(
            "copy base", log.name(), "a region got another name meanwhile", "it is copied again");
      }
      Piece made = base.exactFrom(exact);
      KeptCheckpoints.add(head, List.of(made), null);
      state.note(null);
    } finally {
      keys.done(key);
      state.baseEnds();
    }
  }

  private void requireGoesOn(FollowedGroup session) throws MemoryException {
    if (session.hasEnded() || state.isClosing()) {
      throw MemoryException.of(
          "copy base", log.name(), "the checkpoints ended meanwhile", "it is copied again");
    }
  }

  /** Tries again for as long as the checkpoints go on. */
  private void putPatiently(FollowedGroup session, String key, ObjectContent content)
      throws MemoryException {
    for (int failures = 0; ; failures++) {
      try {
        pauses.pause(throttle.book(content.byteSize()) / 1_000_000);
        requireGoesOn(session);
        StorePut.put(store, key, content);
        state.answered();
        return;
      } catch (MemoryException e) {
        requireGoesOn(session);
        state.refused(String.valueOf(e.getMessage()));
        pauses.pause(Pauses.backoffMillis(failures));
      }
    }
  }
}
