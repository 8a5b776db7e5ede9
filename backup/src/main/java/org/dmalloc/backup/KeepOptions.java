/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a group is backed up. Start with {@link #DEFAULT} and refine; every {@code with} method
 * returns a changed copy.
 *
 * @param retention which checkpoints stay
 * @param owner tells who may go on with the backup after a crash: the same name may, another one
 *     only if the one before has ended its work. Null for the host's name and the region's file
 * @param takeOver goes on with the backup whoever had it; that one is told at its next write
 * @param spool the directory for what a store that is not local is to get; null for one beside the
 *     region's file
 * @param spoolBytes the most that may wait there; beyond it the checkpoints that follow are not
 *     kept, and a new base is made when the store has all that waited
 * @param bytesPerSecond the most that is written to the store; 0 for no bound
 * @param baseEvery after how long a new base is copied beside the one that there is; zero for only
 *     where it is needed
 */
public record KeepOptions(
    RetentionPolicy retention,
    @Nullable String owner,
    boolean takeOver,
    @Nullable Path spool,
    long spoolBytes,
    long bytesPerSecond,
    Duration baseEvery) {
  private static final long SPOOL_BYTES = 16L << 30;

  /** The default retention, 16 GiB of spool, no bound on the rate, one base. */
  public static final KeepOptions DEFAULT =
      new KeepOptions(RetentionPolicy.DEFAULT, null, false, null, SPOOL_BYTES, 0, Duration.ZERO);

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException if one is negative, or the spool has no bytes
   */
  public KeepOptions {
    if (spoolBytes < 1) {
      throw new IllegalArgumentException("spool of " + spoolBytes + " bytes; give at least 1");
    }
    if (bytesPerSecond < 0) {
      throw new IllegalArgumentException(
          bytesPerSecond + " bytes per second; give a rate, or 0 for no bound");
    }
    if (baseEvery.isNegative()) {
      throw new IllegalArgumentException(
          "a base every " + baseEvery + "; give a duration, or zero for only where it is needed");
    }
  }

  public KeepOptions withRetention(RetentionPolicy newRetention) {
    return new KeepOptions(
        newRetention, owner, takeOver, spool, spoolBytes, bytesPerSecond, baseEvery);
  }

  public KeepOptions withOwner(@Nullable String newOwner) {
    return new KeepOptions(
        retention, newOwner, takeOver, spool, spoolBytes, bytesPerSecond, baseEvery);
  }

  /** Goes on with the backup whoever had it. */
  public KeepOptions takingOver() {
    return new KeepOptions(retention, owner, true, spool, spoolBytes, bytesPerSecond, baseEvery);
  }

  public KeepOptions withSpool(@Nullable Path newSpool) {
    return new KeepOptions(
        retention, owner, takeOver, newSpool, spoolBytes, bytesPerSecond, baseEvery);
  }

  public KeepOptions withSpoolBytes(long newSpoolBytes) {
    return new KeepOptions(
        retention, owner, takeOver, spool, newSpoolBytes, bytesPerSecond, baseEvery);
  }

  public KeepOptions withBytesPerSecond(long newBytesPerSecond) {
    return new KeepOptions(
        retention, owner, takeOver, spool, spoolBytes, newBytesPerSecond, baseEvery);
  }

  public KeepOptions withBaseEvery(Duration newBaseEvery) {
    return new KeepOptions(
        retention, owner, takeOver, spool, spoolBytes, bytesPerSecond, newBaseEvery);
  }
}
