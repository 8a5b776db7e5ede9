/* SPDX-License-Identifier: Apache-2.0 */
package com.example.arena;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.UnsupportedCapabilityException;

/** Memory of shared arenas; it declares no capability. */
public final class ArenaProvider implements MemoryProvider {
  static final String NAME = "arena";

  private final long alignment;
  private final List<ArenaRegion> regions = new CopyOnWriteArrayList<>();
  private final AtomicLong allocations = new AtomicLong();

  /**
   * Makes one.
   *
   * @param properties {@code alignment}, a Long: it arrives with its type in another JVM too
   */
  public ArenaProvider(Map<String, ?> properties) {
    alignment = (Long) properties.get("alignment");
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.of();
  }

  @Override
  public Set<Advice> supportedAdvice() {
    return Set.of();
  }

  @Override
  public MemoryRegion allocate(RegionRequest request) throws MemoryException {
    if (request.name() != null) {
      throw new UnsupportedCapabilityException(NAME, Capability.NAMED);
    }
    ArenaRegion region = new ArenaRegion(this, request.byteSize(), alignment, request.owner());
    regions.add(region);
    allocations.incrementAndGet();
    return region;
  }

  void closed(ArenaRegion region) {
    regions.remove(region);
  }

  @Override
  public MemoryRegion open(OpenRequest request) {
    throw new UnsupportedCapabilityException(NAME, Capability.NAMED);
  }

  @Override
  public List<StoredRegion> stored() {
    return List.of();
  }

  @Override
  public void delete(String name) {
    throw new UnsupportedCapabilityException(NAME, Capability.NAMED);
  }

  @Override
  public List<MemoryRegion> regions() {
    return List.copyOf(regions);
  }

  @Override
  public ProviderStatistics statistics() {
    return new ProviderStatistics(
        regions.size(),
        regions.stream().mapToLong(MemoryRegion::byteSize).sum(),
        Long.MAX_VALUE,
        allocations.get(),
        0,
        0);
  }

  @Override
  public List<StoreFinding> verify() {
    return List.of();
  }
}
