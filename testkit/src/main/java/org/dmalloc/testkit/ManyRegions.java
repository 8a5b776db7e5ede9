/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.spi.machine.KernelFiles;

/**
 * Many small regions that are open at once: each has its own bytes and no other's, also while
 * others are closed and opened again around it.
 */
public final class ManyRegions {
  private static final long SEED = Long.getLong("dmalloc.seed", 17);

  private ManyRegions() {}

  /**
   * What the regions took of the process's limits.
   *
   * @param mappings lines of {@code /proc/self/maps}
   */
  public record Taken(long mappings, long descriptors) {}

  /** Opens, fills, checks and closes them, in random order, and counts while all are open. */
  public static Taken use(MemoryProvider provider, int count, int byteSize)
      throws MemoryException, IOException {
    long mappingsBefore = mappings();
    long descriptorsBefore = descriptors();
    List<MemoryRegion> regions = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      regions.add(fresh(provider, i, byteSize));
    }
    Taken taken = new Taken(mappings() - mappingsBefore, descriptors() - descriptorsBefore);
    List<Integer> order = new ArrayList<>(IntStream.range(0, count).boxed().toList());
    Collections.shuffle(order, new Random(SEED));
    for (int i : order.subList(0, count / 2)) {
      checkAndClose(regions.get(i), i, byteSize);
      regions.set(i, fresh(provider, i, byteSize));
    }
    for (int i : order) {
      checkAndClose(regions.get(i), i, byteSize);
    }
    assertEquals(0, provider.statistics().openRegions(), "open regions");
    return taken;
  }

  private static MemoryRegion fresh(MemoryProvider provider, int number, int byteSize)
      throws MemoryException {
    MemoryRegion region = provider.allocate(RegionRequest.ofSize(byteSize));
    assertHolds(region, (byte) 0, byteSize);
    try (Access access = region.acquire()) {
      access.segment().fill(mark(number));
    }
    return region;
  }

  private static byte mark(int number) {
    return (byte) (1 + number % 127);
  }

  private static void checkAndClose(MemoryRegion region, int number, int byteSize) {
    assertHolds(region, mark(number), byteSize);
    region.close();
  }

  private static void assertHolds(MemoryRegion region, byte value, int byteSize) {
    byte[] expected = new byte[byteSize];
    Arrays.fill(expected, value);
    try (Access access = region.acquire()) {
      assertEquals(
          -1, access.segment().mismatch(MemorySegment.ofArray(expected)), region::toString);
    }
  }

  private static long mappings() {
    return KernelFiles.ofThisMachine().lineCount("/proc/self/maps").orElseThrow();
  }

  private static long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    }
  }
}
