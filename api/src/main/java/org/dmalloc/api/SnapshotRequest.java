/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What snapshot to make. Start with {@link #of} and refine; every {@code with} method returns a
 * changed copy.
 *
 * @param name the snapshot's name in its store
 * @param target the provider whose store gets it, one with files; null for the one that the region
 *     lies on
 * @param directory the store directory; null for the provider's own
 * @param bytesPerSecond the most to copy per second beside the users; {@link Long#MAX_VALUE} for no
 *     limit. The last step, for which they wait, is not held back
 * @param progress told how far the first copy is; an exception thrown there cancels the snapshot
 */
public record SnapshotRequest(
    String name,
    @Nullable MemoryProvider target,
    @Nullable Path directory,
    long bytesPerSecond,
    ProgressListener progress) {
  /**
   * Checks the request.
   *
   * @throws IllegalArgumentException if the name is not {@linkplain RegionNames#check allowed}, or
   *     the rate is not positive
   */
  public SnapshotRequest {
    RegionNames.check(name);
    if (bytesPerSecond < 1) {
      throw new IllegalArgumentException(
          "rate of " + bytesPerSecond + " bytes per second; give at least 1");
    }
  }

  /** A snapshot of that name in the store that the region lies on, at full speed. */
  public static SnapshotRequest of(String name) {
    return new SnapshotRequest(name, null, null, Long.MAX_VALUE, ProgressListener.NONE);
  }

  public SnapshotRequest withTarget(@Nullable MemoryProvider newTarget) {
    return new SnapshotRequest(name, newTarget, directory, bytesPerSecond, progress);
  }

  public SnapshotRequest withDirectory(@Nullable Path newDirectory) {
    return new SnapshotRequest(name, target, newDirectory, bytesPerSecond, progress);
  }

  public SnapshotRequest withBytesPerSecond(long newBytesPerSecond) {
    return new SnapshotRequest(name, target, directory, newBytesPerSecond, progress);
  }

  public SnapshotRequest withProgress(ProgressListener newProgress) {
    return new SnapshotRequest(name, target, directory, bytesPerSecond, newProgress);
  }
}
