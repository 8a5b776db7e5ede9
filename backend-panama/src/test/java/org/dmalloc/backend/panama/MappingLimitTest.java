/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.store.RegionStore;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A JVM that splits one region into all the mappings it gets. */
class MappingLimitTest {
  private static final long MOST = 200_000;

  @TempDir Path directory;

  @Test
  void piecesOfAdviceAreRefusedBeforeTheJvmRunsOutOfMappings() throws Exception {
    long limit = KernelFiles.ofThisMachine().number("/proc/sys/vm/max_map_count").orElse(0);
    if (limit > MOST) {
      System.out.println("SKIPPED: vm.max_map_count is " + limit + ", too many to use up");
    }
    Assumptions.assumeTrue(limit <= MOST, "vm.max_map_count is too large to use up");
    for (AccessPattern pattern : List.of(AccessPattern.NORMAL, AccessPattern.AUTO)) {
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-XX:+UseSerialGC",
                  "--enable-native-access=ALL-UNNAMED",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Splitter.class.getName(),
                  directory.toString(),
                  pattern.name())
              .redirectErrorStream(true)
              .start();
      List<String> lines;
      try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
        lines = reader.readAllLines();
      }
      assertEquals(0, process.waitFor(), lines.toString());
      assertEquals(3, lines.size(), lines.toString());
      assertTrue(
          lines
              .get(0)
              .matches(
                  "madvise [A-Z]+ 4096 bytes of .*: the process has \\d{5} mappings, and of the "
                      + limit
                      + " that vm.max_map_count allows the JVM keeps 4096; .* raise"
                      + " vm.max_map_count .*"),
          lines.get(0));
      assertTrue(lines.get(1).contains("raise vm.max_map_count"), lines.get(1));
      assertEquals("works again", lines.get(2));
    }
  }

  /** Runs in the other JVM. */
  static final class Splitter {
    private Splitter() {}

    public static void main(String[] args) throws MemoryException {
      PanamaProvider provider =
          new PanamaProvider(PanamaSettings.in(RegionStore.open(Path.of(args[0]))));
      RegionRequest request =
          RegionRequest.ofSize(1L << 30)
              .withReservation(Reservation.SPARSE)
              .withPattern(AccessPattern.valueOf(args[1]));
      PrintStream out = System.out;
      MemoryRegion region = provider.allocate(request);
      try {
        for (long piece = 0; piece < 100_000; piece++) {
          region.advise(Advice.SEQUENTIAL, piece * 8192, 4096);
        }
        out.println("not refused");
      } catch (MemoryException e) {
        out.println(e.getMessage());
      }
      List<MemoryRegion> more = new ArrayList<>();
      try {
        while (more.size() < 100) { // one or two mappings may be left
          more.add(provider.allocate(request));
        }
        out.println("not refused");
      } catch (MemoryException e) {
        out.println(e.getMessage());
      }
      region.close();
      provider.allocate(request).close();
      out.println("works again");
    }
  }
}
