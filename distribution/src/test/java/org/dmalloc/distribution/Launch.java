/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** A running launcher, in directories of its own. */
final class Launch implements AutoCloseable {
  private static final long DEADLINE_SECONDS = 120;

  private final Process process;
  private final CompletableFuture<String> out;
  private final CompletableFuture<String> err;

  /**
   * What a launcher left.
   *
   * @param status its exit status
   * @param out what it wrote to stdout
   * @param err what it wrote to stderr
   */
  record Result(int status, String out, String err) {}

  private Launch(Process process) {
    this.process = process;
    this.out = CompletableFuture.supplyAsync(() -> text(process.getInputStream()));
    this.err = CompletableFuture.supplyAsync(() -> text(process.getErrorStream()));
  }

  private static String text(InputStream in) {
    try {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Starts the launcher in a directory, which also has its temporary files, its store and its
   * configuration.
   */
  static Launch start(Path directory, Map<String, String> environment, String... words)
      throws IOException {
    return start(List.of(), layout(), directory, environment, words);
  }

  /**
   * Starts a launcher.
   *
   * @param prefix the program that starts it, with its arguments; empty for none
   * @param layout where it is installed
   */
  static Launch start(
      List<String> prefix,
      Path layout,
      Path directory,
      Map<String, String> environment,
      String... words)
      throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(layout.resolve("bin/dmalloc").toString());
    command.addAll(List.of(words));
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    Map<String, String> all = builder.environment();
    all.put("TMPDIR", Files.createDirectories(directory.resolve("tmp")).toString());
    all.put("DMALLOC_DIRECTORY", directory.resolve("store").toString());
    all.put("DMALLOC_CONFIG", Files.createDirectories(directory.resolve("etc")).toString());
    all.put("DMALLOC_JAVA_HOME", System.getProperty("java.home"));
    all.put("DMALLOC_AOT", "off");
    all.remove("TERM");
    all.putAll(environment);
    return new Launch(builder.start());
  }

  /**
   * Runs lines of the shell in a directory. {@code $dmalloc} is the launcher, {@code $layout} where
   * it is installed, {@code $e} the letter é; bytes that are not ASCII must come from the shell, as
   * the encoding of this JVM may lack them.
   */
  static Result shell(Path directory, Map<String, String> environment, String script)
      throws Exception {
    List<String> prefix =
        List.of(
            "sh",
            "-c",
            "dmalloc=$0; layout=${0%/bin/dmalloc}; e=$(printf '\\303\\251')\n" + script);
    try (Launch launch = start(prefix, layout(), directory, environment)) {
      launch.process.getOutputStream().close();
      return launch.await();
    }
  }

  /** Starts a line of the calling shell, which may start launchers; errors go where results go. */
  static Launch line(String line, Path directory, Map<String, String> environment)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder("/bin/sh", "-c", line).directory(directory.toFile());
    builder.redirectErrorStream(true);
    Map<String, String> all = builder.environment();
    all.put("TMPDIR", Files.createDirectories(directory.resolve("tmp")).toString());
    all.put("DMALLOC_JAVA_HOME", System.getProperty("java.home"));
    all.put("DMALLOC_AOT", "off");
    all.remove("TERM");
    all.remove("DMALLOC_DIRECTORY");
    all.remove("DMALLOC_CONFIG");
    all.putAll(environment);
    return new Launch(builder.start());
  }

  void endInput() throws IOException {
    process.getOutputStream().close();
  }

  static Path layout() {
    return Path.of(System.getProperty("dmalloc.layout", "target/dmalloc")).toAbsolutePath();
  }

  /** Runs the launcher to its end. */
  static Result run(Path directory, String... words) throws Exception {
    return run(directory, Map.of(), words);
  }

  /** Runs the launcher, with variables of its own, to its end. */
  static Result run(Path directory, Map<String, String> environment, String... words)
      throws Exception {
    try (Launch launch = start(directory, environment, words)) {
      launch.process.getOutputStream().close();
      return launch.await();
    }
  }

  /** Runs the launcher with lines on its standard input. */
  static Result pipe(Path directory, String... lines) throws Exception {
    try (Launch launch = start(directory, Map.of())) {
      launch.write(String.join("\n", lines));
      launch.process.getOutputStream().close();
      return launch.await();
    }
  }

  void write(String text) throws IOException {
    OutputStream in = process.getOutputStream();
    in.write(text.getBytes(StandardCharsets.UTF_8));
    in.flush();
  }

  /** Waits for the end. */
  Result await() throws InterruptedException, ExecutionException, TimeoutException {
    if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
      throw new TimeoutException("the launcher still runs");
    }
    return new Result(
        process.exitValue(),
        out.get(DEADLINE_SECONDS, TimeUnit.SECONDS),
        err.get(DEADLINE_SECONDS, TimeUnit.SECONDS));
  }

  /** Sends a signal by its name. */
  void signal(String name) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }

  long pid() {
    return process.pid();
  }

  /** What is in the temporary directory. */
  static List<Path> temporaryFiles(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("tmp"))) {
      return files.toList();
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
