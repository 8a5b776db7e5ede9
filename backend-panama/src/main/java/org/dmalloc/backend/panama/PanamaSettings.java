/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.spi.machine.MemoryCheck;
import org.dmalloc.spi.region.ConfigurationReader;
import org.dmalloc.spi.region.RegionLedger;
import org.dmalloc.spi.region.RegionQuotas;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.spi.store.StoreDirectory;
import org.dmalloc.spi.store.StoreLedgerProvider;
import org.jspecify.annotations.Nullable;

/**
 * A provider's configuration; {@link PanamaConfiguration} describes it to administrators.
 *
 * @param name the provider's name
 * @param store where its files are
 * @param quotas what open regions may have
 * @param pattern for requests that say {@link AccessPattern#AUTO}
 * @param sectionTimeout how long close and resize wait for open access sections
 * @param memoryCheck what to do about a request to lock or prefault more memory than there is
 */
record PanamaSettings(
    String name,
    RegionStore store,
    RegionQuotas quotas,
    AccessPattern pattern,
    Duration sectionTimeout,
    MemoryCheck memoryCheck) {

  static final String PID = "org.dmalloc.backend.panama";
  static final String NAME = "panama";
  static final int RANKING = 20;

  static final String PATTERN = "pattern";
  static final String MEMORY_CHECK = "memory.check";
  static final Set<String> KEYS = StoreLedgerProvider.keys(PATTERN, MEMORY_CHECK);
  private static final String SERVICE_PID = "service.pid";

  /** The settings of a provider in a given store, otherwise without a configuration. */
  static PanamaSettings in(RegionStore store) {
    return new PanamaSettings(
        NAME,
        store,
        RegionQuotas.NONE,
        AccessPattern.AUTO,
        Duration.ofNanos(RegionLedger.DEFAULT_SECTION_TIMEOUT_NANOS),
        MemoryCheck.REFUSE);
  }

  /**
   * Reads a component's properties by a {@link ConfigurationReader}.
   *
   * @param directoryProperty the framework property {@value StoreDirectory#PROPERTY}; null if it is
   *     not set
   */
  static PanamaSettings of(Map<String, ?> properties, @Nullable String directoryProperty) {
    // An instance of the factory has a PID of its own, which its file in etc is named by.
    String pid = properties.get(SERVICE_PID) instanceof String own ? own : PID;
    ConfigurationReader reader = new ConfigurationReader(pid, properties);
    reader.checkRanking();
    reader.checkKeys(KEYS);
    return new PanamaSettings(
        reader.name(),
        StoreLedgerProvider.configured(reader, directoryProperty),
        RegionQuotas.of(reader),
        reader.constant(PATTERN, AccessPattern.AUTO),
        reader.sectionTimeout(),
        reader.constant(MEMORY_CHECK, MemoryCheck.REFUSE));
  }
}
