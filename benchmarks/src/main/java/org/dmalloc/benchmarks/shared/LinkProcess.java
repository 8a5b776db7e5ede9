/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.shared;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The JVM at the other end of a link, with the options of this one. Closing ends it. */
final class LinkProcess implements AutoCloseable {
  private static final long LONGEST_SECONDS = 60;

  private final Process process;
  private final Path output;

  private LinkProcess(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  static LinkProcess start(Link.Way way, Path directory) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            LinkChild.class.getName(),
            way.name(),
            directory.toString()));
    Path output = directory.resolve("child.txt");
    return new LinkProcess(
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start(),
        output);
  }

  /** Waits for its end, and fails if that was none. */
  void awaitEnd() throws IOException, InterruptedException {
    if (!process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IOException("the other JVM failed: " + Files.readString(output));
    }
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
