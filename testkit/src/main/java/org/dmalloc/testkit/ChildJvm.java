/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A JVM with the class path of this one, which runs an act of {@link ChildMain}. Closing ends it.
 */
final class ChildJvm implements AutoCloseable {
  private final Process process;
  private final Path output;

  private ChildJvm(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  /** Starts a JVM that makes a provider on the directory with the fixture, and runs the act. */
  static ChildJvm start(
      String fixture, Path directory, ChildMain.Act act, String name, long... numbers)
      throws IOException {
    List<String> command =
        DoomedJvm.command(ChildMain.class, fixture, directory.toString(), act.name(), name);
    for (long number : numbers) {
      command.add(Long.toString(number));
    }
    Path output = Files.createTempFile("dmalloc-child-", ".txt");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    return new ChildJvm(process, output);
  }

  /** Waits until the child has said the word, on a line of its own. */
  void awaitWord(String word) throws Exception {
    Await.until(
        "the child to say " + word + ", it says: " + said(),
        () -> said().lines().anyMatch(word::equals) || !process.isAlive());
    assertEquals(true, said().lines().anyMatch(word::equals), "the child said: " + said());
  }

  /** Tells a child that holds a region to close it. */
  void release() throws IOException {
    process.getOutputStream().close();
  }

  /** Kills the child at once, as kill -9 does. */
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  void assertEndsWith(int status) throws Exception {
    if (!process.waitFor(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("the child does not end; it said: " + said());
    }
    assertEquals(status, process.exitValue(), "the child said: " + said());
  }

  private String said() throws IOException {
    return Files.readString(output);
  }

  @Override
  public void close() throws IOException {
    kill();
    Files.deleteIfExists(output);
  }
}
