/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What to allocate. Start with {@link #ofSize} and refine; {@code with} methods return changed
 * copies.
 *
 * {@snippet class="org.dmalloc.api.examples.RegionExamples" region="request"}
 *
 * @param byteSize bytes, at least 0; more than 2 GiB is fine
 * @param name makes the region a named one that can be opened again; null for an unnamed region
 * @param options all else
 */
public record RegionRequest(long byteSize, @Nullable String name, RegionOptions options)
    implements RegionAttributes.Refinable<RegionRequest> {
  /**
   * Checks the request.
   *
   * @throws IllegalArgumentException if the size is negative or above the maximum, the name is not
   *     {@linkplain RegionNames#check allowed}, or the region is not to be written, or is to be
   *     checkpointed and has no name
   */
  public RegionRequest {
    if (byteSize < 0) {
      throw new IllegalArgumentException("byteSize " + byteSize + "; give at least 0");
    }
    if (options.maximum() != RegionAttributes.NO_MAXIMUM && byteSize > options.maximum()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "byteSize %d is above the maximum of %d; give a larger maximum",
              byteSize,
              options.maximum()));
    }
    if (name != null) {
      RegionNames.check(name);
    }
    if (name == null && options.durability() == Durability.CHECKPOINT) {
      throw new IllegalArgumentException(
          "a checkpointed region without a name would be gone with its process; give it a name");
    }
    if (options.access() == AccessMode.READ_ONLY) {
      throw new IllegalArgumentException(
          "a new region that is read-only would stay empty; open a stored one so");
    }
  }

  /** An unnamed, reserved region of the given size, with the backend's defaults for all else. */
  public static RegionRequest ofSize(long byteSize) {
    return new RegionRequest(byteSize, null, RegionOptions.DEFAULT);
  }

  public RegionRequest withByteSize(long newByteSize) {
    return new RegionRequest(newByteSize, name, options);
  }

  public RegionRequest withName(@Nullable String newName) {
    return new RegionRequest(byteSize, newName, options);
  }

  @Override
  public RegionRequest with(RegionOptions newOptions) {
    return new RegionRequest(byteSize, name, newOptions);
  }
}
