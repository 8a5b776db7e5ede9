/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.util.ArrayDeque;
import java.util.Deque;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.jspecify.annotations.Nullable;

/**
 * What swap policies and advice have made of one region, and the calls that lead from there to the
 * next policy, all of them or none.
 *
 * <p>What the region was allocated with (locked, huge pages, access pattern) is its ground: {@link
 * SwapPolicy#KERNEL} leads back to it.
 */
final class PolicyState {
  private final PagingCalls calls;
  private final boolean allocatedLocked;
  private final boolean allocatedHuge;

  private boolean locked;
  private Advice order;
  private Advice groundOrder;
  private @Nullable Advice hugePages;

  /**
   * The state of fresh memory.
   *
   * @param allocatedLocked whether the request asked for locked pages; they are locked already
   * @param allocatedHuge whether the request asked for huge pages; the kernel is told already
   * @param order the advice for the request's access pattern, which the kernel has
   */
  PolicyState(PagingCalls calls, boolean allocatedLocked, boolean allocatedHuge, Advice order) {
    this.calls = calls;
    this.allocatedLocked = allocatedLocked;
    this.allocatedHuge = allocatedHuge;
    this.locked = allocatedLocked;
    this.order = order;
    this.groundOrder = order;
  }

  /** Notes advice that the kernel took, for the whole region or a part. */
  synchronized void advised(Advice advice, boolean whole) {
    switch (advice) {
      case NORMAL, RANDOM, SEQUENTIAL -> {
        if (whole) {
          order = advice;
          groundOrder = advice == Advice.SEQUENTIAL ? advice : Advice.NORMAL;
        }
      }
      case HUGE_PAGE, NO_HUGE_PAGE -> hugePages = advice;
      default -> {}
    }
  }

  synchronized boolean locked() {
    return locked;
  }

  /**
   * Makes the calls of a policy.
   *
   * @throws MemoryException if one is refused; those before it are undone
   */
  synchronized void apply(SwapPolicy policy) throws MemoryException {
    switch (policy) {
      case KERNEL -> leaveToKernel();
      case NEVER -> {
        calls.lock();
        locked = true;
      }
      case EARLY -> swapEarly();
      case NOW -> {
        refuseLocked("page out", "apply KERNEL or EARLY first");
        calls.pageOut();
      }
      case READ_AHEAD -> {
        calls.advise(Advice.NORMAL);
        order = Advice.NORMAL;
      }
      case NO_READ_AHEAD -> {
        calls.advise(Advice.RANDOM);
        order = Advice.RANDOM;
      }
      case HUGE_PAGES -> {
        calls.advise(Advice.HUGE_PAGE);
        hugePages = Advice.HUGE_PAGE;
      }
      case NO_HUGE_PAGES -> {
        calls.advise(Advice.NO_HUGE_PAGE);
        hugePages = Advice.NO_HUGE_PAGE;
      }
      case PREFAULT -> calls.populate();
    }
  }

  private void leaveToKernel() throws MemoryException {
    Sequence sequence = new Sequence();
    if (locked && !allocatedLocked) {
      sequence.make(calls::unlock, calls::lock);
    }
    Advice oldOrder = order;
    sequence.make(() -> calls.advise(groundOrder), () -> calls.advise(oldOrder));
    Advice oldHugePages = hugePages;
    if (oldHugePages != null) {
      Advice ground = allocatedHuge ? Advice.HUGE_PAGE : calls.hugePageDefault();
      sequence.make(() -> calls.advise(ground), () -> calls.advise(oldHugePages));
      hugePages = ground;
    }
    locked = allocatedLocked;
    order = groundOrder;
  }

  private void swapEarly() throws MemoryException {
    if (allocatedLocked) {
      refuseLocked("swap early", "allocate it unlocked");
    }
    Sequence sequence = new Sequence();
    if (locked) {
      // The kernel takes MADV_COLD for unlocked pages only.
      sequence.make(calls::unlock, calls::lock);
    }
    sequence.make(() -> calls.advise(Advice.COLD), () -> {});
    locked = false;
  }

  private void refuseLocked(String operation, String nextStep) throws MemoryException {
    if (locked) {
      throw MemoryException.of(
          operation,
          calls.target(),
          "its pages are locked in RAM",
          allocatedLocked ? "allocate it unlocked" : nextStep);
    }
  }

  /** Kernel calls in order; when one fails, those before it are undone in the opposite order. */
  private static final class Sequence {
    private final Deque<Action> undos = new ArrayDeque<>();

    void make(Action call, Action undo) throws MemoryException {
      try {
        call.run();
        undos.push(undo);
      } catch (MemoryException | RuntimeException failure) {
        for (Action each : undos) {
          try {
            each.run();
          } catch (MemoryException | RuntimeException e) {
            failure.addSuppressed(e);
          }
        }
        throw failure;
      }
    }
  }
}
