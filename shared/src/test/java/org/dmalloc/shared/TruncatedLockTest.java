/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Another process cuts the file of a region short under its locks: calls throw, and the JVM lives.
 */
class TruncatedLockTest {
  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({"-Xint, 0, 0", "-Xint, 100, 1", "-Xmixed, 0, 0", "-Xmixed, 100, 20000"})
  void theJvmLives(String mode, String bytes, String calls) throws Exception {
    Path output = directory.resolve("child.txt");
    Process child =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                mode,
                "--enable-native-access=ALL-UNNAMED",
                "-XX:ErrorFile=" + directory.resolve("crash.txt"),
                "-cp",
                System.getProperty("java.class.path"),
                TruncatedLockMain.class.getName(),
                directory.toString(),
                bytes,
                calls)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertTrue(
          child.waitFor(TestThreads.DEADLINE.toSeconds(), TimeUnit.SECONDS), "the child hangs");
    } finally {
      child.destroyForcibly().waitFor();
    }
    assertEquals(0, child.exitValue(), Files.readString(output));
  }
}
