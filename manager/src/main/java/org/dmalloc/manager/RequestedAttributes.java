/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Autogrowth;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Requirements;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.spi.region.CheckedSections;
import org.dmalloc.spi.region.RegionTraits;
import org.jspecify.annotations.Nullable;

/**
 * What a region's owner asked for, kept so that every backend it comes to can be asked for it too.
 *
 * <p>Name, sharing, access, lock, durability, directory, the policy NEVER and the capabilities that
 * the request required are conditions: a backend that lacks them is refused. Pattern, page size,
 * reservation, resident budget and the other policies are hints: a backend that lacks them goes
 * without, and the next that has them is told again. Prefault is done once, at the start.
 *
 * @param byteSize the present size
 * @param name its name in the store; null for an unnamed region
 * @param options the request's, with the present pattern, policies and budget
 */
record RequestedAttributes(long byteSize, @Nullable String name, RegionOptions options)
    implements RegionAttributes.Refinable<RequestedAttributes> {
  private static final System.Logger LOG = System.getLogger(RequestedAttributes.class.getName());

  static RequestedAttributes of(RegionRequest request) {
    return new RequestedAttributes(request.byteSize(), request.name(), request.options());
  }

  static RequestedAttributes of(OpenRequest request, long byteSize) {
    return new RequestedAttributes(
        byteSize,
        request.name(),
        CheckedSections.asked(RegionTraits.withoutVainMaximum(request.name(), request.options())));
  }

  /** Of a region that another process has made. */
  static RequestedAttributes attached(RegionOptions options, long byteSize) {
    return new RequestedAttributes(byteSize, null, CheckedSections.asked(options));
  }

  @Override
  public RequestedAttributes with(RegionOptions newOptions) {
    return new RequestedAttributes(byteSize, name, newOptions);
  }

  RequestedAttributes withByteSize(long newByteSize) {
    return new RequestedAttributes(newByteSize, name, options);
  }

  RequestedAttributes withName(String newName) {
    return new RequestedAttributes(byteSize, newName, options);
  }

  /**
   * Throws if the region was opened for reading: on memory that a private view has come to, no
   * backend knows that any more.
   */
  void requireWritten(String operation, Object of) {
    if (access() == AccessMode.READ_ONLY) {
      throw new IllegalStateException(
          operation + " of " + of + ": it is read-only; open it for writing");
    }
  }

  /** Throws unless the operation may change what the region takes. */
  void requireOwnSpace(String operation, Object of) {
    requireWritten(operation, of);
    if (privateView()) {
      throw new UnsupportedOperationException(
          operation + " of " + of + ", a private view of a stored region; open it shared");
    }
  }

  /** Whether it shows a stored region, and keeps stores out of it. */
  boolean privateView() {
    return name != null && sharing() == Sharing.PRIVATE;
  }

  /** Whether it lies in a store, shared with it: it can be mapped anew, and must stay stored. */
  boolean stored() {
    return name != null && sharing() != Sharing.PRIVATE;
  }

  /** The request for a fresh allocation on a backend with these capabilities. */
  RegionRequest allocationOn(Set<Capability> capabilities) {
    // A private view never reaches its file: any memory will do.
    return new RegionRequest(
        byteSize,
        stored() ? name : null,
        optionsOn(capabilities).withAccess(AccessMode.READ_WRITE));
  }

  /** The request that opens the same stored region on a backend with these capabilities. */
  OpenRequest openOn(Set<Capability> capabilities, String storedName) {
    return new OpenRequest(storedName, asOpened().optionsOn(capabilities));
  }

  /** The conditions, and the hints that these capabilities can follow at once. */
  private RegionOptions optionsOn(Set<Capability> capabilities) {
    boolean policies =
        capabilities.contains(Capability.SWAP_POLICY) || policies().contains(SwapPolicy.NEVER);
    return options
        .withPattern(capabilities.contains(Capability.ADVICE) ? pattern() : AccessPattern.NORMAL)
        .withPageSize(capabilities.contains(Capability.HUGE_PAGES) ? pageSize() : PageSize.DEFAULT)
        .withPrefault(false)
        .withReservation(
            capabilities.contains(Capability.SPARSE) ? reservation() : Reservation.RESERVED)
        .withPolicies(policies ? policies() : Set.of())
        .withDirectory(
            stored() || (name == null && capabilities.contains(Capability.DIRECTORY))
                ? directory()
                : null) // of a private view that of its file, which is not for other memory
        .withMaximum(maximum() == NO_MAXIMUM ? NO_MAXIMUM : Math.max(maximum(), byteSize))
        .withAutogrowth(Autogrowth.NONE) // the managed region grows by itself, and books that
        .withCheckedSections(false) // nobody opens sections but the managed region
        .withResidentBudget(NO_BUDGET) // told once the region is in use there: see hintBudget
        .withProgress(ProgressListener.NONE);
  }

  /**
   * What users see of a region with these attributes: the backend's, but for what it is not told.
   */
  RegionOptions shownOver(RegionOptions backends) {
    RegionOptions shown =
        backends
            .withOwner(owner())
            .withPageSize(pageSize())
            .withAutogrowth(autogrowth())
            .withCheckedSections(checkedSections())
            .withNameDurability(nameDurability())
            .requiring(required());
    return pattern() == AccessPattern.AUTO ? shown : shown.withPattern(pattern());
  }

  /** The first condition that a backend with these capabilities does not meet. */
  Optional<Capability> missingOn(Set<Capability> capabilities) {
    return Requirements.missing(Requirements.of(stored(), optionsOn(Set.of())), capabilities);
  }

  /**
   * A copy with the policy in place of those that it ends.
   *
   * @param of the region, for messages
   * @throws IllegalStateException if the region has something that the policy excludes
   */
  RequestedAttributes withPolicy(SwapPolicy policy, Object of) {
    if (policy.actsOnce()) {
      return this;
    }
    if (policy == SwapPolicy.NEVER && residentBudget() != NO_BUDGET) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "apply NEVER to %s: it has a resident budget of %d bytes; lift that first",
              of,
              residentBudget()));
    }
    if (policy == SwapPolicy.EARLY && locked()) {
      throw new IllegalStateException(
          "apply EARLY to " + of + ": its pages are locked in RAM; allocate it unlocked");
    }
    return withPolicies(policy.replacingIn(policies()));
  }

  /**
   * A copy with another budget.
   *
   * @param of the region, for messages
   * @throws IllegalStateException if its pages are to stay in RAM
   */
  RequestedAttributes withBudget(long budgetBytes, Object of) {
    if ((locked() || policies().contains(SwapPolicy.NEVER)) && budgetBytes != NO_BUDGET) {
      throw new IllegalStateException(
          "limit of "
              + of
              + ": its pages are locked in RAM; unlock it (policy KERNEL) or allocate it unlocked");
    }
    return withResidentBudget(budgetBytes);
  }

  /**
   * Tells memory that was made for these attributes as they were before what has been asked since.
   *
   * @throws MemoryException if that is refused
   * @throws UnsupportedCapabilityException if the backend lacks what was asked since
   */
  void tellSince(RequestedAttributes before, Placement placement, Object of)
      throws MemoryException {
    Set<Capability> capabilities = placement.backend().capabilities();
    Optional<Capability> missing = missingOn(capabilities);
    if (missing.isPresent()) {
      throw new UnsupportedCapabilityException(
          placement.backend().name(),
          missing.get(),
          String.format(
              Locale.ROOT,
              "%s asks for %s since its move began, which backend %s lacks; it stays where it was",
              of,
              missing.get(),
              placement.backend().name()));
    }
    if (capabilities.contains(Capability.ADVICE)
        && pattern() != before.pattern()
        && pattern() != AccessPattern.AUTO) { // nothing leads back to that
      placement.region().advise(Advice.valueOf(pattern().name()));
    }
    if (capabilities.contains(Capability.SWAP_POLICY)) {
      for (SwapPolicy policy : policies()) {
        if (!before.policies().contains(policy)) {
          placement.region().apply(policy);
        }
      }
    }
  }

  /**
   * A copy as a region has it that was opened: its file says the rest, and no policy is in force.
   */
  RequestedAttributes asOpened() {
    return withPolicies(Set.of()).withReservation(Reservation.RESERVED);
  }

  /** Tells the memory that the region came to of its budget, as far as that can keep one. */
  void hintBudget(Placement placement) {
    boolean keeps = placement.backend().capabilities().contains(Capability.RESIDENT_BUDGET);
    if (keeps && residentBudget() != NO_BUDGET) {
      try {
        placement.region().limitResident(residentBudget());
      } catch (MemoryException | UnsupportedOperationException | IllegalStateException e) {
        // No swap here, or private memory: a hint is not taken, and info() tells that none holds.
        LOG.log(System.Logger.Level.INFO, "resident budget not kept: {0}", e.getMessage());
      }
    }
  }
}
