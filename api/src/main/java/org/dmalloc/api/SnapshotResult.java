/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;

/**
 * What a finished snapshot is, and what it took.
 *
 * @param name its name in its store
 * @param path its file
 * @param byteSize its size in bytes, which the region had at that time
 * @param takenAt the time of its bytes
 * @param method how it got them
 * @param tracking what found the stores meanwhile: {@code userfaultfd}, {@code comparison}; empty
 *     where nothing had to
 * @param copiedBytes bytes copied in all, those copied again included; with {@link
 *     SnapshotMethod#REFLINK} what no checkpoint of a checkpointed region had, else 0
 * @param passes how often the region was gone through
 * @param pauseNanos how long users were held, waits for open sections included
 * @param elapsedNanos all of it, until the device had the snapshot
 */
public record SnapshotResult(
    String name,
    Path path,
    long byteSize,
    Instant takenAt,
    SnapshotMethod method,
    String tracking,
    long copiedBytes,
    int passes,
    long pauseNanos,
    long elapsedNanos) {
  /** The method in a word, as listings have it: {@code reflink}, {@code userfaultfd} … */
  public String methodInAWord() {
    return tracking.isEmpty() ? method.name().toLowerCase(Locale.ROOT).replace('_', ' ') : tracking;
  }

  /** Copied bytes per second, in units of a million bytes; 0 if nothing was copied. */
  public double megabytesPerSecond() {
    return elapsedNanos == 0 ? 0 : copiedBytes * 1e3 / elapsedNanos;
  }
}
