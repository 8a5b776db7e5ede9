/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.dmalloc.api.Capability;
import org.dmalloc.shell.batch.BatchRun;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.session.UnmatchedPattern;
import org.dmalloc.testkit.memory.InMemoryProvider;
import org.dmalloc.testkit.memory.InMemoryStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BatchRunTest {
  private final InMemoryProvider files =
      new InMemoryProvider(
          "files",
          Set.of(Capability.NAMED),
          new InMemoryStore("/store"),
          1 << 26,
          Duration.ofSeconds(1));
  private final GogoShell shell = new GogoShell(files);
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @AfterEach
  void close() {
    shell.close();
  }

  private int run(String... words) {
    out.reset();
    err.reset();
    try (BatchRun run =
        new BatchRun(shell.processor, InputStream.nullInputStream(), out, err, "", 0)) {
      return run.run(List.of(words));
    }
  }

  private int pipe(String... lines) {
    try (BatchRun run =
        new BatchRun(shell.processor, InputStream.nullInputStream(), out, err, "", 0)) {
      return run.runLines(GogoShell.input(lines));
    }
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aWordThatIsTakenForNamesOfFilesIsToBeQuoted() {
    assertEquals(1, pipe("stored s3://bucket/prefix?endpoint=http://host"));
    assertEquals(
        "dmalloc: no matches found: s3://bucket/prefix?endpoint=http://host; put the word between '"
            + " where ?, * and [ are meant as they are\n",
        err());
  }

  @Test
  void onATerminalThatIsSaidBesideGogosOwnMessage() throws Exception {
    shell.processor.addListener(new UnmatchedPattern());
    String line = "stored s3://bucket/prefix?endpoint=http://host";
    assertTrue(shell.fail(line).contains("no matches found"));
    assertEquals("", shell.out());
    shell.session.put(Console.TERMINAL, "a terminal");
    assertTrue(shell.fail(line).contains("no matches found"));
    shell.fail("stored --nonsense");
    assertEquals(
        "dmalloc: put the word between ' where ?, * and [ are meant as they are\n", shell.out());
  }

  @Test
  void wordsArriveExactlyAsGiven() {
    for (String name :
        List.of(
            "two words",
            "$PATH",
            "$(exit)",
            "a;b",
            "a|b",
            "'q'",
            "\"d\"",
            "\\n",
            "{c}",
            "[l]",
            "<x>",
            "*",
            "~",
            "#h",
            "a=b",
            "%(1+1)",
            "ä€😀",
            "&",
            "`x`",
            "a\\",
            "!!",
            "(regions)")) {
      assertEquals(0, run("alloc", "64", "-n", name), err());
      assertEquals(name, files.requests().getLast().name());
      assertEquals(0, run("write", name, "0", name), err());
      int length = name.getBytes(StandardCharsets.UTF_8).length;
      assertEquals(0, run("read", name, "0", Integer.toString(length), "--raw"), err());
      assertEquals(name, out());
    }
  }

  @Test
  void theStatusTellsHowItWent() {
    assertEquals(BatchRun.OK, run("providers"));
    assertEquals(BatchRun.FAILED, run("alloc", "1g"));
    assertTrue(err().startsWith("dmalloc: allocate 1073741824 bytes"), err());
    assertEquals(1, err().lines().count(), err());
    assertEquals("", out());
    assertEquals(BatchRun.USAGE, run("alloc", "tiny"));
    assertEquals(BatchRun.USAGE, run("allco", "1k"));
    assertTrue(err().startsWith("dmalloc: command 'allco' is unknown; did you mean alloc?"), err());
    assertEquals(BatchRun.OK, run("alloc", "--help"));
    assertTrue(out().startsWith("alloc – "), out());
  }

  @Test
  void linesRunInOneSessionAndGoOnAfterAFailure() {
    assertEquals(
        BatchRun.FAILED,
        pipe(
            "# a comment",
            "",
            "alloc 64 -n 'two words'",
            "alloc 1g",
            "write 'two words' 0 {",
            "  x",
            "}",
            "read 'two words' 0 3"));
    assertTrue(err().startsWith("dmalloc: allocate 1073741824 bytes"), err());
    assertTrue(out().contains("region "), out());
    assertTrue(out().contains("00000000"), out());
  }

  @Test
  void theLastFailureDecides() {
    assertEquals(BatchRun.USAGE, pipe("alloc 1g", "alloc tiny", "providers"));
    assertEquals(BatchRun.OK, pipe("providers"));
    assertEquals(BatchRun.OK, pipe("exit", "alloc 1g"));
    assertEquals(BatchRun.USAGE, pipe("nonsense"));
    assertTrue(err().contains("dmalloc: command 'nonsense' is unknown; give one of"), err());
    assertEquals(BatchRun.FAILED, pipe("providers '"));
  }

  private int pipe(byte[] input, OutputStream target) {
    try (BatchRun run =
        new BatchRun(shell.processor, InputStream.nullInputStream(), target, err, "", 0)) {
      return run.runLines(new ByteArrayInputStream(input));
    }
  }

  @Test
  void aByteOrderMarkAndForeignLineEndsAreNoPartOfALine() {
    assertEquals(
        BatchRun.OK,
        pipe("\uFEFFproviders\r\nproviders\r\n".getBytes(StandardCharsets.UTF_8), out),
        err());
    assertEquals("", err());
  }

  @Test
  void bytesThatAreNotUtf8SpoilTheirLineAlone() {
    byte[] input = "providers\nalloc 64 -n \u00e9\nproviders".getBytes(StandardCharsets.ISO_8859_1);
    assertEquals(BatchRun.USAGE, pipe(input, out));
    assertEquals("dmalloc: standard input, line 2: not UTF-8; convert it (iconv)\n", err(), err());
    assertEquals(List.of(), files.requests());
    assertEquals(2, out().lines().filter(line -> line.startsWith("BACKEND")).count(), out());
  }

  @Test
  void aResultThatDoesNotArriveIsAFailureSaidOnce() {
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("No space left on device");
          }
        };
    byte[] input = "providers\nalloc 64 -n still\n".getBytes(StandardCharsets.UTF_8);
    assertEquals(BatchRun.FAILED, pipe(input, full));
    assertEquals(
        "dmalloc: write standard output: No space left on device; the result is incomplete\n",
        err());
    assertEquals("still", files.requests().getLast().name(), "later lines run");
  }

  @Test
  void nothingRunsForAPipeThatNobodyReads() throws IOException {
    Pipe pipe = Pipe.open();
    try (OutputStream sink = Channels.newOutputStream(pipe.sink())) {
      pipe.source().close();
      byte[] input = "providers\nalloc 64 -n late\n".getBytes(StandardCharsets.UTF_8);
      assertEquals(BatchRun.OK, pipe(input, sink));
    }
    assertEquals("", err());
    assertEquals(List.of(), files.requests());
  }

  @Test
  void aSingleCommandSaysThatItsRegionEndsWithIt() {
    assertEquals(BatchRun.OK, run("alloc", "64"));
    assertEquals(
        "it ends with this command; -n NAME stores it, and './dmalloc' alone is a shell that keeps"
            + " it",
        out().lines().toList().getLast());
    assertEquals(2, out().lines().count(), out());
    out.reset();
    assertEquals(BatchRun.OK, pipe("alloc 64"));
    assertEquals(1, out().lines().count(), out());
  }

  @Test
  void aJobTellsItsResultAndItsErrorAndCountsInTheStatus() {
    assertEquals(BatchRun.OK, pipe("alloc 64 &"));
    assertTrue(out().startsWith("region "), out());
    out.reset();
    assertEquals(BatchRun.USAGE, pipe("alloc much &", "providers"));
    assertTrue(err().startsWith("dmalloc: "), err());
    assertEquals(1, err().lines().count(), err());
    assertTrue(out().startsWith("BACKEND"), out());
    err.reset();
    assertEquals(BatchRun.FAILED, pipe("grep x /no/such/file &", "exit"));
    assertEquals("dmalloc: grep: /no/such/file: no such file or directory\n", err());
  }

  @Test
  void theEndOfTheInputWaitsForJobs() throws Exception {
    CountDownLatch waits = new CountDownLatch(1);
    CountDownLatch ready = new CountDownLatch(1);
    shell.addFunction(
        "dmalloc",
        "later",
        (session, arguments) -> {
          waits.countDown();
          ready.await();
          throw new IllegalStateException("too late");
        });
    Thread opener =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    waits.await();
                  } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                  }
                  ready.countDown();
                });
    assertEquals(BatchRun.FAILED, pipe("later &", "exit"));
    assertEquals("dmalloc: too late\n", err());
    opener.join();
  }
}
