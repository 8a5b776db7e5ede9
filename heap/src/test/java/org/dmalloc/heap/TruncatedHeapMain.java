/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;

/**
 * The JVM whose file is cut short under its heap: {@code TruncatedHeapMain BACKEND DIRECTORY BYTES
 * WARM}. It ends with status 0 if every call returned or threw.
 */
public final class TruncatedHeapMain {
  private static final int CALLS = 3000;

  private TruncatedHeapMain() {}

  public static void main(String[] args) throws Exception {
    Dmalloc dmalloc = Dmalloc.open(Map.of("directory", args[1]));
    MemoryRegion region =
        dmalloc
            .provider(args[0])
            .allocate(RegionRequest.ofSize(4 << 20).withMaximum(8 << 20).withName(HeapPlace.NAME));
    Path file = dmalloc.provider(args[0]).stored().getFirst().path();
    Heap heap = HeapService.load().create(region, HeapOptions.DEFAULT);
    List<Long> blocks = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(1);
    use(heap, blocks, random, Integer.parseInt(args[3]));
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(Long.parseLong(args[2]));
    }
    for (int call = 0; call < CALLS; call++) {
      try {
        use(heap, blocks, random, 1);
        if (call % 100 == 0) {
          whole(heap, call / 100);
        }
      } catch (InternalError
          | MemoryException
          | IllegalArgumentException
          | IllegalStateException e) {
        blocks.clear();
      }
    }
    try {
      heap.close();
      region.close();
    } catch (InternalError | RuntimeException e) {
      System.getLogger(TruncatedHeapMain.class.getName()).log(System.Logger.Level.INFO, "close", e);
    }
    System.exit(0); // whatever the state of the region
  }

  private static void use(Heap heap, List<Long> blocks, SplittableRandom random, int calls)
      throws MemoryException {
    for (int call = 0; call < calls; call++) {
      if (random.nextInt(100) == 0) {
        heap.setRoot("root" + random.nextInt(10), random.nextLong());
      }
      if (blocks.size() < 1000 && random.nextBoolean()) {
        long block =
            random.nextInt(3) == 0
                ? heap.tryAllocateZeroed(1, random.nextLong(1, 20_000))
                : heap.tryAllocate(random.nextLong(1, 2000));
        if (block != Heap.NULL) {
          blocks.add(block);
        }
      } else if (!blocks.isEmpty()) {
        long block = blocks.remove(random.nextInt(blocks.size()));
        if (random.nextInt(4) == 0) {
          blocks.add(heap.reallocate(block, random.nextLong(1, 3000)));
        } else {
          heap.free(block);
        }
      }
    }
  }

  private static void whole(Heap heap, int which) throws MemoryException {
    switch (which % 6) {
      case 0 -> heap.check();
      case 1 -> heap.trim();
      case 2 -> heap.walk((offset, usable) -> true);
      case 3 -> heap.repair();
      case 4 -> heap.roots();
      default -> heap.sweep(offset -> false);
    }
  }
}
