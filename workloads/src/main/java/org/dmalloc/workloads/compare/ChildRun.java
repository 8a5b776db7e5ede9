/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.workloads.compare;

import com.google.gson.Gson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.dmalloc.workloads.compare.cell.CellRun;
import org.dmalloc.workloads.compare.child.ChildMessage;
import org.dmalloc.workloads.compare.child.ChildTask;
import org.dmalloc.workloads.compare.child.ContenderProcess;
import org.dmalloc.workloads.compare.setup.MemoryLimit;
import org.jspecify.annotations.Nullable;

/** Runs one task in a child JVM, inside a limit where there is one, and hears what it tells. */
final class ChildRun {
  private static final Gson GSON = new Gson();
  private static final String END_OF_OUTPUT = "";
  private static final int KILLED = 128 + 9;

  private final List<Path> classPath;
  private final long heapBytes;
  private final Duration patience;

  /**
   * Prepares runs.
   *
   * @param classPath what the child needs, {@link ContenderProcess} included
   * @param heapBytes the child's Java heap
   * @param patience how long the child may say nothing before it is ended
   */
  ChildRun(List<Path> classPath, long heapBytes, Duration patience) {
    this.classPath = List.copyOf(classPath);
    this.heapBytes = heapBytes;
    this.patience = patience;
  }

  /**
   * What a child told.
   *
   * @param note about its memory
   * @param runs the cells that it finished
   * @param refusals the workloads that it could not run, and why
   * @param failure why it ended early; empty if it did not
   * @param failedIn the workload that it was at then; empty if none
   * @param peakBytes the most that it was charged for; empty if unknown
   */
  record Result(
      String note,
      List<CellRun> runs,
      Map<String, String> refusals,
      String failure,
      String failedIn,
      OptionalLong peakBytes) {}

  /** Runs a task to its end. When the calling thread is interrupted, the child is ended first. */
  Result run(ChildTask task, MemoryLimit.@Nullable Place place, Consumer<String> begins)
      throws IOException, InterruptedException {
    List<String> command = command();
    Path errors = Files.createTempFile("dmalloc-compare-", ".err");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(place == null ? command : place.wrap(command))
              .redirectError(errors.toFile());
      // What a user's shell sets for Java must not change a contender behind its back.
      builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS"));
      Process process = builder.start();
      try {
        return converse(process, task, place, errors, begins);
      } finally {
        process.destroyForcibly();
        process.onExit().join();
      }
    } finally {
      Files.deleteIfExists(errors);
    }
  }

  private List<String> command() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx" + heapBytes);
    // Small and without threads of its own: it lives within the limit.
    command.add("-XX:+UseSerialGC");
    command.add("-XX:-UsePerfData");
    command.add("-XX:ReservedCodeCacheSize=32m");
    command.add("-XX:CICompilerCount=2");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-cp");
    command.add(classPath.stream().map(Path::toString).collect(Collectors.joining(":")));
    command.add(ContenderProcess.class.getName());
    return command;
  }

  private Result converse(
      Process process,
      ChildTask task,
      MemoryLimit.@Nullable Place place,
      Path errors,
      Consumer<String> begins)
      throws IOException, InterruptedException {
    BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    // A blocked read of a pipe hears no interrupt; a queue does.
    Thread.ofPlatform()
        .daemon(true)
        .name("dmalloc-compare-output")
        .start(() -> copyLines(process, lines));
    List<CellRun> runs = new ArrayList<>();
    Map<String, String> refusals = new LinkedHashMap<>();
    String note = "";
    String current = "";
    String failure = "";
    boolean done = false;
    // Left open: its end tells the child that nobody wants it any more.
    OutputStream input = process.getOutputStream();
    try {
      input.write((GSON.toJson(task) + "\n").getBytes(StandardCharsets.UTF_8));
      input.flush();
    } catch (IOException e) {
      // The child is gone already; its exit says why.
      failure = "";
    }
    while (true) {
      String line = lines.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
      if (line == null) {
        failure = "said nothing for %d s and was ended".formatted(patience.toSeconds());
        break;
      }
      if (line.equals(END_OF_OUTPUT)) {
        break;
      }
      if (!line.startsWith(ChildMessage.MARK)) {
        continue;
      }
      ChildMessage message =
          GSON.fromJson(line.substring(ChildMessage.MARK.length()), ChildMessage.class);
      switch (message.kind()) {
        case READY -> note = message.text();
        case BEGIN -> {
          current = message.text();
          begins.accept(current);
        }
        case CELL -> {
          CellRun run = message.run();
          if (run != null) {
            runs.add(run);
          }
        }
        case REFUSED -> refusals.put(current, message.text());
        case FAILED -> failure = message.text();
        case DONE -> done = true;
      }
    }
    if (!done && failure.isEmpty()) {
      failure = exitReason(process, place, errors);
    }
    return new Result(
        note,
        runs,
        refusals,
        failure,
        failure.isEmpty() ? "" : current,
        place == null ? OptionalLong.empty() : place.peakBytes());
  }

  private static void copyLines(Process process, BlockingQueue<String> lines) {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      String line;
      while ((line = reader.readLine()) != null) {
        if (!line.isEmpty()) {
          lines.add(line);
        }
      }
    } catch (IOException e) {
      // The child was ended: the same as the end of its output.
    }
    lines.add(END_OF_OUTPUT);
  }

  private static String exitReason(Process process, MemoryLimit.@Nullable Place place, Path errors)
      throws IOException, InterruptedException {
    int status = process.waitFor();
    if (place != null && place.outOfMemoryKills().orElse(0) > 0) {
      return "killed by the kernel for want of memory; give more swap or a higher limit";
    }
    if (status == KILLED) {
      return "killed from outside (signal 9), perhaps for want of memory";
    }
    String first =
        Files.readString(errors).lines().filter(line -> !line.isBlank()).findFirst().orElse("");
    return "ended with status %d: %s".formatted(status, first.isEmpty() ? "no message" : first);
  }
}
