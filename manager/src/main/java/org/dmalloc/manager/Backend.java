/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.Comparator;
import java.util.Set;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;

/**
 * A backend that is present now.
 *
 * @param provider its service
 * @param ranking its service ranking; the highest is the best
 * @param serviceId its service's number; of equal rankings the lowest is the best, as OSGi has it
 */
record Backend(MemoryProvider provider, int ranking, long serviceId) {
  /** The best first. */
  static final Comparator<Backend> BEST_FIRST =
      Comparator.comparingInt(Backend::ranking).reversed().thenComparingLong(Backend::serviceId);

  String name() {
    return provider.name();
  }

  Set<Capability> capabilities() {
    return provider.capabilities();
  }
}
