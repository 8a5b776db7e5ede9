/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.Sharing;
import org.dmalloc.spi.machine.MemoryCheck;
import org.dmalloc.spi.region.RegionQuotas;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.testkit.ProviderFixture;
import org.dmalloc.testkit.ProviderSettings;

/** Builds providers as the component does; public, so that a second JVM can make one. */
public final class FileChannelFixture implements ProviderFixture {
  /** For the test, and for a second JVM. */
  public FileChannelFixture() {}

  @Override
  public MemoryProvider start(ProviderSettings settings) throws MemoryException {
    return new FileChannelProvider(
        new FileChannelSettings(
            FileChannelProvider.NAME,
            RegionStore.open(settings.directory()),
            RegionQuotas.ofBytes(settings.limitBytes()),
            Sharing.SHARED,
            settings.sectionTimeout(),
            MemoryCheck.REFUSE));
  }

  @Override
  public void stop(MemoryProvider provider) {
    ((FileChannelProvider) provider).stop();
  }
}
