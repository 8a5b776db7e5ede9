/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.dmalloc.measure.report.MeasurementListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs with workers in JVMs of their own. {@code -Ddmalloc.chaos.seconds=600} makes it longer. */
class ChaosTest {
  private static final long SEED = Long.getLong("dmalloc.seed", System.nanoTime() % 1_000_000);
  private static final int SECONDS = Integer.getInteger("dmalloc.chaos.seconds", 12);

  @TempDir private Path directory;
  private final List<String> said = new ArrayList<>();

  private final MeasurementListener listener =
      new MeasurementListener() {
        @Override
        public void said(String line) {
          said.add(line);
        }
      };

  private ChaosPlan plan(int seconds, String... without) {
    Set<String> chosen = new HashSet<>(ChaosPlan.words());
    chosen.removeAll(List.of(without));
    return new ChaosPlan(SEED, Duration.ofSeconds(seconds), 2, 2, directory, 512L << 20, chosen);
  }

  /** All but the classes of tests, among which is a backend that never starts. */
  private static List<Path> classPath() throws URISyntaxException {
    Path tests =
        Path.of(ChaosTest.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    return Arrays.stream(System.getProperty("java.class.path").split(":", -1))
        .map(Path::of)
        .map(Path::toAbsolutePath)
        .filter(path -> !path.equals(tests))
        .toList();
  }

  @Test
  void nothingIsLostOrLeft() throws IOException, URISyntaxException {
    // Kills alone, so that some come in any case. A class in a directory takes a descriptor to
    // load.
    ChaosPlan plan = plan(SECONDS, "descriptors", "filesize", "disk", "stop");
    ChaosReport report = Chaos.run(plan, List.of(WorkerJvm.plain(classPath())), listener);
    assertTrue(report.succeeded(), () -> report.text(Integer.MAX_VALUE));
    assertEquals("seed " + SEED + "; again: " + plan.command(), said.getFirst());
    assertTrue(report.count("write") > 0, () -> report.text(Integer.MAX_VALUE));
    assertTrue(report.count("kill") > 0, () -> report.text(Integer.MAX_VALUE));
    assertTrue(report.checkedBytes() > 0, () -> report.text(Integer.MAX_VALUE));
    assertTrue(report.skipped().stream().anyMatch(line -> line.startsWith("bundles: ")));
    assertEquals(List.of(), left());
  }

  @Test
  void aJvmThatEndsByItselfIsFound() throws IOException, URISyntaxException {
    WorkerJvm dying =
        new WorkerJvm(
            WorkerJvm.PLAIN, DyingWorker.class.getName(), classPathWithTests(), List.of());
    ChaosReport report = Chaos.run(plan(30), List.of(dying), listener);
    assertFalse(report.succeeded());
    assertTrue(
        report.problems().getFirst().contains("ended by itself with status 7"),
        report.problems()::toString);
    assertTrue(report.text(80).contains("again: ./dmalloc chaos --seed " + SEED));
    // The logs stay, and nothing else.
    assertEquals(1, left().size());
    assertTrue(left().getFirst().startsWith("dmalloc-chaos-failed-" + SEED), left()::toString);
  }

  private static List<Path> classPathWithTests() {
    return Arrays.stream(System.getProperty("java.class.path").split(":", -1))
        .map(Path::of)
        .map(Path::toAbsolutePath)
        .toList();
  }

  /** A worker that dies as a JVM does. */
  static final class DyingWorker {
    private DyingWorker() {}

    public static void main(String[] arguments) {
      Runtime.getRuntime().halt(7);
    }
  }

  @Test
  void anInterruptEndsItEarlyAndTakesEverythingBack() throws Exception {
    List<ChaosReport> reports = new ArrayList<>();
    Thread thread =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    reports.add(
                        Chaos.run(
                            plan(3600, "descriptors"),
                            List.of(WorkerJvm.plain(classPath())),
                            new MeasurementListener() {
                              @Override
                              public void began(String step) {
                                if (!step.contains(" 0 acts")) {
                                  Thread.currentThread().interrupt();
                                }
                              }
                            }));
                  } catch (IOException | URISyntaxException e) {
                    throw new IllegalStateException(e);
                  }
                });
    assertTrue(thread.join(Duration.ofMinutes(2)), "it does not end");
    assertEquals(1, reports.size());
    ChaosReport report = reports.getFirst();
    assertTrue(report.succeeded(), () -> report.text(Integer.MAX_VALUE));
    assertTrue(report.text(80).contains("; ended early"), report.text(80));
    assertEquals(List.of(), left());
  }

  private List<String> left() throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.map(path -> String.valueOf(path.getFileName())).toList();
    }
  }
}
