/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.linux.Futex;
import org.dmalloc.shared.Acquirable;
import org.dmalloc.shared.Held;
import org.dmalloc.shared.LockState;
import org.jspecify.annotations.Nullable;

/**
 * One lock as one opening of its region sees it: takes it, releases it, recovers it.
 *
 * <p>Beside the {@link OwnerWord} stands the <b>turn</b>: the slot that is served next, while one
 * of those who wait has waited for too long. While it is set, nobody else takes the lock. The turn
 * is handed on to the one that has starved longest, by whoever had it; and by any waiter that finds
 * that a dead member has it, one that does not wait, or one that does not come.
 */
final class LockCore {
  static final long OWNER = 64;
  static final long TURN = 72;
  static final long TICKETS = 80;
  static final long WAITERS = 88;
  static final long LEFT = 92;
  static final long RECOVERIES = 96;

  private static final long NOBODY = 0;
  private static final int MEMBER_SHIFT = 32;

  /** How a lock is held. */
  enum Side {
    /** The only side of a lock without two. */
    EXCLUSIVE,
    READING,
    WRITING
  }

  private final SharedPage page;
  private final PageHeader header;
  private final RegionMembers members;
  private final MemberTable table;
  private final LocalQueue local;
  private final int self;
  private final int slot;
  private final AdaptiveSpin spin = new AdaptiveSpin();

  /** Opens the lock of a page that was found to be there. */
  LockCore(MemoryRegion region, long offset, PageHeader header, RegionMembers members)
      throws MemoryException {
    this.page = new SharedPage(region, offset, header);
    this.header = header;
    this.members = members;
    this.self = members.self();
    this.table = new MemberTable(page, members);
    this.local = LocalQueue.of(header.nonce(), self);
    this.slot = claim();
    stayAtThisFile();
  }

  /**
   * Keeps the region from a move to another file, where this process has another number than the
   * one that it leaves in the memory. Until the region is closed, as any lock of it may be in use.
   */
  private void stayAtThisFile() throws MemoryException {
    Objects.requireNonNull(members.tryHold("dmalloc.number." + self)); // empty: one has it already
  }

  private int claim() throws MemoryException {
    synchronized (local) {
      return inSection(table::claim);
    }
  }

  SharedPage page() {
    return page;
  }

  MemberTable table() {
    return table;
  }

  LocalQueue local() {
    return local;
  }

  int slot() {
    return slot;
  }

  /** What is done with the page inside a section. */
  @FunctionalInterface
  interface Use<T> {
    T on(MemorySegment memory) throws MemoryException;
  }

  /** Does it in a section, after a look whether the page is there. */
  <T> T inSection(Use<T> use) throws MemoryException {
    try (Access access = page.region().acquire()) {
      MemorySegment memory = access.segment();
      page.require(memory);
      return use.on(memory);
    } catch (InternalError e) {
      throw page.gone(e);
    }
  }

  // --- taking ---

  /** An attempt to take the lock inside a section; null if somebody else has it. */
  @FunctionalInterface
  private interface Attempt {
    @Nullable LockHold on(MemorySegment memory) throws MemoryException;
  }

  private record Attempted(@Nullable LockHold hold) {}

  private @Nullable LockHold attempt(Attempt attempt) throws MemoryException {
    return inSection(memory -> new Attempted(attempt.on(memory))).hold;
  }

  /** Waits for it until the deadline; null if that is over. */
  @Nullable LockHold acquire(Side side, Deadline deadline)
      throws InterruptedException, MemoryException {
    if (Thread.interrupted()) {
      throw new InterruptedException("before it waited for the lock at " + page.target());
    }
    if (deadline.isOver()) {
      return tryAcquire(side);
    }
    Thread thread = Thread.currentThread();
    LockHold hold =
        attempt(
            memory -> {
              LockHold at = take(memory, side, thread, false);
              boolean again =
                  at == null && spin.until(() -> OwnerWord.isFree(page.get(memory, OWNER)));
              return again ? take(memory, side, thread, false) : at;
            });
    if (hold != null && side != Side.WRITING) {
      return hold;
    }
    LockWait wait = new LockWait(this, side, deadline);
    return hold == null ? wait.await() : wait.entered(hold);
  }

  /** Takes it if it is free or a dead owner's; else null. */
  @Nullable LockHold tryAcquire(Side side) throws MemoryException {
    Thread thread = Thread.currentThread();
    return attempt(
        memory -> {
          LockHold hold = take(memory, side, thread, false);
          if (hold == null && recover(memory)) {
            long turn = turn(memory);
            if (turn != NOBODY && !isWaitedFor(memory, turn)) {
              passTurn(memory, turn);
            }
            hold = take(memory, side, thread, false);
          }
          return hold == null || settledOrGivenUp(memory, hold) ? hold : null;
        });
  }

  /** As {@link #settled}; what that throws leaves no owner that nobody knows of. */
  private boolean settledOrGivenUp(MemorySegment memory, LockHold hold) throws MemoryException {
    boolean ended = false;
    try {
      boolean settled = settled(memory, hold);
      ended = true;
      return settled;
    } finally {
      if (!ended) {
        giveUp(memory, hold);
      }
    }
  }

  /** Whether it is held for good, or no reader is in its way; else it is given back. */
  private boolean settled(MemorySegment memory, LockHold hold) throws MemoryException {
    if (hold.side() != Side.WRITING || enter(memory, hold)) {
      return true;
    }
    table.clearDeadReaders(memory);
    if (enter(memory, hold)) {
      return true;
    }
    giveUp(memory, hold);
    return false;
  }

  /**
   * Takes it for a thread if it is free.
   *
   * @param first whether the thread is the first of this process, which may have the turn
   * @throws IllegalStateException if the thread has it already
   */
  @Nullable LockHold take(MemorySegment memory, Side side, Thread thread, boolean first)
      throws MemoryException {
    long owner = page.get(memory, OWNER);
    if (!OwnerWord.isFree(owner)) {
      requireOther(owner, thread);
    }
    if (side != Side.EXCLUSIVE && local.readers().contains(thread)) {
      throw held(thread, " for reading");
    }
    long turn = page.get(memory, TURN);
    if (!OwnerWord.isFree(owner) || (turn != NOBODY && !(first && turn == turn()))) {
      return null;
    }
    if (side == Side.READING) {
      return takeForReading(memory, thread);
    }
    long mark = owner | (side == Side.WRITING ? OwnerWord.ENTERING : 0);
    long word = OwnerWord.of(self, thread.threadId()) | mark;
    return page.compareAndSet(memory, OWNER, owner, word)
        ? new LockHold(this, side, thread, word)
        : null;
  }

  private @Nullable LockHold takeForReading(MemorySegment memory, Thread thread)
      throws MemoryException {
    table.addReader(memory, slot);
    long owner = page.get(memory, OWNER);
    if (OwnerWord.isFree(owner)) {
      local.readers().add(thread);
      return new LockHold(this, Side.READING, thread, owner);
    }
    leaveReading(memory);
    return null;
  }

  private void requireOther(long owner, Thread thread) {
    if (OwnerWord.owner(owner) == OwnerWord.of(self, thread.threadId())) {
      throw held(thread, "");
    }
  }

  private IllegalStateException held(Thread thread, String how) {
    return new IllegalStateException(
        "thread "
            + thread.threadId()
            + " has the lock at "
            + page.target()
            + how
            + " already, and it is not reentrant; close what it holds first");
  }

  /** Lets a writer that has the word in if no reader is left. */
  boolean enter(MemorySegment memory, LockHold hold) throws MemoryException {
    if (table.hasReaders(memory)) {
      return false;
    }
    hold.change(memory, hold.word() & ~OwnerWord.ENTERING);
    return true;
  }

  // --- releasing ---

  /** Gives the word of an owner back. */
  void giveUp(MemorySegment memory, LockHold hold) throws MemoryException {
    hold.change(memory, hold.word() & OwnerWord.INCONSISTENT);
    wakeNext(memory);
  }

  /** Takes a reader of this process off, and tells a writer that may wait for that. */
  void leaveReading(MemorySegment memory) throws MemoryException {
    table.removeReader(memory, slot);
    if (!OwnerWord.isFree(page.get(memory, OWNER))) {
      page.getAndAddInt(memory, LEFT, 1);
      Futex.wake(page.word(memory, LEFT), 1);
    }
  }

  /** Wakes the one that is to have it next, if anybody waits. */
  void wakeNext(MemorySegment memory) throws MemoryException {
    if (page.getInt(memory, WAITERS) == 0) {
      return;
    }
    int next = next(memory);
    if (next < 0) {
      // As a waiter sets the mark after its ticket, one of the two looks after the other's store.
      page.setInt(memory, WAITERS, 0);
      next = next(memory);
      if (next < 0) {
        return;
      }
      page.setInt(memory, WAITERS, 1);
    }
    table.wake(memory, next);
  }

  private int next(MemorySegment memory) {
    int inTurn = slotOf(page.get(memory, TURN));
    return inTurn >= 0 ? inTurn : table.oldest(memory, 0, -1);
  }

  // --- what the dead have left ---

  /** Frees the lock of an owner that is dead. True if it has become free. */
  boolean recover(MemorySegment memory) throws MemoryException {
    long owner = page.get(memory, OWNER);
    if (OwnerWord.isFree(owner)) {
      return true;
    }
    int member = OwnerWord.member(owner);
    if (member == 0) {
      throw page.damaged("its owner has no member's number");
    }
    if (members.isAlive(member)
        || !page.compareAndSet(memory, OWNER, owner, OwnerWord.afterDeath(owner))) {
      return false;
    }
    if (!OwnerWord.isEntering(owner)) {
      page.getAndAdd(memory, RECOVERIES, 1);
    }
    wakeNext(memory);
    return true;
  }

  // --- the turn ---

  /** What stands there if it is the turn of this process. */
  long turn() {
    return ((long) self << MEMBER_SHIFT) | (slot + 1);
  }

  long turn(MemorySegment memory) {
    return page.get(memory, TURN);
  }

  /** Takes the turn from one that does not come, until it says again that it waits. */
  void takeTurnFrom(MemorySegment memory, long turn) throws MemoryException {
    int of = slotOf(turn);
    if (of >= 0) {
      table.setTicket(memory, of, 0);
    }
    passTurn(memory, turn);
  }

  private static int slotOf(long turn) {
    long slot = (turn & 0xffff_ffffL) - 1;
    return slot < MemberTable.SLOTS ? (int) slot : -1;
  }

  /** Takes the turn if nobody has it. */
  void claimTurn(MemorySegment memory) {
    if (page.get(memory, TURN) == NOBODY) {
      page.compareAndSet(memory, TURN, NOBODY, turn());
    }
  }

  /** Hands the turn to the one that has starved longest. */
  void passTurn(MemorySegment memory, long from) throws MemoryException {
    int next = table.oldest(memory, MemberTable.STARVING, slotOf(from));
    int member = next < 0 ? 0 : table.member(memory, next);
    long to = member <= 0 ? NOBODY : ((long) member << MEMBER_SHIFT) | (next + 1);
    if (page.compareAndSet(memory, TURN, from, to) && to != NOBODY) {
      table.wake(memory, next);
    }
  }

  /** Whether a living member waits in its turn. */
  boolean isWaitedFor(MemorySegment memory, long turn) throws MemoryException {
    int of = slotOf(turn);
    int member = (int) (turn >>> MEMBER_SHIFT);
    return of >= 0 && member > 0 && table.isWaiting(memory, of, member) && members.isAlive(member);
  }

  // --- for users ---

  /** One side as users see it. */
  Acquirable acquirable(Side side) {
    return new Acquirable() {
      @Override
      public Held acquire() throws InterruptedException, MemoryException {
        LockHold hold = null;
        while (hold == null) {
          hold = LockCore.this.acquire(side, Deadline.never());
        }
        return hold;
      }

      @Override
      public Optional<Held> tryAcquire() throws MemoryException {
        return Optional.ofNullable(LockCore.this.tryAcquire(side));
      }

      @Override
      public Optional<Held> tryAcquire(Duration timeout)
          throws InterruptedException, MemoryException {
        return Optional.ofNullable(LockCore.this.acquire(side, Deadline.after(timeout)));
      }

      @Override
      public String toString() {
        return side + " of " + LockCore.this;
      }
    };
  }

  LockState state() throws MemoryException {
    return inSection(memory -> state(memory, page, header, members));
  }

  /** What a lock's page says, whoever uses it. */
  static LockState state(
      MemorySegment memory, SharedPage page, PageHeader header, RegionMembers members)
      throws MemoryException {
    MemberTable table = new MemberTable(page, members);
    long word = page.get(memory, OWNER);
    LockState.Owner owner =
        OwnerWord.isFree(word)
            ? null
            : new LockState.Owner(
                table.state(memory, OwnerWord.member(word)),
                OwnerWord.thread(word),
                OwnerWord.isEntering(word));
    List<LockState.Reader> readers = table.readers(memory);
    return new LockState(
        page.offset(),
        kind(header.kind()),
        owner,
        readers,
        table.waiters(memory),
        OwnerWord.isInconsistent(word),
        page.get(memory, RECOVERIES));
  }

  private static LockState.Kind kind(PageHeader.Kind kind) {
    return switch (kind) {
      case LOCK -> LockState.Kind.LOCK;
      case READ_WRITE_LOCK -> LockState.Kind.READ_WRITE_LOCK;
      case PRODUCERS -> LockState.Kind.PRODUCERS;
      case CONSUMERS -> LockState.Kind.CONSUMERS;
      case RING -> throw new IllegalArgumentException("no lock");
    };
  }

  @Override
  public String toString() {
    return header.kind().words + " at " + page.target();
  }
}
