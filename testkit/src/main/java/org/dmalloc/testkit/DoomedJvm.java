/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A JVM with the class path of this one that is killed in the middle of its work. */
public final class DoomedJvm implements AutoCloseable {
  /** Far beyond what it needs on a machine without an idle processor. */
  private static final Duration DEADLINE = Duration.ofMinutes(5);

  private static final long RETRY_NANOS = 50_000;

  private final Process process;
  private final Path output;

  private DoomedJvm(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  /**
   * Starts one.
   *
   * @param output the file that gets what it says
   */
  public static DoomedJvm start(Path output, Class<?> main, String... arguments)
      throws IOException {
    Process process =
        new ProcessBuilder(command(main, arguments))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    return new DoomedJvm(process, output);
  }

  /** A command for a JVM with the class path of this one, which starts soon and takes little. */
  static List<String> command(Class<?> main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.add("-XX:TieredStopAtLevel=1");
    command.add("-XX:+UseSerialGC");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(main.getName());
    command.addAll(List.of(arguments));
    return command;
  }

  /** Waits until it has worked for so long as the condition says; fails if it ends or hangs. */
  public void await(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + DEADLINE.toNanos();
    while (!condition.call()) {
      assertAlive();
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("the child hangs before " + what + ": " + said());
      }
      LockSupport.parkNanos(RETRY_NANOS);
    }
    assertAlive();
  }

  /** Lets it work for some time; fails if it ends meanwhile. */
  public void await(long millis) throws InterruptedException {
    process.waitFor(millis, TimeUnit.MILLISECONDS);
    assertAlive();
  }

  private void assertAlive() {
    if (!process.isAlive()) {
      throw new AssertionError("the child ended by itself: " + said());
    }
  }

  private String said() {
    try {
      return Files.readString(output);
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** Kills it at once, as kill -9 does, and waits for its end. */
  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }

  @Override
  public String toString() {
    return "process " + process.pid();
  }
}
