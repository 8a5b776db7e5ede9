/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Another process cuts the file of a region short under its heap: calls throw, and the JVM lives.
 */
class TruncatedHeapTest {
  private static final String COMPILED = "60000";

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({
    "panama, 8192, 1000",
    "panama, 0, " + COMPILED,
    "panama, 1000000, " + COMPILED,
    "filechannel, 8192, " + COMPILED
  })
  void theJvmLives(String backend, String bytes, String calls) throws Exception {
    Path output = directory.resolve("child.txt");
    Process child =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:ErrorFile=" + directory.resolve("crash.txt"),
                "-cp",
                System.getProperty("java.class.path"),
                TruncatedHeapMain.class.getName(),
                backend,
                directory.toString(),
                bytes,
                calls)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertTrue(
          child.waitFor(HeapThreads.DEADLINE.toSeconds(), TimeUnit.SECONDS),
          () -> "the child hangs");
    } finally {
      child.destroyForcibly().waitFor();
    }
    assertEquals(0, child.exitValue(), Files.readString(output));
  }
}
