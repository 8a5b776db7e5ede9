/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.Access;

/**
 * Counts open access sections; lets one caller shut out new ones and wait for the end of open ones.
 *
 * <p><b>How.</b> A section is a claim on a slot: one compare-and-set puts the thread's id into a
 * slot that starts at that id's place in a table, so that threads meet on no cache line; leaving is
 * one release store. Nesting counts up a word beside it that only the owner touches. When a thread
 * finds its slot taken by another it tries the next ones, and when the table is full a map takes
 * over, so that any number of threads can have sections open.
 *
 * <p><b>Why it is right.</b> A section claims its slot and then reads {@code state}; {@link #shut}
 * writes {@code state} and then reads the slots. All four are volatile accesses, and those have one
 * total order that agrees with program order (JLS 17.4.4): either the section sees SHUT and
 * withdraws, or the shutter sees the claim and waits. What was written before {@link #open()} is
 * seen by every section that enters after it, through {@code state}.
 *
 * <p><b>Next use.</b> An observer need not sample a region that nobody uses: {@link #notifyNextUse}
 * makes the next section take the slow path once, and notify. The fast path stays as it is.
 *
 * <p><b>Threads.</b> Thread ids are never used twice in a JVM and virtual threads have them too, so
 * no thread-local and no carrier matters. {@code enter} and {@code exit} allocate nothing. Threads
 * are told by name and place, and asked whether they have ended, only when a wait was in vain,
 * which for virtual ones takes a dump of all threads; the gate is open then.
 *
 * <p><b>Lost sections.</b> An asynchronous error, such as the {@link InternalError} of a page that
 * cannot be read, may come between opening a section and the block that would close it. Sections of
 * threads that have ended, and those of the thread that ends the gate, are therefore reclaimed.
 */
public final class SectionGate {
  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(SectionGate.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Longs from one slot to the next: two cache lines, as the hardware fetches lines in pairs. */
  private static final int STRIDE = 16;

  private static final int SLOT_COUNT =
      Math.clamp(Integer.highestOneBit(Runtime.getRuntime().availableProcessors() * 8), 16, 256);

  /** The slot number of sections that the table had no place for. */
  private static final int OVERFLOW = -1;

  private static final int FREE = 0;
  private static final int OPEN = 0;
  private static final int SHUT = 1;
  private static final int ENDED = 2;
  private static final int NOTIFYING = 3;

  private static final int SPINS_BEFORE_PARK = 2_000;
  private static final long PARK_NANOS = 20_000;

  /** Per slot the owner's thread id or FREE, then its nesting; before the first, a slot's room. */
  private final long[] slots = new long[(SLOT_COUNT + 1) * STRIDE];

  /** Nesting depth by thread id, for sections that the table had no place for. */
  private final Map<Long, Integer> overflow = new ConcurrentHashMap<>();

  private volatile int state = OPEN;

  /** Runs when the gate leaves NOTIFYING; set before it enters that state. */
  private volatile Runnable onNextUse = () -> {};

  /** Held from a shut to its open or end; not owned by a thread. */
  private final Semaphore shutter = new Semaphore(1, true);

  /**
   * Threads that wait for the gate to open. No lock: a virtual thread that is next for one, and
   * gets no carrier because others compute on all, would hold up all behind it and the opener.
   */
  private final Queue<Thread> waiting = new ConcurrentLinkedQueue<>();

  public SectionGate() {}

  /**
   * Opens a section for the current thread, waiting while the gate is shut, unless the thread has
   * one open already.
   *
   * @return what {@link #exit} wants back
   * @throws IllegalStateException if the gate has ended
   */
  public int enter() {
    long threadId = Thread.currentThread().threadId();
    int slot = slotOf(threadId);
    long owner = (long) SLOT.getOpaque(slots, slot);
    if (owner == threadId) {
      slots[slot + 1]++;
      return slot;
    }
    if (owner == FREE && SLOT.compareAndSet(slots, slot, (long) FREE, threadId)) {
      if (state == OPEN) {
        return slot;
      }
      SLOT.setRelease(slots, slot, (long) FREE);
    }
    return enterSlowly(threadId, slot);
  }

  /**
   * Ends the section that {@link #enter} opened on this thread. Harmless after the end of the gate:
   * the slot is still this thread's.
   */
  public void exit(int slot) {
    if (slot == OVERFLOW) {
      overflow.computeIfPresent(
          Thread.currentThread().threadId(), (id, depth) -> depth == 1 ? null : depth - 1);
    } else if (slots[slot + 1] > 0) {
      slots[slot + 1]--;
    } else {
      SLOT.setRelease(slots, slot, (long) FREE);
    }
  }

  /**
   * The section that this thread's {@link #enter} opened, over a segment that was read after it.
   */
  public Access section(int slot, MemorySegment segment) {
    return new SectionAccess(this, slot, segment);
  }

  /**
   * Shuts the gate: new sections wait, and this call returns when no section is open. The caller
   * then has the region for itself until it calls {@link #open()} or {@link #end()}, on any thread.
   *
   * @throws IllegalStateException if the gate has ended, if this thread has a section open, or if
   *     sections of others are still open after the time; the message names their threads, and the
   *     gate is open again
   */
  public void shut(long timeoutNanos) {
    requireShut(shutUnlessHeld(timeoutNanos), timeoutNanos);
  }

  /**
   * Like {@link #shut}, to end the gate: sections that this thread has open are not waited for.
   * They end by {@link #end()}; after {@link #open()} they are open as before.
   *
   * @throws IllegalStateException if the gate has ended, or if sections of others are still open
   *     after the time
   */
  public void shutToEnd(long timeoutNanos) {
    long threadId = Thread.currentThread().threadId();
    requireShut(shutUnlessHeld(timeoutNanos, threadId), timeoutNanos);
  }

  private static void requireShut(List<Long> holders, long timeoutNanos) {
    if (!holders.isEmpty()) {
      throw new IllegalStateException(held(holders, timeoutNanos));
    }
  }

  /** What there is to say about threads that held a shut up. May take long: see the class. */
  public static String held(List<Long> threadIds, long timeoutNanos) {
    return String.format(
        Locale.ROOT,
        "access section held for longer than %d ms by %s; close it and try again",
        TimeUnit.NANOSECONDS.toMillis(timeoutNanos),
        String.join(", ", ThreadsById.inWords(threadIds)));
  }

  /**
   * Like {@link #shut}, for callers that try again. Sections that threads left open when they ended
   * are reclaimed once the time is over, with the gate open: finding out may take long.
   *
   * @return the ids of the threads whose sections are still open after the time, and the gate is
   *     open again; empty if the gate is shut
   * @throws IllegalStateException if the gate has ended, or if this thread has a section open
   */
  public List<Long> shutUnlessHeld(long timeoutNanos) {
    long threadId = Thread.currentThread().threadId();
    if (holds(threadId)) {
      throw new IllegalStateException(
          "this thread has an access section open on the region; close it first");
    }
    return shutUnlessHeld(timeoutNanos, FREE);
  }

  private List<Long> shutUnlessHeld(long timeoutNanos, long except) {
    while (true) {
      List<Long> holders = shutInTime(timeoutNanos, except);
      if (holders.isEmpty()) {
        return holders;
      }
      Set<Long> ended = ThreadsById.ended(holders);
      ended.forEach(this::reclaim);
      if (ended.size() < holders.size()) {
        holders.removeAll(ended);
        return holders;
      }
    }
  }

  /** Tries once, and does not wait for the sections of one thread; FREE for none. */
  private List<Long> shutInTime(long timeoutNanos, long except) {
    long deadline = System.nanoTime() + timeoutNanos;
    takeShutter(timeoutNanos);
    if (state == ENDED) {
      shutter.release();
      throw ended();
    }
    if ((int) STATE.getAndSet(this, SHUT) == NOTIFYING) {
      onNextUse.run();
    }
    int spins = 0;
    while (sectionsOpen(except)) {
      if (System.nanoTime() - deadline >= 0) {
        List<Long> holders = holders();
        holders.remove(except);
        if (holders.isEmpty()) {
          continue; // the last section has ended meanwhile
        }
        open();
        return holders;
      }
      if (++spins < SPINS_BEFORE_PARK) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(this, PARK_NANOS); // returns at once if interrupted: it spins then
      }
    }
    return List.of();
  }

  /**
   * Asks to be told of the next section, if none is open now. Only the next section pays: it finds
   * the gate not simply open, and takes the slow path of waiting sections. A gate that is to notify
   * already tells this one, and no longer the one before.
   *
   * @param onUse called once, by the thread that enters next or shuts the gate; must not block
   * @return false if a section is open, or the gate is shut or has ended; then nothing is called
   */
  public boolean notifyNextUse(Runnable onUse) {
    onNextUse = onUse;
    if (!STATE.compareAndSet(this, OPEN, NOTIFYING) && state != NOTIFYING) {
      return false;
    }
    // As in shut: a section either sees NOTIFYING or is seen here.
    return !sectionsOpen(FREE) || !STATE.compareAndSet(this, NOTIFYING, OPEN);
  }

  /** Opens the gate again after {@link #shut}. */
  public void open() {
    leaveShut(OPEN);
  }

  /**
   * Ends the gate after {@link #shut}: every {@link #enter} throws from now on. Sections that
   * {@link #shutToEnd} did not wait for end too, and closing them later does nothing.
   */
  public void end() {
    leaveShut(ENDED);
  }

  public boolean hasEnded() {
    return state == ENDED;
  }

  /** Whether the current thread has a section open. */
  public boolean heldByCaller() {
    return holds(Thread.currentThread().threadId());
  }

  /** How many threads have a section open, at about this moment. */
  public int openSections() {
    if (state == ENDED) {
      return 0; // its closer's sections ended with it, and leave their slots later
    }
    int count = overflow.size();
    for (int slot = STRIDE; slot < slots.length; slot += STRIDE) {
      if ((long) SLOT.getVolatile(slots, slot) != FREE) {
        count++;
      }
    }
    return count;
  }

  private List<Long> holders() {
    List<Long> threadIds = new ArrayList<>(overflow.keySet());
    for (int slot = STRIDE; slot < slots.length; slot += STRIDE) {
      long owner = (long) SLOT.getVolatile(slots, slot);
      if (owner != FREE && !threadIds.contains(owner)) {
        threadIds.add(owner);
      }
    }
    return threadIds;
  }

  private static int slotOf(long threadId) {
    return (((int) threadId & (SLOT_COUNT - 1)) + 1) * STRIDE;
  }

  private int enterSlowly(long threadId, int home) {
    while (true) {
      // Nested sections are always let in: whoever shuts is waiting for the first anyway.
      if (holds(threadId)) {
        return claimNested(threadId);
      }
      awaitOpen();
      int slot = claimElsewhere(threadId, home);
      if (state == OPEN) {
        return slot;
      }
      exit(slot);
    }
  }

  /**
   * Counts up where the thread has a section already. A nested section in another slot could
   * outlive the first unseen by a thread that reads all slots one after the other.
   */
  private int claimNested(long threadId) {
    int slot = slotHeldBy(threadId);
    if (slot == OVERFLOW) {
      overflow.merge(threadId, 1, Integer::sum);
    } else {
      slots[slot + 1]++;
    }
    return slot;
  }

  private int claimElsewhere(long threadId, int home) {
    int slot = home;
    for (int i = 0; i < SLOT_COUNT; i++) {
      if (SLOT.compareAndSet(slots, slot, (long) FREE, threadId)) {
        return slot;
      }
      slot = slot + STRIDE < slots.length ? slot + STRIDE : STRIDE;
    }
    overflow.merge(threadId, 1, Integer::sum);
    // The map's own accesses are volatile or locked, but not all part of the total order above.
    VarHandle.fullFence();
    return OVERFLOW;
  }

  private boolean holds(long threadId) {
    return slotHeldBy(threadId) != OVERFLOW || overflow.containsKey(threadId);
  }

  private int slotHeldBy(long threadId) {
    for (int slot = STRIDE; slot < slots.length; slot += STRIDE) {
      if ((long) SLOT.getOpaque(slots, slot) == threadId) {
        return slot;
      }
    }
    return OVERFLOW;
  }

  /**
   * Ends all sections of a thread that has ended, and so opens and closes none. The lock keeps two
   * that do this for the same thread from meeting in a slot that a third has claimed in between.
   */
  private synchronized void reclaim(long threadId) {
    for (int slot = STRIDE; slot < slots.length; slot += STRIDE) {
      if ((long) SLOT.getVolatile(slots, slot) == threadId) {
        slots[slot + 1] = 0;
        SLOT.setRelease(slots, slot, (long) FREE);
      }
    }
    overflow.remove(threadId);
  }

  private boolean sectionsOpen(long except) {
    for (int slot = STRIDE; slot < slots.length; slot += STRIDE) {
      long owner = (long) SLOT.getVolatile(slots, slot);
      if (owner != FREE && owner != except) {
        return true;
      }
    }
    VarHandle.fullFence();
    // Not size(): it adds up counters that others change meanwhile, and may come to zero although
    // an entry was there all along. A walk finds such an entry.
    for (long owner : overflow.keySet()) {
      if (owner != except) {
        return true;
      }
    }
    return false;
  }

  /** Ends {@link #notifyNextUse}, if it is in force, as the next section would. */
  public void notifyUse() {
    if (STATE.compareAndSet(this, NOTIFYING, OPEN)) {
      onNextUse.run();
    }
  }

  private void awaitOpen() {
    notifyUse();
    if (state == OPEN) {
      return;
    }
    Thread self = Thread.currentThread();
    boolean interrupted = false;
    waiting.add(self);
    VarHandle.fullFence(); // as in leaveShut: either this sees the new state or is seen waiting
    while (state == SHUT) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    waiting.remove(self);
    if (interrupted) {
      self.interrupt();
    }
    if (state == ENDED) {
      throw ended();
    }
  }

  private void leaveShut(int next) {
    if (state != SHUT) {
      throw new IllegalStateException("the gate is not shut");
    }
    state = next;
    VarHandle.fullFence();
    waiting.forEach(LockSupport::unpark);
    shutter.release();
  }

  /** Takes the shutter within the time, also on an interrupted thread, whose status is kept. */
  private void takeShutter(long timeoutNanos) {
    long deadline = System.nanoTime() + timeoutNanos;
    if (!Uninterrupted.await(
        () -> shutter.tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS))) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "the region is held by a resize, move or close for longer than %d ms; try again",
              TimeUnit.NANOSECONDS.toMillis(timeoutNanos)));
    }
  }

  private static IllegalStateException ended() {
    return new IllegalStateException("region is closed");
  }
}
