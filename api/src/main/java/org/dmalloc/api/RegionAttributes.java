/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of a region, by the names that requests and descriptions of regions share. {@link
 * RegionOptions} holds them and says what each means.
 */
public interface RegionAttributes {
  /** As {@link #residentBudget()}: as much as the kernel likes. */
  long NO_BUDGET = Long.MAX_VALUE;

  /** All attributes at once. */
  RegionOptions options();

  /** Who sees the stores. */
  default Sharing sharing() {
    return options().sharing();
  }

  /** Whether it may be written. */
  default AccessMode access() {
    return options().access();
  }

  /** The order in which it is used. */
  default AccessPattern pattern() {
    return options().pattern();
  }

  /** The page size asked for. */
  default PageSize pageSize() {
    return options().pageSize();
  }

  /** Whether all pages are brought in at the start. */
  default boolean prefault() {
    return options().prefault();
  }

  /** Whether the pages are locked in RAM. */
  default boolean locked() {
    return options().locked();
  }

  /** What makes stores durable. */
  default Durability durability() {
    return options().durability();
  }

  /** When disk space is taken. */
  default Reservation reservation() {
    return options().reservation();
  }

  /** The swap policies. */
  default Set<SwapPolicy> policies() {
    return options().policies();
  }

  /** Bytes that may be in RAM, or {@link #NO_BUDGET}. */
  default long residentBudget() {
    return options().residentBudget();
  }

  /** What the region must be able to do for its whole life. */
  default Set<Capability> required() {
    return options().required();
  }

  /** The store directory in place of the provider's own; null for that. */
  default @Nullable Path directory() {
    return options().directory();
  }

  /** Who wants the region; null if nobody said. */
  default @Nullable String owner() {
    return options().owner();
  }

  /** Who is told how far a long reservation or prefault is. */
  default ProgressListener progress() {
    return options().progress();
  }

  /**
   * Attributes that are refined: every method returns a changed copy.
   *
   * @param <T> what is copied
   */
  interface Refinable<T> extends RegionAttributes {
    /** A copy with exactly these attributes. */
    T with(RegionOptions newOptions);

    /** A copy with another sharing. */
    default T withSharing(Sharing sharing) {
      return with(options().changed(draft -> draft.sharing = sharing));
    }

    /** A copy with another access mode. */
    default T withAccess(AccessMode access) {
      return with(options().changed(draft -> draft.access = access));
    }

    /** A copy with another pattern. */
    default T withPattern(AccessPattern pattern) {
      return with(options().changed(draft -> draft.pattern = pattern));
    }

    /** A copy with another page size. */
    default T withPageSize(PageSize pageSize) {
      return with(options().changed(draft -> draft.pageSize = pageSize));
    }

    /** A copy that brings all pages in at once, or does not. */
    default T withPrefault(boolean prefault) {
      return with(options().changed(draft -> draft.prefault = prefault));
    }

    /** A copy that brings all pages in at once. */
    default T prefaulted() {
      return withPrefault(true);
    }

    /** A copy that locks its pages in RAM, or does not. */
    default T withLocked(boolean locked) {
      return with(options().changed(draft -> draft.locked = locked));
    }

    /** A copy that locks its pages in RAM. */
    default T lockedInRam() {
      return withLocked(true);
    }

    /** A copy with another durability. */
    default T withDurability(Durability durability) {
      return with(options().changed(draft -> draft.durability = durability));
    }

    /** A copy with another reservation. */
    default T withReservation(Reservation reservation) {
      return with(options().changed(draft -> draft.reservation = reservation));
    }

    /** A copy with exactly these swap policies. */
    default T withPolicies(Set<SwapPolicy> policies) {
      return with(options().changed(draft -> draft.policies = policies));
    }

    /** A copy with a budget of resident bytes, or {@link #NO_BUDGET}. */
    default T withResidentBudget(long residentBudget) {
      return with(options().changed(draft -> draft.residentBudget = residentBudget));
    }

    /**
     * A copy that asks for capabilities that the region keeps for its whole life: a provider
     * without them refuses the request, and a region that can move is never moved to where they are
     * missing, by command, policy or the stop of a backend. What else a request asks for by name (a
     * store, a lock, a sharing …) is kept in the same way and need not be repeated here.
     */
    default T requiring(Set<Capability> required) {
      return with(options().changed(draft -> draft.required = required));
    }

    /** A copy that uses the given directory. */
    default T withDirectory(@Nullable Path directory) {
      return with(options().changed(draft -> draft.directory = directory));
    }

    /** A copy with an owner. */
    default T withOwner(@Nullable String owner) {
      return with(options().changed(draft -> draft.owner = owner));
    }

    /** A copy that reports its progress. */
    default T withProgress(ProgressListener progress) {
      return with(options().changed(draft -> draft.progress = progress));
    }
  }
}
