/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.api.backing.SealedCheckpoint;
import org.dmalloc.backup.archive.MemberState;
import org.dmalloc.backup.archive.Piece;
import org.jspecify.annotations.Nullable;

/**
 * A time in which the checkpoints of a group come without a gap. It ends when one cannot be kept,
 * or when the group is closed. Methods are called by the thread of the group and that of the
 * keeper.
 */
final class FollowedGroup implements CheckpointLog.Follower {
  private final KeptCheckpoints kept;
  private final Runnable changed;

  /** What the store has of the first checkpoint that comes, to see that it is the same; or null. */
  private @Nullable Piece known;

  /** The number of the one that comes next; 0 before the first. */
  private long next;

  private long lastKept;

  /** The members at the last checkpoint that came; empty before the first. */
  private List<MemberState> members = List.of();

  /** The names of members since the copy of a base began, by number; what it relies on. */
  private final Map<Integer, String> names = new HashMap<>();

  private boolean renamed;
  private boolean diverged;
  private @Nullable MemoryException failure;
  private @Nullable Throwable end;

  /**
   * Begins.
   *
   * @param known the last piece of the store, which is to come first; null for none
   * @param next the number of the one that comes first; 0 for any
   * @param changed called after every checkpoint and at the end
   */
  FollowedGroup(KeptCheckpoints kept, @Nullable Piece known, long next, Runnable changed) {
    this.kept = kept;
    this.known = known;
    this.next = next;
    this.changed = changed;
  }

  @Override
  public void sealed(SealedCheckpoint checkpoint) throws MemoryException {
    try {
      take(checkpoint);
    } catch (MemoryException e) {
      synchronized (this) {
        failure = e;
      }
      throw e;
    } finally {
      changed.run();
    }
  }

  private void take(SealedCheckpoint checkpoint) throws MemoryException {
    synchronized (this) {
      Piece same = known;
      known = null;
      if (same != null && checkpoint.number() == same.to()) {
        if (!checkpoint.at().equals(same.at())) {
          diverged = true;
          next = checkpoint.number() + 1;
          throw MemoryException.of(
              "keep checkpoint",
              "checkpoint " + checkpoint.number(),
              "it is not the one that the backup has, but was made at " + checkpoint.at(),
              "a new base is copied: the region is a copy that went its own way");
        }
        note(checkpoint);
        next = checkpoint.number() + 1;
        return;
      }
      if (same != null) {
        throw MemoryException.of(
            "keep checkpoint",
            "checkpoint " + checkpoint.number(),
            "the journal does not have " + same.to() + " any more, which is the last that is kept",
            "a new base is copied");
      }
      if (next != 0 && checkpoint.number() != next) {
        throw MemoryException.of(
            "keep checkpoint",
            "checkpoint " + checkpoint.number(),
            "the one that follows is " + next,
            "a new base is copied; report it as a mistake of the backend");
      }
      note(checkpoint);
    }
    kept.keep(checkpoint);
    synchronized (this) {
      next = checkpoint.number() + 1;
      lastKept = checkpoint.number();
    }
  }

  private void note(SealedCheckpoint checkpoint) {
    members = KeptCheckpoints.Members.of(checkpoint).states();
    Map<String, Integer> now = new HashMap<>();
    members.forEach(member -> now.put(member.region(), member.number()));
    names.forEach(
        (number, name) -> {
          // One that is gone does no harm; one that has its name was read in its place, maybe.
          Integer other = now.get(name);
          renamed |= other != null && !other.equals(number);
          renamed |= other == null && now.containsValue(number);
        });
    members.forEach(member -> names.put(member.number(), member.region()));
  }

  @Override
  public void ended(Throwable reason) {
    synchronized (this) {
      end = reason;
    }
    changed.run();
  }

  /** The members at the last checkpoint; empty before the first has come. */
  synchronized List<MemberState> members() {
    return members;
  }

  /** The members, whose names are watched from now on. */
  synchronized List<MemberState> beginCopy() {
    names.clear();
    renamed = false;
    members.forEach(member -> names.put(member.number(), member.region()));
    return members;
  }

  /** The last checkpoint that came; 0 for none. */
  synchronized long last() {
    return next == 0 ? 0 : next - 1;
  }

  /** The last checkpoint that was kept; 0 for none. */
  synchronized long lastKept() {
    return lastKept;
  }

  /** Whether a name has meant two regions since the copy began. */
  synchronized boolean renamed() {
    return renamed;
  }

  /** Whether the group has another past than the store. */
  synchronized boolean diverged() {
    return diverged;
  }

  synchronized boolean hasEnded() {
    return end != null || failure != null;
  }

  /** Why a checkpoint was not kept; null if none was refused. */
  synchronized @Nullable MemoryException failure() {
    return failure;
  }
}
