/* SPDX-License-Identifier: Apache-2.0 */
package com.example.arena;

import java.util.Map;
import java.util.Optional;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.testkit.ProviderFixture;
import org.dmalloc.testkit.ProviderSettings;

/** Starts the provider for the contract. */
public final class ArenaFixture implements ProviderFixture {
  @Override
  public MemoryProvider start(ProviderSettings settings) {
    return new ArenaProvider(
        Map.of(
            "alignment",
            4096L,
            "limit",
            settings.limitBytes(),
            "timeout",
            settings.sectionTimeout().toNanos()));
  }

  @Override
  public void stop(MemoryProvider provider) {
    ((ArenaProvider) provider).stop();
  }

  @Override
  public Optional<String> childFixture() {
    return Optional.empty();
  }
}
