/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URL;
import java.net.URLClassLoader;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapService;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.junit.jupiter.api.Test;

/** The allocator loaded twice, as after an update of its bundle while a heap is open. */
class TwoVersionsTest {
  private static final String OWN = RegionHeaps.class.getPackageName() + ".";

  /** Loads the allocator itself, and all else where this test has it from. */
  private static final class Version extends URLClassLoader {
    Version() {
      super(
          new URL[] {RegionHeaps.class.getProtectionDomain().getCodeSource().getLocation()},
          RegionHeaps.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        if (loaded != null) {
          return loaded;
        }
        return name.startsWith(OWN) ? findClass(name) : super.loadClass(name, resolve);
      }
    }
  }

  @Test
  void aHeapThatOneVersionHasOpenIsRefusedByTheOther() throws Exception {
    HeapService one = new RegionHeaps();
    try (Version version = new Version();
        MemoryRegion region =
            InMemoryProvider.of("memory").allocate(RegionRequest.ofSize(1 << 20))) {
      HeapService other =
          (HeapService)
              version.loadClass(RegionHeaps.class.getName()).getConstructor().newInstance();
      assertNotEquals(one.getClass(), other.getClass());
      try (Heap heap = one.create(region, HeapOptions.DEFAULT)) {
        assertTrue(heap.isOpen());
        IllegalStateException refusal =
            assertThrows(
                IllegalStateException.class, () -> other.open(region, HeapOptions.DEFAULT));
        assertTrue(refusal.getMessage().contains("another version"), refusal.getMessage());
        assertThrows(IllegalStateException.class, () -> other.erase(region));
        assertThrows(IllegalStateException.class, () -> other.repair(region));
      }
      try (Heap heap = other.open(region, HeapOptions.DEFAULT)) {
        assertTrue(heap.recovery().clean());
        assertThrows(IllegalStateException.class, () -> one.open(region, HeapOptions.DEFAULT));
      }
      try (Heap heap = one.open(region, HeapOptions.DEFAULT)) {
        assertEquals(0, heap.statistics().liveBlocks());
      }
    }
  }
}
