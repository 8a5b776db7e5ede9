/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.spi.machine.MemoryCheck;
import org.dmalloc.spi.region.RegionQuotas;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.testkit.ProviderFixture;
import org.dmalloc.testkit.ProviderSettings;

/** Public, so that a second JVM can make one. */
public final class PanamaFixture implements ProviderFixture {
  /** Used by the second JVM. */
  public PanamaFixture() {}

  @Override
  public MemoryProvider start(ProviderSettings settings) throws Exception {
    return new PanamaProvider(
        new PanamaSettings(
            PanamaSettings.NAME,
            RegionStore.open(settings.directory()),
            RegionQuotas.ofBytes(settings.limitBytes()),
            AccessPattern.AUTO,
            settings.sectionTimeout(),
            MemoryCheck.REFUSE));
  }

  @Override
  public void stop(MemoryProvider provider) {
    ((PanamaProvider) provider).stop();
  }
}
