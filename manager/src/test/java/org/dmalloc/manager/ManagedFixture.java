/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.testkit.ProviderFixture;
import org.dmalloc.testkit.ProviderSettings;

/** The managed provider over panama. */
public final class ManagedFixture implements ProviderFixture {
  private final Map<MemoryProvider, ManagedRegions> started = new ConcurrentHashMap<>();

  /** For a second JVM too. */
  public ManagedFixture() {}

  @Override
  public MemoryProvider start(ProviderSettings settings) {
    MemoryProvider panama = Rig.panama("panama", settings.directory());
    Map<String, Object> own = new HashMap<>();
    own.put("section.timeout.millis", Long.toString(settings.sectionTimeout().toMillis()));
    if (settings.limitBytes() != Long.MAX_VALUE) {
      own.put("limit.bytes", Long.toString(settings.limitBytes()));
    }
    ManagedRegions regions = new ManagedRegions(Settings.of(own), Step.Probe.NONE);
    regions.arrived(new Backend(panama, 1, 1));
    MemoryProvider provider = new ManagedProvider(regions, "test.bundle");
    started.put(provider, regions);
    return provider;
  }

  @Override
  public void stop(MemoryProvider provider) {
    Optional.ofNullable(started.get(provider)).orElseThrow().stop();
  }
}
