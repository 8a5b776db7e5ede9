/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.spi.machine.KernelFiles;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** A JVM that takes small regions until there are no more mappings for it. */
class MappingLimitTest {
  private static final long MOST = 200_000;

  @Test
  void regionsAreRefusedBeforeTheJvmRunsOutOfMappings() throws Exception {
    long limit = KernelFiles.ofThisMachine().number("/proc/sys/vm/max_map_count").orElse(0);
    if (limit > MOST) {
      System.out.println("SKIPPED: vm.max_map_count is " + limit + ", too many to use up");
    }
    Assumptions.assumeTrue(limit <= MOST, "vm.max_map_count is too large to use up");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Taker.class.getName())
            .redirectErrorStream(true)
            .start();
    List<String> lines;
    try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
      lines = reader.readAllLines();
    }
    assertEquals(0, process.waitFor(), lines.toString());
    assertEquals(2, lines.size(), lines.toString());
    assertTrue(
        lines
            .get(0)
            .matches(
                "mmap 4096 bytes of /dev/zero: the process has \\d{5} mappings, and of the "
                    + limit
                    + " that vm.max_map_count allows the JVM keeps 4096; .* raise"
                    + " vm.max_map_count .*"),
        lines.get(0));
    assertEquals("works again", lines.get(1));
  }

  /** Runs in the other JVM. */
  static final class Taker {
    private Taker() {}

    public static void main(String[] args) throws MemoryException {
      PrintStream out = System.out;
      AnonymousProvider provider = SourceFixture.start(MemorySource.ZERO);
      List<MemoryRegion> regions = new ArrayList<>();
      try {
        for (int i = 0; i < 300_000; i++) {
          regions.add(provider.allocate(RegionRequest.ofSize(4096)));
        }
        out.println("not refused");
      } catch (MemoryException e) {
        out.println(e.getMessage());
      }
      regions.subList(0, 1_000).forEach(MemoryRegion::close);
      provider.allocate(RegionRequest.ofSize(4096)).close();
      out.println("works again");
    }
  }
}
