/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Makes and opens heaps inside regions. A service in OSGi; {@link #load()} in plain Java.
 *
 * <p><b>Ownership.</b> Whoever makes or opens a heap closes it. If the bundle of this service stops
 * the heaps that are open go on; nothing of them needs the service.
 *
 * <p><b>Threads.</b> All methods may be called from any thread.
 */
@ProviderType
public interface HeapService {
  /**
   * Makes an empty heap in a region, over whatever is in it; a region that has a heap already is
   * refused.
   *
   * @param region of at least {@link HeapOptions#MIN_BYTES}, open for writing. The heap takes all
   *     of it, and what it grows by
   * @throws IllegalArgumentException if the region is too small
   * @throws IllegalStateException if the region is read-only or closed, or has a heap: open that,
   *     or {@link #erase} it
   * @throws MemoryException if the device or file system refuses, or if the heap of a
   *     process-shared region is open in another process
   */
  Heap create(MemoryRegion region, HeapOptions options) throws MemoryException;

  /**
   * Opens the heap that a region has. If it was closed cleanly that takes the same time whatever
   * its size; else the free space is found anew from the bitmaps ({@link Heap#recovery()}).
   *
   * @param region one that is read-only gives a heap that is. The heap of a process-shared one is
   *     open in one JVM at a time, for reading too: what another JVM changes cannot be followed
   * @throws IllegalStateException if the region is closed, or has a heap that is open in this JVM
   * @throws HeapDamagedException if it has none, or one that is damaged or of a newer format
   * @throws MemoryException if the device or file system refuses, or if the heap of a
   *     process-shared region is open in another process
   */
  Heap open(MemoryRegion region, HeapOptions options) throws MemoryException;

  /**
   * Rebuilds the metadata of a heap that cannot be opened, as far as that is possible; nothing that
   * may be a live block is freed. What {@link Heap#repair()} does, for a heap that is not open.
   *
   * @return what was found and done
   * @throws HeapDamagedException if nothing tells where the heap's parts are
   */
  HeapReport repair(MemoryRegion region) throws MemoryException;

  /**
   * Like {@link #repair(MemoryRegion)}, and tells how far it is.
   *
   * @param progress like that of {@link Heap#repair(ProgressListener)}
   */
  default HeapReport repair(MemoryRegion region, ProgressListener progress) throws MemoryException {
    return repair(region);
  }

  /** Makes a region that has a heap one that has none. Its blocks are lost. */
  void erase(MemoryRegion region) throws MemoryException;

  /** Whether the region has a heap, as its first bytes say. */
  boolean isHeap(MemoryRegion region);

  /** The heap of a region that is open in this JVM. */
  Optional<Heap> find(MemoryRegion region);

  /** The heaps that are open in this JVM, in the order of their regions' numbers. */
  List<Heap> heaps();

  /**
   * The service of a program without OSGi, from the class path or the module path.
   *
   * @throws IllegalStateException if the jar of the heap is not there
   */
  static HeapService load() {
    return ServiceLoader.load(HeapService.class, HeapService.class.getClassLoader())
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "no HeapService; put the jar dmalloc-heap on the class path or module path"));
  }
}
