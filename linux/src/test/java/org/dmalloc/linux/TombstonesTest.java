/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Addresses that are used past the end of their mapping, each case in a JVM of its own: a mistake
 * ends it.
 */
class TombstonesTest {
  private static final int DEADLINE_SECONDS = 240;

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"mappings", "slots", "oldest", "closes"})
  void strayUseIsAnErrorAndNobodysMemory(String which) throws Exception {
    Path output = directory.resolve("said.txt");
    Process child =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorFile=" + directory.resolve("crash.txt"),
                "-cp",
                System.getProperty("java.class.path"),
                TombstonesMain.class.getName(),
                which,
                directory.toString())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertTrue(child.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS), "the child hangs");
    } finally {
      child.destroyForcibly().waitFor();
    }
    assertEquals(0, child.exitValue(), Files.readString(output));
  }
}
