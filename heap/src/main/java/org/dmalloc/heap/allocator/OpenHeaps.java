/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap.allocator;

import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapRecovery;
import org.jspecify.annotations.Nullable;

/**
 * The heaps that are open, by their regions: two that allocate from one region would hand out each
 * other's blocks. While there is one, a thread looks after idle ones ({@link HeapKeeper}).
 */
final class OpenHeaps {
  private static final IdentityHashMap<MemoryRegion, OpenHeap> OPEN = new IdentityHashMap<>();

  /**
   * The system property with the claims of this JVM: of a bundle that was updated while a heap is
   * open two versions are loaded, and each has an OPEN of its own. A map by identity from regions
   * to what stands for the version, of types that all versions know.
   */
  private static final String CLAIMS = "org.dmalloc.heap.claims";

  /** The lock of the JVM that has the heap of a process-shared region open. */
  private static final String LOCK = "dmalloc.heap";

  private OpenHeaps() {}

  /** What is known of a region: null heap while it is being opened. */
  private record OpenHeap(@Nullable Heap heap, @Nullable Allocator allocator) {}

  /** The right to open one region's heap. */
  static final class Claim {
    private final MemoryRegion region;

    /** Keeps other JVMs from it; null where none can have the region. */
    private final RegionMembers.@Nullable Hold lock;

    private boolean opened;

    private Claim(MemoryRegion region, RegionMembers.@Nullable Hold lock) {
      this.region = region;
      this.lock = lock;
    }

    /** The heap is open. */
    Heap opened(Allocator allocator, HeapRecovery recovery) {
      RegionHeap plain = new RegionHeap(allocator, recovery, this::forget);
      Heap heap = GuardedHeap.over(plain);
      synchronized (OPEN) {
        OPEN.put(region, new OpenHeap(heap, allocator));
        opened = true;
        HeapKeeper.start();
      }
      return heap;
    }

    /** Gives the right back unless the heap is open. */
    void end() {
      if (!opened) {
        forget();
      }
    }

    private void forget() {
      try {
        if (lock != null) {
          lock.close();
        }
      } catch (MemoryException e) {
        throw new UncheckedIOException(e);
      } finally {
        OpenHeaps.forget(region);
      }
    }
  }

  /**
   * Claims a region, of which no heap is open.
   *
   * @throws MemoryException if it is open in another process
   */
  static Claim claim(String operation, MemoryRegion region) throws MemoryException {
    claimHere(operation, region);
    boolean done = false;
    try {
      Optional<RegionMembers> members = region.members();
      Claim claim =
          new Claim(region, members.isEmpty() ? null : lock(operation, region, members.get()));
      done = true;
      return claim;
    } finally {
      if (!done) {
        forget(region);
      }
    }
  }

  private static RegionMembers.Hold lock(
      String operation, MemoryRegion region, RegionMembers members) throws MemoryException {
    return members
        .tryHold(LOCK)
        .orElseThrow(
            () ->
                MemoryException.of(
                    operation,
                    "in " + region,
                    "its heap is open elsewhere; the region is open in process "
                        + members.processes().stream()
                            .map(Object::toString)
                            .collect(Collectors.joining(", ")),
                    "close the heap there first: one JVM at a time has it open, for reading too"));
  }

  private static void claimHere(String operation, MemoryRegion region) {
    synchronized (OPEN) {
      OpenHeap already = OPEN.get(region);
      // One whose region was closed under it has nothing that could be lost any more.
      if (already != null && region.info().open()) {
        throw new IllegalStateException(
            operation + " in " + region + ": its heap is open; close it first");
      }
      Object version = claims().putIfAbsent(region, OpenHeaps.class);
      if (version != null && version != OpenHeaps.class) {
        throw new IllegalStateException(
            operation
                + " in "
                + region
                + ": its heap is open by another version of this bundle; close it first");
      }
      OPEN.put(region, new OpenHeap(null, null));
    }
  }

  private static void forget(MemoryRegion region) {
    synchronized (OPEN) {
      OPEN.remove(region);
      claims().remove(region, OpenHeaps.class);
    }
  }

  @SuppressWarnings("unchecked") // each version puts the same there
  private static Map<Object, Object> claims() {
    return (Map<Object, Object>)
        System.getProperties()
            .computeIfAbsent(CLAIMS, key -> Collections.synchronizedMap(new IdentityHashMap<>()));
  }

  static Optional<Heap> find(MemoryRegion region) {
    synchronized (OPEN) {
      OpenHeap open = OPEN.get(region);
      return open == null ? Optional.empty() : Optional.ofNullable(open.heap);
    }
  }

  static List<Heap> all() {
    List<Heap> heaps = new ArrayList<>();
    synchronized (OPEN) {
      for (OpenHeap open : OPEN.values()) {
        if (open.heap != null) {
          heaps.add(open.heap);
        }
      }
    }
    return heaps;
  }

  /** The allocators of those whose region is open; the others are forgotten. */
  static List<Allocator> allocators() {
    List<Allocator> allocators = new ArrayList<>();
    synchronized (OPEN) {
      OPEN.entrySet()
          .removeIf(
              open -> {
                boolean gone = open.getValue().heap != null && !open.getKey().info().open();
                if (gone) {
                  claims().remove(open.getKey(), OpenHeaps.class);
                }
                return gone;
              });
      for (OpenHeap open : OPEN.values()) {
        if (open.allocator != null) {
          allocators.add(open.allocator);
        }
      }
    }
    return allocators;
  }

  /** Runs it while no heap can be opened, if none is open. */
  static boolean ifNone(Runnable work) {
    synchronized (OPEN) {
      if (OPEN.isEmpty()) {
        work.run();
        return true;
      }
      return false;
    }
  }
}
