/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What to allocate. Start with {@link #ofSize} and refine; every {@code with} method returns a
 * changed copy.
 *
 * {@snippet class="org.dmalloc.api.examples.RegionExamples" region="request"}
 *
 * @param byteSize bytes, at least 1; more than 2 GiB is fine
 * @param name makes the region a named one that can be opened again; null for an unnamed region
 * @param sharing who sees the stores
 * @param pattern the order in which it will be used
 * @param pageSize huge pages or the kernel's choice
 * @param prefault whether to bring all pages in before {@code allocate} returns
 * @param locked whether to lock the pages in RAM
 * @param durability what is to make stores durable
 * @param reservation when disk space is taken
 * @param policies swap policies, applied in the order of the enum
 * @param directory the store directory to use in place of the provider's configured one; null for
 *     that
 * @param owner who wants it, for listings and error messages; null to say nothing
 * @param progress told how far a long reservation or prefault is
 * @param residentBudget bytes that may be in RAM, as {@link MemoryRegion#limitResident} keeps it;
 *     {@link #NO_BUDGET} for no bound
 * @param required what the region must be able to do for its whole life, wherever it is moved; see
 *     {@link #requiring}
 * @param carriedAs the number of the region that hands this one's memory on to its users; {@link
 *     #FRESH_ID} for a region that is used as it is; see {@link #carriedAs(long)}
 */
public record RegionRequest(
    long byteSize,
    @Nullable String name,
    Sharing sharing,
    AccessPattern pattern,
    PageSize pageSize,
    boolean prefault,
    boolean locked,
    Durability durability,
    Reservation reservation,
    Set<SwapPolicy> policies,
    @Nullable Path directory,
    @Nullable String owner,
    ProgressListener progress,
    long residentBudget,
    Set<Capability> required,
    long carriedAs) {
  /** As a budget: as much as the kernel likes. */
  public static final long NO_BUDGET = Long.MAX_VALUE;

  /** As {@link #carriedAs()}: the region is its user's own, and gets a number of its own. */
  public static final long FRESH_ID = 0;

  /**
   * Checks the request.
   *
   * @throws IllegalArgumentException if the size is less than 1, the name is not {@linkplain
   *     RegionNames#check allowed}, the budget is less than 1, policies contradict each other or
   *     the lock or the budget, or {@link Durability#SYNC} is asked of private memory
   */
  public RegionRequest {
    if (byteSize < 1) {
      throw new IllegalArgumentException("byteSize " + byteSize + "; give at least 1");
    }
    if (name != null) {
      RegionNames.check(name);
    }
    policies =
        policies.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(policies));
    required =
        required.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(required));
    if (carriedAs < 0) {
      throw new IllegalArgumentException(
          "carriedAs " + carriedAs + "; give a region's number, from 1, or FRESH_ID");
    }
    if (sharing == Sharing.PRIVATE && durability == Durability.SYNC) {
      throw new IllegalArgumentException(
          "private stores never reach the file and cannot be SYNC; ask for SHARED or ON_FORCE");
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
              String.format(Locale.ROOT, "policies %s and %s exclude each other; give one", a, b));
        }
      }
    }
  }

  /** An unnamed, reserved region of the given size, with the backend's defaults for all else. */
  public static RegionRequest ofSize(long byteSize) {
    return new RegionRequest(
        byteSize,
        null,
        Sharing.DEFAULT,
        AccessPattern.AUTO,
        PageSize.DEFAULT,
        false,
        false,
        Durability.ON_FORCE,
        Reservation.RESERVED,
        Set.of(),
        null,
        null,
        ProgressListener.NONE,
        NO_BUDGET,
        Set.of(),
        FRESH_ID);
  }

  /** A copy with another size. */
  public RegionRequest withByteSize(long newByteSize) {
    return new RegionRequest(
        newByteSize,
        name,
        sharing,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        reservation,
        policies,
        directory,
        owner,
        progress,
        residentBudget,
        required,
        carriedAs);
  }

  /** A copy with a name. */
  public RegionRequest withName(@Nullable String newName) {
    return new RegionRequest(
        byteSize,
        newName,
        sharing,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        reservation,
        policies,
        directory,
        owner,
        progress,
        residentBudget,
        required,
        carriedAs);
  }

  /** A copy with another sharing. */
  public RegionRequest withSharing(Sharing newSharing) {
    return new RegionRequest(
        byteSize,
        name,
        newSharing,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        reservation,
        policies,
        directory,
        owner,
        progress,
        residentBudget,
        required,
        carriedAs);
  }

  /** A copy with another pattern. */
  public RegionRequest withPattern(AccessPattern newPattern) {
    return new RegionRequest(
        byteSize,
        name,
        sharing,
        newPattern,
        pageSize,
        prefault,
        locked,
        durability,
        reservation,
        policies,
        directory,
        owner,
        progress,
        residentBudget,
        required,
        carriedAs);
  }

  /** A copy with another page size. */
  public RegionRequest withPageSize(PageSize newPageSize) {
    return new RegionRequest(
        byteSize,
        name,
        sharing,
        pattern,
        newPageSize,
        prefault,
        locked,
        durability,
        reservation,
        policies,
        directory,
        owner,
        progress,
        residentBudget,
        required,
        carriedAs);
  }

  /** A copy that brings all pages in at allocation. */
  public RegionRequest prefaulted() {
    return new RegionRequest(
        byteSize,
        name,
        sharing,
        pattern,
        pageSize,
        true,
        locked,
        durability,
        reservation,
        policies,
        directory,
        owner,
        progress,
        residentBudget,
        required,
        carriedAs);
  }

  /** A copy that locks its pages in RAM. */
  public RegionRequest lockedInRam() {
    return new RegionRequest(
        byteSize,
        name,
        sharing,
        pattern,
        pageSize,
        prefault,
        true,
        durability,
        reservation,
        policies,
        directory,
        owner,
        progress,
        residentBudget,
        required,
        carriedAs);
  }

  /** A copy with another durability. */
  public RegionRequest withDurability(Durability newDurability) {
    return new RegionRequest(
        byteSize,
        name,
        sharing,
        pattern,
        pageSize,
        prefault,
        locked,
        newDurability,
        reservation,
        policies,
        directory,
        owner,
        progress,
        residentBudget,
        required,
        carriedAs);
  }

  /** A copy with another reservation. */
  public RegionRequest withReservation(Reservation newReservation) {
    return new RegionRequest(
        byteSize,
        name,
        sharing,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        newReservation,
        policies,
        directory,
        owner,
        progress,
        residentBudget,
        required,
        carriedAs);
  }

  /** A copy with exactly these swap policies. */
  public RegionRequest withPolicies(Set<SwapPolicy> newPolicies) {
    return new RegionRequest(
        byteSize,
        name,
        sharing,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        reservation,
        newPolicies,
        directory,
        owner,
        progress,
        residentBudget,
        required,
        carriedAs);
  }

  /** A copy that goes to the given directory. */
  public RegionRequest withDirectory(@Nullable Path newDirectory) {
    return new RegionRequest(
        byteSize,
        name,
        sharing,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        reservation,
        policies,
        newDirectory,
        owner,
        progress,
        residentBudget,
        required,
        carriedAs);
  }

  /** A copy with an owner. */
  public RegionRequest withOwner(@Nullable String newOwner) {
    return new RegionRequest(
        byteSize,
        name,
        sharing,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        reservation,
        policies,
        directory,
        newOwner,
        progress,
        residentBudget,
        required,
        carriedAs);
  }

  /** A copy that reports its progress. */
  public RegionRequest withProgress(ProgressListener newProgress) {
    return new RegionRequest(
        byteSize,
        name,
        sharing,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        reservation,
        policies,
        directory,
        owner,
        newProgress,
        residentBudget,
        required,
        carriedAs);
  }

  /** A copy with a budget of resident bytes, or {@link #NO_BUDGET}. */
  public RegionRequest withResidentBudget(long newResidentBudget) {
    return new RegionRequest(
        byteSize,
        name,
        sharing,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        reservation,
        policies,
        directory,
        owner,
        progress,
        newResidentBudget,
        required,
        carriedAs);
  }

  /**
   * A copy that asks for capabilities that the region keeps for its whole life: a provider without
   * them refuses the request, and a region that can move is never moved to where they are missing,
   * by command, policy or the stop of a backend. What else a request asks for by name (a store, a
   * lock, a sharing …) is kept in the same way and need not be repeated here.
   */
  public RegionRequest requiring(Set<Capability> capabilities) {
    return new RegionRequest(
        byteSize,
        name,
        sharing,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        reservation,
        policies,
        directory,
        owner,
        progress,
        residentBudget,
        capabilities,
        carriedAs);
  }

  /**
   * A copy for a provider that hands the memory on under a region of its own, such as one whose
   * regions move. The provider gives the region this number, which is the one that users see, and
   * leaves it out of {@link MemoryProvider#regions()}: nobody but the carrier may close it.
   *
   * @param regionId the number of the carrier's region
   */
  public RegionRequest carriedAs(long regionId) {
    return new RegionRequest(
        byteSize,
        name,
        sharing,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        reservation,
        policies,
        directory,
        owner,
        progress,
        residentBudget,
        required,
        regionId);
  }
}
