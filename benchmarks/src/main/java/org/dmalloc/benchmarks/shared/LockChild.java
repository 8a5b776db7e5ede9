/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.shared;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.benchmarks.ForkedJvm;
import org.dmalloc.shared.SharedMemoryService;

/** A second JVM that takes the lock of the first: {@code DIRECTORY NAME OFFSET SECONDS}. */
public final class LockChild {
  private LockChild() {}

  public static void main(String[] words) throws IOException, InterruptedException {
    try (Dmalloc dmalloc = Dmalloc.open(Map.of("directory", words[0]));
        MemoryRegion region =
            dmalloc.provider("panama").open(OpenRequest.of(words[1]).withProcessShared(true))) {
      long taken =
          LockCosts.taken(
              SharedMemoryService.load().openLock(region, Long.parseLong(words[2])),
              TimeUnit.SECONDS.toNanos(Long.parseLong(words[3])));
      ForkedJvm.report(Long.toString(taken));
    }
  }
}
