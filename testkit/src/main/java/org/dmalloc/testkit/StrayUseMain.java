/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;

/**
 * The JVM that keeps addresses of regions past their end: {@code StrayUseMain FIXTURE DIRECTORY}. A
 * stray use that is no {@link InternalError} ends it, by a signal or with a status.
 */
public final class StrayUseMain {
  private static final long[] SIZES = {100, 4096, 20_000, 64 << 10, 1 << 20, 4 << 20};

  private StrayUseMain() {}

  public static void main(String[] args) throws Exception {
    ProviderFixture fixture =
        Class.forName(args[0]).asSubclass(ProviderFixture.class).getConstructor().newInstance();
    MemoryProvider provider = fixture.start(ProviderSettings.in(Path.of(args[1])));
    boolean named = provider.capabilities().contains(Capability.NAMED);
    List<Long> addresses = new ArrayList<>();
    List<MemoryRegion> neighbours = new ArrayList<>();
    for (long size : SIZES) {
      RegionRequest request = RegionRequest.ofSize(size);
      stray(provider.allocate(request), addresses);
      if (named) {
        stray(provider.allocate(request.withName("r" + size)), addresses);
        stray(provider.open("r" + size), addresses);
      }
      MemoryRegion neighbour = provider.allocate(request);
      Pattern.write(neighbour, size);
      neighbours.add(neighbour);
      addresses.forEach(StrayUseMain::requireBusError);
    }
    for (MemoryRegion neighbour : neighbours) {
      Pattern.check(neighbour, neighbour.byteSize());
    }
    fixture.stop(provider);
    addresses.forEach(StrayUseMain::requireBusError);
    for (MemoryRegion neighbour : neighbours) {
      Pattern.check(neighbour, neighbour.byteSize());
      stray(neighbour, addresses);
    }
    addresses.forEach(StrayUseMain::requireBusError);
    System.exit(0); // the fixture's framework may have threads left
  }

  private static void stray(MemoryRegion region, List<Long> addresses) throws MemoryException {
    MemorySegment raw = region.segment();
    raw.set(JAVA_BYTE, 0, (byte) 1);
    region.close();
    try {
      raw.get(JAVA_BYTE, 0);
      throw new AssertionError("a segment outlives its region");
    } catch (IllegalStateException e) {
      addresses.add(raw.address());
    }
  }

  /** Loads and stores as native code does that was given the address. */
  private static void requireBusError(long address) {
    MemorySegment stray = MemorySegment.ofAddress(address).reinterpret(1);
    requireBusError(() -> stray.get(JAVA_BYTE, 0));
    requireBusError(() -> stray.set(JAVA_BYTE, 0, (byte) 1));
  }

  private static void requireBusError(Runnable use) {
    try {
      use.run();
      BusErrors.deliver();
    } catch (InternalError e) {
      BusErrors.require(e);
      return;
    }
    throw new AssertionError("a stray use was let through");
  }
}
