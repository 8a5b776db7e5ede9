/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.MemoryException;
import org.dmalloc.shared.Acquirable;
import org.dmalloc.shared.robust.LockCore.Side;
import org.jspecify.annotations.Nullable;

/** One thread's wait for a lock. */
final class LockWait {
  private static final long BARGING_NANOS =
      TimeUnit.MILLISECONDS.toNanos(Acquirable.BARGING_MILLIS);

  private static final long FIRST_SLICE_NANOS = 1_000_000;

  /** How many slices whoever has the turn may leave a free lock lying: its process is stopped. */
  private static final int PATIENCE_SLICES = 20;

  private final LockCore core;
  private final SharedPage page;
  private final Side side;
  private final Deadline deadline;
  private final Thread thread = Thread.currentThread();

  /** Since it is the first of its process. */
  private Deadline since = Deadline.never();

  private long ticket;
  private long slice = FIRST_SLICE_NANOS;

  /** A turn that was seen while the lock was free, and in how many slices. */
  private long idleTurn;

  private int idleSlices;

  LockWait(LockCore core, Side side, Deadline deadline) {
    this.core = core;
    this.page = core.page();
    this.side = side;
    this.deadline = deadline;
  }

  /** Returns with the lock, or null if the deadline is over. */
  @Nullable LockHold await() throws InterruptedException, MemoryException {
    if (!core.local().enter(deadline)) {
      return null;
    }
    try {
      since = Deadline.never();
      LockHold hold = inQueue();
      return hold == null ? null : entered(hold);
    } finally {
      core.local().leave();
    }
  }

  private @Nullable LockHold inQueue() throws InterruptedException, MemoryException {
    LockHold hold = null;
    try {
      hold = queued();
      leave(hold);
      return hold;
    } catch (InterruptedException | MemoryException | RuntimeException | Error e) {
      leaveAfter(e, hold);
      throw e;
    }
  }

  private @Nullable LockHold queued() throws InterruptedException, MemoryException {
    while (true) {
      Step step = core.inSection(this::step);
      if (step.hold != null || deadline.isOver()) {
        return step.hold;
      }
      long nanos = Math.min(slice, deadline.remainingNanos());
      boolean woken = FutexSleep.sleep(page, MemberTable.signalAt(core.slot()), step.signal, nanos);
      if (!woken) {
        slice = Math.min(2 * slice, FutexSleep.SLICE_NANOS);
        core.inSection(this::lookAtOthers);
      }
      requireUninterrupted();
    }
  }

  private void requireUninterrupted() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException("while it waited for " + core);
    }
  }

  /**
   * What a look at the lock gave.
   *
   * @param signal what stood in the futex before the look, so that a wake-up after it is not missed
   */
  private record Step(@Nullable LockHold hold, int signal) {}

  private Step step(MemorySegment memory) throws MemoryException {
    boolean starving = since.elapsedNanos() >= BARGING_NANOS;
    if (ticket == 0) {
      ticket = MemberTable.ticket(1 + page.getAndAdd(memory, LockCore.TICKETS, 1));
    }
    core.table()
        .setTicket(
            memory,
            core.slot(),
            ticket
                | (side == Side.READING ? MemberTable.READING : 0)
                | (starving ? MemberTable.STARVING : 0));
    page.setInt(memory, LockCore.WAITERS, 1);
    int signal = core.table().signal(memory, core.slot());
    if (starving) {
      core.claimTurn(memory);
    }
    return new Step(core.take(memory, side, thread, true), signal);
  }

  /** Clears what dead members are in the way with, and who does not come. */
  private boolean lookAtOthers(MemorySegment memory) throws MemoryException {
    boolean free = core.recover(memory);
    core.table().clearDeadWaiters(memory, ticket);
    long turn = core.turn(memory);
    if (turn == 0 || turn == core.turn()) {
      return false;
    }
    idleSlices = free && turn == idleTurn ? idleSlices + 1 : 0;
    idleTurn = turn;
    if (idleSlices >= PATIENCE_SLICES) {
      idleSlices = 0;
      core.takeTurnFrom(memory, turn);
      return true;
    }
    if (!core.isWaitedFor(memory, turn)) {
      core.passTurn(memory, turn);
      return true;
    }
    return false;
  }

  /** Ends the wait: whoever comes next may come. */
  private void leave(@Nullable LockHold hold) throws MemoryException {
    core.inSection(
        memory -> {
          core.table().setTicket(memory, core.slot(), 0);
          if (core.turn(memory) == core.turn()) {
            core.passTurn(memory, core.turn());
          }
          // It may have been waked in the place of another; and readers let each other in.
          if (hold == null || side == Side.READING) {
            core.wakeNext(memory);
          }
          return true;
        });
  }

  private void leaveAfter(Throwable failure, @Nullable LockHold hold) {
    try {
      if (hold != null) {
        hold.close();
      } else if (page.region().info().open()) {
        leave(null);
      } // else what it leaves is cleared by those who wait
    } catch (MemoryException | RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  // --- a writer that has the word ---

  /**
   * Has a writer wait until the readers that were there are gone; null if the deadline is over
   * before.
   */
  @Nullable LockHold entered(LockHold hold) throws InterruptedException, MemoryException {
    if (side != Side.WRITING || core.inSection(memory -> core.enter(memory, hold))) {
      return hold;
    }
    boolean entered = false;
    try {
      entered = enter(hold);
      return entered ? hold : null;
    } finally {
      if (!entered && page.region().info().open()) {
        core.inSection(
            memory -> {
              core.giveUp(memory, hold);
              return true;
            });
      }
    }
  }

  private record Look(boolean done, int signal) {}

  private boolean enter(LockHold hold) throws InterruptedException, MemoryException {
    long wait = FIRST_SLICE_NANOS;
    while (true) {
      Look look =
          core.inSection(
              memory -> {
                int left = page.getInt(memory, LockCore.LEFT);
                return new Look(core.enter(memory, hold), left);
              });
      if (look.done || deadline.isOver()) {
        return look.done;
      }
      long nanos = Math.min(wait, deadline.remainingNanos());
      if (!FutexSleep.sleep(page, LockCore.LEFT, look.signal, nanos)) {
        wait = Math.min(2 * wait, FutexSleep.SLICE_NANOS);
        core.inSection(
            memory -> {
              core.table().clearDeadReaders(memory);
              return true;
            });
      }
      requireUninterrupted();
    }
  }
}
