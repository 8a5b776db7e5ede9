/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit.memory;

import java.util.EnumSet;
import java.util.Optional;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.testkit.CheckpointContract;
import org.dmalloc.testkit.ProviderFixture;
import org.dmalloc.testkit.ProviderSettings;

/** Checkpoints need names, which {@link InMemoryContractTest} leaves out. */
final class InMemoryCheckpointTest extends CheckpointContract {
  @Override
  protected ProviderFixture fixture() {
    return new ProviderFixture() {
      @Override
      public MemoryProvider start(ProviderSettings settings) {
        return new InMemoryProvider(
            "memory",
            EnumSet.of(
                Capability.NAMED,
                Capability.SHARED_MAPPING,
                Capability.FORCE,
                Capability.RESIZE,
                Capability.CHECKPOINT),
            new InMemoryStore("/store"),
            settings.limitBytes(),
            settings.sectionTimeout());
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
