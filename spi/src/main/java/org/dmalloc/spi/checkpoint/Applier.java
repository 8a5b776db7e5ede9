/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.backing.CheckpointLog.Follower;
import org.dmalloc.api.backing.CheckpointLog.Following;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.region.Uninterrupted;
import org.jspecify.annotations.Nullable;

/**
 * Brings checkpoints from the journal into the files of the regions, gives up the private copies of
 * their pages, and shows them to followers; one thread, while there is something to do.
 *
 * <p>If a file cannot be written, the checkpoint stays in the journal, and the next one that wants
 * its place, or waits for it, has it tried again.
 */
final class Applier {
  /** Pages whose private copies go while the gate is shut once, and the range that they are in. */
  private static final int DROPPED_AT_ONCE = 256;

  private static final long DROPPED_RANGE_BYTES = 64L << 20;
  private static final long DROP_WAIT_NANOS = 2_000_000;
  private static final int DROP_TRIES = 50;
  private static final long BETWEEN_DROPS_NANOS = 50_000;

  private static final Logger LOG = System.getLogger(Applier.class.getName());

  private final CheckpointEngine engine;
  private final Journal journal;

  /** How often sections were in the way of dropping pages; of the thread alone. */
  private int dropTries;

  // Guarded by this.
  private final List<Followed> followers = new ArrayList<>();
  private long sealed;
  private long applied;
  private long dropped;
  private @Nullable MemoryException failure;
  private boolean running;
  private boolean ended;

  Applier(CheckpointEngine engine) {
    this.engine = engine;
    this.journal = engine.journal;
    this.sealed = journal.sealed();
    this.applied = sealed;
    this.dropped = sealed;
  }

  /** One who is shown checkpoints. */
  private final class Followed implements Following {
    private final Follower follower;
    private final long first;

    /** What it gets next; guarded by the applier. */
    private long next;

    private boolean taking;
    private boolean over;

    Followed(Follower follower, long first) {
      this.follower = follower;
      this.first = first;
      this.next = first;
    }

    @Override
    public long first() {
      return first;
    }

    @Override
    public void close() {
      synchronized (Applier.this) {
        over = true;
        followers.remove(this);
        Applier.this.notifyAll();
        if (!Thread.currentThread().equals(thread)) {
          await(() -> !taking);
        }
      }
    }
  }

  private volatile @Nullable Thread thread;

  /** A condition that the monitor guards. */
  @FunctionalInterface
  private interface Condition {
    boolean holds();
  }

  private synchronized void await(Condition condition) {
    Uninterrupted.await(
        () -> {
          while (!condition.holds()) {
            wait();
          }
          return true;
        });
  }

  /** The journal has another checkpoint. */
  synchronized void sealed(long number) {
    sealed = number;
    failure = null;
    start();
    notifyAll();
  }

  private synchronized void start() {
    if (!running && !ended) {
      running = true;
      Thread next =
          Thread.ofPlatform()
              .daemon()
              .name("dmalloc checkpoint " + engine.name())
              .unstarted(this::run);
      thread = next;
      next.start();
    }
  }

  /** Waits until the files have a checkpoint; tries again if they could not get it. */
  void awaitApplied(long number) throws MemoryException {
    synchronized (this) {
      if (applied >= number) {
        return;
      }
      failure = null;
      start();
      notifyAll();
      await(() -> applied >= number || failure != null);
      if (applied < number) {
        throw failed();
      }
    }
  }

  private MemoryException failed() {
    MemoryException reason = failure;
    return reason == null
        ? MemoryException.of("checkpoint", engine.name(), "it is closed", "")
        : reason;
  }

  /** Waits until the journal has room for a checkpoint, where that two before it was. */
  void awaitFree(long number) throws MemoryException {
    awaitApplied(number - 2);
    synchronized (this) {
      await(() -> ended || followers.stream().allMatch(each -> each.next > number - 2));
    }
  }

  @Nullable String failure() {
    synchronized (this) {
      MemoryException reason = failure;
      return reason == null ? null : reason.getMessage();
    }
  }

  Following follow(long after, Follower follower) {
    synchronized (this) {
      long first = sealed + 1;
      while (first - 1 > after && isReadable(first - 1)) {
        first--;
      }
      Followed added = new Followed(follower, first);
      followers.add(added);
      start();
      notifyAll();
      return added;
    }
  }

  private boolean isReadable(long number) {
    try {
      return journal.read(number).isPresent();
    } catch (MemoryException e) {
      return false;
    }
  }

  /** Ends the thread when it has applied all; followers are told. */
  void end() {
    List<Followed> left;
    synchronized (this) {
      await(() -> !running || isIdle());
      ended = true;
      left = List.copyOf(followers);
      followers.clear();
      notifyAll();
      await(() -> !running);
    }
    left.forEach(each -> each.follower.ended(new IllegalStateException("region is closed")));
  }

  private boolean isIdle() {
    return (applied == sealed || failure != null)
        && dropped == applied
        && followers.stream().allMatch(each -> each.next > applied);
  }

  private void run() {
    try {
      while (true) {
        Followed follower;
        synchronized (this) {
          await(() -> ended || !isIdle());
          if (ended) {
            return;
          }
          follower = behind();
        }
        step(follower);
      }
    } finally {
      synchronized (this) {
        running = false;
        notifyAll();
      }
    }
  }

  private @Nullable Followed behind() {
    return followers.stream().filter(each -> each.next <= applied).findFirst().orElse(null);
  }

  private void step(@Nullable Followed follower) {
    if (hasUnapplied()) {
      applyNext();
    } else if (dropped < applied()) {
      drop();
    } else if (follower != null) {
      show(follower);
    }
  }

  private synchronized boolean hasUnapplied() {
    return applied < sealed && failure == null;
  }

  private synchronized long applied() {
    return applied;
  }

  private void applyNext() {
    long number = applied() + 1;
    long started = System.nanoTime();
    try {
      // All on one thread that no interrupt reaches: to hand each page over to it would take
      // longer than to write the page.
      Uninterrupted.run("dmalloc checkpoint " + engine.name(), () -> apply(number));
      journal.applied(number);
      engine.appliedIn(Duration.ofNanos(System.nanoTime() - started));
      synchronized (this) {
        applied = number;
        notifyAll();
      }
    } catch (MemoryException e) {
      fail(e);
    } catch (RuntimeException | Error e) {
      fail(
          MemoryException.of(
              "write",
              -1,
              engine.name(),
              "checkpoint " + number + " could not be written to the files: " + e,
              MemoryException.NO_ERRNO,
              "it stays in the journal",
              e));
    }
  }

  private synchronized void fail(MemoryException reason) {
    failure = reason;
    notifyAll();
  }

  private void apply(long number) throws MemoryException {
    Journal.Sealed checkpoint = content(number);
    Map<Integer, Member> members = new TreeMap<>();
    engine.members().forEach(member -> members.put(member.number, member));
    checkpoint.read(
        new Journal.Visitor() {
          @Override
          public void pages(int member, long offset, ByteBuffer content) throws MemoryException {
            Member to = members.get(member);
            if (to != null) {
              to.noteCut();
              long bytes = content.remaining();
              file(to, "write", bytes, () -> to.file.write(offset, content));
            }
          }

          @Override
          public void zeros(int member, long offset, long length) throws MemoryException {
            Member to = members.get(member);
            if (to != null) {
              file(to, "write", length, () -> to.file.zero(offset, length));
            }
          }
        });
    for (Journal.State state : checkpoint.members()) {
      Member member = members.get(state.member());
      if (member != null) {
        file(
            member,
            "force",
            state.byteSize(),
            () -> {
              member.file.sync();
              if (member.file.settle(state.byteSize(), state.length())) {
                member.file.sync();
              }
            });
      }
    }
  }

  private Journal.Sealed content(long number) throws MemoryException {
    return journal
        .read(number)
        .orElseThrow(
            () ->
                MemoryException.of(
                    "read",
                    journal.path().toString(),
                    "checkpoint " + number + " is not there any more",
                    "go back to a backup"));
  }

  /** Some work on a file. */
  @FunctionalInterface
  private interface FileWork {
    void run() throws IOException;
  }

  private static void file(Member member, String operation, long bytes, FileWork work)
      throws MemoryException {
    try {
      work.run();
    } catch (IOException e) {
      throw Errno.exception(operation, bytes, member.region.toString(), e);
    }
  }

  /**
   * Gives up some private copies of pages that the files have. Others that need the pages may wait
   * for this thread meanwhile, so it does not wait for them.
   */
  private void drop() {
    long number = applied();
    boolean done = dropTries >= DROP_TRIES; // then until the next checkpoint: it costs memory alone
    if (!done && Uninterrupted.await(() -> engine.pages.tryLock(DROP_WAIT_NANOS, NANOSECONDS))) {
      try {
        done = dropSome(number);
      } catch (MemoryException | RuntimeException e) {
        dropTries++;
        LOG.log(Level.DEBUG, "private pages of {0} stay: {1}", engine.name(), e);
      } finally {
        engine.pages.unlock();
      }
      BoundKeeper.pause(BETWEEN_DROPS_NANOS); // users first
    }
    if (done) {
      dropTries = 0;
      synchronized (this) {
        dropped = number;
        notifyAll();
      }
    }
  }

  /** Drops the first pages of a member that has some; returns whether none has. */
  private boolean dropSome(long number) throws MemoryException {
    for (Member member : engine.members()) {
      for (long each = dropped + 1; each <= number; each++) {
        member.applied(each);
      }
      if (!member.applied.isEmpty()) {
        boolean dropped =
            engine.drop(
                DROP_WAIT_NANOS, () -> member.dropFirst(DROPPED_AT_ONCE, DROPPED_RANGE_BYTES));
        dropTries = dropped ? 0 : dropTries + 1;
        return false;
      }
    }
    return true;
  }

  private void show(Followed follower) {
    long number;
    synchronized (this) {
      if (follower.over) {
        return;
      }
      number = follower.next;
      follower.taking = true;
    }
    Throwable reason = null;
    try {
      follower.follower.sealed(new SealedView(engine, content(number)));
    } catch (MemoryException | RuntimeException e) {
      reason = e;
    } finally {
      synchronized (this) {
        follower.taking = false;
        follower.next++;
        if (reason != null) {
          follower.over = true;
          followers.remove(follower);
        }
        notifyAll();
      }
    }
    if (reason != null) {
      follower.follower.ended(reason);
    }
  }
}
