/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Runs a system program that changes the system. An interrupt does not end it half-way: it
 * finishes, and the interrupt is seen afterwards.
 */
final class SystemProgram {
  /** Directories with administrators' programs that the PATH of other users lacks. */
  private static final List<String> ADMINISTRATOR_PATHS =
      List.of("/usr/local/sbin", "/usr/sbin", "/sbin");

  private SystemProgram() {}

  static Optional<Path> find(String name) {
    String path = System.getenv("PATH");
    return Stream.concat(
            path == null ? Stream.empty() : Stream.of(path.split(File.pathSeparator, -1)),
            ADMINISTRATOR_PATHS.stream())
        .filter(directory -> directory.startsWith("/"))
        .map(directory -> Path.of(directory, name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /**
   * Runs a program, a name or path with its arguments, to its end.
   *
   * @return its output, errors included
   * @throws IOException if it is missing or its status is not 0; the message has its first line
   */
  static String run(String... words) throws IOException {
    List<String> command = new ArrayList<>(List.of(words));
    String name = words[0];
    Path program =
        (name.startsWith("/") ? Optional.of(Path.of(name)) : find(name))
            .orElseThrow(
                () -> new IOException(name + ": not found; install the package that has it"));
    command.set(0, program.toString());
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C");
    boolean interrupted = Thread.interrupted();
    try {
      Process process = builder.start();
      process.getOutputStream().close();
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      int status = process.onExit().join().exitValue();
      if (status != 0) {
        throw new IOException(
            String.format(
                Locale.ROOT,
                "%s: exit status %d: %s",
                // "--" precedes the program that this one runs.
                String.join(" ", command.stream().takeWhile(w -> !w.equals("--")).toList()),
                status,
                output.lines().findFirst().orElse("no output")));
      }
      return output;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
