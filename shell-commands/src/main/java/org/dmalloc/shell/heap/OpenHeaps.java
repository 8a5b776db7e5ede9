/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.heap;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapService;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.command.RegionWatcher;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/**
 * The heaps that the shell keeps open, and the regions that it has opened for them. It owns both:
 * they are closed by a command, or when the shell or the service of heaps stops, so that each is
 * closed cleanly. Heaps of others are used, and closed only when a command says so.
 *
 * <p>A heap goes on when its region moves or grows. Before a command closes a region its heap is
 * closed; a command that would cut a heap short is refused. Safe for any thread.
 */
final class OpenHeaps implements RegionWatcher {
  private static final Logger LOG = System.getLogger(OpenHeaps.class.getName());

  private final HeapService service;
  private final Map<Long, Kept> kept = new ConcurrentHashMap<>();
  private final Providers providers;

  /**
   * A heap that stays open over commands.
   *
   * @param region the region that was opened for it; null if somebody else has it open
   * @param atOpening the faults of the process at that time; null where they are not counted
   */
  record Kept(Heap heap, @Nullable MemoryRegion region, @Nullable ProcessFaults atOpening) {}

  OpenHeaps(Providers providers, HeapService service) {
    this.providers = providers;
    this.service = service;
    providers.watch(this);
  }

  HeapService service() {
    return service;
  }

  /** A heap for the time of one command. A borrowed one stays open. */
  record Lease(Heap heap, RegionLookup.Lease region, boolean borrowed) implements AutoCloseable {
    @Override
    public void close() {
      try (region) {
        if (!borrowed) {
          heap.close();
        }
      }
    }

    String label() {
      return region.label();
    }
  }

  /** The heap of a region, which is opened for the command if it is not open. */
  Lease lease(HeapArguments which, RegionLookup lookup, AccessMode access) throws MemoryException {
    RegionLookup.Lease region = lookup.lease(which.heap(), access, which.backend());
    try {
      Optional<Heap> open = service.find(region.region());
      return new Lease(
          open.isPresent() ? open.get() : open(region, HeapOptions.DEFAULT),
          region,
          open.isPresent());
    } catch (MemoryException | RuntimeException | Error e) {
      region.close();
      throw e;
    }
  }

  /** Opens the heap of a region, which must have one. */
  Heap open(RegionLookup.Lease region, HeapOptions options) throws MemoryException {
    requireHeap(region);
    return service.open(region.region(), options);
  }

  void requireHeap(RegionLookup.Lease region) {
    if (!service.isHeap(region.region())) {
      throw UsageException.of("%s has no heap; 'heap create' makes one", region.label());
    }
  }

  /** Keeps a heap, and the region if that was opened for it. */
  void keep(Heap heap, @Nullable MemoryRegion region) {
    kept.values().removeIf(each -> !each.heap().isOpen());
    kept.put(heap.region().id(), new Kept(heap, region, ProcessFaults.now()));
  }

  /** What is known of a heap that the shell has opened. */
  Optional<Kept> kept(Heap heap) {
    return Optional.ofNullable(kept.get(heap.region().id()))
        .filter(each -> each.heap().equals(heap));
  }

  /** The heaps that are open, without those whose region was closed under them. */
  List<Heap> all() {
    return service.heaps().stream()
        .filter(heap -> heap.isOpen() && heap.region().info().open())
        .toList();
  }

  /** Closes a heap, and the region if that was opened for it; returns whether it was. */
  boolean close(Heap heap) {
    Kept own = kept.remove(heap.region().id());
    MemoryRegion region = own == null ? null : own.region();
    try {
      heap.close();
    } finally {
      if (region != null) {
        region.close();
      }
    }
    return region != null;
  }

  @Override
  public void closing(MemoryRegion region) {
    Kept own = kept.remove(region.id());
    if (own != null) {
      own.heap().close();
    } else {
      service.find(region).ifPresent(Heap::close);
    }
  }

  @Override
  public void resizing(MemoryRegion region, long newByteSize) {
    if (newByteSize < region.byteSize() && service.isHeap(region)) {
      throw UsageException.of(
          "%s has a heap, whose blocks may lie up to its end, and cannot shrink; 'heap erase' ends"
              + " the heap",
          RegionLookup.label(region.info()));
    }
  }

  /** What an open heap knows beside its region would not be what the region has then. */
  @Override
  public void discarding(MemoryRegion region) {
    if (service.find(region).isPresent()) {
      throw UsageException.of(
          "the heap of %s is open, and would not be what the region has then; 'heap close' it"
              + " first",
          RegionLookup.label(region.info()));
    }
  }

  /** Closes all that the shell keeps open, as it stops. */
  void stopped() {
    providers.unwatch(this);
    for (Kept each : new ArrayList<>(kept.values())) {
      try {
        close(each.heap());
      } catch (RuntimeException e) { // the others are still to be closed
        LOG.log(
            Level.ERROR,
            "heap of " + RegionLookup.label(each.heap().region().info()) + ": " + e.getMessage(),
            e);
      }
    }
  }
}
