/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Is told when a region grows by itself. Called on the thread that made it grow, after the fact and
 * outside of any lock; what it throws goes to that thread, and the region has its new size.
 */
@ConsumerType
@FunctionalInterface
public interface GrowthListener {
  /** Listens to nothing. */
  GrowthListener NONE = (regionId, oldByteSize, newByteSize) -> {};

  /** The region has grown; sizes in bytes. */
  void grown(long regionId, long oldByteSize, long newByteSize);

  /**
   * The region could not be made that large: its ceiling, the disk, a limit. The exception that
   * tells why is on its way to the caller.
   */
  default void refused(long regionId, long byteSize, Exception reason) {}
}
