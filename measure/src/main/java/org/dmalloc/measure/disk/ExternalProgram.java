/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.disk;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Runs external programs. */
final class ExternalProgram {
  private ExternalProgram() {}

  /**
   * Runs a program without input; returns its output, errors included. An interrupt or the limit
   * kills it. An {@link IOException} says that it did not start, took too long, or had a status
   * other than 0.
   */
  static String run(List<String> command, Duration limit) throws IOException, InterruptedException {
    String program = command.getFirst();
    // To a file: a pipe would have to be read while this thread waits.
    Path output = Files.createTempFile("dmalloc-", ".out");
    Process process = null;
    try {
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      process.getOutputStream().close();
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException(program + ": not done after " + limit.toSeconds() + " s");
      }
      String text = Files.readString(output, StandardCharsets.UTF_8);
      if (process.exitValue() != 0) {
        throw new IOException(
            String.format(
                Locale.ROOT,
                "%s: exit status %d: %s",
                program,
                process.exitValue(),
                text.lines().findFirst().orElse("no output")));
      }
      return text;
    } finally {
      if (process != null && process.isAlive()) {
        // It may hold files open until it is gone.
        process.destroyForcibly();
        process.onExit().join();
      }
      Files.deleteIfExists(output);
    }
  }
}
