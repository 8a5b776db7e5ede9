/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script at the top of the sources, with a Maven that makes a distribution of one script. */
class BuildScriptTest {
  private static final long DEADLINE_SECONDS = 120;
  private static final String DISTRIBUTION = "#!/bin/sh\necho \"ran $*, umask $(umask)\"\n";

  @TempDir private Path directory;
  private Path tree;

  /**
   * What a start left.
   *
   * @param status its exit status
   * @param out what it wrote to stdout
   * @param err what it wrote to stderr
   */
  private record Result(int status, String out, String err) {}

  @BeforeEach
  void makeATree() throws Exception {
    Path sources = Path.of("").toAbsolutePath().getParent();
    assumeTrue(
        sources != null && Files.exists(sources.resolve("dmalloc")), "run in the module's folder");
    tree = Files.createDirectory(directory.resolve("tree"));
    Files.copy(sources.resolve("dmalloc"), tree.resolve("dmalloc"));
    executable(tree.resolve("dmalloc"));
    Files.writeString(tree.resolve("pom.xml"), "");
    Path bin = Files.createDirectories(tree.resolve("distribution/src/main/layout/bin"));
    Files.writeString(tree.resolve("distribution/pom.xml"), "");
    for (String sourced : List.of("environment", "find-java")) {
      Files.copy(Path.of("src/main/layout/bin", sourced), bin.resolve(sourced));
    }
    Path maven = Files.createDirectories(directory.resolve("maven")).resolve("mvn");
    Files.writeString(
        maven,
        "#!/bin/sh\n"
            + "while [ -e '"
            + directory
            + "/hold' ]; do sleep 0.1; done\n"
            + "d='"
            + tree
            + "/distribution/target/dmalloc/bin'\nmkdir -p \"$d\"\n"
            + "printf '%s' '"
            + DISTRIBUTION
            + "' >\"$d/dmalloc\"\nchmod +x \"$d/dmalloc\"\n");
    executable(maven);
    Users.status(List.of("chmod", "-R", "go+rX", directory.toString()));
  }

  private static void executable(Path file) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Process begin(List<String> prefix, String... words) throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(tree.resolve("dmalloc").toString());
    command.addAll(List.of(words));
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().put("DMALLOC_JAVA_HOME", System.getProperty("java.home"));
    builder.environment().remove("DMALLOC_BUILD");
    builder
        .environment()
        .merge("PATH", directory.resolve("maven").toString(), (old, own) -> own + ":" + old);
    return builder.start();
  }

  private static Result end(Process process) throws Exception {
    String err;
    String out;
    try {
      process.getOutputStream().close();
      assertTrue(process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS), "still waits");
      out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    } finally {
      process.destroyForcibly();
    }
    return new Result(process.exitValue(), out, err);
  }

  private Result start(String... words) throws Exception {
    return end(begin(List.of(), words));
  }

  private void makeStale() throws IOException {
    Files.writeString(tree.resolve("pom.xml"), "<!-- changed -->");
    Path stamp = tree.resolve("distribution/target/run/stamp");
    if (Files.exists(stamp)) {
      Files.setLastModifiedTime(stamp, FileTime.fromMillis(0));
    }
  }

  @Test
  void buildsOnceAndStartsWhatItBuilt() throws Exception {
    Result first = start("one");
    assertEquals(0, first.status(), first.err());
    assertTrue(first.err().startsWith("dmalloc: building"), first.err());
    Result second = start("two words");
    assertTrue(second.out().startsWith("ran two words,"), second.out());
    assertEquals("", second.err());
  }

  @Test
  void buildsWithClosedStreams() throws Exception {
    Result result = end(begin(List.of("sh", "-c", "exec \"$0\" \"$@\" <&- 2>&-"), "closed"));
    assertEquals(0, result.status());
    assertTrue(result.out().startsWith("ran closed,"), result.out());
    assertEquals("", result.err());
  }

  @Test
  void aLockThatNobodyHoldsIsNoReasonToWait() throws Exception {
    Path lock = Files.createDirectories(tree.resolve("distribution/target/run/lock"));
    assertEquals(0, start("with an empty lock").status());
    // The number of a process that lives, and is another.
    Files.writeString(lock.resolve("pid"), ProcessHandle.current().pid() + "\n");
    Files.writeString(
        tree.resolve("distribution/target/run/build.lock"), ProcessHandle.current().pid() + "\n");
    makeStale();
    Result result = start("again");
    assertEquals(0, result.status(), result.err());
    assertTrue(result.out().startsWith("ran again,"), result.out());
  }

  @Test
  void aBuildThatIsGoingOnIsWaitedForAlsoWhenItsScriptWasKilled() throws Exception {
    Path hold = Files.createFile(directory.resolve("hold"));
    Path log = tree.resolve("distribution/target/run/build.log");
    Process killed = begin(List.of());
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
    while (!Files.exists(log)) {
      assertTrue(System.nanoTime() - deadline < 0, "no build begins");
      Thread.onSpinWait();
    }
    Process waiting = begin(List.of(), "waited");
    killed.destroyForcibly().waitFor();
    Files.delete(hold);
    Result result = end(waiting);
    assertEquals(0, result.status(), result.err());
    assertTrue(result.out().startsWith("ran waited,"), result.out());
  }

  @Test
  void whoMayNotBuildGetsTheLastBuildWithAWarning() throws Exception {
    Path target = tree.resolve("distribution/target");
    List<String> prefix = Users.isRoot() ? Users.asNobody() : List.of();
    if (Users.isRoot()) {
      Users.becomeRootWithNobody();
    } else {
      Files.setPosixFilePermissions(
          tree.resolve("distribution"), PosixFilePermissions.fromString("r-xr-xr-x"));
    }
    Result refused = end(begin(prefix, "nothing"));
    assertEquals(73, refused.status(), refused.out());
    assertTrue(refused.err().startsWith("dmalloc: nothing is built, and "), refused.err());
    assertEquals(1, refused.err().lines().count(), refused.err());
    Files.setPosixFilePermissions(
        tree.resolve("distribution"), PosixFilePermissions.fromString("rwxr-xr-x"));
    assertEquals(0, start().status());
    makeStale();
    if (!Users.isRoot()) {
      Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("r-xr-xr-x"));
    }
    Result warned = end(begin(prefix, "last"));
    Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwxr-xr-x"));
    assertEquals(0, warned.status(), warned.err());
    assertTrue(warned.out().startsWith("ran last,"), warned.out());
    assertTrue(warned.err().startsWith("dmalloc: warning: this is the last build"), warned.err());
    assertEquals(1, warned.err().lines().count(), warned.err());
  }

  @Test
  void whatIsBuiltCanBeWrittenByItsOwnerAloneAndTheCommandKeepsItsUmask() throws Exception {
    Result result = end(begin(List.of("sh", "-c", "umask 000; exec \"$0\" \"$@\""), "open"));
    assertEquals("ran open, umask 0000\n", result.out(), result.err());
    try (var files = Files.walk(tree.resolve("distribution/target"))) {
      for (Path file : files.toList()) {
        String mode = PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
        assertTrue(mode.charAt(4) == '-' && mode.charAt(7) == '-', file + " " + mode);
      }
    }
  }
}
