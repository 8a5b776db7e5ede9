/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.dmalloc.benchmarks.peers.child.Row;
import org.dmalloc.benchmarks.peers.store.Peer;

/**
 * What to compare, and how.
 *
 * @param byteSize the data of each contender
 * @param limitBytes what each JVM may have of RAM, itself and the page cache of its files included;
 *     0 for no limit
 * @param directory where the files go, on the file system to be compared on
 * @param rows what to run
 * @param peers who takes part
 * @param runs how often each
 * @param cellTime how long to measure a row at a time
 * @param seed decides content and order
 */
public record PeerPlan(
    long byteSize,
    long limitBytes,
    Path directory,
    List<Row> rows,
    List<Peer> peers,
    int runs,
    Duration cellTime,
    long seed) {
  static final long DEFAULT_BYTES = 2L << 30;
  static final long DEFAULT_LIMIT_BYTES = 512L << 20;
  static final int DEFAULT_RUNS = 3;
  static final Duration DEFAULT_CELL = Duration.ofMillis(600);

  /** A JVM and what a library keeps beside its data. */
  static final long LEAST_LIMIT_BYTES = 192L << 20;

  private static final long LEAST_BYTES = 16L << 20;
  private static final Duration LEAST_CELL = Duration.ofMillis(10);

  /** Checks the numbers and copies the lists. */
  public PeerPlan {
    if (byteSize < LEAST_BYTES) {
      throw new IllegalArgumentException("size of " + byteSize + " bytes; give at least 16m");
    }
    if (limitBytes != 0 && limitBytes < LEAST_LIMIT_BYTES) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "limit of %d bytes; give at least 192m, because a JVM lives within it",
              limitBytes));
    }
    if (runs < 1) {
      throw new IllegalArgumentException("runs " + runs + "; give at least 1");
    }
    if (cellTime.compareTo(LEAST_CELL) < 0) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "cell of %d ms; give at least %d",
              cellTime.toMillis(),
              LEAST_CELL.toMillis()));
    }
    if (rows.isEmpty() || peers.isEmpty()) {
      throw new IllegalArgumentException("nothing to compare; name a workload and a contender");
    }
    rows = List.copyOf(rows);
    peers = List.copyOf(peers);
  }
}
