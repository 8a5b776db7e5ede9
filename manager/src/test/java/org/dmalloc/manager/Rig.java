/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Map;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.backend.panama.PanamaProvider;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.osgi.framework.BundleContext;

/** A manager with backends in plain memory, and content that tells what is lost. */
final class Rig {
  static final long SIZE = 3 * (1 << 20) + 12_344;

  volatile Step.Probe probe = Step.Probe.NONE;
  final ManagedRegions regions;
  final ManagedProvider provider;
  private long serviceId;

  /** One that does not wait long. */
  Rig() {
    this(500);
  }

  /** One that waits for sections and moves so long. */
  Rig(long timeoutMillis) {
    Map<String, Object> settings =
        Map.of("section.timeout.millis", "" + timeoutMillis, "stranded.wait.millis", "1");
    regions =
        new ManagedRegions(Settings.of(settings), (region, step) -> probe.reached(region, step));
    provider = new ManagedProvider(regions, "test.bundle");
  }

  Backend add(MemoryProvider backend, int ranking) {
    Backend added = new Backend(backend, ranking, ++serviceId);
    regions.arrived(added);
    return added;
  }

  /** Memory that takes advice and swap policies; not resizable. */
  static InMemoryProvider swapped(String name) {
    return InMemoryProvider.of(
        name,
        Capability.PRIVATE_MAPPING,
        Capability.SHARED_MAPPING,
        Capability.ADVICE,
        Capability.LOCKED,
        Capability.SWAP_POLICY);
  }

  /** The real backend, over a directory. */
  static MemoryProvider panama(String name, Path store) {
    BundleContext nothingConfigured =
        (BundleContext)
            Proxy.newProxyInstance(
                Rig.class.getClassLoader(),
                new Class<?>[] {BundleContext.class},
                (proxy, method, arguments) -> null);
    return new PanamaProvider(
        nothingConfigured, Map.of(MemoryProvider.BACKEND, name, "directory", store.toString()));
  }

  ManagedRegion allocate(RegionRequest request) throws MemoryException {
    return (ManagedRegion) provider.allocate(request);
  }

  ManagedRegion filled(long seed) throws MemoryException {
    ManagedRegion region = allocate(RegionRequest.ofSize(SIZE));
    fill(region, seed);
    return region;
  }

  MoveResult move(MemoryRegion region, String backend) throws MemoryException {
    return move(region, backend, MoveOptions.DEFAULT);
  }

  MoveResult move(MemoryRegion region, String backend, MoveOptions options) throws MemoryException {
    return regions.moves().move(region.id(), backend, options, ProgressListener.NONE);
  }

  static void fill(MemoryRegion region, long seed) {
    try (Access access = region.acquire()) {
      for (long at = 0; at + 8 <= region.byteSize(); at += 8) {
        access.segment().set(JAVA_LONG, at, seed * 31 + at);
      }
    }
  }

  static void check(MemoryRegion region, long seed) {
    try (Access access = region.acquire()) {
      assertEquals(region.byteSize(), access.segment().byteSize());
      for (long at = 0; at + 8 <= region.byteSize(); at += 8) {
        if (access.segment().get(JAVA_LONG, at) != seed * 31 + at) {
          assertEquals(seed * 31 + at, access.segment().get(JAVA_LONG, at), "at " + at);
        }
      }
    }
  }
}
