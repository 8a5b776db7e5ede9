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
import java.util.stream.Stream;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.spi.store.RegionStore;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** JVMs under a limit of ulimit(1): the message names the limit, and what it is. */
class ProcessLimitTest {
  private static final long GIB = 1L << 30;

  @TempDir Path directory;

  @Test
  void aLimitOfFileSizesBelowTheHeaderIsNamed() throws Exception {
    String line = run("--fsize=1024000", "1048576 named");
    assertEquals(
        "allocate 1048576 bytes of "
            + directory.resolve("r.region")
            + ": EFBIG (27); raise the limit of file sizes, which is 1024000 bytes (ulimit -f)",
        line);
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void aLimitOfAddressSpaceIsNamed() throws Exception {
    String line = run("--as=" + 16 * GIB, 32 * GIB + " sparse");
    assertTrue(
        line.matches(
            "mmap 34359738368 bytes of .*: ENOMEM \\(12\\); the limit of address space is"
                + " 17179869184 bytes, of which \\d+ are in use: choose a smaller size or raise it"
                + " \\(ulimit -v\\)"),
        line);
  }

  /** All descriptors are taken by regions; what needs one more says so, and not "mount /proc". */
  @Test
  void aLimitOfOpenFilesIsNamed() throws Exception {
    String line = run("--nofile=64", "1048576 many");
    assertTrue(line.endsWith(": EMFILE (24); raise the limit of open files (ulimit -n)"), line);
  }

  private String run(String limit, String act) throws Exception {
    boolean there = Files.isExecutable(Path.of("/usr/bin/prlimit"));
    if (!there) {
      System.out.println("SKIPPED: no prlimit (util-linux)");
    }
    Assumptions.assumeTrue(there, "no prlimit (util-linux)");
    List<String> command = new ArrayList<>(List.of("prlimit", limit));
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx64m",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Allocator.class.getName(),
            directory.toString()));
    command.addAll(List.of(act.split(" ", -1)));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    List<String> lines;
    try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
      lines = reader.readAllLines();
    }
    assertEquals(0, process.waitFor(), lines.toString());
    assertEquals(1, lines.size(), lines.toString());
    return lines.getFirst();
  }

  /** Runs in the other JVM. */
  static final class Allocator {
    private Allocator() {}

    public static void main(String[] args) throws MemoryException {
      PanamaProvider provider =
          new PanamaProvider(PanamaSettings.in(RegionStore.open(Path.of(args[0]))));
      RegionRequest request = RegionRequest.ofSize(Long.parseLong(args[1]));
      PrintStream out = System.out;
      MemoryRegion last = null;
      try {
        switch (args[2]) {
          case "named" -> provider.allocate(request.withName("r"));
          case "sparse" -> provider.allocate(request.withReservation(Reservation.SPARSE));
          default -> {
            // The classes of a refusal, which are files of their own here.
            refusal(provider.allocate(request));
            try {
              provider.open("absent");
            } catch (MemoryException expected) {
              // They are loaded now.
            }
            while (last == null || last.id() < 1000) {
              last = provider.allocate(request);
            }
          }
        }
        out.println("not refused");
      } catch (MemoryException e) {
        if (last != null) {
          out.println(refusal(last));
        } else {
          out.println(e.getMessage());
        }
      }
    }

    /** Of a call that reads a file of the kernel. */
    private static String refusal(MemoryRegion region) {
      try {
        region.advise(Advice.POPULATE_READ);
        return "not refused";
      } catch (MemoryException e) {
        return String.valueOf(e.getMessage());
      }
    }
  }
}
