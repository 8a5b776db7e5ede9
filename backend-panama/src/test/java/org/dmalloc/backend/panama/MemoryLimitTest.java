/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.testkit.MemoryGroup;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A JVM in a control group of 320 MiB locks and fills regions of 600 MiB: it is refused in words,
 * and lives on. The kernel would kill it.
 */
class MemoryLimitTest {
  private static final long MIB = 1L << 20;

  @TempDir Path directory;

  @Test
  void lockingAndFillingBeyondTheGroupIsRefusedInWordsAndLeavesNothing() throws Exception {
    try (MemoryGroup group = MemoryGroup.of(320 * MIB)) {
      List<String> lines = run(group);
      assertEquals(List.of("end", "stored [small, stored]"), lines.subList(10, 12));
      List<String> operations =
          List.of(
              "lock 629145600 bytes of " + directory.resolve("lk.region"),
              "lock 629145600 bytes of " + directory,
              "prefault 629145600 bytes of " + directory.resolve("pf.region"),
              "prefault 629145600 bytes of " + directory,
              "lock 629145600 bytes of " + directory.resolve("stored.region"),
              "prefault 629145600 bytes of " + directory.resolve("stored.region"),
              "prefault 629145600 bytes of ",
              "prefault 629145600 bytes of ",
              "prefault 629145600 bytes of ",
              "resize 629145600 bytes of ");
      for (int i = 0; i < operations.size(); i++) {
        String line = lines.get(i);
        assertTrue(line.startsWith(operations.get(i)), line);
        assertTrue(line.contains(group.directory().toString()), line);
        assertTrue(line.endsWith("(memory.check=off skips this check)"), line);
      }
    }
    try (Stream<Path> files = java.nio.file.Files.list(directory)) {
      assertEquals(2, files.count());
    }
  }

  private List<String> run(MemoryGroup group) throws Exception {
    Process process =
        new ProcessBuilder(
                group.running(
                    List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
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
    assertEquals(0, process.waitFor(), "137 is how the kernel kills: " + lines);
    return lines;
  }

  /** Runs in the group. */
  static final class Filler {
    private Filler() {}

    public static void main(String[] args) throws MemoryException {
      PrintStream out = System.out;
      PanamaProvider provider =
          new PanamaProvider(PanamaSettings.in(RegionStore.open(Path.of(args[0]))));
      RegionRequest large = RegionRequest.ofSize(600 * MIB);
      out.println(refusal(() -> provider.allocate(large.withName("lk").lockedInRam())));
      out.println(refusal(() -> provider.allocate(large.lockedInRam())));
      out.println(refusal(() -> provider.allocate(large.withName("pf").prefaulted())));
      out.println(refusal(() -> provider.allocate(large.prefaulted())));
      provider.allocate(large.withName("stored")).close();
      OpenRequest open = OpenRequest.of("stored");
      out.println(refusal(() -> provider.open(open.lockedInRam())));
      out.println(refusal(() -> provider.open(open.prefaulted())));
      for (OpenRequest each :
          List.of(
              open.withPattern(AccessPattern.NORMAL), // without an observer
              open, // with one
              open.withSharing(Sharing.PRIVATE).withPattern(AccessPattern.NORMAL))) {
        try (MemoryRegion region = provider.open(each)) {
          out.println(refused(() -> region.advise(Advice.POPULATE_WRITE)));
        }
      }
      RegionRequest small = RegionRequest.ofSize(8 * MIB).withName("small").lockedInRam();
      try (MemoryRegion region = provider.allocate(small)) {
        out.println(refused(() -> region.resize(600 * MIB)));
      }
      out.println("end");
      out.println("stored " + provider.stored().stream().map(stored -> stored.name()).toList());
    }

    /** Makes a region that must not come about. */
    @FunctionalInterface
    private interface Maker {
      MemoryRegion make() throws MemoryException;
    }

    /** Does what must be refused. */
    @FunctionalInterface
    private interface Call {
      void make() throws MemoryException;
    }

    private static String refusal(Maker maker) {
      return refused(() -> maker.make().close());
    }

    private static String refused(Call call) {
      try {
        call.make();
        return "not refused";
      } catch (MemoryException e) {
        return String.valueOf(e.getMessage());
      }
    }
  }
}
