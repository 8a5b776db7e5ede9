/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import java.nio.file.Path;
import java.util.Map;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;

/** A region with a heap in it, for one test; both can be closed and opened again. */
final class HeapPlace implements AutoCloseable {
  static final String NAME = "heap";

  private final Dmalloc dmalloc;
  private final MemoryProvider provider;
  private final HeapService service;
  private final HeapOptions options;
  private final long maximum;
  private MemoryRegion region;
  private Heap heap;

  private HeapPlace(
      Dmalloc dmalloc,
      String backend,
      HeapService service,
      HeapOptions options,
      long byteSize,
      long maximum)
      throws MemoryException {
    this.dmalloc = dmalloc;
    this.provider = dmalloc.provider(backend);
    this.service = service;
    this.options = options;
    this.maximum = maximum;
    this.region =
        provider.allocate(
            RegionRequest.ofSize(byteSize).withMaximum(maximum).withName(isNamed() ? NAME : null));
    this.heap = service.create(region, options);
  }

  /** A heap in a new region that grows up to the maximum; a named one where there are names. */
  static HeapPlace make(
      String backend, Path directory, HeapService service, HeapOptions options, long... sizes)
      throws MemoryException {
    Dmalloc dmalloc = Dmalloc.open(Map.of("directory", directory.toString()));
    try {
      return new HeapPlace(dmalloc, backend, service, options, sizes[0], sizes[sizes.length - 1]);
    } catch (MemoryException | RuntimeException e) {
      dmalloc.close();
      throw e;
    }
  }

  Heap heap() {
    return heap;
  }

  MemoryRegion region() {
    return region;
  }

  Dmalloc dmalloc() {
    return dmalloc;
  }

  HeapService service() {
    return service;
  }

  /** Whether the region is there after it was closed. */
  boolean isNamed() {
    return provider.capabilities().contains(Capability.NAMED);
  }

  /** Closes the heap, the region too where it has a name, and opens both. */
  Heap reopen() throws MemoryException {
    heap.close();
    if (isNamed()) {
      region.close();
    }
    return open();
  }

  /** Closes the region before the heap, as a program does that forgets the heap; opens both. */
  Heap reopenUncleanly() throws MemoryException {
    region.close();
    heap.close();
    return open();
  }

  private Heap open() throws MemoryException {
    if (isNamed()) {
      region = provider.open(OpenRequest.of(NAME).withMaximum(maximum));
    }
    heap = service.open(region, options);
    return heap;
  }

  @Override
  public void close() {
    try {
      heap.close();
      region.close();
    } finally {
      dmalloc.close();
    }
  }
}
