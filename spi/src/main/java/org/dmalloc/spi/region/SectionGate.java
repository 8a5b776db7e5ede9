/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.dmalloc.api.Access;
import org.jspecify.annotations.Nullable;

/**
 * Counts open access sections; lets one caller shut out new ones and wait for the end of open ones.
 *
 * <p><b>How.</b> A section is a claim on a slot: one compare-and-set puts the thread's id into it;
 * leaving is one release store. Nesting counts up a word beside it that only the owner touches.
 * {@link SectionSlots} has the slots: one at first, and more once threads have met.
 *
 * <p><b>Why it is right.</b> A section claims its slot and then reads {@code state}; {@link #shut}
 * writes {@code state} and then reads the slots. All four are volatile accesses, and those have one
 * total order that agrees with program order (JLS 17.4.4): either the section sees SHUT and
 * withdraws, or the shutter sees the claim and waits. What was written before {@link #open()} is
 * seen by every section that enters after it, through {@code state}.
 *
 * <p>A claim in the table of slots comes, in that order, after a volatile read or write of the
 * field {@code table}, and that after the write that put the table there for good. So a shutter
 * that must see the claim reads the field after that write, and finds the table. A thread that read
 * null there may claim the first slot when others have claimed in the table: the shutter reads
 * both.
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
public final class SectionGate extends SectionSlots {
  private static final VarHandle STATE;
  private static final VarHandle CONTENTION;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      STATE = lookup.findVarHandle(SectionGate.class, "state", int.class);
      CONTENTION = lookup.findVarHandle(SectionGate.class, "contention", Contention.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final int OPEN = 0;
  private static final int SHUT = 1;
  private static final int ENDED = 2;
  private static final int NOTIFYING = 3;
  private static final int REFUSING = 4;

  private static final int SPINS_BEFORE_PARK = 2_000;
  private static final long PARK_NANOS = 20_000;

  private volatile int state = OPEN;

  /** Runs when the gate leaves NOTIFYING; set before it enters that state. */
  private volatile @Nullable Runnable onNextUse;

  /** What gives what sections get while the gate refuses them; null while it does not. */
  private volatile @Nullable Supplier<RuntimeException> refusal;

  /** Null until somebody shuts the gate or waits. */
  private volatile @Nullable Contention contention;

  /** What a gate needs only where threads are in each other's way, and at its end. */
  private static final class Contention {
    /** Held from a shut to its open or end; not owned by a thread. */
    final Semaphore shutter = new Semaphore(1, true);

    /** The thread that has shut the gate, which would wait for itself; FREE for none. */
    volatile long shutBy = FREE;

    /**
     * Threads that wait for the gate to open. No lock: a virtual thread that is next for one, and
     * gets no carrier because others compute on all, would hold up all behind it and the opener.
     */
    final Queue<Thread> waiting = new ConcurrentLinkedQueue<>();
  }

  /** Null unless segments are to end with their sections. */
  private final @Nullable CheckedSections checks;

  /** Arenas of users that lead to the memory; null until there is one. */
  private volatile @Nullable CheckedSections attached;

  /** Whether a section is nothing but its slot and segment. */
  private final boolean plain;

  public SectionGate() {
    this(false);
  }

  /** A gate whose sections' segments end with them, if they are to be {@code checked}. */
  public SectionGate(boolean checked) {
    this(checked, !checked);
  }

  private SectionGate(boolean checked, boolean plain) {
    this.checks = checked ? new CheckedSections() : null;
    this.plain = plain;
  }

  /** A gate of several regions, which may end one by one: each then has sections refused. */
  public static SectionGate ofGroup() {
    return new SectionGate(false, false);
  }

  /**
   * Opens a section for the current thread, waiting while the gate is shut, unless the thread has
   * one open already.
   *
   * @return what {@link #exit} wants back
   * @throws IllegalStateException if the gate has ended
   */
  public int enter() {
    long threadId = Thread.currentThread().threadId();
    long[] slots = table;
    int slot = FIRST;
    if (slots == null) {
      slots = first;
    } else {
      slot = slotOf(threadId);
    }
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
    return enterSlowly(threadId);
  }

  /**
   * Ends the section that {@link #enter} opened on this thread. Harmless after the end of the gate:
   * the slot is still this thread's.
   */
  public void exit(int slot) {
    release(slot);
  }

  private Contention contention() {
    Contention there = contention;
    if (there == null) {
      CONTENTION.compareAndSet(this, null, new Contention());
      there = Objects.requireNonNull(contention);
    }
    return there;
  }

  /**
   * The section that this thread's {@link #enter} opened, over a segment that was read after it.
   */
  public Access section(int slot, MemorySegment segment) {
    return plain ? new SectionAccess(this, slot, segment, null) : special(slot, segment);
  }

  private Access special(int slot, MemorySegment segment) {
    if (checks != null) {
      return checked(slot, segment);
    }
    if (!segment.scope().isAlive()) {
      exit(slot);
      throw ended();
    }
    return new SectionAccess(this, slot, segment, null);
  }

  private Access checked(int slot, MemorySegment segment) {
    boolean done = false;
    try {
      Arena arena = Objects.requireNonNull(checks).begin();
      Access access = new SectionAccess(this, slot, CheckedSections.bound(segment, arena), arena);
      done = true;
      return access;
    } finally {
      if (!done) {
        exit(slot);
      }
    }
  }

  /** Like {@link #exit}, for a section that has an arena of its own. */
  void exit(int slot, Arena arena) {
    boolean ended = Objects.requireNonNull(checks).end(arena);
    exit(slot);
    if (!ended) {
      throw CheckedSections.inUse();
    }
  }

  /**
   * Ends the segments of checked sections that are left, which {@link #shutToEnd} did not wait for.
   * Called with the gate shut, before the memory goes.
   *
   * @throws IllegalStateException while a native call or a channel uses one
   */
  public void endSections() {
    if (checks != null) {
      checks.endAll();
    }
    CheckedSections arenas = attached;
    if (arenas != null) {
      arenas.endAll();
    }
  }

  /** Has {@link #endSections} end an arena whose segments lead to the memory, too. */
  void attach(Arena arena) {
    CheckedSections arenas = attached;
    if (arenas == null) {
      synchronized (this) {
        arenas = attached == null ? new CheckedSections() : attached;
        attached = arenas;
      }
    }
    arenas.add(arena);
  }

  /** Forgets an arena that has ended. */
  void detach(Arena arena) {
    CheckedSections arenas = attached;
    if (arenas != null) {
      arenas.remove(arena);
    }
  }

  /**
   * Shuts the gate: new sections wait, and this call returns when no section is open. The caller
   * then has the region for itself until it calls {@link #open()} or {@link #end()}, on any thread.
   *
   * @throws IllegalStateException if the gate has ended, if this thread has a section open, or if
   *     sections of others are still open after the time; the message names their threads, and the
   *     gate is open again. Also while the segment of a checked section is used past its end
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
    List<Long> holders = shutUnlessHeld(timeoutNanos, FREE);
    if (holders.isEmpty()) {
      endLeft(this::endSections);
    }
    return holders;
  }

  /**
   * Like {@link #shutUnlessHeld(long)}, for a thread that has a section open: it is not waited for,
   * and is open as before when the gate is.
   */
  List<Long> shutBesideOwn(long timeoutNanos) {
    List<Long> holders = shutUnlessHeld(timeoutNanos, Thread.currentThread().threadId());
    if (holders.isEmpty() && checks != null) {
      endLeft(checks::endAll); // attached arenas are of users, and the memory stays
    }
    return holders;
  }

  /** Whether this thread has shut the gate. */
  boolean isShutByCaller() {
    Contention there = contention;
    return state == SHUT && there != null && there.shutBy == Thread.currentThread().threadId();
  }

  /** Whether somebody has shut the gate, or waits for sections to end so that it is. */
  boolean isShut() {
    return state == SHUT;
  }

  /** Ends what sections left behind, or opens the gate again. */
  private void endLeft(Runnable end) {
    boolean done = false;
    try {
      end.run();
      done = true;
    } finally {
      if (!done) {
        open();
      }
    }
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
      contention().shutter.release();
      throw ended();
    }
    contention().shutBy = Thread.currentThread().threadId();
    if ((int) STATE.getAndSet(this, SHUT) == NOTIFYING) {
      tellOfUse();
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

  /**
   * Refuses new sections, but for those of threads that have one open, until {@link #allow}. While
   * the gate is shut, sections wait, and are refused when it opens.
   *
   * @param why gives what {@link #enter} throws
   */
  public void refuse(Supplier<RuntimeException> why) {
    refusal = why;
    notifyUse();
    STATE.compareAndSet(this, OPEN, REFUSING);
  }

  /** Ends {@link #refuse}, if it is in force. */
  public void allow() {
    refusal = null;
    STATE.compareAndSet(this, REFUSING, OPEN);
  }

  /** Opens the gate again after {@link #shut}. */
  public void open() {
    leaveShut(refusal == null ? OPEN : REFUSING);
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
    return holders().size();
  }

  private int enterSlowly(long threadId) {
    while (true) {
      // Nested sections are always let in: whoever shuts is waiting for the first anyway.
      if (holds(threadId)) {
        return claimNested(threadId);
      }
      awaitOpen();
      int slot = claim(threadId);
      if (state == OPEN) {
        return slot;
      }
      exit(slot);
    }
  }

  /** Ends {@link #notifyNextUse}, if it is in force, as the next section would. */
  public void notifyUse() {
    if (STATE.compareAndSet(this, NOTIFYING, OPEN)) {
      tellOfUse();
    }
  }

  private void tellOfUse() {
    Objects.requireNonNull(onNextUse).run();
  }

  private void awaitOpen() {
    notifyUse();
    requireAdmitted();
    if (state == OPEN) {
      return;
    }
    Thread self = Thread.currentThread();
    if (contention().shutBy == self.threadId()) {
      throw new IllegalStateException(
          "this thread is in a resize, move or close of the region; its listeners cannot use it");
    }
    boolean interrupted = false;
    Queue<Thread> waiting = contention().waiting;
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
    requireAdmitted();
  }

  private void requireAdmitted() {
    Supplier<RuntimeException> why = refusal;
    if (state == REFUSING && why != null) {
      throw why.get();
    }
  }

  private void leaveShut(int next) {
    if (state != SHUT) {
      throw new IllegalStateException("the gate is not shut");
    }
    Contention there = contention();
    there.shutBy = FREE;
    state = next;
    VarHandle.fullFence();
    there.waiting.forEach(LockSupport::unpark);
    there.shutter.release();
  }

  /** Takes the shutter within the time, also on an interrupted thread, whose status is kept. */
  private void takeShutter(long timeoutNanos) {
    long deadline = System.nanoTime() + timeoutNanos;
    if (!Uninterrupted.await(
        () ->
            contention().shutter.tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS))) {
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
