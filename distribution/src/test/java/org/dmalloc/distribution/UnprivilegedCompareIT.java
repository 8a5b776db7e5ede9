/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The comparison by a user without privilege: root gives its own up for it. */
class UnprivilegedCompareIT {
  @TempDir private Path directory;
  private Path layout;
  private List<String> prefix;

  @BeforeEach
  void becomeAUserWithoutPrivilege() throws Exception {
    boolean root = Users.isRoot();
    layout = Launch.layout();
    prefix = List.of();
    if (root) {
      // What root built may lie where nobody else can read it.
      layout = directory.resolve("layout");
      Users.status(List.of("cp", "-R", Launch.layout().toString(), layout.toString()));
      for (String own : List.of("store", "tmp", "etc", "home")) {
        Files.createDirectories(directory.resolve(own));
      }
      Users.status(List.of("chown", "-R", Users.NOBODY + ":" + Users.NOBODY, directory.toString()));
      prefix = Users.asNobody();
      String java = Path.of(System.getProperty("java.home"), "bin/java").toString();
      boolean possible = Users.status(Users.asNobody(java, "-version")) == 0;
      String reason = "root cannot drop its privileges here: setpriv, and a Java that all may run";
      if (!possible) {
        System.err.println("UnprivilegedCompareIT skipped: " + reason);
      }
      assumeTrue(possible, reason);
    }
  }

  private Launch.Result compare(String... options) throws Exception {
    List<String> words =
        new ArrayList<>(
            List.of("compare", "-s", "32m", "-l", "128m", "-r", "1", "--cell-millis", "10"));
    words.addAll(List.of("-w", "fill,random-read", "-c", "filechannel,anon:kernel"));
    words.addAll(List.of(options));
    try (Launch launch =
        Launch.start(
            prefix,
            layout,
            directory,
            Map.of(
                "HOME",
                directory.resolve("home").toString(),
                "XDG_STATE_HOME",
                "",
                // For the launcher alone: a contender has the collector that all have.
                "JDK_JAVA_OPTIONS",
                "-XX:+UseParallelGC"),
            words.toArray(String[]::new))) {
      return launch.await();
    }
  }

  @Test
  void measuresWhatItMayAndSaysWhatItMayNotAndWhatWouldPermitIt() throws Exception {
    Launch.Result result = compare();
    assertEquals(0, result.status(), result.err());
    String out = result.out();
    if (out.contains("no limit was permitted")) {
      assertTrue(out.contains("not compared:\n  a memory limit of 128 MiB\n"), out);
      assertTrue(out.contains("cgroup version 1: "), out);
      assertTrue(out.contains("cgroup version 2: "), out);
      assertTrue(out.contains("systemd scope: "), out);
      assertTrue(out.contains("run as root"), out);
      assertTrue(out.contains("give --size above"), out);
      assertTrue(out.contains("no verdicts:\n  without a limit all of it was in RAM"), out);
      assertFalse(out.contains("allocate:"), "a command without a verdict: " + out);
    } else {
      assertTrue(out.contains("in 128 MiB of RAM"), out);
    }
    assertTrue(out.contains("\nrandom-read: "), out);
    assertTrue(out.contains("filechannel  "), out);
    assertTrue(out.contains("anon:kernel  "), out);
    assertTrue(
        prefix.isEmpty() || Files.isDirectory(directory.resolve("home/.local/state/dmalloc")),
        "the journal is kept below HOME");
  }

  @Test
  void refusesWhatNeedsPrivilegeInOneLineBeforeItMeasures() throws Exception {
    for (String[] wish :
        new String[][] {
          {"--page-cluster", "0,3"},
          {"--swap-file", directory.resolve("swap") + ":32m"},
          {"--zram", "32m"}
        }) {
      Launch.Result result = compare(wish);
      assertEquals(1, result.status(), result.out());
      assertEquals("", result.out());
      assertEquals(
          1,
          result.err().lines().filter(line -> !line.startsWith("NOTE: Picked up ")).count(),
          result.err());
      assertTrue(result.err().contains("root") || result.err().contains("modprobe"), result.err());
    }
    assertFalse(Files.exists(directory.resolve("swap")));
  }
}
