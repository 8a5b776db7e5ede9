/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.dmalloc.api.Sharing;
import org.dmalloc.spi.machine.MemoryCheck;
import org.dmalloc.spi.region.ConfigurationReader;
import org.dmalloc.spi.region.RegionQuotas;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.spi.store.StoreDirectory;
import org.dmalloc.spi.store.StoreLedgerProvider;
import org.jspecify.annotations.Nullable;

/**
 * A provider's configuration; {@link FileChannelConfiguration} describes it to administrators.
 *
 * @param name the provider's name
 * @param store where the files are
 * @param quotas what open regions may have
 * @param sharing of regions whose request leaves it open; never DEFAULT
 * @param sectionTimeout how long close waits for open access sections
 * @param memoryCheck what to do about a request to prefault more memory than there is
 */
record FileChannelSettings(
    String name,
    RegionStore store,
    RegionQuotas quotas,
    Sharing sharing,
    Duration sectionTimeout,
    MemoryCheck memoryCheck) {
  static final String SHARING = "sharing";
  static final String MEMORY_CHECK = "memory.check";

  static final Set<String> KEYS = StoreLedgerProvider.keys(SHARING, MEMORY_CHECK);

  /**
   * Reads a component's properties by a {@link ConfigurationReader}.
   *
   * @param defaultDirectory the framework property {@value StoreDirectory#PROPERTY}, or null
   */
  static FileChannelSettings of(
      String pid, Map<String, ?> properties, @Nullable String defaultDirectory) {
    ConfigurationReader reader = new ConfigurationReader(pid, properties);
    reader.checkRanking();
    reader.checkKeys(KEYS);
    Sharing sharing = reader.constant(SHARING, Sharing.SHARED);
    return new FileChannelSettings(
        reader.name(),
        StoreLedgerProvider.configured(reader, defaultDirectory),
        RegionQuotas.of(reader),
        sharing == Sharing.DEFAULT ? Sharing.SHARED : sharing,
        reader.sectionTimeout(),
        reader.constant(MEMORY_CHECK, MemoryCheck.REFUSE));
  }
}
