/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/** Which capabilities a request needs, in the order in which a refusal names what is missing. */
public final class Requirements {
  private Requirements() {}

  /** What a provider must be able to do to allocate this. */
  public static Set<Capability> of(RegionRequest request) {
    return of(request.name() != null, request.options());
  }

  public static Set<Capability> of(OpenRequest request) {
    return of(true, request.options());
  }

  /** What a region with these attributes needs; {@code named} if it lies in a store. */
  public static Set<Capability> of(boolean named, RegionOptions options) {
    Set<Capability> needed = new LinkedHashSet<>();
    addIf(named, Capability.NAMED, needed);
    addIf(options.sharing() == Sharing.SHARED, Capability.SHARED_MAPPING, needed);
    addIf(options.sharing() == Sharing.PRIVATE, Capability.PRIVATE_MAPPING, needed);
    addIf(
        options.pattern() == AccessPattern.RANDOM || options.pattern() == AccessPattern.SEQUENTIAL,
        Capability.ADVICE,
        needed);
    addIf(options.pageSize() == PageSize.HUGE, Capability.HUGE_PAGES, needed);
    addIf(options.prefault(), Capability.PREFAULT, needed);
    addIf(options.locked(), Capability.LOCKED, needed);
    addIf(options.durability() == Durability.SYNC, Capability.SYNC, needed);
    addIf(options.durability() == Durability.CHECKPOINT, Capability.CHECKPOINT, needed);
    addIf(options.processShared(), Capability.PROCESS_SHARED, needed);
    addIf(options.directory() != null, Capability.DIRECTORY, needed);
    addIf(options.access() == AccessMode.READ_ONLY, Capability.READ_ONLY, needed);
    addIf(options.reservation() == Reservation.SPARSE, Capability.SPARSE, needed);
    options.policies().forEach(policy -> needed.addAll(of(policy)));
    addIf(
        options.residentBudget() != RegionAttributes.NO_BUDGET, Capability.RESIDENT_BUDGET, needed);
    addIf(options.maximum() != RegionAttributes.NO_MAXIMUM, Capability.GROW_IN_PLACE, needed);
    needed.addAll(options.required());
    return needed;
  }

  /** What a provider must be able to do to apply this policy. */
  public static Set<Capability> of(SwapPolicy policy) {
    Set<Capability> needed = new LinkedHashSet<>();
    needed.add(Capability.SWAP_POLICY);
    addIf(policy == SwapPolicy.NEVER, Capability.LOCKED, needed);
    return needed;
  }

  private static void addIf(boolean needs, Capability capability, Set<Capability> to) {
    if (needs) {
      to.add(capability);
    }
  }

  /** The first capability that is needed and not there; empty if all are. */
  public static Optional<Capability> missing(Set<Capability> needed, Set<Capability> there) {
    return needed.stream().filter(capability -> !there.contains(capability)).findFirst();
  }
}
