/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.move;

import java.time.Duration;
import java.util.Locale;

/**
 * How to move a region. Start with {@link #DEFAULT} and refine.
 *
 * @param bytesPerSecond the most to copy per second beside the users; {@link Long#MAX_VALUE} for no
 *     limit. The last step, for which they wait, is not held back
 * @param sectionTimeout how long one attempt of the last step waits for open access sections
 * @param attempts how often to try the last step before the move is given up, at least 1
 */
public record MoveOptions(long bytesPerSecond, Duration sectionTimeout, int attempts) {
  /** Full speed, 100 ms, 5 attempts. */
  public static final MoveOptions DEFAULT =
      new MoveOptions(Long.MAX_VALUE, Duration.ofMillis(100), 5);

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException if a value is not positive
   */
  public MoveOptions {
    if (bytesPerSecond < 1) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "rate of %d bytes per second; give at least 1", bytesPerSecond));
    }
    if (sectionTimeout.isNegative() || sectionTimeout.isZero()) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "section time-out %s; give at least 1 ms", sectionTimeout));
    }
    if (attempts < 1) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%d attempts; give at least 1", attempts));
    }
  }

  /** A copy with another rate. */
  public MoveOptions withBytesPerSecond(long newBytesPerSecond) {
    return new MoveOptions(newBytesPerSecond, sectionTimeout, attempts);
  }

  /** A copy with another time-out. */
  public MoveOptions withSectionTimeout(Duration newSectionTimeout) {
    return new MoveOptions(bytesPerSecond, newSectionTimeout, attempts);
  }

  /** A copy with another number of attempts. */
  public MoveOptions withAttempts(int newAttempts) {
    return new MoveOptions(bytesPerSecond, sectionTimeout, newAttempts);
  }
}
