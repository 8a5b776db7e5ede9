/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.util.EnumSet;
import java.util.Set;

/**
 * How the kernel is to treat anonymous memory under pressure. Each value stands for the kernel
 * calls named with it. Policies of one region add up; {@link #conflictsWith} tells which replace
 * each other. {@link #NOW} and {@link #PREFAULT} act once, at the call, and are not kept.
 */
public enum SwapPolicy {
  /**
   * Leave it to the kernel: munlock and MADV_NORMAL. Clears all others; what the request asked for
   * (locked, huge pages, a sequential pattern) stays. No call takes the mark of {@link #HUGE_PAGES}
   * or {@link #NO_HUGE_PAGES} back: after one of them the region gets the mark that has the effect
   * of the machine's setting.
   */
  KERNEL,
  /** Never swap: mlock2(MLOCK_ONFAULT), which brings nothing in. Bounded by RLIMIT_MEMLOCK. */
  NEVER,
  /** Swap early: MADV_COLD, now and for what was touched since, when applied again. */
  EARLY,
  /**
   * Page out now: MADV_PAGEOUT. Refused where there is no swap and while pages are locked: the
   * kernel would do nothing.
   */
  NOW,
  /** Read ahead from swap as the kernel finds fit: MADV_NORMAL. */
  READ_AHEAD,
  /**
   * MADV_RANDOM: read single pages. The kernel's read-ahead from swap finds random access out by
   * itself; what this adds there is that accesses no longer keep a page from being chosen for swap.
   */
  NO_READ_AHEAD,
  /** Transparent huge pages: MADV_HUGEPAGE. */
  HUGE_PAGES,
  /** No transparent huge pages: MADV_NOHUGEPAGE. */
  NO_HUGE_PAGES,
  /**
   * Bring every page in now: MADV_POPULATE_WRITE. Refused where memory does not suffice; an
   * interrupt stops it, and what came in stays.
   */
  PREFAULT;

  /** Whether applying this policy ends {@code other}. */
  public boolean conflictsWith(SwapPolicy other) {
    return switch (this) {
      case KERNEL -> other != KERNEL;
      case NEVER -> other == KERNEL || other == EARLY;
      case EARLY -> other == KERNEL || other == NEVER;
      case READ_AHEAD -> other == KERNEL || other == NO_READ_AHEAD;
      case NO_READ_AHEAD -> other == KERNEL || other == READ_AHEAD;
      case HUGE_PAGES -> other == KERNEL || other == NO_HUGE_PAGES;
      case NO_HUGE_PAGES -> other == KERNEL || other == HUGE_PAGES;
      case NOW, PREFAULT -> false;
    };
  }

  /** Whether the policy acts once and leaves no lasting state. */
  public boolean actsOnce() {
    return this == NOW || this == PREFAULT;
  }

  /** The policies in force once this one is applied to those before, without those that it ends. */
  public Set<SwapPolicy> replacingIn(Set<SwapPolicy> inForce) {
    EnumSet<SwapPolicy> next = EnumSet.noneOf(SwapPolicy.class);
    inForce.stream().filter(old -> !old.actsOnce() && !conflictsWith(old)).forEach(next::add);
    if (!actsOnce()) {
      next.add(this);
    }
    return next;
  }
}
