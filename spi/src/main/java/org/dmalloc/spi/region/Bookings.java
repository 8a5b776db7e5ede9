/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ResourceKind;
import org.dmalloc.api.ResourceUse;
import org.jspecify.annotations.Nullable;

/**
 * The bytes and the number of a provider's open regions against its quotas. Owners are told apart
 * only where one has a quota. Safe for any number of threads.
 */
final class Bookings {
  private static final String CONFIGURATION = "in its configuration";

  private final String backend;
  private final RegionQuotas quotas;
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong regions = new AtomicLong();
  private final @Nullable OwnerBookings owners;

  Bookings(String backend, RegionQuotas quotas) {
    this.backend = backend;
    this.quotas = quotas;
    this.owners = quotas.limitsOwners() ? new OwnerBookings() : null;
  }

  RegionQuotas quotas() {
    return quotas;
  }

  long bytes() {
    return bytes.get();
  }

  /**
   * Books all or nothing.
   *
   * @param more how many regions come: 1, or 0 for growth
   */
  void book(String operation, long byteSize, int more, String target, @Nullable String owner)
      throws MemoryException {
    add(bytes, operation, byteSize, byteSize, target, quotas.bytes());
    boolean counted = false;
    boolean done = false;
    try {
      add(regions, operation, byteSize, more, target, quotas.regions());
      counted = true;
      if (owners != null) {
        owners.book(operation, byteSize, more, target, owner, quotas, CONFIGURATION);
      }
      done = true;
    } finally {
      if (!done) {
        bytes.addAndGet(-byteSize);
        regions.addAndGet(counted ? -more : 0);
      }
    }
  }

  private void add(
      AtomicLong total, String operation, long byteSize, long more, String target, long limit)
      throws MemoryException {
    boolean ofBytes = bytes.equals(total);
    while (true) {
      long used = total.get();
      if (more > limit - used) {
        if (limit == Long.MAX_VALUE) {
          throw RegionLedger.beyondAllMemory(operation, byteSize, target);
        }
        QuotaRefusal.check(
            new QuotaRefusal.Request(operation, byteSize, target, more),
            new QuotaRefusal.Quota(
                "of backend " + backend,
                ofBytes ? "bytes" : "regions",
                used,
                limit,
                ofBytes ? RegionQuotas.LIMIT : RegionQuotas.LIMIT_REGIONS,
                CONFIGURATION));
      }
      if (total.compareAndSet(used, used + more)) {
        return;
      }
    }
  }

  /** Takes a booking back; negative amounts add, without asking the quotas. */
  void release(long byteSize, int fewer, @Nullable String owner) {
    bytes.addAndGet(-byteSize);
    regions.addAndGet(-fewer);
    if (owners != null) {
      owners.release(byteSize, fewer, owner);
    }
  }

  /** What is used of each quota that is set. */
  List<ResourceUse> uses() {
    List<ResourceUse> uses = new ArrayList<>();
    OwnerBookings.add(
        uses,
        new OwnerBookings.Limited(ResourceKind.PROVIDER_BYTES, backend, null),
        bytes.get(),
        quotas.bytes(),
        RegionQuotas.LIMIT);
    OwnerBookings.add(
        uses,
        new OwnerBookings.Limited(ResourceKind.PROVIDER_REGIONS, backend, null),
        regions.get(),
        quotas.regions(),
        RegionQuotas.LIMIT_REGIONS);
    if (owners != null) {
      uses.addAll(owners.uses(backend, quotas));
    }
    return uses;
  }
}
