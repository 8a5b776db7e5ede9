/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static org.dmalloc.linux.LinuxTests.MIB;
import static org.dmalloc.linux.LinuxTests.assume;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.spi.machine.VirtualAreas;
import org.junit.jupiter.api.Test;

/** What an ordinary user meets, in a JVM of its own without privileges and with a small limit. */
class UnprivilegedTest {
  private static final String LIMIT = "65536";

  @Test
  void lockingOverTheLimitNamesTheLimitAndLocksNothing() throws Exception {
    List<String> lines = runUnprivileged();
    assertEquals("limit " + LIMIT, lines.get(0));
    assertEquals(
        "mlock 1048576 bytes of probe: ENOMEM (12); RLIMIT_MEMLOCK is 65536 bytes for all of the"
            + " process; raise it (ulimit -l, LimitMEMLOCK=)",
        lines.get(1));
    assertEquals("locked 0", lines.get(2));
  }

  @Test
  void prefetchWorksWithoutPrivilege() throws Exception {
    String line = runUnprivileged().get(3);
    assertTrue(line.equals("prefetch process_madvise") || line.equals("prefetch madvise"), line);
    System.out.println("Without CAP_SYS_NICE: " + line);
  }

  private static List<String> runUnprivileged() throws Exception {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("prlimit", "--memlock=" + LIMIT + ":" + LIMIT));
    if (ProcessHandle.current().info().user().orElse("").equals("root")) {
      command.addAll(List.of("setpriv", "--bounding-set=-ipc_lock,-sys_nice,-sys_resource"));
    }
    for (String tool : List.of("prlimit", "setpriv")) {
      assume(Files.isExecutable(Path.of("/usr/bin", tool)), "no " + tool + " (util-linux)");
    }
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Probe.class.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    List<String> lines;
    try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
      lines = reader.readAllLines();
    }
    assertEquals(0, process.waitFor(), lines.toString());
    return lines;
  }

  /** Runs in the other JVM. */
  static final class Probe {
    private Probe() {}

    public static void main(String[] args) throws IOException {
      PrintStream out = System.out;
      out.println("limit " + Platform.lockLimitBytes());
      try (Mapping mapping = Mapping.anonymous("probe", MIB, PageSize.DEFAULT)) {
        try {
          mapping.lock();
          out.println("no error");
        } catch (MemoryException e) {
          out.println(e.getMessage());
        }
        long start = mapping.segment().address();
        out.println("locked " + VirtualAreas.totals(start, start + MIB).lockedBytes());
        mapping.segment().fill((byte) 7);
        mapping.prefetch(new long[] {0, MIB / 2}, 8);
      }
      out.println("prefetch " + Mapping.prefetchCall());
    }
  }
}
