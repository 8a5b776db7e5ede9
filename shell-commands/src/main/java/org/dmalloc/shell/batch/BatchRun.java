/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.batch;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.apache.felix.service.command.Function;
import org.apache.felix.service.command.Result;
import org.dmalloc.api.VisibleText;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.LostOutputException;
import org.dmalloc.shell.command.RegionOpened;
import org.dmalloc.shell.session.SessionFunctions;
import org.dmalloc.shell.session.UnmatchedPattern;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/**
 * Runs one command whose words are given, or the lines of an input, in a Gogo session.
 *
 * <p>The words of one command are data and never Gogo code, so spaces, quotes and {@code $} arrive
 * as they are. A line of an input is Gogo code, as at the prompt: quotes group, an unfinished
 * construct continues in the next line, {@code exit} ends. The run continues after a line that
 * fails; the status is that of the last failure. A job behind {@code &} prints its result or error
 * when it ends, and its failure counts like a line's. The end of the input waits for all jobs.
 */
public final class BatchRun implements AutoCloseable {
  public static final int OK = 0;

  public static final int FAILED = 1;

  /** The status of a usage error. */
  public static final int USAGE = 2;

  private static final String SCOPE = "dmalloc";

  private volatile boolean stopping;
  private final CommandSession session;
  private final ResultStream results;
  private final BackgroundJobs jobs = new BackgroundJobs(this::jobEnded);
  private int status = OK;
  private boolean lossReported;
  private final PrintStream out;
  private final PrintStream err;

  /**
   * Opens a session.
   *
   * @param terminalType the type of the terminal that {@code err} is; empty if it is none
   * @param width the width of the terminal that {@code out} is; 0 if it is none
   */
  public BatchRun(
      CommandProcessor processor,
      InputStream in,
      OutputStream out,
      OutputStream err,
      String terminalType,
      int width) {
    this.results = new ResultStream(out);
    this.session = processor.createSession(in, results, err);
    this.out = new PrintStream(results, true, StandardCharsets.UTF_8);
    this.err = new PrintStream(err, true, StandardCharsets.UTF_8);
    session.put("SCOPE", SCOPE + ":gogo:*"); // as in the interactive shell
    session.put("TERM", terminalType);
    session.put(Console.WIDTH, width > 0 ? width : null);
    session.setJobListener(jobs);
    String unknown = SCOPE + ":" + SessionFunctions.UNKNOWN;
    if (allCommands().contains(unknown)) {
      session.put("default", session.get(unknown));
    }
  }

  /** Runs one command: its name, with or without a scope, and its arguments. */
  public int run(List<String> words) {
    Optional<String> command = resolve(words.getFirst());
    if (command.isEmpty()) {
      return failed(unknown(words.getFirst()));
    }
    session.put("args", words.subList(1, words.size()));
    session.put(RegionOpened.ONE_COMMAND, true);
    try {
      return execute(command.get() + " $args");
    } catch (EOFException e) {
      return failed(e);
    } finally {
      session.put("args", List.of());
      session.put(RegionOpened.ONE_COMMAND, null);
    }
  }

  /** Why there is no such command: it may be switched off. */
  private Exception unknown(String word) {
    if (session.get(SCOPE + ":" + SessionFunctions.UNKNOWN) instanceof Function unknown) {
      try {
        unknown.execute(session, List.of(word));
      } catch (Exception e) {
        return e;
      }
    }
    return Words.unknown("command", word, ownCommands());
  }

  /** Runs lines; returns the status of the last line that failed, or {@link #OK} if none did. */
  public int runLines(InputStream lines) {
    try {
      eachLine(lines);
      if (!stopping && !nobodyReads()) {
        jobs.await();
      }
    } catch (IOException e) {
      return failed(new IOException("standard input: " + e.getMessage(), e));
    } catch (InterruptedException e) {
      return failed(new InterruptedException("interrupted"));
    }
    return stopping ? FAILED : status();
  }

  private void eachLine(InputStream lines) throws IOException {
    Utf8Lines reader = new Utf8Lines(lines);
    StringBuilder pending = new StringBuilder();
    while (true) {
      String line;
      try {
        line = reader.next();
      } catch (CharacterCodingException e) {
        note(
            failed(
                new IllegalArgumentException(
                    "standard input, line "
                        + reader.number()
                        + ": not UTF-8; convert it (iconv)")));
        pending.setLength(0);
        continue;
      }
      if (line == null) {
        break;
      }
      pending.append(pending.isEmpty() ? "" : "\n").append(line);
      String code = pending.toString();
      if (code.isBlank() || code.strip().startsWith("#")) {
        pending.setLength(0);
        continue;
      }
      if (code.strip().equals("exit") || code.strip().equals("quit")) {
        return;
      }
      try {
        note(execute(code));
        pending.setLength(0);
      } catch (EOFException e) {
        // An open quote or brace continues in the next line.
      }
      if (stopping || nobodyReads()) {
        return;
      }
    }
    if (!pending.isEmpty()) {
      note(failed(new EOFException("the input ends inside '" + pending + "'")));
    }
  }

  private synchronized void note(int newStatus) {
    status = newStatus == OK ? status : newStatus;
  }

  private synchronized int status() {
    return status;
  }

  private void jobEnded(Result result) {
    Exception failure = result.exception();
    note(failure == null ? printed(result.result()) : thrown(failure));
  }

  /** Prevents further lines from starting. */
  void stop() {
    stopping = true;
  }

  private boolean nobodyReads() {
    IOException failure = results.failure();
    return failure != null && ResultStream.isClosedPipe(failure);
  }

  private int execute(String code) throws EOFException {
    try {
      return printed(session.execute(code));
    } catch (EOFException e) {
      throw e;
    } catch (Exception e) {
      return thrown(e);
    }
  }

  private int printed(@Nullable Object result) {
    if (result != null) {
      out.println(session.format(result, Converter.INSPECT));
    }
    return outputStatus();
  }

  private int thrown(Exception e) {
    if (e instanceof InterruptedException) {
      return failed(new InterruptedException("interrupted"));
    }
    return results.failure() != null && isLostOutput(e) ? outputStatus() : failed(e);
  }

  private static boolean isLostOutput(Exception e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof LostOutputException) {
        return true;
      }
    }
    return false;
  }

  /**
   * Failure if printed output was lost, reported once. A pipe that its reader has closed is no
   * failure.
   */
  private synchronized int outputStatus() {
    IOException failure = results.failure();
    if (failure == null || ResultStream.isClosedPipe(failure)) {
      return OK;
    }
    if (!lossReported) {
      lossReported = true;
      failed(
          new IOException(
              "write standard output: " + failure.getMessage() + "; the result is incomplete",
              failure));
    }
    return FAILED;
  }

  private int failed(Exception e) {
    String line = e.toString();
    if (!line.startsWith("dmalloc: ")) {
      String message = e.getMessage();
      String next = UnmatchedPattern.nextStep(message);
      line =
          message == null
              ? "dmalloc: " + e.getClass().getSimpleName()
              : "dmalloc: " + VisibleText.of(lowerFirst(message));
      line += next.isEmpty() ? "" : "; " + next;
    }
    err.println(line);
    return e instanceof IllegalArgumentException ? USAGE : FAILED;
  }

  private static String lowerFirst(String text) {
    return text.isEmpty()
        ? text
        : text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1);
  }

  /** The full name of the command for a word: scope dmalloc first, then any other. */
  private Optional<String> resolve(String word) {
    SortedSet<String> all = allCommands();
    if (all.contains(word)) {
      return Optional.of(word);
    }
    String own = SCOPE + ":" + word;
    return all.contains(own)
        ? Optional.of(own)
        : all.stream().filter(name -> name.endsWith(":" + word)).findFirst();
  }

  private List<String> ownCommands() {
    return allCommands().stream()
        .filter(name -> name.startsWith(SCOPE + ":") && !name.startsWith(SCOPE + ":_"))
        .map(name -> name.substring(SCOPE.length() + 1))
        .toList();
  }

  private SortedSet<String> allCommands() {
    SortedSet<String> names = new TreeSet<>();
    if (session.get(".commands") instanceof Set<?> commands) {
      commands.forEach(name -> names.add(name.toString()));
    }
    return names;
  }

  @Override
  public void close() {
    session.setJobListener(null); // what still runs is ended now, and need not say so
    session.close();
  }
}
