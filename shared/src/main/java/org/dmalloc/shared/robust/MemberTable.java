/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.linux.Futex;
import org.dmalloc.shared.LockState;
import org.dmalloc.shared.SharedMemoryService;

/**
 * The members that use a lock: 61 slots of 64 bytes. A slot has its member's number and how many of
 * that member's threads read, in one long, so that what a dead member had is cleared exactly or not
 * at all; the ticket with which that member waits; and the futex that it sleeps on.
 *
 * <p>A ticket is a number that grows from waiter to waiter, and two marks. It is a hint for who is
 * served next, and nobody relies on it: whoever waits writes it again in each slice.
 */
final class MemberTable {
  static final int SLOTS = SharedMemoryService.MOST_MEMBERS;

  /** A ticket's mark: it has waited for so long that it is served in turn. */
  static final long STARVING = 1;

  /** A ticket's mark: it waits to read. */
  static final long READING = 2;

  private static final int TICKET_SHIFT = 2;
  private static final long TABLE = 128;
  private static final long SLOT_BYTES = 64;
  private static final long TICKET = 8;
  private static final long SIGNAL = 16;
  private static final long PID = 24;
  private static final int MEMBER_SHIFT = 32;
  private static final int NONE = -1;

  private final SharedPage page;
  private final RegionMembers members;

  MemberTable(SharedPage page, RegionMembers members) {
    this.page = page;
    this.members = members;
  }

  private static long at(int slot) {
    return TABLE + slot * SLOT_BYTES;
  }

  private long holder(MemorySegment memory, int slot) {
    return page.get(memory, at(slot));
  }

  private static int member(long holder) {
    return (int) (holder >>> MEMBER_SHIFT);
  }

  private static int readers(long holder) {
    return (int) holder;
  }

  private static long number(long ticket) {
    return ticket >>> TICKET_SHIFT;
  }

  /** The ticket of a number, without marks. */
  static long ticket(long number) {
    return number << TICKET_SHIFT;
  }

  /**
   * The slot of this process, which it keeps as long as it has the region open.
   *
   * @throws MemoryException if living members have all slots
   */
  int claim(MemorySegment memory) throws MemoryException {
    int self = members.self();
    for (int slot = 0; slot < SLOTS; slot++) {
      if (member(holder(memory, slot)) == self) {
        return slot;
      }
    }
    long own = (long) self << MEMBER_SHIFT;
    for (int slot = 0; slot < SLOTS; slot++) {
      long holder = holder(memory, slot);
      boolean free = holder == 0 || (!isAlive(holder) && clear(memory, slot, holder));
      if (free && page.compareAndSet(memory, at(slot), 0, own)) {
        page.set(memory, at(slot) + PID, ProcessHandle.current().pid());
        return slot;
      }
    }
    throw MemoryException.of(
        "open lock",
        SharedPage.BYTES,
        page.target(),
        SLOTS + " living processes use it already",
        "close the region in one of them, or share in groups");
  }

  private boolean isAlive(long holder) throws MemoryException {
    int member = member(holder);
    if (member <= 0) {
      throw page.damaged("a slot without a member has " + readers(holder) + " readers");
    }
    return members.isAlive(member);
  }

  /** Clears what a dead member has left. False if somebody else has. */
  private boolean clear(MemorySegment memory, int slot, long holder) {
    long ticket = page.get(memory, at(slot) + TICKET);
    // The ticket first: once the slot is free, the next one's may stand there.
    if (ticket != 0 && holder(memory, slot) == holder) {
      page.compareAndSet(memory, at(slot) + TICKET, ticket, 0);
    }
    return page.compareAndSet(memory, at(slot), holder, 0);
  }

  // --- readers ---

  /** Counts a reader of this process. */
  void addReader(MemorySegment memory, int slot) throws MemoryException {
    requireOwn(page.getAndAdd(memory, at(slot), 1), 0);
  }

  /** Takes it off again. */
  void removeReader(MemorySegment memory, int slot) throws MemoryException {
    requireOwn(page.getAndAdd(memory, at(slot), -1), 1);
  }

  private void requireOwn(long holder, int least) throws MemoryException {
    if (member(holder) != members.self() || readers(holder) < least) {
      throw page.damaged("the slot of this process has another one's number or count");
    }
  }

  /** Whether any member reads. */
  boolean hasReaders(MemorySegment memory) {
    for (int slot = 0; slot < SLOTS; slot++) {
      if (readers(holder(memory, slot)) != 0) {
        return true;
      }
    }
    return false;
  }

  /** Takes off the readers of members that are dead. */
  void clearDeadReaders(MemorySegment memory) throws MemoryException {
    for (int slot = 0; slot < SLOTS; slot++) {
      long holder = holder(memory, slot);
      if (readers(holder) != 0 && !isAlive(holder)) {
        clear(memory, slot, holder);
      }
    }
  }

  // --- waiters ---

  void setTicket(MemorySegment memory, int slot, long ticket) {
    page.set(memory, at(slot) + TICKET, ticket);
  }

  boolean isWaiting(MemorySegment memory, int slot, int member) {
    return member(holder(memory, slot)) == member && page.get(memory, at(slot) + TICKET) != 0;
  }

  int member(MemorySegment memory, int slot) {
    return member(holder(memory, slot));
  }

  /**
   * The slot that waits with the lowest ticket; −1 if none does.
   *
   * @param marks that the ticket must have
   * @param but a slot that is not asked for; −1 for none
   */
  int oldest(MemorySegment memory, long marks, int but) {
    int oldest = NONE;
    long lowest = Long.MAX_VALUE;
    for (int slot = 0; slot < SLOTS; slot++) {
      long ticket = page.get(memory, at(slot) + TICKET);
      if (slot != but && ticket != 0 && (ticket & marks) == marks && number(ticket) < lowest) {
        oldest = slot;
        lowest = number(ticket);
      }
    }
    return oldest;
  }

  /** Clears the slots of dead members that waited before the given ticket. */
  void clearDeadWaiters(MemorySegment memory, long ticket) throws MemoryException {
    for (int slot = 0; slot < SLOTS; slot++) {
      long other = page.get(memory, at(slot) + TICKET);
      long holder = holder(memory, slot);
      if (other != 0 && number(other) < number(ticket) && holder != 0 && !isAlive(holder)) {
        clear(memory, slot, holder);
      }
    }
  }

  // --- sleeping ---

  /** What stands in a slot's futex, to be slept on. */
  int signal(MemorySegment memory, int slot) {
    return page.getInt(memory, at(slot) + SIGNAL);
  }

  /** Where a slot's futex is in the page, in bytes. */
  static long signalAt(int slot) {
    return at(slot) + SIGNAL;
  }

  /** Wakes the thread that sleeps on a slot. */
  void wake(MemorySegment memory, int slot) throws MemoryException {
    page.getAndAddInt(memory, at(slot) + SIGNAL, 1);
    Futex.wake(page.word(memory, at(slot) + SIGNAL), 1);
  }

  // --- listings ---

  LockState.Member state(MemorySegment memory, int member) throws MemoryException {
    long pid = 0;
    for (int slot = 0; slot < SLOTS; slot++) {
      if (member(holder(memory, slot)) == member) {
        pid = page.get(memory, at(slot) + PID);
      }
    }
    return new LockState.Member(member, pid, member > 0 && members.isAlive(member));
  }

  List<LockState.Reader> readers(MemorySegment memory) throws MemoryException {
    List<LockState.Reader> readers = new ArrayList<>();
    for (int slot = 0; slot < SLOTS; slot++) {
      long holder = holder(memory, slot);
      if (readers(holder) != 0) {
        readers.add(new LockState.Reader(state(memory, member(holder)), readers(holder)));
      }
    }
    return readers;
  }

  private record Waiting(long ticket, int member) {}

  List<LockState.Waiter> waiters(MemorySegment memory) throws MemoryException {
    List<Waiting> waiting = new ArrayList<>();
    for (int slot = 0; slot < SLOTS; slot++) {
      long ticket = page.get(memory, at(slot) + TICKET);
      int member = member(holder(memory, slot));
      if (ticket != 0 && member != 0) {
        waiting.add(new Waiting(ticket, member));
      }
    }
    waiting.sort(Comparator.comparingLong(each -> number(each.ticket)));
    List<LockState.Waiter> waiters = new ArrayList<>();
    for (Waiting each : waiting) {
      waiters.add(
          new LockState.Waiter(
              state(memory, each.member),
              (each.ticket & READING) == 0,
              (each.ticket & STARVING) != 0));
    }
    return waiters;
  }
}
