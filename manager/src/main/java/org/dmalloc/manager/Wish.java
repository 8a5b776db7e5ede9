/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.jspecify.annotations.Nullable;

/**
 * What a region's owner asked for, kept so that every backend it comes to can be asked for it too.
 *
 * <p>Name, sharing, lock, durability, directory, the policy NEVER and the capabilities that the
 * request required are conditions: a backend that lacks them is refused. Pattern, page size,
 * reservation, resident budget and the other policies are hints: a backend that lacks them goes
 * without, and the next that has them is told again. Prefault is done once, at the start.
 *
 * @param region the request, with the present size, pattern and policies
 * @param access whether the region may be written; a new region always may
 */
record Wish(RegionRequest region, AccessMode access) {
  private static final System.Logger LOG = System.getLogger(Wish.class.getName());

  static Wish of(RegionRequest request) {
    return new Wish(request, AccessMode.READ_WRITE);
  }

  static Wish of(OpenRequest open, long byteSize) {
    RegionRequest request =
        new RegionRequest(
            byteSize,
            open.name(),
            open.sharing(),
            open.pattern(),
            open.pageSize(),
            open.prefault(),
            open.locked(),
            open.durability(),
            Reservation.RESERVED,
            Set.of(),
            open.directory(),
            open.owner(),
            open.progress(),
            RegionRequest.NO_BUDGET,
            open.required(),
            open.carriedAs());
    return new Wish(request, open.access());
  }

  /** Whether it lies in a store, shared with it: it can be mapped anew, and must stay stored. */
  boolean stored() {
    return region.name() != null && region.sharing() != Sharing.PRIVATE;
  }

  /**
   * The request for a fresh allocation on a backend with these capabilities, as a hint-free copy.
   */
  RegionRequest allocationOn(Set<Capability> capabilities) {
    boolean view = region.name() != null && !stored();
    return new RegionRequest(
        region.byteSize(),
        view ? null : region.name(), // a private view never reaches its file: any memory will do
        region.sharing(),
        capabilities.contains(Capability.ADVICE) ? region.pattern() : AccessPattern.NORMAL,
        capabilities.contains(Capability.HUGE_PAGES) ? region.pageSize() : PageSize.DEFAULT,
        false,
        region.locked(),
        region.durability(),
        capabilities.contains(Capability.SPARSE) ? region.reservation() : Reservation.RESERVED,
        policiesOn(capabilities),
        view ? null : region.directory(),
        region.owner(),
        ProgressListener.NONE,
        RegionRequest.NO_BUDGET, // told once the region is in use there: see hintBudget
        region.required(),
        region.carriedAs());
  }

  /** The request that opens the same stored region on a backend with these capabilities. */
  OpenRequest openOn(Set<Capability> capabilities, String name) {
    return new OpenRequest(
        name,
        region.sharing(),
        access,
        capabilities.contains(Capability.ADVICE) ? region.pattern() : AccessPattern.NORMAL,
        capabilities.contains(Capability.HUGE_PAGES) ? region.pageSize() : PageSize.DEFAULT,
        false,
        region.locked(),
        region.durability(),
        region.directory(),
        region.owner(),
        ProgressListener.NONE,
        region.required(),
        region.carriedAs());
  }

  private Set<SwapPolicy> policiesOn(Set<Capability> capabilities) {
    boolean all = capabilities.contains(Capability.SWAP_POLICY);
    return all || region.policies().contains(SwapPolicy.NEVER) ? region.policies() : Set.of();
  }

  /** The first condition that a backend with these capabilities does not meet, or null. */
  @Nullable Capability missingOn(Set<Capability> capabilities) {
    for (Capability needed : conditions()) {
      if (!capabilities.contains(needed)) {
        return needed;
      }
    }
    return null;
  }

  private Set<Capability> conditions() {
    EnumSet<Capability> needed = EnumSet.noneOf(Capability.class);
    needed.addAll(region.required());
    if (stored()) {
      needed.add(Capability.NAMED);
    }
    if (region.directory() != null && stored()) {
      needed.add(Capability.DIRECTORY);
    }
    if (region.sharing() == Sharing.SHARED) {
      needed.add(Capability.SHARED_MAPPING);
    }
    if (region.sharing() == Sharing.PRIVATE) {
      needed.add(Capability.PRIVATE_MAPPING);
    }
    if (region.locked()) {
      needed.add(Capability.LOCKED);
    }
    if (region.durability() == Durability.SYNC) {
      needed.add(Capability.SYNC);
    }
    if (region.policies().contains(SwapPolicy.NEVER)) {
      needed.add(Capability.SWAP_POLICY);
      needed.add(Capability.LOCKED);
    }
    if (access == AccessMode.READ_ONLY) {
      needed.add(Capability.READ_ONLY);
    }
    return needed;
  }

  Wish withByteSize(long byteSize) {
    return new Wish(region.withByteSize(byteSize), access);
  }

  Wish withPattern(AccessPattern pattern) {
    return new Wish(region.withPattern(pattern), access);
  }

  /**
   * A copy with the policy in place of those that it ends.
   *
   * @param of the region, for messages
   * @throws IllegalStateException if the region has something that the policy excludes
   */
  Wish withPolicy(SwapPolicy policy, Object of) {
    if (policy.actsOnce()) {
      return this;
    }
    if (policy == SwapPolicy.NEVER && region.residentBudget() != RegionRequest.NO_BUDGET) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "apply NEVER to %s: it has a resident budget of %d bytes; lift that first",
              of,
              region.residentBudget()));
    }
    if (policy == SwapPolicy.EARLY && region.locked()) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "apply EARLY to %s: its pages are locked in RAM; allocate it unlocked",
              of));
    }
    EnumSet<SwapPolicy> next = EnumSet.of(policy);
    region.policies().stream()
        .filter(old -> !old.actsOnce() && !policy.conflictsWith(old))
        .forEach(next::add);
    return new Wish(region.withPolicies(next), access);
  }

  /**
   * A copy with another budget.
   *
   * @param of the region, for messages
   * @throws IllegalStateException if its pages are to stay in RAM
   */
  Wish withResidentBudget(long budgetBytes, Object of) {
    boolean locked = region.locked() || region.policies().contains(SwapPolicy.NEVER);
    if (locked && budgetBytes != RegionRequest.NO_BUDGET) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "limit of %s: its pages are locked in RAM; unlock it (policy KERNEL) or allocate it unlocked",
              of));
    }
    return new Wish(region.withResidentBudget(budgetBytes), access);
  }

  /**
   * Tells memory that was made for this wish as it was before what has been asked since.
   *
   * @throws MemoryException if that is refused
   * @throws UnsupportedCapabilityException if the backend lacks what was asked since
   */
  void tellSince(Wish before, Placement placement, Object of) throws MemoryException {
    Set<Capability> capabilities = placement.backend().capabilities();
    Capability missing = missingOn(capabilities);
    if (missing != null) {
      throw new UnsupportedCapabilityException(
          placement.backend().name(),
          missing,
          String.format(
              Locale.ROOT,
              "%s asks for %s since its move began, which backend %s lacks; it stays where it was",
              of,
              missing,
              placement.backend().name()));
    }
    if (capabilities.contains(Capability.ADVICE) && region.pattern() != before.region.pattern()) {
      switch (region.pattern()) {
        case NORMAL -> placement.region().advise(Advice.NORMAL);
        case RANDOM -> placement.region().advise(Advice.RANDOM);
        case SEQUENTIAL -> placement.region().advise(Advice.SEQUENTIAL);
        case AUTO -> {} // nothing leads back to it
      }
    }
    if (capabilities.contains(Capability.SWAP_POLICY)) {
      for (SwapPolicy policy : region.policies()) {
        if (!before.region.policies().contains(policy)) {
          placement.region().apply(policy);
        }
      }
    }
  }

  /** A copy as a region has it that was opened: an {@link OpenRequest} has no policies. */
  Wish asOpened() {
    return new Wish(region.withPolicies(Set.of()), access);
  }

  /** Tells the memory that the region came to of its budget, as far as that can keep one. */
  void hintBudget(Placement placement) {
    boolean keeps = placement.backend().capabilities().contains(Capability.RESIDENT_BUDGET);
    if (keeps && region.residentBudget() != RegionRequest.NO_BUDGET) {
      try {
        placement.region().limitResident(region.residentBudget());
      } catch (MemoryException | UnsupportedOperationException | IllegalStateException e) {
        // No swap here, or private memory: a hint is not taken, and info() tells that none holds.
        LOG.log(System.Logger.Level.INFO, "resident budget not kept: {0}", e.getMessage());
      }
    }
  }

  @Nullable Path directory() {
    return region.directory();
  }
}
