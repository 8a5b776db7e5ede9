/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import org.dmalloc.api.Capability;
import org.dmalloc.testkit.memory.InMemoryProvider;

/** Providers in memory for the tests of workloads. */
public final class TestMemory {
  private TestMemory() {}

  /** One like a backend with files, that can do what workloads ask for. */
  public static InMemoryProvider withEverything(String name) {
    return InMemoryProvider.of(
        name,
        Capability.NAMED,
        Capability.FORCE,
        Capability.ADVICE,
        Capability.PREFETCH,
        Capability.RESIDENCY);
  }

  /** Whether no region is open and none is stored. */
  public static boolean isEmpty(InMemoryProvider provider) {
    boolean stored =
        provider.capabilities().contains(Capability.NAMED) && !provider.store().names().isEmpty();
    return provider.openRegions() == 0 && !stored;
  }
}
