/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.spi.store.RegionStore;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A JVM that may lock 64 KiB, as an ordinary user's may lock some MiB. */
class LockLimitTest {
  @TempDir Path directory;

  @Test
  void lockingOverTheLimitFailsAndLeavesNothing() throws Exception {
    List<String> lines = runWithSmallLimit();
    String refusal =
        "ENOMEM (12); RLIMIT_MEMLOCK is 65536 bytes for all of the process; raise it"
            + " (ulimit -l, LimitMEMLOCK=)";
    for (int i = 0; i < 3; i++) {
      assertTrue(
          lines.get(i).startsWith("mlock 1048576 bytes of ") && lines.get(i).endsWith(refusal),
          lines.get(i));
    }
    assertEquals(List.of("open 0", "stored [stored]", "small true"), lines.subList(3, 6));
  }

  private List<String> runWithSmallLimit() throws Exception {
    List<String> command = new ArrayList<>(List.of("prlimit", "--memlock=65536:65536"));
    if ("root".equals(System.getProperty("user.name"))) {
      command.addAll(List.of("setpriv", "--bounding-set=-ipc_lock,-sys_resource"));
    }
    for (String tool : List.of("prlimit", "setpriv")) {
      boolean there = Files.isExecutable(Path.of("/usr/bin", tool));
      if (!there) {
        System.out.println("SKIPPED: no " + tool + " (util-linux)");
      }
      Assumptions.assumeTrue(there, "no " + tool + " (util-linux)");
    }
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Locker.class.getName(),
            directory.toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    List<String> lines;
    try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
      lines = reader.readAllLines();
    }
    assertEquals(0, process.waitFor(), lines.toString());
    return lines;
  }

  /** Runs in the other JVM. */
  static final class Locker {
    private Locker() {}

    public static void main(String[] args) throws MemoryException {
      PrintStream out = System.out;
      PanamaProvider provider =
          new PanamaProvider(PanamaSettings.in(RegionStore.open(Path.of(args[0]))));
      RegionRequest large = RegionRequest.ofSize(1 << 20);
      out.println(refusal(() -> provider.allocate(large.lockedInRam())));
      out.println(refusal(() -> provider.allocate(large.withName("locked").lockedInRam())));
      provider.allocate(large.withName("stored")).close();
      out.println(refusal(() -> provider.open(OpenRequest.of("stored").lockedInRam())));
      out.println("open " + provider.statistics().openBytes());
      out.println("stored " + provider.stored().stream().map(stored -> stored.name()).toList());
      try (MemoryRegion small = provider.allocate(RegionRequest.ofSize(8192).lockedInRam())) {
        out.println("small " + (small.residency().lockedBytes() == 8192));
      }
    }

    /** Makes a region that must not come about. */
    @FunctionalInterface
    private interface Maker {
      MemoryRegion make() throws MemoryException;
    }

    private static String refusal(Maker maker) {
      try (MemoryRegion region = maker.make()) {
        return "not refused: " + region;
      } catch (MemoryException e) {
        return String.valueOf(e.getMessage());
      }
    }
  }
}
