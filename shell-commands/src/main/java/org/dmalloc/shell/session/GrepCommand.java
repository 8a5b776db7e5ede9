/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.session;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Process;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/** Prints the lines of a pipe or of files that match; Gogo's own counts no line with -c. */
public final class GrepCommand extends CommandSet {
  private static final String MATCH = "\u001b[1;31m";
  private static final String PLAIN = "\u001b[0m";

  public GrepCommand(Providers providers) {
    super(providers, "grep");
  }

  @Descriptor("prints the lines of a pipe, or of files, that match a regular expression")
  public @Nullable Printable grep(
      CommandSession session,
      @Argument("PATTERN: a regular expression, as Java has it") String regex,
      @Argument("[FILE…]: files; default the input of the pipe") List<Object> files,
      @Argument("-c, --count: prints the number of matching lines") boolean count,
      @Argument("-i, --ignore-case: ignores the difference of small and capital letters")
          boolean ignoreCase,
      @Argument("-v, --invert-match: the lines that do not match") boolean invert,
      @Argument("-n, --line-number: prints the number of each line before it") boolean numbers,
      @Argument("-q, --quiet: prints nothing: whether a line matches is the status") boolean quiet)
      throws IOException, InterruptedException {
    Pattern pattern;
    try {
      pattern = Pattern.compile(regex, ignoreCase ? Pattern.CASE_INSENSITIVE : 0);
    } catch (PatternSyntaxException e) {
      throw UsageException.of(
          "grep: PATTERN '%s' is not a regular expression: %s; a \\ before a character takes it as it is",
          regex, e.getDescription());
    }
    Console console = Console.of(session);
    Process process = Process.Utils.current();
    boolean coloured = console.outTerminal() && !invert;
    PrintStream out = console.out();
    long matches = 0;
    for (InputStream in : inputs(files, console, process)) {
      try (BufferedReader lines =
          new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
        long number = 0;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          if (Thread.interrupted()) {
            throw new InterruptedException();
          }
          number++;
          Matcher matcher = pattern.matcher(line);
          if (matcher.find() == invert) {
            continue;
          }
          matches++;
          if (!count && !quiet) {
            String shown =
                coloured
                    ? matcher.replaceAll(m -> MATCH + Matcher.quoteReplacement(m.group()) + PLAIN)
                    : line;
            out.println(numbers ? number + ":" + shown : shown);
          }
        }
      }
    }
    if (process != null) {
      process.error(matches > 0 ? 0 : 1);
    }
    return count && !quiet ? Message.of(Long.toString(matches)) : null;
  }

  private static List<InputStream> inputs(
      List<Object> files, Console console, @Nullable Process process) throws IOException {
    if (files.isEmpty()) {
      if (process == null || process.isTty(0)) {
        throw new UsageException(
            "grep: no input; give files, or the output of a command: COMMAND | grep PATTERN");
      }
      return List.of(process.in());
    }
    List<InputStream> inputs = new ArrayList<>();
    for (Object file : files) {
      Path path = console.resolve(file.toString());
      if (Files.isDirectory(path)) { // which opens, and fails at the first read without its name
        throw new FileSystemException(path.toString(), null, "is a directory; give files");
      }
      inputs.add(Files.newInputStream(path));
    }
    return inputs;
  }
}
