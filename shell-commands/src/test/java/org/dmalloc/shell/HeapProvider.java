/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.dmalloc.api.AccessMode;
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
import org.jspecify.annotations.Nullable;

/** A provider on Java arrays, with a store that lives as long as it does. */
public class HeapProvider implements MemoryProvider {
  public final List<StoreFinding> findings = new ArrayList<>();
  public final List<RegionRequest> requests = new CopyOnWriteArrayList<>();
  public final List<OpenRequest> opens = new ArrayList<>();
  public volatile Runnable afterAllocation = () -> {};
  boolean stopped;
  boolean truncated;

  private String directory = "/store";
  private final String name;
  private final Set<Capability> capabilities;
  private final Map<String, byte[]> store = new TreeMap<>();
  private final List<HeapRegion> regions = new CopyOnWriteArrayList<>();

  public HeapProvider(String name, Capability... capabilities) {
    this.name = name;
    this.capabilities = EnumSet.noneOf(Capability.class);
    this.capabilities.addAll(List.of(capabilities));
  }

  /** Has its store elsewhere. */
  HeapProvider in(String newDirectory) {
    directory = newDirectory;
    return this;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.copyOf(capabilities);
  }

  @Override
  public Set<Advice> supportedAdvice() {
    return capabilities.contains(Capability.ADVICE) ? Set.of(Advice.RANDOM) : Set.of();
  }

  public void require(Capability capability) {
    if (!capabilities.contains(capability)) {
      throw new UnsupportedCapabilityException(name, capability);
    }
  }

  @Override
  public MemoryRegion allocate(RegionRequest request) throws MemoryException {
    if (stopped) {
      throw new IllegalStateException("backend " + name + " was stopped");
    }
    requests.add(request);
    if (request.byteSize() > 1 << 26) {
      throw MemoryException.of(
          "allocate", request.byteSize(), "heap", "ENOSPC", 28, "allocate less", null);
    }
    byte[] bytes = new byte[(int) request.byteSize()];
    String regionName = request.name();
    if (regionName != null) {
      require(Capability.NAMED);
      if (store.putIfAbsent(regionName, bytes) != null) {
        throw MemoryException.of("allocate", regionName, "exists", "choose another name");
      }
    }
    if (!request.policies().isEmpty()) {
      require(Capability.SWAP_POLICY);
    }
    return add(regionName, bytes, AccessMode.READ_WRITE, request.owner());
  }

  private MemoryRegion add(
      @Nullable String regionName, byte[] bytes, AccessMode access, @Nullable String owner) {
    HeapRegion region = new HeapRegion(this, regionName, bytes, access, owner);
    regions.add(region);
    afterAllocation.run();
    return region;
  }

  public void closed(HeapRegion region) {
    regions.remove(region);
  }

  @Override
  public MemoryRegion open(OpenRequest request) throws MemoryException {
    require(Capability.NAMED);
    opens.add(request);
    byte[] bytes = store.get(request.name());
    if (bytes == null) {
      throw MemoryException.of("open", request.name(), "no such region", "see 'stored'");
    }
    return add(request.name(), bytes, request.access(), request.owner());
  }

  private boolean isOpen(String regionName) {
    return regions.stream().anyMatch(r -> regionName.equals(r.info().name()));
  }

  @Override
  public List<StoredRegion> stored() {
    return store.entrySet().stream()
        .map(
            e ->
                new StoredRegion(
                    e.getKey(),
                    e.getValue().length,
                    Path.of(directory, e.getKey()),
                    isOpen(e.getKey()) ? StoredRegion.State.OPEN : StoredRegion.State.CLOSED,
                    "",
                    Instant.EPOCH))
        .toList();
  }

  @Override
  public void delete(String regionName) throws MemoryException {
    require(Capability.NAMED);
    if (isOpen(regionName)) {
      throw MemoryException.of("delete", regionName, "open", "free it first");
    }
    if (store.remove(regionName) == null) {
      throw MemoryException.of("delete", regionName, "no such region", "see 'stored'");
    }
  }

  @Override
  public List<MemoryRegion> regions() {
    return List.copyOf(regions);
  }

  @Override
  public ProviderStatistics statistics() {
    return new ProviderStatistics(
        regions.size(),
        regions.stream().mapToLong(HeapRegion::byteSize).sum(),
        Long.MAX_VALUE,
        requests.size(),
        0,
        0);
  }

  @Override
  public List<StoreFinding> verify() {
    return List.copyOf(findings);
  }
}
