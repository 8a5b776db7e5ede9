/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.costs;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.dmalloc.api.Access;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.spi.machine.KernelFiles;

/**
 * The calls of a region's life, one at a time, over one provider of one build of the suite.
 *
 * <p>{@link SmallCosts} loads this class once for each build, with that build's bundles behind it,
 * and knows it by names and types of the JDK alone. What an older build lacks is a {@link
 * LinkageError} at the row that calls it.
 */
public final class RegionCalls {
  private static final long MIB = 1L << 20;
  private static final int PAGE = 4096;
  private static final int SEED = 17;
  private static final int SPARE = 64;

  private final MemoryProvider provider;
  private long names;

  private RegionCalls(MemoryProvider provider) {
    this.provider = provider;
  }

  private static RegionCalls of(Path directory, String backend) {
    return new RegionCalls(
        Dmalloc.open(Map.of("directory", directory.toString())).provider(backend));
  }

  /**
   * The rows of a backend: each does its call once, with what must be there before and is to be
   * cleaned up after it, and gives the nanoseconds of the call alone. Called by reflection.
   */
  public static Map<String, LongSupplier> rows(Path directory, String backend) {
    RegionCalls calls = of(directory, backend);
    Map<String, LongSupplier> rows = new LinkedHashMap<>();
    rows.put("unnamed 1 MiB, allocate and close", () -> calls.unnamed(MIB, true));
    rows.put("unnamed 4 KiB, allocate and close", () -> calls.unnamed(PAGE, true));
    rows.put("close 1 MiB", () -> calls.unnamed(MIB, false));
    rows.put("close 1 MiB, pinned", () -> calls.pinned(MIB));
    rows.put("close 4 KiB, pinned", () -> calls.pinned(PAGE));
    rows.put("verify that 1 MiB is backed", calls::verifyBacked);
    rows.put("named allocate, durable now", () -> calls.allocate(now()));
    rows.put("named allocate, durable on force", () -> calls.allocate(onForce()));
    rows.put("delete, durable now", calls::delete);
    rows.put("delete, durable on force", calls::deleteOnForce);
    rows.put("rename, durable now", () -> calls.rename(NameDurability.NOW));
    rows.put("rename, durable on force", () -> calls.rename(NameDurability.ON_FORCE));
    rows.put("grow 1 MiB to 2 in place", calls::growInPlace);
    rows.put("grow 1 MiB to 2 by mapping anew", () -> calls.resize(MIB, 2 * MIB));
    rows.put("shrink 2 MiB to 1", () -> calls.resize(2 * MIB, MIB));
    rows.put("punch 64 KiB", calls::punch);
    return rows;
  }

  private static RegionRequest now() {
    return RegionRequest.ofSize(MIB);
  }

  private static RegionRequest onForce() {
    return now().withNameDurability(NameDurability.ON_FORCE);
  }

  /** A call that may fail as calls of regions do. */
  @FunctionalInterface
  private interface Step {
    void run() throws MemoryException;
  }

  private static long timed(Step step) {
    long begin = System.nanoTime();
    quietly(step);
    return System.nanoTime() - begin;
  }

  private static void quietly(Step step) {
    try {
      step.run();
    } catch (MemoryException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  private MemoryRegion region(RegionRequest request) {
    try {
      return provider.allocate(request);
    } catch (MemoryException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  private long unnamed(long byteSize, boolean all) {
    long begin = System.nanoTime();
    MemoryRegion region = region(RegionRequest.ofSize(byteSize));
    long allocated = System.nanoTime();
    region.close();
    return System.nanoTime() - (all ? begin : allocated);
  }

  /** Closes a region whose raw segment was handed out. */
  private long pinned(long byteSize) {
    MemoryRegion region = region(RegionRequest.ofSize(byteSize));
    region.segment().set(JAVA_BYTE, 0, (byte) 1);
    long begin = System.nanoTime();
    region.close();
    return System.nanoTime() - begin;
  }

  private long verifyBacked() {
    try (MemoryRegion region = region(now())) {
      return timed(region::verifyBacked);
    }
  }

  private String nextName() {
    return "cost-" + names++;
  }

  private long allocate(RegionRequest request) {
    String name = nextName();
    long begin = System.nanoTime();
    MemoryRegion region = region(request.withName(name));
    long took = System.nanoTime() - begin;
    region.close();
    quietly(() -> provider.delete(name));
    return took;
  }

  private String stored() {
    String name = nextName();
    region(now().withName(name)).close();
    return name;
  }

  private long delete() {
    String name = stored();
    return timed(() -> provider.delete(name));
  }

  private long deleteOnForce() {
    Deletion how = Deletion.DEFAULT.withDurability(NameDurability.ON_FORCE);
    String name = stored();
    return timed(() -> provider.delete(name, how));
  }

  private long rename(NameDurability durability) {
    String name = stored();
    String newName = nextName();
    try {
      return timed(() -> provider.rename(name, newName, durability, null));
    } finally {
      quietly(() -> deleteEither(name, newName));
    }
  }

  private void deleteEither(String name, String newName) throws MemoryException {
    provider.delete(
        provider.stored().stream().anyMatch(each -> each.name().equals(name)) ? name : newName);
  }

  private long growInPlace() {
    try (MemoryRegion region = region(now().withMaximum(4 * MIB))) {
      return timed(() -> region.resize(2 * MIB));
    }
  }

  private long resize(long from, long to) {
    try (MemoryRegion region = region(RegionRequest.ofSize(from))) {
      return timed(() -> region.resize(to));
    }
  }

  private long punch() {
    try (MemoryRegion region = region(now())) {
      try (Access access = region.acquire()) {
        access.segment().fill((byte) 1);
      }
      return timed(() -> region.punch(MIB / 2, MIB / 16, Punch.KEEP_RESERVED));
    }
  }

  /**
   * Has many small regions open at once: allocates them, stores to each, looks for a neighbour's
   * bytes in it, and closes them in random order. Called by reflection.
   *
   * @return what it took, by name: regions, nanoseconds, bytes of heap, mappings, descriptors, and
   *     why it ended early, if it did
   */
  public static Map<String, Object> many(Path directory, String backend, int count, long byteSize) {
    RegionCalls calls = of(directory, backend);
    Map<String, Object> found = new LinkedHashMap<>();
    long heapBefore = heapBytes();
    long mappingsBefore = mappings();
    long descriptorsBefore = descriptors();
    List<MemoryRegion> regions = new ArrayList<>(count);
    long begin = System.nanoTime();
    try {
      while (regions.size() < count) {
        regions.add(calls.provider.allocate(RegionRequest.ofSize(byteSize)));
      }
    } catch (MemoryException | RuntimeException e) {
      found.put("ended", String.valueOf(e.getMessage()));
    }
    found.put("regions", regions.size());
    found.put("allocateNanos", System.nanoTime() - begin);
    if (regions.size() < count) {
      closeSome(regions); // counting takes descriptors and mappings too
    }
    found.put("mappings", mappings() - mappingsBefore);
    found.put("descriptors", descriptors() - descriptorsBefore);
    for (int i = 0; i < regions.size(); i++) {
      try (Access access = regions.get(i).acquire()) {
        access.segment().fill((byte) i);
      }
    }
    found.put("heapBytes", heapBytes() - heapBefore);
    found.put("wrong", wrong(regions));
    Collections.shuffle(regions, new Random(SEED));
    begin = System.nanoTime();
    regions.forEach(MemoryRegion::close);
    found.put("closeNanos", System.nanoTime() - begin);
    return found;
  }

  private static void closeSome(List<MemoryRegion> regions) {
    for (int i = 0; i < SPARE && !regions.isEmpty(); i++) {
      regions.removeLast().close();
    }
  }

  /** How many regions do not hold what was stored to them. */
  private static long wrong(List<MemoryRegion> regions) {
    long wrong = 0;
    for (int i = 0; i < regions.size(); i++) {
      try (Access access = regions.get(i).acquire()) {
        byte[] expected = new byte[(int) access.segment().byteSize()];
        Arrays.fill(expected, (byte) i);
        wrong += access.segment().mismatch(MemorySegment.ofArray(expected)) == -1 ? 0 : 1;
      }
    }
    return wrong;
  }

  private static long heapBytes() {
    long bytes = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      ManagementFactory.getMemoryMXBean().gc();
      bytes = Math.min(bytes, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
    }
    return bytes;
  }

  private static long mappings() {
    return KernelFiles.ofThisMachine().lineCount("/proc/self/maps").orElse(0);
  }

  private static long descriptors() {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
