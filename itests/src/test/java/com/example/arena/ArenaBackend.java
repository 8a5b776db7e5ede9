/* SPDX-License-Identifier: Apache-2.0 */
package com.example.arena;

import java.util.List;
import java.util.Set;
import org.dmalloc.api.standalone.MemoryProviderFactory;
import org.dmalloc.api.standalone.StandaloneBackend;

/** The backend for programs without OSGi, and so for the child JVMs of comparisons. */
public final class ArenaBackend implements StandaloneBackend {
  @Override
  public List<MemoryProviderFactory<?>> factories() {
    return List.of(
        new MemoryProviderFactory<>(
            ArenaProvider.NAME,
            ArenaProvider.class,
            0,
            Set.of("alignment"),
            ArenaProvider::new,
            ArenaProvider::stop));
  }
}
