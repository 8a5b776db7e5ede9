/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.testkit.ProviderFixture;
import org.dmalloc.testkit.ProviderSettings;
import org.osgi.service.cm.Configuration;

/** Providers from the service registry: each is an instance made by a configuration of its own. */
final class ServiceFixture implements ProviderFixture {
  private static final AtomicInteger INSTANCES = new AtomicInteger();

  private final String factoryPid;
  private final ConfiguredProviders providers = ConfiguredProviders.here();
  private final Map<String, Configuration> configurations = new ConcurrentHashMap<>();

  ServiceFixture(String factoryPid) {
    this.factoryPid = factoryPid;
  }

  @Override
  public MemoryProvider start(ProviderSettings settings) throws Exception {
    String name = "contract-" + INSTANCES.incrementAndGet();
    boolean limited = settings.limitBytes() != Long.MAX_VALUE;
    configurations.put(
        name,
        providers.create(
            factoryPid,
            MemoryProvider.BACKEND,
            name,
            "directory",
            settings.directory().toString(),
            "limit.bytes",
            limited ? Long.toString(settings.limitBytes()) : "",
            "section.timeout.millis",
            Long.toString(settings.sectionTimeout().toMillis())));
    return providers.await(name);
  }

  @Override
  public void stop(MemoryProvider provider) throws Exception {
    providers.delete(configurations.remove(provider.name()));
  }

  @Override
  public Optional<String> childFixture() {
    return Optional.empty();
  }
}
