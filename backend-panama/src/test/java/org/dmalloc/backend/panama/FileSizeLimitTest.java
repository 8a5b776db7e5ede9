/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintStream;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.dmalloc.api.Access;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.spi.store.RegionStore;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A JVM whose files may have 8 MiB: whatever makes a longer one says so, and changes nothing. */
@Timeout(120)
class FileSizeLimitTest {
  private static final String EFBIG =
      "EFBIG (27); raise the limit of file sizes, which is 8388608 bytes (ulimit -f)";

  @TempDir Path directory;

  @Test
  void eachOperationNamesTheLimitAndLeavesNothing() throws Exception {
    boolean there = Files.isExecutable(Path.of("/usr/bin/prlimit"));
    if (!there) {
      System.out.println("SKIPPED: no prlimit (util-linux)");
    }
    Assumptions.assumeTrue(there, "no prlimit (util-linux)");
    Process process =
        new ProcessBuilder(
                "prlimit",
                "--fsize=8388608",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Limited.class.getName(),
                directory.toString())
            .redirectErrorStream(true)
            .start();
    List<String> lines;
    try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
      lines = reader.readAllLines();
    }
    assertEquals(0, process.waitFor(), lines.toString());
    assertEquals(9, lines.size(), lines.toString());
    for (String line : lines.subList(0, 8)) {
      assertTrue(line.endsWith(EFBIG), line);
    }
    assertEquals("content: whole", lines.getLast());
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(
          List.of("member.region", "named.region"),
          files
              .map(file -> String.valueOf(file.getFileName()))
              .filter(name -> !name.endsWith(".journal"))
              .sorted()
              .toList());
    }
  }

  /** Runs in the other JVM. */
  static final class Limited {
    private static final long LARGE = 16 << 20;

    private Limited() {}

    @FunctionalInterface
    private interface Attempt {
      void run() throws MemoryException;
    }

    public static void main(String[] args) throws Exception {
      PanamaProvider provider =
          new PanamaProvider(PanamaSettings.in(RegionStore.open(Path.of(args[0]))));
      RegionRequest small = RegionRequest.ofSize(5 << 20).withMaximum(2 * LARGE);
      MemoryRegion unnamed = provider.allocate(small);
      MemoryRegion named = provider.allocate(small.withName("named"));
      MemoryRegion member =
          provider.allocate(small.withName("member").withDurability(Durability.CHECKPOINT));
      List<MemoryRegion> regions = List.of(unnamed, named, member);
      for (MemoryRegion region : regions) {
        try (Access access = region.acquire()) {
          access.segment().fill((byte) 7);
        }
      }
      member.checkpoint();
      RegionRequest large = RegionRequest.ofSize(LARGE);
      Map<String, Attempt> attempts = new LinkedHashMap<>();
      attempts.put("allocate", () -> provider.allocate(large).close());
      attempts.put("allocate named", () -> provider.allocate(large.withName("n")).close());
      attempts.put(
          "allocate sparse",
          () -> provider.allocate(large.withName("s").withReservation(Reservation.SPARSE)).close());
      attempts.put("grow unnamed", () -> unnamed.ensure(LARGE));
      attempts.put("grow named", () -> named.ensure(LARGE));
      attempts.put("grow checkpointed", () -> member.ensure(LARGE));
      attempts.put("resize unnamed", () -> unnamed.resize(3 * LARGE));
      attempts.put("resize named", () -> named.resize(3 * LARGE));
      PrintStream out = System.out;
      attempts.forEach((name, attempt) -> out.println(name + ": " + outcome(attempt)));
      named.snapshot(SnapshotRequest.of("copy")); // fits
      provider.delete("copy");
      boolean whole = true;
      for (MemoryRegion region : regions) {
        try (Access access = region.acquire()) {
          whole &= region.byteSize() == 5 << 20;
          whole &= access.segment().get(ValueLayout.JAVA_BYTE, 5_000_000) == 7;
        }
        region.close();
      }
      out.println("content: " + (whole ? "whole" : "lost"));
    }

    private static String outcome(Attempt attempt) {
      try {
        attempt.run();
        return "done";
      } catch (MemoryException e) {
        return String.valueOf(e.getMessage());
      } catch (RuntimeException | Error e) {
        return e.toString();
      }
    }
  }
}
