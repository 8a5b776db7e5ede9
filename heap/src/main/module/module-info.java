/* SPDX-License-Identifier: Apache-2.0 */
/** malloc, calloc, realloc and free inside one region of any backend. */
module org.dmalloc.heap {
  requires transitive org.dmalloc.api;

  exports org.dmalloc.heap;

  uses org.dmalloc.heap.HeapService;

  provides org.dmalloc.heap.HeapService with
      org.dmalloc.heap.allocator.RegionHeaps;
}
