/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A heap in a named region, as a program has it that is started again and again. */
abstract class HeapExamplesTestCase {
  private static final String NAME = "data";
  private static final long MAXIMUM = 64 << 20;

  @TempDir Path directory;

  private Dmalloc dmalloc;
  private MemoryRegion region;
  private Heap heap;

  @BeforeEach
  final void makeHeap() throws MemoryException {
    dmalloc = Dmalloc.open(Map.of("directory", directory.toString()));
    region =
        dmalloc
            .provider("panama")
            .allocate(RegionRequest.ofSize(1 << 20).withMaximum(MAXIMUM).withName(NAME));
    heap = HeapService.load().create(region, HeapOptions.DEFAULT);
  }

  @AfterEach
  final void end() throws MemoryException {
    assertEquals(List.of(), heap.check().findings());
    heap.close();
    region.close();
    dmalloc.close();
  }

  final Heap heap() {
    return heap;
  }

  /** Where the region is mapped now. */
  final long address() {
    return region.segment().address();
  }

  final boolean isInside(long address, long byteSize) {
    return address > address() && address + byteSize <= address() + region.byteSize();
  }

  /** Ends all and opens it again; without an orderly end of the heap if so asked. */
  final Heap restart(Ending ending) throws MemoryException {
    if (ending == Ending.CLEAN) {
      heap.close();
      region.close();
    } else {
      region.close();
      heap.close();
    }
    dmalloc.close();
    dmalloc = Dmalloc.open(Map.of("directory", directory.toString()));
    region = dmalloc.provider("panama").open(OpenRequest.of(NAME).withMaximum(MAXIMUM));
    heap = HeapService.load().open(region, HeapOptions.DEFAULT);
    return heap;
  }

  enum Ending {
    CLEAN,
    /** The region goes before the heap, which is then as after a kill. */
    UNCLEAN
  }
}
