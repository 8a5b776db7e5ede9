/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.util.List;
import org.dmalloc.api.standalone.MemoryProviderFactory;
import org.dmalloc.api.standalone.StandaloneBackend;
import org.dmalloc.spi.store.StoreDirectory;

/** The backend for programs without OSGi. */
public final class PanamaBackend implements StandaloneBackend {
  /** Made by {@link java.util.ServiceLoader}. */
  public PanamaBackend() {}

  @Override
  public List<MemoryProviderFactory<?>> factories() {
    return List.of(
        new MemoryProviderFactory<>(
            PanamaSettings.NAME,
            PanamaProvider.class,
            PanamaSettings.RANKING,
            PanamaSettings.KEYS,
            settings ->
                new PanamaProvider(
                    PanamaSettings.of(settings, System.getProperty(StoreDirectory.PROPERTY))),
            PanamaProvider::stop));
  }
}
