/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.standalone;

import java.util.Map;
import java.util.Set;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Starts the manager of movable regions; its jar registers it with {@link java.util.ServiceLoader}.
 */
@ConsumerType
public interface RegionManagerFactory {
  /** The settings that the manager reads. */
  Set<String> keys();

  /**
   * Starts a manager, which has no backend yet.
   *
   * @throws IllegalArgumentException if a value is bad; the message names PID, key and value
   */
  RegionManager start(Map<String, ?> settings);
}
