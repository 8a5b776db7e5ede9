/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Who has sections open on a {@link SectionGate}: the claims on slots, without the question whether
 * they may be made.
 *
 * <p>A new gate has one slot, as most regions meet one thread at a time. A thread that finds it
 * taken by another makes a table, in which each thread begins at its id's place, so that threads
 * meet on no cache line from then on. When a thread finds its place taken it tries the next ones,
 * and when the table is full a map takes over, so that any number of threads can have sections
 * open.
 *
 * <p>The table and the map are only ever added, by a volatile write that nobody takes back, and the
 * first slot stays beside them. So no claim ever moves, and it is released where it was made.
 */
abstract class SectionSlots {
  static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle TABLE;
  private static final VarHandle OVERFLOWING;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      TABLE = lookup.findVarHandle(SectionSlots.class, "table", long[].class);
      OVERFLOWING = lookup.findVarHandle(SectionSlots.class, "overflowing", Map.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Longs from one slot to the next: two cache lines, as the hardware fetches lines in pairs. */
  private static final int STRIDE = 16;

  /**
   * The number of the slot that a gate begins with: the middle of an array that keeps it apart from
   * its neighbours, which may be those of other gates. No slot of the table has this number.
   */
  static final int FIRST = 4;

  /** Two of these lie at least a cache line apart, wherever the collector puts them. */
  private static final int FIRST_LONGS = 10;

  private static final int SLOT_COUNT =
      Math.clamp(Integer.highestOneBit(Runtime.getRuntime().availableProcessors() * 8), 16, 256);

  /** The slot number of sections that the table had no place for. */
  private static final int OVERFLOW = -1;

  static final int FREE = 0;

  /** Of the first slot the owner's thread id or FREE, then its nesting; the rest is room. */
  final long[] first = new long[FIRST_LONGS];

  /** The same per slot, with a slot's room before them; null until threads have met. */
  volatile long @Nullable [] table;

  /** Nesting depth by thread id, for sections that the table had no place for; null until then. */
  private volatile @Nullable Map<Long, Integer> overflowing;

  /** The place of a thread in the table. */
  static int slotOf(long threadId) {
    return (((int) threadId & (SLOT_COUNT - 1)) + 1) * STRIDE;
  }

  /** The array that the slot is in: for all but the first the table, which is there then. */
  private long[] arrayOf(int slot) {
    return slot == FIRST ? first : Objects.requireNonNull(table);
  }

  private long[] tableMade() {
    long[] there = table;
    if (there == null) {
      TABLE.compareAndSet(this, null, new long[(SLOT_COUNT + 1) * STRIDE]);
      there = Objects.requireNonNull(table);
    }
    return there;
  }

  private Map<Long, Integer> overflow() {
    Map<Long, Integer> there = overflowing;
    if (there == null) {
      OVERFLOWING.compareAndSet(this, null, new ConcurrentHashMap<Long, Integer>());
      there = Objects.requireNonNull(overflowing);
    }
    return there;
  }

  /** Claims a slot, for a thread that has none. */
  final int claim(long threadId) {
    if (table == null && SLOT.compareAndSet(first, FIRST, (long) FREE, threadId)) {
      return FIRST;
    }
    long[] slots = tableMade();
    int slot = slotOf(threadId);
    for (int i = 0; i < SLOT_COUNT; i++) {
      if (SLOT.compareAndSet(slots, slot, (long) FREE, threadId)) {
        return slot;
      }
      slot = slot + STRIDE < slots.length ? slot + STRIDE : STRIDE;
    }
    overflow().merge(threadId, 1, Integer::sum);
    // The map's own accesses are volatile or locked, but not all part of the gate's total order.
    VarHandle.fullFence();
    return OVERFLOW;
  }

  /**
   * Counts up where the thread has a section already. A nested section in another slot could
   * outlive the first unseen by a thread that reads all slots one after the other.
   */
  final int claimNested(long threadId) {
    int slot = slotHeldBy(threadId);
    if (slot == OVERFLOW) {
      overflow().merge(threadId, 1, Integer::sum);
    } else {
      arrayOf(slot)[slot + 1]++;
    }
    return slot;
  }

  /** Gives back what the current thread has claimed. */
  final void release(int slot) {
    if (slot == OVERFLOW) {
      overflow()
          .computeIfPresent(
              Thread.currentThread().threadId(), (id, depth) -> depth == 1 ? null : depth - 1);
      return;
    }
    long[] slots = arrayOf(slot);
    if (slots[slot + 1] > 0) {
      slots[slot + 1]--;
    } else {
      SLOT.setRelease(slots, slot, (long) FREE);
    }
  }

  final boolean holds(long threadId) {
    Map<Long, Integer> more = overflowing;
    return slotHeldBy(threadId) != OVERFLOW || (more != null && more.containsKey(threadId));
  }

  private int slotHeldBy(long threadId) {
    if ((long) SLOT.getOpaque(first, FIRST) == threadId) {
      return FIRST;
    }
    long[] slots = table;
    for (int slot = STRIDE; slots != null && slot < slots.length; slot += STRIDE) {
      if ((long) SLOT.getOpaque(slots, slot) == threadId) {
        return slot;
      }
    }
    return OVERFLOW;
  }

  /** The threads that have sections open, at about this moment. */
  final List<Long> holders() {
    List<Long> threadIds = new ArrayList<>();
    long owner = (long) SLOT.getVolatile(first, FIRST);
    if (owner != FREE) {
      threadIds.add(owner);
    }
    long[] slots = table;
    for (int slot = STRIDE; slots != null && slot < slots.length; slot += STRIDE) {
      owner = (long) SLOT.getVolatile(slots, slot);
      if (owner != FREE && !threadIds.contains(owner)) {
        threadIds.add(owner);
      }
    }
    Map<Long, Integer> more = overflowing;
    if (more != null) {
      more.keySet().stream().filter(id -> !threadIds.contains(id)).toList().forEach(threadIds::add);
    }
    return threadIds;
  }

  /** Whether a thread but one has a section open; FREE for no exception. */
  final boolean sectionsOpen(long except) {
    long owner = (long) SLOT.getVolatile(first, FIRST);
    if (owner != FREE && owner != except) {
      return true;
    }
    long[] slots = table;
    for (int slot = STRIDE; slots != null && slot < slots.length; slot += STRIDE) {
      owner = (long) SLOT.getVolatile(slots, slot);
      if (owner != FREE && owner != except) {
        return true;
      }
    }
    VarHandle.fullFence();
    Map<Long, Integer> more = overflowing;
    if (more != null) {
      // Not size(): it adds up counters that others change meanwhile, and may come to zero although
      // an entry was there all along. A walk finds such an entry.
      for (long threadId : more.keySet()) {
        if (threadId != except) {
          return true;
        }
      }
    }
    return false;
  }

  /**
   * Ends all sections of a thread that has ended, and so opens and closes none. The lock keeps two
   * that do this for the same thread from meeting in a slot that a third has claimed in between.
   */
  final synchronized void reclaim(long threadId) {
    for (int slot = slotHeldBy(threadId); slot != OVERFLOW; slot = slotHeldBy(threadId)) {
      long[] slots = arrayOf(slot);
      slots[slot + 1] = 0;
      SLOT.setRelease(slots, slot, (long) FREE);
    }
    Map<Long, Integer> more = overflowing;
    if (more != null) {
      more.remove(threadId);
    }
  }
}
