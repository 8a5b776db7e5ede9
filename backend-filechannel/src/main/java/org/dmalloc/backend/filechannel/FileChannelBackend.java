/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import java.util.List;
import org.dmalloc.api.standalone.MemoryProviderFactory;
import org.dmalloc.api.standalone.StandaloneBackend;
import org.dmalloc.spi.store.StoreDirectory;

/** The backend for programs without OSGi. */
public final class FileChannelBackend implements StandaloneBackend {
  /** Made by {@link java.util.ServiceLoader}. */
  public FileChannelBackend() {}

  @Override
  public List<MemoryProviderFactory<?>> factories() {
    return List.of(
        new MemoryProviderFactory<>(
            FileChannelProvider.NAME,
            FileChannelProvider.class,
            FileChannelProvider.RANKING,
            FileChannelSettings.KEYS,
            settings ->
                new FileChannelProvider(
                    FileChannelSettings.of(
                        FileChannelProvider.PID,
                        settings,
                        System.getProperty(StoreDirectory.PROPERTY))),
            FileChannelProvider::stop));
  }
}
