/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.util.ArrayDeque;
import java.util.Deque;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.SwapPolicy;
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

  /** Whether pages are locked now. */
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
      sequence.add(calls::unlock, calls::lock);
    }
    Advice oldOrder = order;
    sequence.add(() -> calls.advise(groundOrder), () -> calls.advise(oldOrder));
    Advice oldHugePages = hugePages;
    if (oldHugePages != null) {
      Advice ground = allocatedHuge ? Advice.HUGE_PAGE : calls.hugePageDefault();
      sequence.add(() -> calls.advise(ground), () -> calls.advise(oldHugePages));
      sequence.run();
      hugePages = ground;
    } else {
      sequence.run();
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
      sequence.add(
          calls::unlock, calls::lock); // the kernel takes MADV_COLD for unlocked pages only
    }
    sequence.add(() -> calls.advise(Advice.COLD), () -> {});
    sequence.run();
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

  /** One kernel call. */
  @FunctionalInterface
  private interface Call {
    void make() throws MemoryException;
  }

  /** Calls that are made in order, and undone in the opposite order when one fails. */
  private static final class Sequence {
    private record Step(Call call, Call undo) {}

    private final Deque<Step> steps = new ArrayDeque<>();

    void add(Call call, Call undo) {
      steps.addLast(new Step(call, undo));
    }

    void run() throws MemoryException {
      Deque<Step> done = new ArrayDeque<>();
      for (Step step : steps) {
        try {
          step.call.make();
          done.push(step);
        } catch (MemoryException | RuntimeException failure) {
          undo(done, failure);
          throw failure;
        }
      }
    }

    private static void undo(Deque<Step> done, Exception reason) {
      for (Step step : done) {
        try {
          step.undo.make();
        } catch (MemoryException | RuntimeException e) {
          reason.addSuppressed(e);
        }
      }
    }
  }
}
