/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
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
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.jspecify.annotations.Nullable;

/** Passes every call on, for subclasses that change one. */
class ForwardingBackend implements MemoryProvider {
  private final MemoryProvider to;

  ForwardingBackend(MemoryProvider to) {
    this.to = to;
  }

  @Override
  public String name() {
    return to.name();
  }

  @Override
  public Set<Capability> capabilities() {
    return to.capabilities();
  }

  @Override
  public Set<Advice> supportedAdvice() {
    return to.supportedAdvice();
  }

  @Override
  public MemoryRegion allocate(RegionRequest request) throws MemoryException {
    return to.allocate(request);
  }

  @Override
  public MemoryRegion open(OpenRequest request) throws MemoryException {
    return to.open(request);
  }

  @Override
  public List<StoredRegion> stored(@Nullable Path directory) throws MemoryException {
    return to.stored(directory);
  }

  @Override
  public Optional<StoredRegion> stored(String name, @Nullable Path directory)
      throws MemoryException {
    return to.stored(name, directory);
  }

  @Override
  public void delete(String name, Deletion how) throws MemoryException {
    to.delete(name, how);
  }

  @Override
  public void rename(
      String name, String newName, NameDurability durability, @Nullable Path directory)
      throws MemoryException {
    to.rename(name, newName, durability, directory);
  }

  @Override
  public void forceNames() throws MemoryException {
    to.forceNames();
  }

  @Override
  public List<MemoryRegion> regions() {
    return to.regions();
  }

  @Override
  public ProviderStatistics statistics() {
    return to.statistics();
  }

  @Override
  public List<StoreFinding> verify() throws MemoryException {
    return to.verify();
  }
}
