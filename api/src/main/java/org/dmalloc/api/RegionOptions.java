/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of a region, or what a region has, but for its name and size. Start with {@link
 * #DEFAULT} and refine; every {@code with} method returns a changed copy.
 *
 * @param sharing who sees the stores; of a region that is made never {@link Sharing#DEFAULT}. Any
 *     number of processes may have a stored region open privately or read-only at the same time,
 *     one may have it open for writing unless all ask for {@code processShared}
 * @param access whether it may be written; a new region always may
 * @param pattern the order in which it will be used; of a region that is made the one that it was
 *     opened with or that was last advised for all of it
 * @param pageSize huge pages or the kernel's choice
 * @param prefault whether to bring all pages in before {@code allocate} or {@code open} returns
 * @param locked whether to lock the pages in RAM
 * @param durability what is to make stores durable; of a region that is made what does
 * @param checkpoints how a region with {@link Durability#CHECKPOINT} is checkpointed
 * @param reservation when disk space is taken; of a stored region its file says so
 * @param policies swap policies, applied in the order of the enum; for new regions
 * @param residentBudget bytes that may be in RAM, as {@link MemoryRegion#limitResident} keeps it;
 *     {@link #NO_BUDGET} for no bound
 * @param maximum bytes that the region may grow to in place: addresses are reserved for so many, so
 *     that {@link MemoryRegion#resize} up to there ends no segment and waits for nobody; {@link
 *     #NO_MAXIMUM} to reserve none, and grow by mapping anew
 * @param autogrowth how far {@link MemoryRegion#ensure} grows the region, and who is told
 * @param nameDurability when the name of a named region is on the device
 * @param processShared whether other processes may have the region open beside this one, all of
 *     them by such a request, and store to it; {@link MemoryRegion#members} tells of them
 * @param checkedSections whether the segment of a section throws once the section is closed, which
 *     makes sections slow: a mode for the tests of those who use regions
 * @param wipe whether the bytes in the file of an unnamed region, or of one that leaves a file
 *     behind as it moves, are overwritten with zeros on the device before the file's space is given
 *     back; memory without a file is zeroed by the kernel before anybody gets it. See {@link
 *     Deletion#wipe} for regions that are stored
 * @param required what the region must be able to do for its whole life, wherever it is moved; see
 *     {@link #requiring}
 * @param directory the store directory to use in place of the provider's configured one; null for
 *     that
 * @param owner who wants it, for listings and error messages; null to say nothing
 * @param progress told how far a long reservation or prefault is
 */
public record RegionOptions(
    Sharing sharing,
    AccessMode access,
    AccessPattern pattern,
    PageSize pageSize,
    boolean prefault,
    boolean locked,
    Durability durability,
    CheckpointOptions checkpoints,
    Reservation reservation,
    Set<SwapPolicy> policies,
    long residentBudget,
    long maximum,
    Autogrowth autogrowth,
    NameDurability nameDurability,
    boolean processShared,
    boolean checkedSections,
    boolean wipe,
    Set<Capability> required,
    @Nullable Path directory,
    @Nullable String owner,
    ProgressListener progress)
    implements RegionAttributes.Refinable<RegionOptions> {
  /** Read-write, reserved, with the backend's defaults for all else. */
  public static final RegionOptions DEFAULT = new Draft().options();

  /**
   * Checks that the attributes go together.
   *
   * @throws IllegalArgumentException if the budget is less than 1, policies contradict each other
   *     or the lock or the budget, if {@link Durability#SYNC}, {@link Durability#CHECKPOINT} or
   *     sharing with processes is asked of private memory, or a budget or such sharing of a
   *     checkpointed one
   */
  public RegionOptions {
    policies = copyOf(policies);
    required = copyOf(required);
    if (sharing == Sharing.PRIVATE && durability == Durability.SYNC) {
      throw new IllegalArgumentException(
          "private stores never reach the file and cannot be SYNC; ask for SHARED or ON_FORCE");
    }
    if (durability == Durability.CHECKPOINT) {
      requireCheckpoints(sharing, residentBudget, locked);
    }
    if (processShared) {
      requireShared(sharing, durability);
    }
    if (maximum < 0) {
      throw new IllegalArgumentException(
          "maximum " + maximum + "; give the bytes that it may grow to, or NO_MAXIMUM");
    }
    if (maximum != NO_MAXIMUM && autogrowth.ceiling() > maximum) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a ceiling of %d bytes is above the maximum of %d; give a larger maximum",
              autogrowth.ceiling(),
              maximum));
    }
    if (residentBudget < 1) {
      throw new IllegalArgumentException(
          "residentBudget " + residentBudget + "; give at least 1 byte, or NO_BUDGET");
    }
    if (residentBudget != NO_BUDGET && (locked || policies.contains(SwapPolicy.NEVER))) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a locked region cannot keep a resident budget of %d bytes; give one of both",
              residentBudget));
    }
    if (locked && policies.contains(SwapPolicy.EARLY)) {
      throw new IllegalArgumentException("a locked region cannot be swapped EARLY; give one");
    }
    for (SwapPolicy a : policies) {
      for (SwapPolicy b : policies) {
        if (a != b && a.conflictsWith(b)) {
          throw new IllegalArgumentException(
              "policies " + a + " and " + b + " exclude each other; give one");
        }
      }
    }
  }

  private static void requireShared(Sharing sharing, Durability durability) {
    if (sharing == Sharing.PRIVATE) {
      throw new IllegalArgumentException(
          "private stores reach no other process; ask for SHARED, or leave processShared out");
    }
    if (durability == Durability.CHECKPOINT) {
      throw new IllegalArgumentException(
          "what other processes store has no moment of a checkpoint; ask for one of both");
    }
  }

  private static void requireCheckpoints(Sharing sharing, long residentBudget, boolean locked) {
    if (locked) {
      throw new IllegalArgumentException(
          "private pages of checkpointed memory go when the file has them, and cannot be locked");
    }
    if (sharing == Sharing.PRIVATE) {
      throw new IllegalArgumentException(
          "private stores never reach the file and cannot be checkpointed; leave the sharing out");
    }
    if (residentBudget != NO_BUDGET) {
      throw new IllegalArgumentException(
          "a resident budget of checkpointed memory: changed pages have no file to go to before"
              + " the next checkpoint; bound them by CheckpointOptions.withPrivateBytes");
    }
  }

  static <E extends Enum<E>> Set<E> copyOf(Set<E> values) {
    return values.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(values));
  }

  @Override
  public RegionOptions options() {
    return this;
  }

  @Override
  public RegionOptions with(RegionOptions newOptions) {
    return newOptions;
  }

  /** A copy with what the change makes of it, for the methods of {@link Refinable}. */
  RegionOptions changed(Consumer<Draft> change) {
    Draft draft = new Draft();
    draft.sharing = sharing;
    draft.access = access;
    draft.pattern = pattern;
    draft.pageSize = pageSize;
    draft.prefault = prefault;
    draft.locked = locked;
    draft.durability = durability;
    draft.checkpoints = checkpoints;
    draft.reservation = reservation;
    draft.policies = policies;
    draft.residentBudget = residentBudget;
    draft.maximum = maximum;
    draft.autogrowth = autogrowth;
    draft.nameDurability = nameDurability;
    draft.processShared = processShared;
    draft.checkedSections = checkedSections;
    draft.wipe = wipe;
    draft.required = required;
    draft.directory = directory;
    draft.owner = owner;
    draft.progress = progress;
    change.accept(draft);
    return draft.options();
  }

  /** Options on their way; begins with the defaults. */
  static final class Draft {
    Sharing sharing = Sharing.DEFAULT;
    AccessMode access = AccessMode.READ_WRITE;
    AccessPattern pattern = AccessPattern.AUTO;
    PageSize pageSize = PageSize.DEFAULT;
    boolean prefault;
    boolean locked;
    Durability durability = Durability.ON_FORCE;
    CheckpointOptions checkpoints = CheckpointOptions.DEFAULT;
    Reservation reservation = Reservation.RESERVED;
    Set<SwapPolicy> policies = Set.of();
    long residentBudget = NO_BUDGET;
    long maximum = NO_MAXIMUM;
    Autogrowth autogrowth = Autogrowth.NONE;
    NameDurability nameDurability = NameDurability.NOW;
    boolean processShared;
    boolean checkedSections;
    boolean wipe;
    Set<Capability> required = Set.of();
    @Nullable Path directory;
    @Nullable String owner;
    ProgressListener progress = ProgressListener.NONE;

    RegionOptions options() {
      return new RegionOptions(
          sharing,
          access,
          pattern,
          pageSize,
          prefault,
          locked,
          durability,
          checkpoints,
          reservation,
          policies,
          residentBudget,
          maximum,
          autogrowth,
          nameDurability,
          processShared,
          checkedSections,
          wipe,
          required,
          directory,
          owner,
          progress);
    }
  }
}
