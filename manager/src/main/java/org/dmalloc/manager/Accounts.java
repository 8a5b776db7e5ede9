/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.api.ResourceKind;
import org.dmalloc.api.ResourceUse;
import org.dmalloc.api.backing.OrphanedRegions;
import org.dmalloc.spi.region.OwnerBookings;
import org.dmalloc.spi.region.QuotaRefusal;
import org.dmalloc.spi.region.RegionLedger;
import org.dmalloc.spi.region.RegionQuotas;
import org.jspecify.annotations.Nullable;

/** The open managed regions, and what each bundle and owner has against its limits. */
final class Accounts {
  private static final String CONFIGURATION = "in the configuration " + Settings.PID;

  private final Supplier<Quotas> quotas;
  private final ConcurrentMap<Long, ManagedRegion> open = new ConcurrentSkipListMap<>();
  private final Map<String, Share> byBundle = new TreeMap<>();
  private final OwnerBookings owners = new OwnerBookings();
  private Share total = Share.NONE;
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

  /**
   * Books the bytes and the region, makes it, and takes the booking back if that fails.
   *
   * @param byteSize its size; 0 if that is booked when it is known
   */
  ManagedRegion admit(String operation, long byteSize, Payer payer, String target, Maker maker)
      throws MemoryException {
    boolean booked = false;
    boolean done = false;
    try {
      book(operation, byteSize, 1, payer, target);
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
          release(byteSize, 1, payer);
        }
      }
    }
  }

  /**
   * Whose limits a region counts against.
   *
   * @param bundle the symbolic name of the bundle that took it
   * @param owner the one that its request named; null for none
   */
  record Payer(String bundle, @Nullable String owner) {}

  /** What a bundle has. */
  private record Share(long bytes, long regions) {
    static final Share NONE = new Share(0, 0);

    Share plus(long moreBytes, int moreRegions) {
      return new Share(bytes + moreBytes, regions + moreRegions);
    }
  }

  /**
   * Holds bytes against the limits.
   *
   * @param more how many regions these make: 1, or 0 for growth
   * @throws MemoryException if one is reached; the message names it
   */
  synchronized void book(String operation, long byteSize, int more, Payer payer, String target)
      throws MemoryException {
    Quotas limits = quotas.get();
    Share share = byBundle.getOrDefault(payer.bundle, Share.NONE);
    String ofBundle = "of bundle " + payer.bundle;
    String ofAll = "of backend " + ManagedRegions.NAME;
    if (byteSize > Long.MAX_VALUE - total.bytes) {
      throw RegionLedger.beyondAllMemory(operation, byteSize, target);
    }
    QuotaRefusal.Request bytes = new QuotaRefusal.Request(operation, byteSize, target, byteSize);
    QuotaRefusal.Request regions = new QuotaRefusal.Request(operation, byteSize, target, more);
    QuotaRefusal.check(
        bytes,
        new QuotaRefusal.Quota(
            ofBundle,
            "bytes",
            share.bytes,
            limits.ofBundle(payer.bundle),
            limits.keyFor(payer.bundle),
            CONFIGURATION));
    QuotaRefusal.check(
        regions,
        new QuotaRefusal.Quota(
            ofBundle,
            "regions",
            share.regions,
            limits.bundleRegions(),
            Quotas.BUNDLE_REGIONS,
            CONFIGURATION));
    RegionQuotas ofRegions = limits.regions();
    QuotaRefusal.check(
        bytes,
        new QuotaRefusal.Quota(
            ofAll, "bytes", total.bytes, ofRegions.bytes(), RegionQuotas.LIMIT, CONFIGURATION));
    QuotaRefusal.check(
        regions,
        new QuotaRefusal.Quota(
            ofAll,
            "regions",
            total.regions,
            ofRegions.regions(),
            RegionQuotas.LIMIT_REGIONS,
            CONFIGURATION));
    owners.book(operation, byteSize, more, target, payer.owner, ofRegions, CONFIGURATION);
    add(byteSize, more, payer.bundle);
  }

  private void add(long byteSize, int more, String bundle) {
    total = total.plus(byteSize, more);
    Share share = byBundle.getOrDefault(bundle, Share.NONE).plus(byteSize, more);
    if (share.equals(Share.NONE)) {
      byBundle.remove(bundle);
    } else {
      byBundle.put(bundle, share);
    }
  }

  /** Takes a booking back; negative amounts add, without asking the limits. */
  synchronized void release(long byteSize, int fewer, Payer payer) {
    owners.release(byteSize, fewer, payer.owner);
    add(-byteSize, -fewer, payer.bundle);
  }

  /** What is used of each limit that is set. */
  synchronized List<ResourceUse> limits() {
    Quotas limits = quotas.get();
    RegionQuotas ofRegions = limits.regions();
    List<ResourceUse> uses = new ArrayList<>();
    OwnerBookings.add(
        uses,
        new OwnerBookings.Limited(ResourceKind.PROVIDER_BYTES, ManagedRegions.NAME, null),
        total.bytes,
        ofRegions.bytes(),
        RegionQuotas.LIMIT);
    OwnerBookings.add(
        uses,
        new OwnerBookings.Limited(ResourceKind.PROVIDER_REGIONS, ManagedRegions.NAME, null),
        total.regions,
        ofRegions.regions(),
        RegionQuotas.LIMIT_REGIONS);
    byBundle.forEach(
        (bundle, share) -> {
          String owner = "bundle " + bundle;
          OwnerBookings.add(
              uses,
              new OwnerBookings.Limited(ResourceKind.OWNER_BYTES, ManagedRegions.NAME, owner),
              share.bytes,
              limits.ofBundle(bundle),
              limits.keyFor(bundle));
          OwnerBookings.add(
              uses,
              new OwnerBookings.Limited(ResourceKind.OWNER_REGIONS, ManagedRegions.NAME, owner),
              share.regions,
              limits.bundleRegions(),
              Quotas.BUNDLE_REGIONS);
        });
    uses.addAll(owners.uses(ManagedRegions.NAME, ofRegions));
    return uses;
  }

  void closed(ManagedRegion region) {
    if (open.remove(region.id()) != null) {
      release(region.byteSize(), 1, region.payer());
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
        total.bytes,
        quotas.get().regions().bytes(),
        allocations.sum(),
        closes.sum(),
        failures.sum());
  }
}
