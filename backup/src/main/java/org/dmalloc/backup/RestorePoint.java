/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Which checkpoint is meant.
 *
 * @param number its number; 0 if it is not named by that
 * @param at the last one that was made until then; null if it is not named by that
 */
public record RestorePoint(long number, @Nullable Instant at) {
  /** The newest one. */
  public static final RestorePoint LATEST = new RestorePoint(0, null);

  /**
   * Checks it.
   *
   * @throws IllegalArgumentException if the number is negative, or both are given
   */
  public RestorePoint {
    if (number < 0 || (number > 0 && at != null)) {
      throw new IllegalArgumentException(
          "checkpoint " + number + (at == null ? "" : " at " + at) + "; give a number or a time");
    }
  }

  /** A checkpoint by its number, from 1 on. */
  public static RestorePoint number(long number) {
    if (number < 1) {
      throw new IllegalArgumentException("checkpoint " + number + "; they begin with 1");
    }
    return new RestorePoint(number, null);
  }

  /** The last one that was made at a time, or before. */
  public static RestorePoint at(Instant time) {
    return new RestorePoint(0, time);
  }
}
