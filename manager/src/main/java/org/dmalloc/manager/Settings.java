/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.dmalloc.spi.region.ConfigurationReader;
import org.dmalloc.spi.region.RegionQuotas;

/**
 * The manager's configuration.
 *
 * @param quotas the limits of bytes and of numbers
 * @param policy when regions move by themselves
 * @param spillIdle how long a region must be idle to be spilled
 * @param spillBudgetBytes the most resident bytes of memory without a file before regions that are
 *     not idle are spilled too
 * @param interval from one sample of the regions to the next
 * @param evacuationTimeout how long a backend's stop waits for its regions to leave
 * @param sectionTimeout how long close and resize wait for open sections
 * @param strandedWait how long users of a region that no backend holds wait for one
 * @param leaks what becomes of what a bundle leaves open
 */
record Settings(
    Quotas quotas,
    MovePolicy policy,
    Duration spillIdle,
    long spillBudgetBytes,
    Duration interval,
    Duration evacuationTimeout,
    Duration sectionTimeout,
    Duration strandedWait,
    LeakPolicy leaks) {
  static final String PID = "org.dmalloc.manager";

  static final Set<String> KEYS =
      ConfigurationReader.keys(
          Quotas.BUNDLE_BYTES,
          Quotas.BUNDLE_REGIONS,
          Quotas.BUNDLES,
          "policy",
          "spill.idle.millis",
          "spill.budget.bytes",
          "policy.interval.millis",
          "evacuation.timeout.millis",
          "stranded.wait.millis",
          "leaks");

  static final Settings DEFAULT = of(Map.of());

  static Settings of(Map<String, ?> properties) {
    ConfigurationReader reader = new ConfigurationReader(PID, properties);
    reader.checkKeys(KEYS);
    return new Settings(
        new Quotas(
            RegionQuotas.of(reader),
            reader.bytes(Quotas.BUNDLE_BYTES, Long.MAX_VALUE),
            reader.count(Quotas.BUNDLE_REGIONS, Long.MAX_VALUE),
            reader.bytesByName(Quotas.BUNDLES)),
        reader.constant("policy", MovePolicy.RETURN),
        reader.millis("spill.idle.millis", Duration.ofMinutes(1)),
        reader.bytes("spill.budget.bytes", Long.MAX_VALUE),
        reader.millis("policy.interval.millis", Duration.ofSeconds(5)),
        reader.millis("evacuation.timeout.millis", Duration.ofMinutes(1)),
        reader.sectionTimeout(),
        reader.millis("stranded.wait.millis", Duration.ofSeconds(5)),
        reader.constant("leaks", LeakPolicy.KEEP));
  }
}
