/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.testkit.MemoryGroup;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A JVM in a control group of 320 MiB prefaults regions of 600 MiB: refused before it begins. */
class MemoryLimitTest {
  private static final long MIB = 1L << 20;

  @TempDir Path directory;

  @Test
  void prefaultingBeyondTheGroupIsRefusedInWordsAndLeavesNothing() throws Exception {
    try (MemoryGroup group = MemoryGroup.of(320 * MIB)) {
      Process process =
          new ProcessBuilder(
                  group.running(
                      List.of(
                          Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                          "-Xmx64m",
                          "-XX:TieredStopAtLevel=1",
                          "-XX:+UseSerialGC",
                          "-cp",
                          System.getProperty("java.class.path"),
                          Filler.class.getName(),
                          directory.toString())))
              .redirectErrorStream(true)
              .start();
      List<String> lines;
      try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
        lines = reader.readAllLines();
      }
      assertEquals(0, process.waitFor(), lines.toString());
      assertEquals(3, lines.size(), lines.toString());
      List<Path> targets =
          List.of(directory.resolve("pf.region"), directory, directory.resolve("stored.region"));
      for (int i = 0; i < 3; i++) {
        String start = "prefault 629145600 bytes of " + targets.get(i) + ": ";
        assertTrue(lines.get(i).startsWith(start), lines.get(i));
        assertTrue(lines.get(i).contains("within the limit of " + group.directory()), lines.get(i));
      }
    }
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(List.of(directory.resolve("stored.region")), files.toList());
    }
  }

  /** Runs in the group. */
  static final class Filler {
    private Filler() {}

    public static void main(String[] args) throws MemoryException {
      FileChannelProvider provider =
          new FileChannelProvider(
              FileChannelSettings.of(
                  "test", Map.of("dmalloc.backend", "filechannel", "directory", args[0]), null));
      PrintStream out = System.out;
      RegionRequest large = RegionRequest.ofSize(600 * MIB);
      out.println(refusal(provider, large.withName("pf").prefaulted()));
      out.println(refusal(provider, large.prefaulted()));
      provider.allocate(large.withName("stored").withReservation(Reservation.SPARSE)).close();
      try {
        provider.open(OpenRequest.of("stored").prefaulted()).close();
        out.println("not refused");
      } catch (MemoryException e) {
        out.println(e.getMessage());
      }
    }

    private static String refusal(FileChannelProvider provider, RegionRequest request) {
      try {
        provider.allocate(request).close();
        return "not refused";
      } catch (MemoryException e) {
        return String.valueOf(e.getMessage());
      }
    }
  }
}
