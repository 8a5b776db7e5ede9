/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.dmalloc.api.Access;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;

/**
 * What a machine has: regions in a directory of its own. Its regions are filled so that each
 * checkpoint can be told from any other, and from none.
 */
final class Machine implements AutoCloseable {
  static final int PAGES = 512;
  private static final int PAGE = 4096;

  private final Dmalloc dmalloc;
  private final MemoryProvider provider;

  Machine(Path directory) throws Exception {
    Files.createDirectories(directory);
    dmalloc = Dmalloc.open(Map.of("directory", directory.toString()));
    provider = dmalloc.provider("panama");
  }

  boolean hasCheckpoints() {
    return provider.capabilities().contains(Capability.CHECKPOINT);
  }

  MemoryProvider provider() {
    return provider;
  }

  MemoryRegion allocate(String name) throws MemoryException {
    return provider.allocate(
        RegionRequest.ofSize((long) PAGES * PAGE)
            .withName(name)
            .withDurability(Durability.CHECKPOINT));
  }

  /** Fills some pages for the checkpoint that comes next, and makes it. */
  static long step(MemoryRegion region, long round) throws MemoryException {
    try (Access access = region.acquire()) {
      MemorySegment segment = access.segment();
      segment.set(ValueLayout.JAVA_LONG, 0, round);
      for (long page = 1; page < PAGES; page++) {
        if (page % 7 == round % 7) {
          segment.asSlice(page * PAGE, PAGE).fill((byte) round);
          segment.set(ValueLayout.JAVA_LONG, page * PAGE, round);
        }
      }
    }
    return region.checkpoint();
  }

  /**
   * The round that a region is at, if it is as a whole at that.
   *
   * @throws IllegalStateException if a page is not as it was
   */
  static long round(MemoryRegion region) {
    try (Access access = region.acquire()) {
      MemorySegment segment = access.segment();
      long round = segment.get(ValueLayout.JAVA_LONG, 0);
      for (long page = 1; page < PAGES; page++) {
        long last = round - Math.floorMod(round - page, 7L);
        long expected = Math.max(0, last);
        MemorySegment found = segment.asSlice(page * PAGE, PAGE);
        boolean right = found.get(ValueLayout.JAVA_LONG, 0) == expected;
        for (int at = 8; right && at < PAGE; at++) {
          right = found.get(ValueLayout.JAVA_BYTE, at) == (byte) expected;
        }
        if (!right) {
          throw new IllegalStateException("page " + page + " is not that of round " + round);
        }
      }
      return round;
    }
  }

  @Override
  public void close() {
    dmalloc.close();
  }
}
