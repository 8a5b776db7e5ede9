/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * Swap for a test. Uses what the machine has, or adds a small file and takes it away again, also
 * when the JVM ends early. Where neither can be done, the test is skipped with the reason.
 */
final class TemporarySwap implements AutoCloseable {
  private static final int BLOCK_BYTES = 1 << 20;

  private final Path file;
  private final Thread onExit;

  private TemporarySwap(Path file) {
    this.file = file;
    this.onExit = new Thread(this::remove);
    Runtime.getRuntime().addShutdownHook(onExit);
  }

  /** Swap of at least this size, which is whole MiB. */
  static TemporarySwap ofAtLeast(long byteSize) throws IOException, InterruptedException {
    if (freeBytes() >= byteSize) {
      return new TemporarySwap(Path.of(""));
    }
    if (!"root".equals(System.getProperty("user.name"))) {
      throw skip(
          String.format(
              Locale.ROOT, "no swap of %d bytes is free, and only root can add some", byteSize));
    }
    Path file = Files.createTempFile(Path.of("target").toAbsolutePath(), "swap", ".test");
    TemporarySwap swap = new TemporarySwap(file);
    try (OutputStream out = Files.newOutputStream(file)) {
      byte[] zeros = new byte[BLOCK_BYTES]; // a sparse file cannot be swap
      for (long done = 0; done < byteSize + BLOCK_BYTES; done += BLOCK_BYTES) {
        out.write(zeros);
      }
    }
    String failure = run("chmod", "600", file.toString());
    failure += run("mkswap", file.toString());
    failure += failure.isEmpty() ? run("swapon", file.toString()) : "";
    if (!failure.isEmpty()) {
      swap.close();
      throw skip("swap cannot be added: " + failure);
    }
    return swap;
  }

  /** Logs why a test cannot run here, and ends it. */
  static RuntimeException skip(String reason) {
    System.getLogger(TemporarySwap.class.getName())
        .log(System.Logger.Level.INFO, "skipped: {0}", reason);
    return Assumptions.<RuntimeException>abort(reason);
  }

  private static long freeBytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
      if (line.startsWith("SwapFree:")) {
        String kib = line.substring("SwapFree:".length()).strip();
        return Long.parseLong(kib, 0, kib.indexOf(' '), 10) * 1024;
      }
    }
    return 0;
  }

  /** Runs a command and returns what it complained about; empty if it succeeded. */
  static String run(String... command) throws IOException, InterruptedException {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException missing) {
      return command[0] + " cannot be run: " + missing.getMessage();
    }
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      return command[0] + " did not end";
    }
    return process.exitValue() == 0 ? "" : command[0] + ": " + said.strip();
  }

  @Override
  public String toString() {
    return file.toString().isEmpty() ? "the machine's own swap" : "swap in " + file;
  }

  @Override
  public void close() {
    remove();
    Runtime.getRuntime().removeShutdownHook(onExit);
  }

  private void remove() {
    if (file.toString().isEmpty()) {
      return; // the machine's own
    }
    try {
      if (Files.readString(Path.of("/proc/swaps")).contains(file.toString())) {
        String failure = run("swapoff", file.toString());
        if (!failure.isEmpty()) {
          throw new IllegalStateException(failure);
        }
      }
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new IllegalStateException("swap file " + file + " is left behind", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("swap file " + file + " is left behind", e);
    }
  }
}
