/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.disk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(120)
final class RawDiskTest {
  private static final Duration SHORT = Duration.ofMillis(50);
  private static final int FILE_BYTES = 4 << 20;

  // Below the module, not in the system's temporary directory: that may be a tmpfs, which has no
  // direct I/O on older kernels.
  @TempDir(factory = TargetDirectory.class)
  private Path directory;

  private Path file;

  /** Makes temporary directories below target. */
  static final class TargetDirectory implements TempDirFactory {
    @Override
    public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext extension)
        throws IOException {
      return Files.createTempDirectory(Files.createDirectories(Path.of("target")), "raw-disk-");
    }
  }

  @BeforeEach
  void write() throws IOException {
    byte[] content = new byte[FILE_BYTES];
    new Random(1).nextBytes(content);
    file = Files.write(directory.resolve("with a : colon"), content);
  }

  @ParameterizedTest
  @EnumSource(RawPattern.class)
  void theLoopMeasuresEveryPatternAtBothDepths(RawPattern pattern)
      throws IOException, InterruptedException {
    for (int depth : new int[] {1, 32}) {
      RawFigure figure = new DirectLoop().measure(file, pattern, depth, SHORT);
      assertTrue(figure.operationsPerSecond() > 0, figure::toString);
      assertTrue(figure.p50Nanos() > 0 && figure.p50Nanos() <= figure.p999Nanos());
      assertEquals(depth, figure.queueDepth());
      assertTrue(figure.tool().contains("O_DIRECT"));
    }
    assertEquals(FILE_BYTES, Files.size(file));
  }

  @Test
  void theLoopRefusesAFileSmallerThanABlock() throws IOException {
    Path small = Files.write(directory.resolve("small"), new byte[100]);
    IOException thrown =
        assertThrows(
            IOException.class,
            () -> new DirectLoop().measure(small, RawPattern.RANDOM_READ, 1, SHORT));
    assertTrue(thrown.getMessage().contains("smaller than one block"), thrown::getMessage);
  }

  @Test
  void theLoopReportsAMissingFile() {
    assertThrows(
        IOException.class,
        () ->
            new DirectLoop().measure(directory.resolve("none"), RawPattern.RANDOM_READ, 1, SHORT));
  }

  @Test
  void anInterruptEndsTheLoop() throws InterruptedException {
    assertEndsOnInterrupt(new DirectLoop());
  }

  @Test
  void anInterruptEndsFio() throws InterruptedException {
    assertEndsOnInterrupt(requireFio());
  }

  private void assertEndsOnInterrupt(RawDisk disk) throws InterruptedException {
    boolean[] interrupted = new boolean[1];
    Thread thread =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    disk.measure(file, RawPattern.RANDOM_READ, 32, Duration.ofHours(1));
                  } catch (InterruptedException e) {
                    interrupted[0] = true;
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                });
    while (thread.getState() == Thread.State.NEW || thread.getState() == Thread.State.RUNNABLE) {
      Thread.onSpinWait();
    }
    thread.interrupt();
    thread.join();
    assertTrue(interrupted[0]);
  }

  @Test
  void fioMeasuresReadsWithoutChangingTheFile() throws IOException, InterruptedException {
    Fio fio = requireFio();
    byte[] before = Files.readAllBytes(file);
    for (int depth : new int[] {1, 32}) {
      RawFigure figure = fio.measure(file, RawPattern.RANDOM_READ, depth, SHORT);
      assertTrue(figure.operationsPerSecond() > 0, figure::toString);
      assertTrue(figure.tool().startsWith("fio "), figure::tool);
    }
    assertArrayEquals(before, Files.readAllBytes(file));
  }

  @Test
  void readsFioReports() throws IOException {
    String json =
        """
        fio: this platform warns of something
        {"jobs": [{"error": 0, "write": {}, "read": {"iops": 22000.5, "clat_ns": {"percentile":
          {"50.000000": 41000, "99.000000": 80000, "99.900000": 900000}}}}]}
        """;
    RawFigure figure = Fio.parse(json, RawPattern.RANDOM_READ, 1, "fio 3.33 psync");
    assertEquals(
        new RawFigure(
            RawPattern.RANDOM_READ, 1, 22000.5, 41_000, 80_000, 900_000, "fio 3.33 psync"),
        figure);
    assertEquals(22000.5 * 4096, figure.bytesPerSecond());
  }

  @Test
  void refusesBrokenFioReports() {
    for (String json : List.of("", "nonsense", "{}", "{\"jobs\": [{\"error\": 5}]}")) {
      IOException thrown =
          assertThrows(
              IOException.class, () -> Fio.parse(json, RawPattern.RANDOM_READ, 1, "fio"), json);
      assertTrue(thrown.getMessage().startsWith("fio: "), thrown::getMessage);
    }
  }

  @Test
  void aMissingFioSaysHowToGetIt() {
    IOException thrown =
        assertThrows(IOException.class, () -> Fio.find("/nonexistent/fio-of-nobody"));
    assertTrue(thrown.getMessage().contains("install it"), thrown::getMessage);
  }

  @Test
  void aSurveyFallsBackToTheLoopAndSaysSo() throws IOException, InterruptedException {
    RawDisk broken =
        (f, pattern, depth, time) -> {
          throw new IOException("fio: exit status 1: no io_uring here");
        };
    byte[] before = Files.readAllBytes(file);
    RawSurvey survey =
        new RawSurveyor(List.of(broken, new DirectLoop()), SHORT)
            .survey("panama", file, EnumSet.allOf(RawPattern.class));
    assertEquals(8, survey.figures().size());
    assertEquals(8, survey.notes().size());
    assertTrue(survey.notes().getFirst().contains("no io_uring here"));
    assertTrue(survey.figure(RawPattern.RANDOM_WRITE, 32).isPresent());
    assertArrayEquals(before, Files.readAllBytes(file), "the file under test is only read");
    assertOnlyTheFileIsLeft();
  }

  @Test
  void aSurveyOfADirectoryLeavesNothing() throws IOException, InterruptedException {
    RawSurvey survey =
        new RawSurveyor(List.of(new DirectLoop()), SHORT)
            .surveyDirectory("anon", directory, FILE_BYTES, EnumSet.of(RawPattern.RANDOM_READ));
    assertEquals(2, survey.figures().size());
    assertOnlyTheFileIsLeft();
  }

  @Test
  void aDirectoryThatCannotBeWrittenIsANote() throws InterruptedException {
    RawSurvey survey =
        new RawSurveyor(List.of(new DirectLoop()), SHORT)
            .surveyDirectory(
                "anon", directory.resolve("none"), FILE_BYTES, EnumSet.of(RawPattern.RANDOM_READ));
    assertEquals(List.of(), survey.figures());
    assertFalse(survey.notes().isEmpty());
  }

  @Test
  void aProgramWithoutNocacheIsAReason() throws InterruptedException {
    assertTrue(new PageCache("/nonexistent/dd").drop(file).orElseThrow().contains("coreutils"));
  }

  @Test
  void droppingTheCacheKeepsTheContent() throws IOException, InterruptedException {
    byte[] before = Files.readAllBytes(file);
    assertEquals(Optional.empty(), new PageCache("dd").drop(file));
    assertArrayEquals(before, Files.readAllBytes(file));
  }

  private void assertOnlyTheFileIsLeft() throws IOException {
    try (Stream<Path> left = Files.list(directory)) {
      assertEquals(List.of(file), left.toList());
    }
  }

  private static Fio requireFio() throws InterruptedException {
    try {
      return Fio.find("fio");
    } catch (IOException e) {
      assumeTrue(false, "skipped: " + e.getMessage());
      throw new AssertionError(e);
    }
  }
}
