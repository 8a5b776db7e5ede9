/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/**
 * Which stored region to open, and how. Start with {@link #of} and refine; every {@code with}
 * method returns a changed copy.
 *
 * @param name the region's name
 * @param options all else; {@link Sharing#PRIVATE} keeps all stores out of the file
 */
public record OpenRequest(String name, RegionOptions options)
    implements RegionAttributes.Refinable<OpenRequest> {
  /**
   * Checks the request.
   *
   * @throws IllegalArgumentException if the name is not {@linkplain RegionNames#check allowed}, or
   *     something is asked for that only a new region can be given
   */
  public OpenRequest {
    RegionNames.check(name);
    if (options.reservation() != Reservation.RESERVED || !options.policies().isEmpty()) {
      throw new IllegalArgumentException(
          "a stored region has its reservation, and takes policies when it is open: apply them");
    }
  }

  /** Opens the region read-write and shared, with the backend's defaults for all else. */
  public static OpenRequest of(String name) {
    return new OpenRequest(name, RegionOptions.DEFAULT);
  }

  /** A copy that opens read-only. */
  public OpenRequest readOnly() {
    return withAccess(AccessMode.READ_ONLY);
  }

  @Override
  public OpenRequest with(RegionOptions newOptions) {
    return new OpenRequest(name, newOptions);
  }
}
