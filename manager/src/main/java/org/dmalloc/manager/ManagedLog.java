/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.api.backing.SealedCheckpoint;
import org.jspecify.annotations.Nullable;

/** The same for those who keep checkpoints, where the backend lets them. */
final class ManagedLog extends ManagedCheckpoints implements CheckpointLog {
  private static final long LOOK_AGAIN_NANOS = 200_000;

  /** How long checkpoints wait for followers before a move to another store. */
  private static final long FOLLOWERS_NANOS = 10_000_000_000L;

  private final List<Followed> followers = new CopyOnWriteArrayList<>();

  ManagedLog(ManagedGroup group) {
    super(group);
  }

  private CheckpointLog now() {
    return (CheckpointLog) group.now();
  }

  @Override
  public UUID id() {
    return now().id();
  }

  /** A follower, which goes on in another journal of the group after a move. */
  private final class Followed implements Following, Follower {
    private final Follower follower;
    private volatile long last;
    private volatile @Nullable Following there;
    private long first;

    Followed(Follower follower, long after) {
      this.follower = follower;
      this.last = after;
    }

    void start(CheckpointLog log) {
      Following begun = log.follow(last, this);
      there = begun;
      if (first == 0) {
        first = begun.first();
        last = Math.max(last, first - 1);
      }
    }

    @Override
    public void sealed(SealedCheckpoint checkpoint) throws MemoryException {
      follower.sealed(checkpoint);
      last = checkpoint.number();
    }

    @Override
    public void ended(Throwable reason) {
      followers.remove(this);
      follower.ended(reason);
    }

    void goOnIn(CheckpointLog log) {
      Following before = there;
      if (before != null) {
        before.close();
      }
      start(log);
    }

    @Override
    public long first() {
      return first;
    }

    @Override
    public void close() {
      followers.remove(this);
      Following now = there;
      if (now != null) {
        now.close();
      }
    }
  }

  @Override
  public Following follow(long after, Follower follower) {
    Followed followed = new Followed(follower, after);
    followers.add(followed);
    boolean done = false;
    try {
      group.whileInPlace(() -> followed.start(now()));
      done = true;
      return followed;
    } finally {
      if (!done) {
        followers.remove(followed);
      }
    }
  }

  /** Has the followers, which have all checkpoints, follow the group in its other journal. */
  void followIn(CheckpointLog next) {
    followers.forEach(each -> each.goOnIn(next));
  }

  /** Waits until all followers have all checkpoints; between two of them. */
  void awaitFollowers() throws MemoryException {
    long number = now().status().number();
    long start = System.nanoTime();
    while (followers.stream().anyMatch(each -> each.last < number)) {
      if (System.nanoTime() - start > FOLLOWERS_NANOS) {
        throw MemoryException.of(
            "move",
            name(),
            "those who keep its checkpoints are too slow",
            "try again when they have the last one");
      }
      LockSupport.parkNanos(this, LOOK_AGAIN_NANOS);
    }
  }

  @Override
  public void readApplied(String region, long offset, MemorySegment into) throws MemoryException {
    now().readApplied(region, offset, into);
  }

  @Override
  public long replace(PageSource source) throws MemoryException {
    return group.call(there -> ((CheckpointLog) there).replace(source));
  }
}
