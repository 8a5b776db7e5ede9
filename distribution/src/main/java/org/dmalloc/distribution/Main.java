/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.distribution;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.osgi.framework.BundleException;

/**
 * Starts the distribution. Arguments are run as one command. Without them it is the interactive
 * shell on a terminal, and otherwise runs the lines of standard input.
 *
 * <p>The script {@code bin/dmalloc} sets system properties: {@code dmalloc.home} is the layout,
 * {@code dmalloc.terminals} has the digit of each of stdin, stdout and stderr that is a terminal,
 * {@code dmalloc.width} is the number of columns of stdout's.
 */
public final class Main {
  /** The status when the framework itself cannot start; EX_SOFTWARE of sysexits.h. */
  private static final int BROKEN = 70;

  private static final int FAILED = 1;
  private static final int USAGE = 2;

  private Main() {}

  /** Ends the JVM with the command's status. */
  public static void main(String[] arguments) {
    PrintStream err =
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    PlatformLog.install(err);
    String userHome = System.getenv("HOME");
    if (userHome != null && userHome.startsWith("/")) {
      System.setProperty("user.home", userHome); // it has the account's, whatever the variable says
    }
    // Felix writes version numbers with the digits of this locale, and cannot read them again.
    Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
    System.exit(run(arguments, err));
  }

  private static int run(String[] arguments, PrintStream err) {
    Optional<String> unreadable = LostBytes.of(arguments);
    if (unreadable.isPresent()) {
      err.println("dmalloc: " + unreadable.get());
      return USAGE;
    }
    if (Arrays.equals(arguments, new String[] {"--version"})) {
      return printVersion(err);
    }
    String home = System.getProperty("dmalloc.home");
    if (home == null) {
      err.println("dmalloc: the property dmalloc.home is not set; start bin/dmalloc");
      return BROKEN;
    }
    String terminals = System.getProperty("dmalloc.terminals", "");
    boolean interactive = arguments.length == 0 && terminals.contains("0");
    try (FrameworkRun run =
        FrameworkRun.start(
            new Layout(Path.of(home)), interactive, arguments.length == 0 && !interactive, err)) {
      return interactive
          ? run.awaitStop()
          : run.execute(translate(arguments), terminals.contains("2"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      sayUnlessEnding("interrupted", err);
      return BROKEN;
    } catch (IOException | BundleException | RuntimeException | Error e) {
      // Any failure must end the process, because threads of the framework still run.
      String words = words(e);
      String line = StderrLogger.oneLine(words) + ProcessLimit.nextStep(words);
      sayUnlessEnding("cannot start: " + line, err);
      return BROKEN;
    }
  }

  /** A signal suppresses the message, because the status is then the signal's. */
  private static void sayUnlessEnding(String words, PrintStream err) {
    if (!FrameworkRun.isJvmEnding()) {
      err.println("dmalloc: " + words);
    }
  }

  private static String words(Throwable e) {
    return e.getClass() == IOException.class || e instanceof BundleException
        ? StderrLogger.words(e)
        : e.toString();
  }

  private static int printVersion(PrintStream err) {
    String version =
        Optional.ofNullable(Main.class.getPackage().getImplementationVersion()).orElse("?");
    String line = "dmalloc " + version + ", Java " + Runtime.version() + "\n";
    // Not closed, because this method does not own the descriptor.
    FileOutputStream out = new FileOutputStream(FileDescriptor.out);
    try {
      out.write(line.getBytes(StandardCharsets.UTF_8));
      return 0;
    } catch (IOException e) {
      err.println("dmalloc: write standard output: " + e.getMessage());
      return FAILED;
    }
  }

  /** Replaces {@code --help} in place of a command by the command {@code help}. */
  private static String[] translate(String[] arguments) {
    if (arguments.length == 0 || !List.of("-h", "--help", "-?").contains(arguments[0])) {
      return arguments;
    }
    String[] words = arguments.clone();
    words[0] = "help";
    return words;
  }
}
