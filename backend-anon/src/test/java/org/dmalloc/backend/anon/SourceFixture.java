/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.util.Optional;
import java.util.Set;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.spi.machine.MemoryCheck;
import org.dmalloc.spi.region.RegionQuotas;
import org.dmalloc.testkit.ProviderFixture;
import org.dmalloc.testkit.ProviderSettings;

/** Starts the providers of one source, without a framework. */
final class SourceFixture implements ProviderFixture {
  private final MemorySource source;

  SourceFixture(MemorySource source) {
    this.source = source;
  }

  /** A provider of the source with no configuration. */
  static AnonymousProvider start(MemorySource source) {
    return start(source, AnonymousSettings.defaults(name(source)));
  }

  static AnonymousProvider start(MemorySource source, AnonymousSettings settings) {
    return switch (source) {
      case PRIVATE -> new PrivateMemoryProvider(settings);
      case MEMFD -> new MemfdProvider(settings);
      case ZERO -> new ZeroDeviceProvider(settings);
    };
  }

  static String name(MemorySource source) {
    return switch (source) {
      case PRIVATE -> PrivateMemoryProvider.NAME;
      case MEMFD -> MemfdProvider.NAME;
      case ZERO -> ZeroDeviceProvider.NAME;
    };
  }

  @Override
  public MemoryProvider start(ProviderSettings settings) {
    return start(
        source,
        new AnonymousSettings(
            name(source),
            RegionQuotas.ofBytes(settings.limitBytes()),
            Set.of(),
            settings.sectionTimeout(),
            MemoryCheck.REFUSE));
  }

  @Override
  public void stop(MemoryProvider provider) {
    ((AnonymousProvider) provider).stop();
  }

  /** Nothing of it can be seen in another JVM by name. */
  @Override
  public Optional<String> childFixture() {
    return Optional.empty();
  }
}
