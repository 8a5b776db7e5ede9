/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.dmalloc.benchmarks.peers.child.Row;
import org.dmalloc.benchmarks.peers.store.Peer;
import org.dmalloc.measure.compare.setup.LimitSearch;
import org.dmalloc.measure.compare.setup.SetupJournal;
import org.dmalloc.report.Table;
import org.dmalloc.spi.machine.KernelFiles;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(value = OS.LINUX, disabledReason = "page caches are looked at by Linux's calls")
class PeerComparisonTest {
  private static final List<Row> SOME = List.of(Row.FILL, Row.RANDOM_READ, Row.RANDOM_WRITE);

  @TempDir private Path data;
  @TempDir private Path journals;
  private long limitBytes;

  @BeforeEach
  void lookForALimit() throws IOException {
    try (SetupJournal journal = SetupJournal.open(journals, KernelFiles.ofThisMachine())) {
      LimitSearch search = LimitSearch.run(journal, KernelFiles.ofThisMachine());
      limitBytes = search.limit().isPresent() ? PeerPlan.LEAST_LIMIT_BYTES : 0;
    }
  }

  private PeerPlan plan(int runs, String... peers) {
    return new PeerPlan(
        16L << 20,
        limitBytes,
        data,
        SOME,
        Arrays.stream(peers).map(Peer::named).toList(),
        runs,
        Duration.ofMillis(20),
        3);
  }

  private static void assertEmpty(Path directory) throws IOException {
    try (Stream<Path> left = Files.list(directory)) {
      assertEquals(List.of(), left.toList());
    }
  }

  @Test
  void comparesContendersInJvmsOfTheirOwnAndLeavesNothingBehind() throws Exception {
    List<String> lines = new ArrayList<>();
    PeerReport report =
        new PeerComparison(plan(1, "jdk-map", "lucene"), Peers.classPath(), journals, lines::add)
            .run();
    for (Row row : SOME) {
      assertEquals(
          1, report.cell(row, "jdk-map").orElseThrow().runs().size(), () -> lines.toString());
    }
    assertEquals(
        "its files are written once",
        report.cell(Row.RANDOM_WRITE, "lucene").orElseThrow().reason());
    assertTrue(report.cell(Row.RANDOM_READ, "lucene").orElseThrow().rate().isPresent());
    assertTrue(report.ceiling(Row.RANDOM_READ).isPresent(), report.notes().toString());
    assertFalse(report.text(Table.ANY_WIDTH).contains("NaN"));
    assertEmpty(data);
    assertEmpty(journals);
  }

  @Test
  void putsEverythingBackWhenItIsInterrupted() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    AtomicReference<Throwable> end = new AtomicReference<>();
    PeerComparison comparison =
        new PeerComparison(
            plan(1000, "jdk-map"),
            Peers.classPath(),
            journals,
            line -> {
              if (line.contains("jdk-map")) {
                begun.countDown();
              }
            });
    Thread thread =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    comparison.run();
                  } catch (Throwable e) {
                    end.set(e);
                  }
                });
    begun.await();
    thread.interrupt();
    thread.join();
    assertTrue(end.get() instanceof InterruptedException, String.valueOf(end.get()));
    assertEmpty(data);
    assertEmpty(journals);
  }

  @Test
  void namesWhatAContenderDiedOf() throws Exception {
    List<String> lines = new ArrayList<>();
    PeerReport report =
        new PeerComparison(plan(1, "jdk-map"), List.of(Path.of("nothing")), journals, lines::add)
            .run();
    assertTrue(
        report.cell(Row.FILL, "jdk-map").orElseThrow().reason().contains("ended with status 1"),
        lines.toString());
    assertThrows(IllegalArgumentException.class, () -> plan(0, "jdk-map"));
    assertEmpty(data);
  }
}
