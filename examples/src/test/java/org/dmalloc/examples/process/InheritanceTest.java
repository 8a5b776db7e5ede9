/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.process;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What children of C and of Java inherit, by {@code src/main/c/inherit.c}. */
class InheritanceTest {
  private static final Path SOURCE = Path.of("src", "main", "c", "inherit.c");
  private static final Path PAGE = Path.of("..", "docs", "anonymous-memory.md");
  private static final long MIB = 1L << 20;

  @TempDir Path directory;

  @BeforeEach
  void compile() throws Exception {
    if (run("sh", "-c", "echo '#include <stdio.h>' | cc -E - >/dev/null 2>&1").status != 0) {
      String reason = "skipped: no C compiler with its headers (Debian: gcc, libc6-dev)";
      System.getLogger(getClass().getName()).log(Level.INFO, reason);
      Assumptions.abort(reason);
    }
    Ended compiler = run("cc", "-Wall", "-Wextra", "-Werror", "-o", program(), SOURCE.toString());
    assertEquals(new Ended(0, ""), compiler);
  }

  @Test
  void aForkedChildSharesMemoryUntilItExecs() throws Exception {
    String expected =
        """
        child sees 1 in private, 1 in /dev/zero, 1 in anonymous shared
        parent sees 1 in private, 2 in /dev/zero, 2 in anonymous shared
        child sees 2 in private, 3 in /dev/zero, 3 in anonymous shared
        child has 2 mappings of /dev/zero
        after exec it has 0 mappings of /dev/zero
        """;
    assertEquals(new Ended(0, expected), run(program(), "fork"));
    assertTrue(Files.readString(PAGE).contains(expected), PAGE + " shows what is printed");
  }

  @Test
  void aChildOfJavaHasExecedAndInheritsNothing() throws Exception {
    try (Dmalloc dmalloc = open();
        MemoryRegion region = dmalloc.provider("anon-zero").allocate(RegionRequest.ofSize(MIB))) {
      assertTrue(
          Files.readAllLines(Path.of("/proc/self/maps")).stream()
              .anyMatch(line -> line.contains(" /dev/zero")),
          "this process has " + region);
      assertEquals(
          new Ended(0, "after exec it has 0 mappings of /dev/zero\n"), run(program(), "maps"));
    }
  }

  @Test
  void aChildOfJavaMapsAMemfdByItsPath() throws Exception {
    try (Dmalloc dmalloc = open();
        MemoryRegion region = dmalloc.provider("anon-memfd").allocate(RegionRequest.ofSize(MIB))) {
      assertShared(region, 0);
    }
  }

  @Test
  void aChildOfJavaMapsTheFileOfANamedRegion() throws Exception {
    try (Dmalloc dmalloc = open();
        MemoryRegion region =
            dmalloc
                .provider("panama")
                .allocate(RegionRequest.ofSize(MIB).withName("shared-with-a-child"))) {
      assertShared(region, dataOffset(file(region)));
    }
  }

  private void assertShared(MemoryRegion region, long offset) throws Exception {
    try (Access access = region.acquire()) {
      access.segment().set(JAVA_LONG, 0, 41);
      assertEquals(
          new Ended(0, "found 41\n"),
          run(program(), "share", file(region).toString(), Long.toString(offset)));
      assertEquals(42, access.segment().get(JAVA_LONG, 0));
    }
  }

  private static Path file(MemoryRegion region) {
    return Objects.requireNonNull(region.info().path());
  }

  /** Where the bytes of a named region begin in its file: docs/store-format.md. */
  private static long dataOffset(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      return ByteBuffer.wrap(in.readNBytes(512)).order(ByteOrder.LITTLE_ENDIAN).getLong(32);
    }
  }

  private Dmalloc open() {
    return Dmalloc.open(Map.of("directory", directory.toString()));
  }

  private String program() {
    return directory.resolve("inherit").toString();
  }

  /** How a process ended, and all that it printed. */
  private record Ended(int status, String output) {}

  private static Ended run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(1, TimeUnit.MINUTES), "has ended: " + command[0]);
    return new Ended(process.exitValue(), output);
  }
}
