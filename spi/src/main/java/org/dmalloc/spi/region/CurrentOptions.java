/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.EnumSet;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import java.util.function.UnaryOperator;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.spi.region.Uninterrupted.Action;

/**
 * A region's attributes as they are now, and the rules by which its owner changes them: pattern,
 * swap policies, resident budget. One policy or budget is set at a time; a pattern at any time.
 */
final class CurrentOptions {
  private static final AtomicReferenceFieldUpdater<CurrentOptions, RegionOptions> OPTIONS =
      AtomicReferenceFieldUpdater.newUpdater(CurrentOptions.class, RegionOptions.class, "options");

  private final Object region;

  /** Changed by {@link #change} alone. */
  private volatile RegionOptions options;

  /** Those of a new region, which keeps no budget yet; messages call it {@code region}. */
  CurrentOptions(RegionTraits traits, Object region) {
    this.region = region;
    EnumSet<SwapPolicy> lasting = EnumSet.noneOf(SwapPolicy.class);
    traits.policies().stream().filter(policy -> !policy.actsOnce()).forEach(lasting::add);
    RegionOptions made = CheckedSections.asked(traits.options());
    RegionOptions now = made.withPolicies(lasting).withResidentBudget(RegionOptions.NO_BUDGET);
    this.options = now.equals(made) ? made : now;
  }

  private void change(UnaryOperator<RegionOptions> next) {
    OPTIONS.updateAndGet(this, next);
  }

  /** All of them; locked also if a policy locks, and sparse if space was given up. */
  RegionOptions get(boolean hasHoles) {
    RegionOptions now = options;
    RegionOptions told = now.withLocked(locked(now));
    return hasHoles ? told.withReservation(Reservation.SPARSE) : told;
  }

  /**
   * How far the region grows in place, in bytes; {@link RegionOptions#NO_MAXIMUM} for not at all.
   */
  long maximum() {
    return options.maximum();
  }

  /** Says that the region has become so large beyond its maximum, if it has one. */
  void outgrew(long byteSize) {
    change(
        now ->
            now.maximum() != RegionOptions.NO_MAXIMUM && byteSize > now.maximum()
                ? now.withMaximum(byteSize)
                : now);
  }

  boolean checkedSections() {
    return options.checkedSections();
  }

  AccessPattern pattern() {
    return options.pattern();
  }

  void pattern(AccessPattern pattern) {
    change(now -> now.withPattern(pattern));
  }

  void advised(Advice advice) {
    switch (advice) {
      case NORMAL -> pattern(AccessPattern.NORMAL);
      case RANDOM -> pattern(AccessPattern.RANDOM);
      case SEQUENTIAL -> pattern(AccessPattern.SEQUENTIAL);
      default -> {}
    }
  }

  private static boolean locked(RegionOptions options) {
    return options.locked() || options.policies().contains(SwapPolicy.NEVER);
  }

  void requireUnlocked(String operation) {
    if (locked(options)) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "%s of %s: its pages are locked in RAM; unlock it (policy KERNEL) or allocate it unlocked",
              operation,
              region));
    }
  }

  /** Sets another budget, which {@code keep} keeps or lifts. */
  synchronized void limit(long budgetBytes, Action keep) throws MemoryException {
    if (budgetBytes < 1) {
      throw new IllegalArgumentException(
          "resident budget of " + budgetBytes + " bytes for " + region + "; give at least 1");
    }
    if (budgetBytes != RegionOptions.NO_BUDGET) {
      requireUnlocked("limit");
    }
    keep.run();
    change(now -> now.withResidentBudget(budgetBytes));
  }

  /** Adds a policy in place of those that it contradicts; {@code make} makes its kernel calls. */
  synchronized void apply(SwapPolicy policy, Action make) throws MemoryException {
    if (policy == SwapPolicy.NEVER && options.residentBudget() != RegionOptions.NO_BUDGET) {
      throw new IllegalStateException(
          "apply NEVER to " + region + ": it keeps a resident budget; lift that first");
    }
    make.run();
    if (!policy.actsOnce()) {
      change(now -> now.withPolicies(policy.replacingIn(now.policies())));
    }
  }
}
