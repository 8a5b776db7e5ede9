/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.time.Instant;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.move.LeakedRegion;
import org.jspecify.annotations.Nullable;

/**
 * A region that was still open when the bundle that took it stopped, or its backend did.
 *
 * @param id its number
 * @param name its name in the store; null for an unnamed region
 * @param byteSize its size in bytes
 * @param bundle the symbolic name of the bundle that took it; null if that is not known
 * @param owner the owner that the request named; null if it named none
 * @param createdAt when it was allocated or opened
 * @param stoppedAt when the bundle or backend stopped
 * @param closed whether it was closed then; else it was left open
 * @param state what became of it, in words
 */
public record LeftOpen(
    long id,
    @Nullable String name,
    long byteSize,
    @Nullable String bundle,
    @Nullable String owner,
    Instant createdAt,
    Instant stoppedAt,
    boolean closed,
    String state) {

  static LeftOpen of(LeakedRegion leak) {
    return new LeftOpen(
        leak.id(),
        leak.name(),
        leak.byteSize(),
        leak.bundle(),
        leak.owner(),
        leak.createdAt(),
        leak.stoppedAt(),
        leak.closed(),
        leak.closed() ? "closed" : "left open");
  }

  static LeftOpen of(RegionInfo info, Instant orphanedSince) {
    return new LeftOpen(
        info.id(),
        info.name(),
        info.byteSize(),
        null,
        info.owner(),
        info.createdAt(),
        orphanedSince,
        false,
        "open; " + info.backend() + " was stopped or reconfigured");
  }
}
