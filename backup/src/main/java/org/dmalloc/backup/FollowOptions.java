/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import java.nio.file.Path;
import java.time.Duration;
import org.dmalloc.api.ProgressListener;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link Standby} follows.
 *
 * @param every how long it waits between two looks at the store
 * @param record the file that says which checkpoint the copies have, so that they go on from there
 *     after a restart; null for one beside the first region's file
 * @param progress told how far the first copy is
 */
public record FollowOptions(Duration every, @Nullable Path record, ProgressListener progress) {
  /** Looks every five seconds. */
  public static final FollowOptions DEFAULT =
      new FollowOptions(Duration.ofSeconds(5), null, ProgressListener.NONE);

  /**
   * Checks the interval.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public FollowOptions {
    if (every.isNegative() || every.isZero()) {
      throw new IllegalArgumentException("a look every " + every + "; give a positive duration");
    }
  }

  public FollowOptions withEvery(Duration newEvery) {
    return new FollowOptions(newEvery, record, progress);
  }

  public FollowOptions withRecord(@Nullable Path newRecord) {
    return new FollowOptions(every, newRecord, progress);
  }

  public FollowOptions withProgress(ProgressListener newProgress) {
    return new FollowOptions(every, record, newProgress);
  }
}
