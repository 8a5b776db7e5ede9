/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;

/** A program behind a script of this module: its command line, its streams and its exit status. */
public final class Program {
  private static final int FAILED = 1;
  private static final int USAGE = 2;

  private Program() {}

  @FunctionalInterface
  public interface Task {
    /** Measures and prints; a failure becomes one line on standard error. */
    void run(PrintStream out, PrintStream err) throws IOException, InterruptedException;
  }

  /**
   * Runs a program, and ends the JVM if it fails.
   *
   * @param name the prefix of its messages
   * @param help its options, in the form of {@link Arguments}
   * @param tasks makes the task of a command line; throws {@link IllegalArgumentException} with the
   *     value and the next step if a value is bad
   */
  public static void main(
      String name, String help, String[] words, Function<Arguments, Task> tasks) {
    PrintStream out = utf8(FileDescriptor.out);
    PrintStream err = utf8(FileDescriptor.err);
    Task task;
    try {
      Arguments arguments = new Arguments(help, List.of(words));
      task = arguments.has("--help") ? (o, e) -> o.print(help) : tasks.apply(arguments);
    } catch (IllegalArgumentException e) {
      err.println(name + ": " + e.getMessage());
      Runtime.getRuntime().exit(USAGE);
      return;
    }
    try {
      task.run(out, err);
    } catch (IOException e) {
      err.println(name + ": " + e.getMessage());
      Runtime.getRuntime().exit(FAILED);
    } catch (InterruptedException e) {
      err.println(name + ": interrupted; all is put back");
      Runtime.getRuntime().exit(FAILED);
    }
  }

  private static PrintStream utf8(FileDescriptor descriptor) {
    return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
  }
}
