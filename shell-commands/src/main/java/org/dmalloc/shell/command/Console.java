/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Job;
import org.apache.felix.service.command.Process;
import org.dmalloc.api.VisibleText;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/**
 * The environment of a running command.
 *
 * @param out the stream for results that are not objects
 * @param err the stream for progress
 * @param terminal whether {@code err} is a terminal, so that a line can be overwritten
 * @param outTerminal whether {@code out} is a terminal
 */
public record Console(
    CommandSession session,
    PrintStream out,
    PrintStream err,
    boolean terminal,
    boolean outTerminal) {
  /** The session variable of the session's terminal, where there is one. */
  public static final String TERMINAL = ".terminal";

  /**
   * The session variable of the width of standard output's terminal, an {@link Integer}; unset
   * without one.
   */
  public static final String WIDTH = ".dmalloc.width";

  private static final int STDOUT = 1;
  private static final int STDERR = 2;

  /**
   * The console of a running command. On a terminal the session has the variable {@code TERM},
   * which Gogo's interactive shell sets.
   */
  public static Console of(CommandSession session) {
    @Nullable Process process = Process.Utils.current();
    PrintStream out = process == null ? session.getConsole() : process.out();
    PrintStream err = process == null ? session.getConsole() : process.err();
    Object term = session.get("TERM");
    boolean capable =
        process != null
            && term != null
            && !term.toString().isEmpty()
            && !term.toString().startsWith("dumb");
    return new Console(
        session,
        out,
        err,
        capable && process.isTty(STDERR),
        // In a session without a terminal of its own only stderr is known to be one.
        capable && process.isTty(STDOUT) && session.get(TERMINAL) != null);
  }

  /** The width of the terminal for results; empty for a pipe or file. */
  public OptionalInt width() {
    @Nullable Process process = Process.Utils.current();
    return process != null && process.isTty(STDOUT) && session.get(WIDTH) instanceof Integer width
        ? OptionalInt.of(width)
        : OptionalInt.empty();
  }

  /** Resolves a user's path against the session's directory. */
  public Path resolve(String path) {
    return session.currentDir().resolve(path).normalize();
  }

  /**
   * Like {@link #resolve}, for the option of a directory; null if it is absent. Throws {@link
   * UsageException} if it is empty, as that of an unset variable is.
   */
  public @Nullable Path resolveGiven(@Nullable String path) {
    if (path != null && path.isEmpty()) {
      throw new UsageException("--directory '' is empty; give the path of one");
    }
    return path == null ? null : resolve(path);
  }

  /**
   * A user's directory, checked before the work starts. Throws {@link IOException} if it does not
   * exist.
   */
  public Path existingDirectory(String path) throws IOException {
    if (path.isEmpty()) {
      throw new FileSystemException("''", null, "not a directory; give its path");
    }
    Path directory = resolve(path).toAbsolutePath();
    if (!Files.exists(directory)) {
      throw new NoSuchFileException(directory.toString());
    }
    if (!Files.isDirectory(directory)) {
      throw new FileSystemException(directory.toString(), null, "not a directory; give one");
    }
    return directory;
  }

  /**
   * Prints a permanent line, on a terminal or not: minutes of silence in a log would look like a
   * hang. It replaces the line of progress, which returns with the next step.
   */
  public void say(String line) {
    progress().println((terminal ? ProgressLine.CLEAR : "") + VisibleText.of(line));
  }

  /** Prints a line about a problem that does not end the work. */
  public void warn(String line) {
    err.println("dmalloc: " + VisibleText.of(line));
  }

  /** Prints the stack trace that {@code -v} asks for. */
  public void trace(Throwable thrown) {
    StringWriter trace = new StringWriter();
    thrown.printStackTrace(new PrintWriter(trace, true));
    trace
        .toString()
        .lines()
        .map(
            line ->
                line.startsWith("\t") ? "\t" + VisibleText.of(line.strip()) : VisibleText.of(line))
        .forEach(err::println);
  }

  /** Prints a result that a failed command would lose. */
  public void print(Printable result) {
    out.println(VisibleText.ofLines(result.text()));
  }

  /** A line of progress, shown after one second and only on a terminal. */
  public ProgressLine progress(String what) {
    @Nullable Process process = Process.Utils.current();
    Job job = process == null ? null : process.job();
    return new ProgressLine(
        what,
        terminal ? progress() : null,
        () -> job == null || job.status() == Job.Status.Foreground,
        System::nanoTime);
  }

  /**
   * The stream for lines during the work. On an interactive terminal it avoids the process's own
   * stream, a channel: an interrupt during a write would close it, and the terminal with it.
   */
  private PrintStream progress() {
    return !terminal || session.get(TERMINAL) == null ? err : session.getConsole();
  }
}
