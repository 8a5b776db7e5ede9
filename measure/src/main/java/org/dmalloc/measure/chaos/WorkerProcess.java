/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.stream.Collectors;
import org.dmalloc.measure.chaos.worker.WorkerMessage;
import org.dmalloc.measure.chaos.worker.WorkerTask;
import org.jspecify.annotations.Nullable;

/** The process of one worker of one generation. The conductor's thread alone uses it. */
final class WorkerProcess {
  private static final Gson GSON = new Gson();

  private final int worker;
  private final int generation;
  private final Process process;

  /** What a worker's log begins with for what is no message: the words of its JVM. */
  private final Path log;

  private boolean ordered;
  private boolean killed;
  private boolean standing;
  private boolean ready;

  /** Set by the thread that reads, for the conductor may be busy. */
  private volatile long heardAt = System.nanoTime();

  private @Nullable WorkerMessage counts;

  /**
   * What the conductor hears.
   *
   * @param message null for the end of the process
   */
  record Event(WorkerProcess from, @Nullable WorkerMessage message) {}

  private WorkerProcess(WorkerTask task, Process process, Path log) {
    this.worker = task.worker();
    this.generation = task.generation();
    this.process = process;
    this.log = log;
  }

  /** Starts one, which tells the queue what it says. */
  static WorkerProcess start(WorkerJvm jvm, WorkerTask task, BlockingQueue<Event> events)
      throws IOException {
    Path control = Path.of(task.control());
    Path log = control.resolve("worker-" + task.worker() + "-" + task.generation() + ".log");
    Path temporary =
        Files.createDirectories(control.resolve("tmp-" + task.worker() + "-" + task.generation()));
    // An interrupt key of a terminal goes to all its processes: this one ends workers itself.
    List<String> command =
        new ArrayList<>(List.of("/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx192m",
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            "-XX:ErrorFile=" + log.resolveSibling(log.getFileName() + ".hs_err"),
            "-XX:ReservedCodeCacheSize=64m",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Djava.io.tmpdir=" + temporary));
    command.addAll(jvm.options());
    command.add("-cp");
    command.add(jvm.classPath().stream().map(Path::toString).collect(Collectors.joining(":")));
    command.add(jvm.mainClass());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder
        .environment()
        .keySet()
        .removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"));
    builder.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    Process process = builder.start();
    WorkerProcess started = new WorkerProcess(task, process, log);
    Thread.ofPlatform()
        .daemon()
        .name("dmalloc-chaos-output-" + task.worker())
        .start(() -> started.listen(events));
    started.send(GSON.toJson(task));
    return started;
  }

  private void listen(BlockingQueue<Event> events) {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        WorkerMessage message = message(line);
        heardAt = System.nanoTime();
        if (message == null) {
          Files.writeString(log, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } else {
          events.add(new Event(this, message));
        }
      }
    } catch (IOException | UncheckedIOException e) {
      // It was killed: the same as the end of its output.
    }
    process.onExit().join();
    events.add(new Event(this, null));
  }

  /** Null for a line that is none, as that of a JVM which dies, or one that a kill cut. */
  private static @Nullable WorkerMessage message(String line) {
    if (!line.startsWith(WorkerMessage.MARK)) {
      return null;
    }
    try {
      return GSON.fromJson(line.substring(WorkerMessage.MARK.length()), WorkerMessage.class);
    } catch (JsonParseException e) {
      return null;
    }
  }

  /** Sends a line; nothing happens if it has ended. */
  void send(String line) {
    OutputStream input = process.getOutputStream();
    try {
      input.write((line + "\n").getBytes(StandardCharsets.UTF_8));
      input.flush();
    } catch (IOException e) {
      // It has ended, and its end is told by an event.
    }
  }

  /** Kills it: that it ends from here on is as it should be. */
  void kill() {
    ordered = true;
    killed = true;
    process.destroyForcibly();
  }

  /** Notes that it is told to end. */
  void finish() {
    ordered = true;
    send(WorkerTask.FINISH);
  }

  /** Whether it was killed, and so has compared nothing at its end. */
  boolean isKilled() {
    return killed;
  }

  boolean isOrderedToEnd() {
    return ordered;
  }

  void stand(boolean now) {
    standing = now;
    heardAt = System.nanoTime();
  }

  boolean isStanding() {
    return standing;
  }

  void heard(WorkerMessage message) {
    if (message.kind() == WorkerMessage.Kind.READY) {
      ready = true;
    } else if (message.kind() == WorkerMessage.Kind.COUNTS) {
      counts = message;
    }
  }

  /** Whether it has looked at what the one before it left. */
  boolean isReady() {
    return ready;
  }

  long silentNanos() {
    return System.nanoTime() - heardAt;
  }

  @Nullable WorkerMessage counts() {
    return counts;
  }

  boolean isAlive() {
    return process.isAlive();
  }

  int exitValue() {
    return process.exitValue();
  }

  long pid() {
    return process.pid();
  }

  int worker() {
    return worker;
  }

  int generation() {
    return generation;
  }

  Path log() {
    return log;
  }

  /** Waits for the end of a process that was killed. */
  void awaitEnd() {
    process.onExit().join();
  }

  @Override
  public String toString() {
    return "worker " + worker + ", generation " + generation;
  }
}
