/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import java.time.Duration;

/**
 * How long the service is waited for, and how much it is asked for at once.
 *
 * @param connect for a connection
 * @param silence for the next byte of an answer
 * @param attempt for an answer, besides the time for what is sent and received
 * @param bytesPerSecond the least at which that must come forward
 * @param retries after how long no further attempt is begun
 * @param pause before the second attempt; it grows with each
 * @param listed how many keys a part of a list has at most
 */
record Limits(
    Duration connect,
    Duration silence,
    Duration attempt,
    long bytesPerSecond,
    Duration retries,
    Duration pause,
    int listed) {
  static final Limits DEFAULT =
      new Limits(
          Duration.ofSeconds(5),
          Duration.ofSeconds(20),
          Duration.ofSeconds(20),
          64 << 10,
          Duration.ofSeconds(20),
          Duration.ofMillis(100),
          1000);

  /** How long an attempt may take that sends or receives so many bytes. */
  Duration attempt(long bytes) {
    return attempt.plusMillis(bytes * 1000 / bytesPerSecond);
  }
}
