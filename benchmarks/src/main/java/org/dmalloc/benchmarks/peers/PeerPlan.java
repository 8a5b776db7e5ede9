/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dmalloc.benchmarks.Arguments;
import org.dmalloc.benchmarks.peers.child.Row;
import org.dmalloc.benchmarks.peers.store.Peer;

/**
 * What to compare, and how.
 *
 * @param limitBytes the RAM limit of each JVM, its heap and the page cache of its files included; 0
 *     for none
 * @param directory for the files, on the file system under test
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
  /** A JVM, and a library's own memory besides its data. */
  static final long LEAST_LIMIT_BYTES = 192L << 20;

  private static final long LEAST_BYTES = 16L << 20;
  private static final Duration LEAST_CELL = Duration.ofMillis(10);

  public PeerPlan {
    check(byteSize >= LEAST_BYTES, "size of " + byteSize + " bytes; give at least 16m");
    check(
        limitBytes == 0 || limitBytes >= LEAST_LIMIT_BYTES,
        "limit of " + limitBytes + " bytes; give at least 192m, because a JVM lives within it");
    check(runs >= 1, "runs " + runs + "; give at least 1");
    check(
        cellTime.compareTo(LEAST_CELL) >= 0,
        "cell of " + cellTime.toMillis() + " ms; give at least " + LEAST_CELL.toMillis());
    check(
        !rows.isEmpty() && !peers.isEmpty(), "nothing to compare; name a workload and a contender");
    rows = List.copyOf(rows);
    peers = List.copyOf(peers);
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  static PeerPlan of(Arguments given) {
    return new PeerPlan(
        given.size("--size", 2L << 30),
        given.has("--no-limit") ? 0 : given.size("--limit", 512L << 20),
        Path.of(given.text("--directory", System.getProperty("java.io.tmpdir"))),
        given.has("--workload")
            ? Arrays.stream(given.text("--workload", "").split(",", -1))
                .map(Row::named)
                .distinct()
                .toList()
            : List.of(Row.values()),
        given.has("--only") ? chosen(given.text("--only", "")) : Peer.all(),
        given.number("--runs", 3),
        Duration.ofMillis(given.number("--cell-millis", 600)),
        given.number("--seed", 42));
  }

  private static List<Peer> chosen(String names) {
    List<Peer> chosen = new ArrayList<>();
    for (String name : names.split(",", -1)) {
      List<Peer> found =
          Peer.all().stream()
              .filter(peer -> !name.isEmpty() && peer.id().startsWith(name))
              .filter(peer -> !chosen.contains(peer))
              .toList();
      chosen.addAll(found.isEmpty() ? List.of(Peer.named(name)) : found);
    }
    return chosen.stream().distinct().toList();
  }
}
