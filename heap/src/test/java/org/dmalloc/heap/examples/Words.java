/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.examples;

import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapService;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

@Component
public final class Words {
  private final MemoryProvider memory;
  private final HeapService heaps;

  @Activate
  public Words(@Reference MemoryProvider memory, @Reference HeapService heaps) {
    this.memory = memory;
    this.heaps = heaps;
  }

  void keep() throws MemoryException {
    RegionRequest request = RegionRequest.ofSize(1 << 20).withMaximum(1 << 30).withName("words");
    try (MemoryRegion region = memory.allocate(request);
        Heap heap = heaps.create(region, HeapOptions.DEFAULT)) {
      long block = heap.allocate(100);
      try (Access access = region.acquire()) {
        heap.segment(access, block).setString(0, "hello");
      }
      heap.setRoot("greeting", block);
    }
  }
}
