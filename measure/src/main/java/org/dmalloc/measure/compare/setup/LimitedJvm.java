/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.setup;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A JVM for one task, inside a limit where there is one. The task is the first line of its standard
 * input, which then stays open for as long as the JVM is wanted. The JVM answers in lines, and is
 * ended if it prints nothing for {@code silence}.
 */
public record LimitedJvm(
    String mainClass,
    List<Path> classPath,
    long heapBytes,
    List<String> options,
    Duration silence) {
  public static final Duration UNLIMITED = Duration.ofDays(365);

  private static final String END_OF_OUTPUT = "";
  private static final int KILLED = 128 + 9;

  public LimitedJvm {
    classPath = List.copyOf(classPath);
    options = List.copyOf(options);
  }

  /**
   * The end of the JVM.
   *
   * @param failure why it ended before its last line; empty if it did not
   * @param peakBytes the peak of its charged memory; empty if unknown
   * @param cut whether its time limit ended it, which is no failure
   */
  public record End(String failure, OptionalLong peakBytes, boolean cut) {}

  /**
   * Runs it to its end. An interrupt of the calling thread ends the child first.
   *
   * @param task one line
   * @param place null for no limit
   * @param lines takes each line of the child, and returns whether it was the last expected one
   */
  public End run(
      String task, MemoryLimit.@Nullable Place place, Predicate<String> lines, Duration atMost)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + atMost.toNanos();
    List<String> command = command();
    ProcessBuilder builder = new ProcessBuilder(place == null ? command : place.wrap(command));
    // The Java variables of a user's shell must not change a contender.
    builder
        .environment()
        .keySet()
        .removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"));
    Process process = builder.start();
    try {
      return converse(process, task, place, lines, end);
    } finally {
      process.destroyForcibly();
      process.onExit().join();
    }
  }

  private List<String> command() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx" + heapBytes);
    // A small heap and no GC threads, because the JVM lives within the limit.
    command.add("-XX:+UseSerialGC");
    command.add("-XX:-UsePerfData");
    command.add("-XX:ReservedCodeCacheSize=32m");
    command.add("-XX:CICompilerCount=2");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(options);
    command.add("-cp");
    command.add(classPath.stream().map(Path::toString).collect(Collectors.joining(":")));
    command.add(mainClass);
    return command;
  }

  private End converse(
      Process process,
      String task,
      MemoryLimit.@Nullable Place place,
      Predicate<String> lastOf,
      long end)
      throws IOException, InterruptedException {
    BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    // An interrupt does not end a read of a pipe, but it ends the wait for a queue.
    Thread.ofPlatform()
        .daemon(true)
        .name("dmalloc-child-output")
        .start(() -> copyLines(process, lines));
    CompletableFuture<String> error = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon(true)
        .name("dmalloc-child-errors")
        .start(() -> error.complete(firstError(process)));
    // The input stays open, because its end tells the child to end.
    OutputStream input = process.getOutputStream();
    try {
      input.write((task + "\n").getBytes(StandardCharsets.UTF_8));
      input.flush();
    } catch (IOException e) {
      // The child has ended; its exit status tells the reason.
    }
    String failure = "";
    boolean last = false;
    boolean cut = false;
    while (true) {
      long left = end - System.nanoTime();
      String line =
          left <= 0 ? null : lines.poll(Math.min(left, silence.toNanos()), TimeUnit.NANOSECONDS);
      if (line == null && end - System.nanoTime() <= 0) {
        cut = true;
        break;
      }
      if (line == null) {
        failure = "said nothing for " + silence.toSeconds() + " s and was ended";
        break;
      }
      if (line.equals(END_OF_OUTPUT)) {
        break;
      }
      last |= lastOf.test(line);
    }
    if (!last && !cut && failure.isEmpty()) {
      failure = exitReason(process, place, error);
    }
    return new End(failure, place == null ? OptionalLong.empty() : place.peakBytes(), cut);
  }

  private static void copyLines(Process process, BlockingQueue<String> lines) {
    try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
      reader.lines().filter(line -> !line.isEmpty()).forEach(lines::add);
    } catch (IOException | UncheckedIOException e) {
      // The child was ended: the same as the end of its output.
    }
    lines.add(END_OF_OUTPUT);
  }

  /** The first line of a child's errors. All are read, so that the child never blocks. */
  private static String firstError(Process process) {
    String first = "";
    try (BufferedReader reader = process.errorReader(StandardCharsets.UTF_8)) {
      String line;
      while ((line = reader.readLine()) != null) {
        first = first.isEmpty() ? line.strip() : first;
      }
    } catch (IOException e) {
      // The child was ended; its earlier output counts.
    }
    return first;
  }

  private static String exitReason(
      Process process, MemoryLimit.@Nullable Place place, CompletableFuture<String> error)
      throws InterruptedException {
    int status = process.waitFor();
    if (place != null && place.outOfMemoryKills().orElse(0) > 0) {
      return "killed by the kernel: out of memory; give more swap or a higher limit";
    }
    if (status == KILLED) {
      return "killed from outside (signal 9), perhaps out of memory";
    }
    String first = error.join();
    return String.format(
        Locale.ROOT, "ended with status %d: %s", status, first.isEmpty() ? "no message" : first);
  }
}
