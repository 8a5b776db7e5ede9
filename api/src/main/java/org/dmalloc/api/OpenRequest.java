/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which stored region to open, and how. Start with {@link #of} and refine; every {@code with}
 * method returns a changed copy.
 *
 * @param name the region's name
 * @param sharing {@link Sharing#PRIVATE} keeps all stores out of the file; any number of processes
 *     may have a region open privately or read-only at the same time, one may have it open for
 *     writing
 * @param access whether it may be written
 * @param pattern the order in which it will be used
 * @param pageSize huge pages or the kernel's choice
 * @param prefault whether to read all pages in before {@code open} returns
 * @param locked whether to lock the pages in RAM
 * @param durability what is to make stores durable
 * @param directory the store directory in place of the provider's configured one; null for that
 * @param owner who wants it, for listings and error messages; null to say nothing
 * @param progress told how far a long prefault is
 * @param required what the region must be able to do as long as it is open, wherever it is moved;
 *     see {@link RegionRequest#requiring}
 * @param carriedAs the number of the region that hands this one's memory on to its users; {@link
 *     RegionRequest#FRESH_ID} for a region that is used as it is; see {@link
 *     RegionRequest#carriedAs(long)}
 */
public record OpenRequest(
    String name,
    Sharing sharing,
    AccessMode access,
    AccessPattern pattern,
    PageSize pageSize,
    boolean prefault,
    boolean locked,
    Durability durability,
    @Nullable Path directory,
    @Nullable String owner,
    ProgressListener progress,
    Set<Capability> required,
    long carriedAs) {

  /**
   * Checks the request.
   *
   * @throws IllegalArgumentException if the name is not {@linkplain RegionNames#check allowed}, or
   *     {@link Durability#SYNC} is asked of a private copy
   */
  public OpenRequest {
    RegionNames.check(name);
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
  }

  /** Opens the region read-write and shared, with the backend's defaults for all else. */
  public static OpenRequest of(String name) {
    return new OpenRequest(
        name,
        Sharing.DEFAULT,
        AccessMode.READ_WRITE,
        AccessPattern.AUTO,
        PageSize.DEFAULT,
        false,
        false,
        Durability.ON_FORCE,
        null,
        null,
        ProgressListener.NONE,
        Set.of(),
        RegionRequest.FRESH_ID);
  }

  /** A copy that opens read-only. */
  public OpenRequest readOnly() {
    return new OpenRequest(
        name,
        sharing,
        AccessMode.READ_ONLY,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        directory,
        owner,
        progress,
        required,
        carriedAs);
  }

  /** A copy with another sharing. */
  public OpenRequest withSharing(Sharing newSharing) {
    return new OpenRequest(
        name,
        newSharing,
        access,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        directory,
        owner,
        progress,
        required,
        carriedAs);
  }

  /** A copy with another pattern. */
  public OpenRequest withPattern(AccessPattern newPattern) {
    return new OpenRequest(
        name,
        sharing,
        access,
        newPattern,
        pageSize,
        prefault,
        locked,
        durability,
        directory,
        owner,
        progress,
        required,
        carriedAs);
  }

  /** A copy with another page size. */
  public OpenRequest withPageSize(PageSize newPageSize) {
    return new OpenRequest(
        name,
        sharing,
        access,
        pattern,
        newPageSize,
        prefault,
        locked,
        durability,
        directory,
        owner,
        progress,
        required,
        carriedAs);
  }

  /** A copy that reads all pages in at once. */
  public OpenRequest prefaulted() {
    return new OpenRequest(
        name,
        sharing,
        access,
        pattern,
        pageSize,
        true,
        locked,
        durability,
        directory,
        owner,
        progress,
        required,
        carriedAs);
  }

  /** A copy that locks its pages in RAM. */
  public OpenRequest lockedInRam() {
    return new OpenRequest(
        name,
        sharing,
        access,
        pattern,
        pageSize,
        prefault,
        true,
        durability,
        directory,
        owner,
        progress,
        required,
        carriedAs);
  }

  /** A copy with another durability. */
  public OpenRequest withDurability(Durability newDurability) {
    return new OpenRequest(
        name,
        sharing,
        access,
        pattern,
        pageSize,
        prefault,
        locked,
        newDurability,
        directory,
        owner,
        progress,
        required,
        carriedAs);
  }

  /** A copy that looks in the given directory. */
  public OpenRequest withDirectory(@Nullable Path newDirectory) {
    return new OpenRequest(
        name,
        sharing,
        access,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        newDirectory,
        owner,
        progress,
        required,
        carriedAs);
  }

  /** A copy with an owner. */
  public OpenRequest withOwner(@Nullable String newOwner) {
    return new OpenRequest(
        name,
        sharing,
        access,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        directory,
        newOwner,
        progress,
        required,
        carriedAs);
  }

  /** A copy that reports its progress. */
  public OpenRequest withProgress(ProgressListener newProgress) {
    return new OpenRequest(
        name,
        sharing,
        access,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        directory,
        owner,
        newProgress,
        required,
        carriedAs);
  }

  /** A copy that asks for capabilities for as long as it is open; see {@link RegionRequest}. */
  public OpenRequest requiring(Set<Capability> capabilities) {
    return new OpenRequest(
        name,
        sharing,
        access,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        directory,
        owner,
        progress,
        capabilities,
        carriedAs);
  }

  /** A copy for a provider that hands the memory on; see {@link RegionRequest#carriedAs(long)}. */
  public OpenRequest carriedAs(long regionId) {
    return new OpenRequest(
        name,
        sharing,
        access,
        pattern,
        pageSize,
        prefault,
        locked,
        durability,
        directory,
        owner,
        progress,
        required,
        regionId);
  }
}
