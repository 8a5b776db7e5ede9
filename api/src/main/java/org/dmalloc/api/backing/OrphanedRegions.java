/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.backing;

import java.time.Instant;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import org.dmalloc.api.MemoryRegion;

/**
 * The open regions of this container whose provider has stopped: its bundle was stopped, updated or
 * refreshed, or its configuration gone. They stay usable, and hold their memory and their files,
 * until they are closed; no provider lists them any more.
 *
 * <p>Providers put their open regions here when they stop, and take each out when it is closed. The
 * list is one for all bundles, which share this package's class loader, and ends with it.
 *
 * <p><b>Threads.</b> All methods may be called from any thread.
 */
public final class OrphanedRegions {
  private static final IdentityHashMap<MemoryRegion, Instant> REGIONS = new IdentityHashMap<>();

  private OrphanedRegions() {}

  /** An open region without a provider since then; whoever has it may close it. */
  public record Orphan(MemoryRegion region, Instant since) {}

  /** For providers: takes in an open region of a provider that stops. */
  public static void add(MemoryRegion region) {
    synchronized (REGIONS) {
      REGIONS.putIfAbsent(region, Instant.now());
    }
  }

  /** For providers: forgets a region, which is closed now; nothing happens if it is not here. */
  public static void remove(MemoryRegion region) {
    synchronized (REGIONS) {
      REGIONS.remove(region);
    }
  }

  /** Those that are open now, in the order of their ids. */
  public static List<Orphan> list() {
    synchronized (REGIONS) {
      return REGIONS.entrySet().stream()
          .map(entry -> new Orphan(entry.getKey(), entry.getValue()))
          .sorted(Comparator.comparingLong(orphan -> orphan.region().id()))
          .toList();
    }
  }
}
