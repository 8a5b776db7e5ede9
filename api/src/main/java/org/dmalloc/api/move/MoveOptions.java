/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.move;

import java.time.Duration;

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

  /** Throws {@link IllegalArgumentException} if a value is not positive. */
  public MoveOptions {
    if (bytesPerSecond < 1) {
      throw new IllegalArgumentException(
          "rate of " + bytesPerSecond + " bytes per second; give at least 1");
    }
    if (sectionTimeout.isNegative() || sectionTimeout.isZero()) {
      throw new IllegalArgumentException(
          "section time-out " + sectionTimeout + "; give at least 1 ms");
    }
    if (attempts < 1) {
      throw new IllegalArgumentException(attempts + " attempts; give at least 1");
    }
  }

  public MoveOptions withBytesPerSecond(long newBytesPerSecond) {
    return new MoveOptions(newBytesPerSecond, sectionTimeout, attempts);
  }

  public MoveOptions withSectionTimeout(Duration newSectionTimeout) {
    return new MoveOptions(bytesPerSecond, newSectionTimeout, attempts);
  }

  public MoveOptions withAttempts(int newAttempts) {
    return new MoveOptions(bytesPerSecond, sectionTimeout, newAttempts);
  }
}
