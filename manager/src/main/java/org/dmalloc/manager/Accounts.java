/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.api.backing.OrphanedRegions;
import org.dmalloc.spi.region.RegionLedger;

/** The open managed regions, and the bytes of each bundle against its limit. */
final class Accounts {
  private final Supplier<Quotas> quotas;
  private final ConcurrentMap<Long, ManagedRegion> open = new ConcurrentSkipListMap<>();
  private final Map<String, Long> bytesByBundle = new HashMap<>();
  private long openBytes;
  private final LongAdder allocations = new LongAdder();
  private final LongAdder closes = new LongAdder();
  private final LongAdder failures = new LongAdder();

  /** Books with the limits that hold at each booking. */
  Accounts(Supplier<Quotas> quotas) {
    this.quotas = quotas;
  }

  /** Makes a region. */
  @FunctionalInterface
  interface Maker {
    ManagedRegion make() throws MemoryException;
  }

  /** Books the bytes, makes the region, and takes the booking back if that fails. */
  ManagedRegion admit(String operation, long byteSize, String bundle, String target, Maker maker)
      throws MemoryException {
    boolean booked = false;
    boolean done = false;
    try {
      book(operation, byteSize, bundle, target);
      booked = true;
      ManagedRegion region = maker.make();
      open.put(region.id(), region);
      allocations.increment();
      done = true;
      return region;
    } finally {
      if (!done) {
        failures.increment();
        if (booked) {
          release(byteSize, bundle);
        }
      }
    }
  }

  /**
   * Holds bytes against the limits.
   *
   * @throws MemoryException if one is reached; the message names it
   */
  synchronized void book(String operation, long byteSize, String bundle, String target)
      throws MemoryException {
    Quotas limits = quotas.get();
    long ofBundle = bytesByBundle.getOrDefault(bundle, 0L);
    long bundleLimit = limits.ofBundle(bundle);
    if (byteSize > Long.MAX_VALUE - openBytes) {
      throw RegionLedger.beyondAllMemory(operation, byteSize, target);
    }
    if (byteSize > bundleLimit - ofBundle) {
      throw refused(
          operation,
          byteSize,
          target,
          String.format(
              Locale.ROOT,
              "limit of bundle %s reached: %d of %d bytes are in use",
              bundle,
              ofBundle,
              bundleLimit),
          "free regions or raise " + limits.keyFor(bundle));
    }
    if (byteSize > limits.totalBytes() - openBytes) {
      throw refused(
          operation,
          byteSize,
          target,
          String.format(
              Locale.ROOT,
              "limit of backend managed reached: %d of %d bytes are in use",
              openBytes,
              limits.totalBytes()),
          "free regions or raise limit.bytes");
    }
    openBytes += byteSize;
    bytesByBundle.merge(bundle, byteSize, Long::sum);
  }

  private static MemoryException refused(
      String operation, long byteSize, String target, String reason, String nextStep) {
    return MemoryException.of(
        operation,
        byteSize,
        target,
        reason,
        nextStep + " in the configuration org.dmalloc.manager");
  }

  /** Takes a booking back; a negative size adds, without asking the limits. */
  synchronized void release(long byteSize, String bundle) {
    openBytes -= byteSize;
    bytesByBundle.merge(
        bundle, -byteSize, (old, change) -> old + change == 0 ? null : old + change);
  }

  void closed(ManagedRegion region) {
    if (open.remove(region.id()) != null) {
      release(region.byteSize(), region.bundle());
      closes.increment();
      OrphanedRegions.remove(region);
    }
  }

  void failed() {
    failures.increment();
  }

  /** The open regions by ascending id. */
  Collection<ManagedRegion> regions() {
    return open.values();
  }

  List<MemoryRegion> list() {
    return List.copyOf(open.values());
  }

  Optional<ManagedRegion> find(long id) {
    return Optional.ofNullable(open.get(id));
  }

  synchronized ProviderStatistics statistics() {
    return new ProviderStatistics(
        open.size(),
        openBytes,
        quotas.get().totalBytes(),
        allocations.sum(),
        closes.sum(),
        failures.sum());
  }
}
