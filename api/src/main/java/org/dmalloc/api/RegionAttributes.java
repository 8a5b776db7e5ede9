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

  /** As {@link #maximum()}: no addresses are reserved for growth. */
  long NO_MAXIMUM = 0;

  RegionOptions options();

  default Sharing sharing() {
    return options().sharing();
  }

  default AccessMode access() {
    return options().access();
  }

  default AccessPattern pattern() {
    return options().pattern();
  }

  default PageSize pageSize() {
    return options().pageSize();
  }

  default boolean prefault() {
    return options().prefault();
  }

  default boolean locked() {
    return options().locked();
  }

  default Durability durability() {
    return options().durability();
  }

  default CheckpointOptions checkpoints() {
    return options().checkpoints();
  }

  default Reservation reservation() {
    return options().reservation();
  }

  default Set<SwapPolicy> policies() {
    return options().policies();
  }

  default long residentBudget() {
    return options().residentBudget();
  }

  default long maximum() {
    return options().maximum();
  }

  default Autogrowth autogrowth() {
    return options().autogrowth();
  }

  default NameDurability nameDurability() {
    return options().nameDurability();
  }

  default boolean processShared() {
    return options().processShared();
  }

  default boolean checkedSections() {
    return options().checkedSections();
  }

  default boolean wipe() {
    return options().wipe();
  }

  default Set<Capability> required() {
    return options().required();
  }

  default @Nullable Path directory() {
    return options().directory();
  }

  default @Nullable String owner() {
    return options().owner();
  }

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

    default T withSharing(Sharing sharing) {
      return with(options().changed(draft -> draft.sharing = sharing));
    }

    default T withAccess(AccessMode access) {
      return with(options().changed(draft -> draft.access = access));
    }

    default T withPattern(AccessPattern pattern) {
      return with(options().changed(draft -> draft.pattern = pattern));
    }

    default T withPageSize(PageSize pageSize) {
      return with(options().changed(draft -> draft.pageSize = pageSize));
    }

    default T withPrefault(boolean prefault) {
      return with(options().changed(draft -> draft.prefault = prefault));
    }

    /** A copy that brings all pages in at once. */
    default T prefaulted() {
      return withPrefault(true);
    }

    default T withLocked(boolean locked) {
      return with(options().changed(draft -> draft.locked = locked));
    }

    /** A copy that locks its pages in RAM. */
    default T lockedInRam() {
      return withLocked(true);
    }

    default T withDurability(Durability durability) {
      return with(options().changed(draft -> draft.durability = durability));
    }

    default T withCheckpoints(CheckpointOptions checkpoints) {
      return with(options().changed(draft -> draft.checkpoints = checkpoints));
    }

    /** A copy with {@link Durability#CHECKPOINT}. */
    default T checkpointed(CheckpointOptions checkpoints) {
      return with(
          options()
              .changed(
                  draft -> {
                    draft.durability = Durability.CHECKPOINT;
                    draft.checkpoints = checkpoints;
                  }));
    }

    default T withReservation(Reservation reservation) {
      return with(options().changed(draft -> draft.reservation = reservation));
    }

    default T withPolicies(Set<SwapPolicy> policies) {
      return with(options().changed(draft -> draft.policies = policies));
    }

    default T withResidentBudget(long residentBudget) {
      return with(options().changed(draft -> draft.residentBudget = residentBudget));
    }

    default T withMaximum(long maximum) {
      return with(options().changed(draft -> draft.maximum = maximum));
    }

    default T withAutogrowth(Autogrowth autogrowth) {
      return with(options().changed(draft -> draft.autogrowth = autogrowth));
    }

    default T withNameDurability(NameDurability nameDurability) {
      return with(options().changed(draft -> draft.nameDurability = nameDurability));
    }

    default T withProcessShared(boolean processShared) {
      return with(options().changed(draft -> draft.processShared = processShared));
    }

    default T withCheckedSections(boolean checkedSections) {
      return with(options().changed(draft -> draft.checkedSections = checkedSections));
    }

    default T withWipe(boolean wipe) {
      return with(options().changed(draft -> draft.wipe = wipe));
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

    default T withDirectory(@Nullable Path directory) {
      return with(options().changed(draft -> draft.directory = directory));
    }

    default T withOwner(@Nullable String owner) {
      return with(options().changed(draft -> draft.owner = owner));
    }

    default T withProgress(ProgressListener progress) {
      return with(options().changed(draft -> draft.progress = progress));
    }
  }
}
