/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit.memory;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.testkit.MemoryProviderContract;
import org.dmalloc.testkit.ProviderFixture;
import org.dmalloc.testkit.ProviderSettings;

/** Names are left out: what the contract asks of a store, it asks of files. */
final class InMemoryContractTest extends MemoryProviderContract {
  private static final Set<Capability> DECLARED =
      EnumSet.of(
          Capability.PRIVATE_MAPPING,
          Capability.SHARED_MAPPING,
          Capability.ADVICE,
          Capability.LOCKED,
          Capability.PREFETCH,
          Capability.RESIDENCY,
          Capability.RELEASE,
          Capability.RESIDENT_BUDGET,
          Capability.SWAP_POLICY,
          Capability.RESIZE,
          Capability.GROW_IN_PLACE,
          Capability.PUNCH,
          Capability.DIRTY_TRACKING);

  @Override
  protected ProviderFixture fixture() {
    return new ProviderFixture() {
      @Override
      public MemoryProvider start(ProviderSettings settings) {
        return new InMemoryProvider(
            "memory", DECLARED, null, settings.limitBytes(), settings.sectionTimeout());
      }

      @Override
      public void stop(MemoryProvider provider) {
        ((InMemoryProvider) provider).stop();
      }

      @Override
      public Optional<String> childFixture() {
        return Optional.empty();
      }
    };
  }
}
