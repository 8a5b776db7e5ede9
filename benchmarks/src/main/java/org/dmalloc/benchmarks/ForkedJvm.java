/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A JVM of its own for what one process can do once: end without a close, grow, be counted. */
public final class ForkedJvm {
  private static final String MARK = "figures ";
  private static final PrintStream OUT =
      new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);

  private ForkedJvm() {}

  /**
   * Runs a main class with the class path of this JVM, and returns what it gave to {@link #report}.
   *
   * @throws IOException if it fails, with what it printed
   */
  public static List<String> run(Class<?> main, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms512m",
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:+AlwaysPreTouch",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
    command.addAll(arguments);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String printed;
    try (InputStream output = process.getInputStream()) {
      printed = new String(output.readAllBytes(), StandardCharsets.UTF_8);
    } finally {
      process.destroyForcibly();
    }
    int status = process.waitFor();
    if (status != 0) {
      throw new IOException(
          main.getSimpleName() + " " + arguments + " ended with status " + status + ": " + printed);
    }
    return printed
        .lines()
        .filter(line -> line.startsWith(MARK))
        .map(line -> line.substring(MARK.length()))
        .toList();
  }

  /** Called in such a JVM: gives back a line. */
  public static void report(String line) {
    OUT.println(MARK + line);
  }
}
