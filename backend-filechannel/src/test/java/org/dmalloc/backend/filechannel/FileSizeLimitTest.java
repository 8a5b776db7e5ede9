/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A limit of ulimit -f that is below the size of a file that small regions share. */
final class FileSizeLimitTest {
  @TempDir Path directory;

  @Test
  void aSmallRegionFitsWhereItsOwnFileWould() throws Exception {
    Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/prlimit")), "no prlimit");
    Process child =
        new ProcessBuilder(
                "prlimit",
                "--fsize=2097152",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Allocates.class.getName(),
                directory.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, child.waitFor(), said);
  }

  /** The child. */
  static final class Allocates {
    private Allocates() {}

    /** Allocates one in the directory that is given. */
    public static void main(String[] args) throws Exception {
      FileChannelProvider provider = SmallRegionsTest.in(Path.of(args[0]));
      try (MemoryRegion region = provider.allocate(RegionRequest.ofSize(4096))) {
        region.resize(8192);
      }
      provider.stop();
    }
  }
}
