/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;

/** Where the workload that allocates takes its blocks from. Any number of threads may use it. */
public interface BlockSource {
  long BLOCK_BYTES = 1 << 20;

  /** Allocates a block, has it used, and frees it. */
  void with(User user) throws IOException;

  /** Whether blocks are zero at first. */
  default boolean zeroed() {
    return true;
  }

  /** What uses a block, which is valid during the call only. */
  @FunctionalInterface
  interface User {
    void use(MemorySegment block);
  }

  /**
   * Unnamed regions.
   *
   * @param request what else to ask for; its size is that of a block
   */
  static BlockSource regions(MemoryProvider provider, RegionRequest request) {
    return user -> {
      try (MemoryRegion region = provider.allocate(request);
          Access access = region.acquire()) {
        user.use(access.segment());
      }
    };
  }
}
