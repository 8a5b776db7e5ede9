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
import org.jspecify.annotations.Nullable;

/**
 * What a command knows about the place where it runs.
 *
 * @param out where results go that are no object
 * @param err where progress goes
 * @param terminal whether {@code err} is a terminal, so that a line can be written over
 * @param outTerminal whether {@code out} is one
 */
public record Console(
    CommandSession session,
    PrintStream out,
    PrintStream err,
    boolean terminal,
    boolean outTerminal) {
  /** The variable of a session that has its terminal, where there is one. */
  public static final String TERMINAL = ".terminal";

  /**
   * The variable of a session that has the width of the terminal that standard output is, an {@link
   * Integer}; not set where it is none.
   */
  public static final String WIDTH = ".dmalloc.width";

  private static final int STDOUT = 1;
  private static final int STDERR = 2;

  /**
   * The console of a running command. A session on a terminal has the variable {@code TERM}, as
   * Gogo's interactive shell sets it.
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

  /** How wide the terminal is that results go to; empty if they go elsewhere, as in a pipe. */
  public OptionalInt width() {
    @Nullable Process process = Process.Utils.current();
    return process != null && process.isTty(STDOUT) && session.get(WIDTH) instanceof Integer width
        ? OptionalInt.of(width)
        : OptionalInt.empty();
  }

  /** A path that the user gave, relative to the session's directory. */
  public Path resolve(String path) {
    return session.currentDir().resolve(path).normalize();
  }

  /**
   * A directory that the user gave: checked before the work, which would find it missing later.
   *
   * @throws IOException if there is none of that name
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
   * A line that stays, on a terminal or not: for work of minutes, whose silence in a log would look
   * like a hang. It takes the place of the line of progress, which comes again with the next step.
   */
  public void say(String line) {
    progress().println((terminal ? ProgressLine.CLEAR : "") + VisibleText.of(line));
  }

  /** A line about what is wrong beside the work, and does not end it. */
  public void warn(String line) {
    err.println("dmalloc: " + VisibleText.of(line));
  }

  /** A stack trace, as {@code -v} asks for. */
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

  /** A line of progress, shown from one second on, and only on a terminal. */
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
   * Where lines about the work go while it goes on. On an interactive terminal past the process's
   * own stream, a channel, which would be closed, and the terminal with it, by an interrupt that
   * meets a write.
   */
  private PrintStream progress() {
    return !terminal || session.get(TERMINAL) == null ? err : session.getConsole();
  }
}
