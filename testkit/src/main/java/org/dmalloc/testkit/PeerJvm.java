/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A JVM that has a region open beside this one, and does what {@link PeerMain} knows; closing kills
 * it.
 */
public final class PeerJvm implements AutoCloseable {
  private final Process process;
  private final Path log;
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();

  private PeerJvm(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /**
   * Starts one with a provider on the directory.
   *
   * @param fixture the name of a class as {@link ProviderFixture#childFixture} gives it
   */
  public static PeerJvm start(String fixture, Path directory) throws IOException {
    Path log = Files.createTempFile("dmalloc-peer-", ".txt");
    Process process =
        new ProcessBuilder(DoomedJvm.command(PeerMain.class, fixture, directory.toString()))
            .redirectError(log.toFile())
            .start();
    PeerJvm peer = new PeerJvm(process, log);
    Thread.ofVirtual().start(peer::listen);
    return peer;
  }

  private void listen() {
    try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        answers.add(line);
      }
    } catch (IOException e) {
      answers.add(PeerMain.FAILED + e);
    }
  }

  /** Its process. */
  public long pid() {
    return process.pid();
  }

  /** Has it do something, and returns the result; fails if that is refused. */
  public String ask(String command) throws Exception {
    tell(command);
    return answer(command);
  }

  /** Like {@link #ask}, for a result that is a number. */
  public long askNumber(String command) throws Exception {
    return Long.parseLong(ask(command));
  }

  /** Has it begin something. */
  public void tell(String command) throws IOException {
    OutputStream out = process.getOutputStream();
    out.write((command + "\n").getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  /** Waits for the result of what it was told first, of what it has not answered yet. */
  public String answer(String command) throws Exception {
    String line = line(command);
    assertTrue(line.startsWith(PeerMain.OK), command + ": " + line);
    return line.substring(PeerMain.OK.length());
  }

  /** Has it do something that is refused by a MemoryException, and returns the message. */
  public String askRefused(String command) throws Exception {
    return askInVain(PeerMain.REFUSED, command);
  }

  /** Has it do something that ends with another exception, and returns that. */
  public String askFailed(String command) throws Exception {
    return askInVain(PeerMain.FAILED, command);
  }

  private String askInVain(String kind, String command) throws Exception {
    tell(command);
    String line = line(command);
    assertTrue(line.startsWith(kind), command + ": " + line);
    return line.substring(kind.length());
  }

  private String line(String command) throws Exception {
    @Nullable String line = answers.poll(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
    if (line == null) {
      throw new AssertionError("no answer to " + command + ": " + Files.readString(log));
    }
    return line;
  }

  /** Kills it, as kill -9 does. */
  public void kill() {
    process.destroyForcibly().onExit().join();
  }

  /** Ends its input, and waits until it has ended by itself. */
  public void end() throws Exception {
    process.getOutputStream().close();
    assertTrue(process.waitFor(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS), "it does not end");
    assertEquals(0, process.exitValue(), Files.readString(log));
  }

  @Override
  public void close() throws IOException {
    kill();
    Files.deleteIfExists(log);
  }
}
