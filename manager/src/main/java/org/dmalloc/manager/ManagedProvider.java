/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.api.RegionNames;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.ResourceUse;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.jspecify.annotations.Nullable;

/**
 * The provider of movable regions as one bundle sees it: it books what it hands out on that bundle.
 * Its capabilities are those of all backends present, and change with them.
 */
final class ManagedProvider implements MemoryProvider {
  private final ManagedRegions regions;
  private final String bundle;

  /** A view of the regions for a bundle of that symbolic name. */
  ManagedProvider(ManagedRegions regions, String bundle) {
    this.regions = regions;
    this.bundle = bundle;
  }

  @Override
  public String name() {
    return ManagedRegions.NAME;
  }

  @Override
  public Set<Capability> capabilities() {
    return regions.capabilities();
  }

  @Override
  public Set<Advice> supportedAdvice() {
    return regions.supportedAdvice();
  }

  @Override
  public MemoryRegion allocate(RegionRequest request) throws MemoryException {
    return regions.allocate(request, bundle);
  }

  @Override
  public MemoryRegion open(OpenRequest request) throws MemoryException {
    return regions.open(request, bundle);
  }

  @Override
  public MemoryRegion attach(String token, RegionOptions options) throws MemoryException {
    return regions.attach(token, options, bundle);
  }

  /** The regions in the stores of all backends; two backends of one store count once. */
  @Override
  public List<StoredRegion> stored(@Nullable Path directory) throws MemoryException {
    return regions.stored(directory).values().stream()
        .map(ManagedRegions.Stored::region)
        .sorted(Comparator.comparing(StoredRegion::name))
        .toList();
  }

  /** Deletes it from the store that has it; one of several is not guessed at. */
  @Override
  public void delete(String name, Deletion how) throws MemoryException {
    holder("delete", name, how.directory()).provider().delete(name, how);
  }

  @Override
  public void rename(
      String name, String newName, NameDurability durability, @Nullable Path directory)
      throws MemoryException {
    RegionNames.check(newName);
    holder("rename", name, directory).provider().rename(name, newName, durability, directory);
  }

  /** The backend whose store has a region; the best one if none has, which then says so. */
  private Backend holder(String operation, String name, @Nullable Path directory)
      throws MemoryException {
    regions.checkRunning();
    RegionNames.check(name);
    List<Backend> able = regions.withStores(directory);
    if (able.isEmpty()) {
      boolean named = regions.capabilities().contains(Capability.NAMED);
      throw new UnsupportedCapabilityException(
          name(), named ? Capability.DIRECTORY : Capability.NAMED);
    }
    Map<String, Backend> holders = regions.holders(name, directory);
    if (holders.size() > 1) {
      throw MemoryException.of(
          operation,
          name,
          "it is in several stores: " + String.join(", ", holders.keySet()),
          operation
              + " it by the backend of one: "
              + String.join(", ", holders.values().stream().map(Backend::name).toList()));
    }
    return holders.isEmpty() ? able.getFirst() : holders.values().iterator().next();
  }

  /** Of all backends with stores; what one refuses does not keep the others from it. */
  @Override
  public void forceNames() throws MemoryException {
    regions.checkRunning();
    MemoryException refused = null;
    for (Backend backend : regions.withStores(null)) {
      try {
        backend.provider().forceNames();
      } catch (MemoryException e) {
        if (refused == null) {
          refused = e;
        } else {
          refused.addSuppressed(e);
        }
      }
    }
    if (refused != null) {
      throw refused;
    }
  }

  @Override
  public List<MemoryRegion> regions() {
    return regions.accounts().list();
  }

  @Override
  public ProviderStatistics statistics() {
    return regions.accounts().statistics();
  }

  @Override
  public List<ResourceUse> limits() {
    return regions.accounts().limits();
  }

  /** The findings of all backends; one that breaks its contract is a finding itself. */
  @Override
  public List<StoreFinding> verify() throws MemoryException {
    List<StoreFinding> findings = new ArrayList<>();
    for (Backend backend : regions.backends()) {
      try {
        for (StoreFinding finding : backend.provider().verify()) {
          if (!findings.contains(finding)) {
            findings.add(finding);
          }
        }
      } catch (VirtualMachineError e) {
        throw e;
      } catch (RuntimeException | Error e) {
        findings.add(
            new StoreFinding(
                StoreFinding.Severity.ERROR, "backend " + backend.name(), "verify(): " + e));
      }
    }
    return findings;
  }
}
