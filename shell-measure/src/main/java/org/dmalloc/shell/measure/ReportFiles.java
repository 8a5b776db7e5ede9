/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.measure;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.dmalloc.measure.report.Report;
import org.dmalloc.report.Json;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/**
 * The files that a command writes its report to besides printing it. Each is probed before the
 * work, whose result would be lost otherwise. {@value #STANDARD_OUTPUT} stands for standard output:
 * then only that form of the report is printed there.
 */
final class ReportFiles<R extends Report> {
  /** Regions and journals of checkpoints: whoever may write a report may not end those. */
  private static final Pattern OF_A_STORE = Pattern.compile("\\.(region|journal)$");

  private static final String STANDARD_OUTPUT = "-";

  private final Console console;
  private final String command;
  private final List<Target<R>> files = new ArrayList<>();
  private @Nullable Target<R> printed;

  /** A file, by the option that named it; the path of standard output is never used. */
  private record Target<R>(String option, Path path, Function<R, String> form) {}

  ReportFiles(Console console, String command) {
    this.console = console;
    this.command = command;
  }

  /**
   * Adds a file.
   *
   * @param name as the user gave it; null for no file
   * @throws IOException if it cannot be written
   */
  ReportFiles<R> with(String option, @Nullable String name, Function<R, String> form)
      throws IOException {
    if (name == null) {
      return this;
    }
    if (name.equals(STANDARD_OUTPUT)) {
      Target<R> other = printed;
      if (other != null) {
        throw UsageException.of(
            "%s: %s - and %s - both go to standard output; give one of them a file",
            command, other.option(), option);
      }
      printed = new Target<>(option, Path.of(STANDARD_OUTPUT), form);
      return this;
    }
    Path file = console.resolve(name).toAbsolutePath();
    if (name.isEmpty() || Files.isDirectory(file)) {
      throw UsageException.of("%s: %s %s is a directory; give a file", command, option, file);
    }
    if (OF_A_STORE.matcher(file.toString()).find()) {
      throw UsageException.of(
          "%s: %s %s would replace a file of a store; give another name", command, option, file);
    }
    probe(file);
    files.add(new Target<>(option, file, form));
    return this;
  }

  /** Adds a file for the JSON form. */
  ReportFiles<R> withJson(String option, @Nullable String name) throws IOException {
    return with(option, name, report -> Json.print(report.json()) + '\n');
  }

  /** Permissions are not enough: root passes them, and /proc takes no files. */
  private static void probe(Path file) throws IOException {
    Path parent = file.getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      throw new NoSuchFileException(String.valueOf(parent));
    }
    if (Files.exists(file) && !Files.isWritable(file)) {
      throw new AccessDeniedException(file.toString());
    }
    if (replaceable(file)) {
      try {
        Files.delete(Files.createFile(beside(file)));
      } catch (AccessDeniedException e) {
        throw new AccessDeniedException(file.toString());
      } catch (IOException e) {
        throw new FileSystemException(
            file.toString(), null, "cannot be created (" + CommandFailure.reason(e) + ")");
      }
    }
  }

  /**
   * Writes all.
   *
   * @param result what the command prints where no form goes to standard output
   * @throws CommandFailure if a file could not be written; the report has been printed then
   */
  Printable write(R report, Printable result) throws CommandFailure {
    Target<R> onOutput = printed;
    Printable shown =
        onOutput == null ? result : new Message(onOutput.form().apply(report).stripTrailing());
    for (Target<R> file : files) {
      try {
        write(file.path(), file.form().apply(report));
      } catch (IOException e) {
        console.print(shown);
        throw CommandFailure.because(
            e,
            "%s: %s %s: %s; it was not written, and the report stands on standard output only",
            command,
            file.option(),
            file.path(),
            CommandFailure.reason(e));
      }
    }
    return shown;
  }

  /** Writes beside the file, then renames: a full disk must not cost an earlier report. */
  private static void write(Path file, String text) throws IOException {
    if (!replaceable(file)) {
      Files.writeString(file, text);
      return;
    }
    Path whole = beside(file);
    try {
      Files.writeString(whole, text);
      Files.move(whole, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(whole);
    }
  }

  /** Devices, pipes and links are written to, not replaced. */
  private static boolean replaceable(Path file) {
    return !Files.exists(file, LinkOption.NOFOLLOW_LINKS)
        || Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
  }

  private static Path beside(Path file) {
    return file.resolveSibling(
        "." + file.getFileName() + "." + ProcessHandle.current().pid() + ".new");
  }
}
