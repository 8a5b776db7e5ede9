/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;

/** Allocates an unnamed region, uses its first and last page, and closes it. */
public final class AllocateFree implements Workload {
  /** The size of each region, in bytes. */
  public static final long REGION_BYTES = 1 << 20;

  @Override
  public String name() {
    return "alloc-free";
  }

  @Override
  public String operation() {
    return "allocate 1 MiB, store to 2 pages, close";
  }

  @Override
  public Kind kind() {
    return Kind.ALLOCATE;
  }

  @Override
  public AccessPattern pattern() {
    return AccessPattern.NORMAL;
  }

  @Override
  public Set<Start> starts() {
    return Set.of(Start.WARM);
  }

  @Override
  public long bytesPerOperation(Start start) {
    return 0;
  }

  @Override
  public int warmGroupSize() {
    return 1;
  }

  @Override
  public Worker worker(WorkerContext context) {
    return new Taker(context.provider());
  }

  private record Taker(MemoryProvider provider) implements Worker {
    private static final RegionRequest REQUEST =
        RegionRequest.ofSize(REGION_BYTES).withOwner("benchmark");
    private static final long LAST_WORD = REGION_BYTES - Long.BYTES;

    @Override
    public int work(MemorySegment none, int count) throws IOException {
      for (int i = 0; i < count; i++) {
        try (MemoryRegion region = provider.allocate(REQUEST);
            Access access = region.acquire()) {
          MemorySegment bytes = access.segment();
          long found = bytes.get(JAVA_LONG, 0) | bytes.get(JAVA_LONG, LAST_WORD);
          if (found != 0) {
            throw new WrongContentException(0, found, 0);
          }
          bytes.set(JAVA_LONG, 0, 1);
          bytes.set(JAVA_LONG, LAST_WORD, 1);
        }
      }
      return count;
    }
  }
}
