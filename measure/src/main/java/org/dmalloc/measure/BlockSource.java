/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;

/** Gives blocks to the workload that allocates. Any number of threads may use it. */
public interface BlockSource {
  long BLOCK_BYTES = 1 << 20;

  /** Allocates a block, passes it to {@code user}, and frees it. */
  void with(User user) throws IOException;

  /** Whether fresh blocks are zero. */
  default boolean zeroed() {
    return true;
  }

  /** Uses a block, which is valid during the call only. */
  @FunctionalInterface
  interface User {
    void use(MemorySegment block);
  }

  /** Blocks are unnamed regions; {@code request} has the size of a block. */
  static BlockSource regions(MemoryProvider provider, RegionRequest request) {
    return user -> {
      try (MemoryRegion region = provider.allocate(request);
          Access access = region.acquire()) {
        user.use(access.segment());
      }
    };
  }
}
