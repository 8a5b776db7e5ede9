/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.examples;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.util.Map;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.api.standalone.Dmalloc;

/** The examples for programs without OSGi; compiled with the tests, and shown in the pages. */
public final class StandaloneExamples {
  private StandaloneExamples() {}

  /** One provider. */
  public static void one() throws MemoryException {
    // @start region="standalone"
    try (Dmalloc dmalloc = Dmalloc.open(Map.of("directory", "/data"));
        MemoryRegion region = dmalloc.provider("panama").allocate(RegionRequest.ofSize(1L << 30));
        Access access = region.acquire()) {
      access.segment().setAtIndex(JAVA_LONG, 1_000_000, 42);
    }
    // @end
  }

  /** Two instances of a kind. */
  public static void instances(Dmalloc dmalloc) {
    // @start region="instances"
    MemoryProvider fast =
        dmalloc.start("panama", Map.of("dmalloc.backend", "nvme", "directory", "/nvme"));
    MemoryProvider small = dmalloc.start("anon", Map.of("limit.bytes", "512m"));
    // @end
    fast.regions();
    small.regions();
  }

  /** A region that moves. */
  public static void move(Dmalloc dmalloc) throws MemoryException {
    // @start region="move"
    try (MemoryRegion region = dmalloc.provider("managed").allocate(RegionRequest.ofSize(4096))) {
      dmalloc.mover().move(region.id(), "anon", MoveOptions.DEFAULT, ProgressListener.NONE);
    }
    // @end
  }
}
