/* SPDX-License-Identifier: Apache-2.0 */
package com.example.arena;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.spi.region.BackedRegion;
import org.dmalloc.spi.region.RegionLedger;
import org.dmalloc.spi.region.RegionTraits;
import org.jspecify.annotations.Nullable;

/** Memory of shared arenas; it declares no capability. */
public final class ArenaProvider implements MemoryProvider {
  static final String NAME = "arena";

  private final long alignment;
  private final RegionLedger ledger;

  /**
   * Makes one.
   *
   * @param properties {@code alignment}, a Long: it arrives with its type in another JVM too; and
   *     for tests {@code limit} in bytes and {@code timeout} in nanoseconds
   */
  public ArenaProvider(Map<String, ?> properties) {
    alignment = (Long) properties.get("alignment");
    ledger =
        new RegionLedger(
            NAME,
            Set.of(),
            Set.of(),
            longOf(properties, "limit", Long.MAX_VALUE),
            longOf(properties, "timeout", RegionLedger.DEFAULT_SECTION_TIMEOUT_NANOS));
  }

  private static long longOf(Map<String, ?> properties, String key, long absent) {
    return properties.get(key) instanceof Long given ? given : absent;
  }

  /** Serves nothing any more; open regions stay usable. */
  public void stop() {
    ledger.stop();
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Set<Capability> capabilities() {
    return ledger.capabilities();
  }

  @Override
  public Set<Advice> supportedAdvice() {
    return ledger.advice();
  }

  @Override
  public MemoryRegion allocate(RegionRequest request) throws MemoryException {
    return ledger.admit(
        request,
        () ->
            new BackedRegion(
                ledger,
                RegionTraits.of(null, request.options(), Sharing.SHARED, null, "an arena of Java"),
                ArenaBacking.allocate(request.byteSize(), alignment)));
  }

  @Override
  public MemoryRegion open(OpenRequest request) throws MemoryException {
    return ledger.admit(
        request,
        booking -> {
          throw new UnsupportedCapabilityException(NAME, Capability.NAMED);
        });
  }

  @Override
  public List<StoredRegion> stored(@Nullable Path directory) {
    return List.of();
  }

  @Override
  public void delete(String name, Deletion how) {
    ledger.require(Capability.NAMED);
  }

  @Override
  public List<MemoryRegion> regions() {
    return ledger.regions();
  }

  @Override
  public ProviderStatistics statistics() {
    return ledger.statistics();
  }

  @Override
  public List<StoreFinding> verify() {
    return List.of();
  }
}
