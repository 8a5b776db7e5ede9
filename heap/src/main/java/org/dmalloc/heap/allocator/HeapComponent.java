/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import java.util.List;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.backing.BundleClasses;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapReport;
import org.dmalloc.heap.HeapService;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;

/**
 * {@link RegionHeaps} as a service. Heaps that are open when it stops go on: they get all classes
 * that they may need later.
 */
@Component
public final class HeapComponent implements HeapService {
  private final RegionHeaps heaps = new RegionHeaps();

  /** Made by the component runtime. */
  public HeapComponent() {}

  @Deactivate
  void deactivate(BundleContext context) {
    if (!heaps.heaps().isEmpty()) {
      BundleClasses.loadAll(context.getBundle());
    }
  }

  @Override
  public Heap create(MemoryRegion region, HeapOptions options) throws MemoryException {
    return heaps.create(region, options);
  }

  @Override
  public Heap open(MemoryRegion region, HeapOptions options) throws MemoryException {
    return heaps.open(region, options);
  }

  @Override
  public HeapReport repair(MemoryRegion region) throws MemoryException {
    return heaps.repair(region);
  }

  @Override
  public HeapReport repair(MemoryRegion region, ProgressListener progress) throws MemoryException {
    return heaps.repair(region, progress);
  }

  @Override
  public void erase(MemoryRegion region) throws MemoryException {
    heaps.erase(region);
  }

  @Override
  public boolean isHeap(MemoryRegion region) {
    return heaps.isHeap(region);
  }

  @Override
  public Optional<Heap> find(MemoryRegion region) {
    return heaps.find(region);
  }

  @Override
  public List<Heap> heaps() {
    return heaps.heaps();
  }
}
