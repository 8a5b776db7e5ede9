/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.VisibleText;
import org.jspecify.annotations.Nullable;

/** A command failed; the message is the one line to print. */
public final class CommandFailure extends Exception {
  private static final long serialVersionUID = 1L;

  /** How the line of RLIMIT_AS begins in {@code /proc/self/limits}. */
  private static final String ADDRESS_SPACE = "Max address space ";

  /** Makes a failure with its line. */
  public CommandFailure(String message, @Nullable Throwable cause) {
    super(message.strip(), cause);
  }

  /** The line that a shell prints: Gogo's shells print {@code toString()}. */
  @Override
  @SuppressWarnings("OverrideThrowableToString") // the message is used without the prefix too
  public String toString() {
    return "dmalloc: " + VisibleText.of(String.valueOf(getMessage()));
  }

  /**
   * Puts what was thrown into one line.
   *
   * @param command the name of the command that failed
   * @param thrown what it threw
   * @param providers names those that could have done it
   */
  public static CommandFailure of(String command, Throwable thrown, Providers providers) {
    String message =
        switch (thrown) {
          case CommandFailure f -> plain(f);
          case ProviderFault e ->
              plain(e)
                  + (e.getCause() instanceof LinkageError
                      ? "; if its bundle was updated meanwhile, try again"
                      : "; stop or update its bundle, the others work");
          case UnsupportedCapabilityException e ->
              e.explained() ? command + ": " + plain(e) : unsupported(e, providers);
          case MemoryException e -> plain(e);
          case FileSystemException e -> fileSystem(command, e);
          case IOException e -> command + ": " + plain(e);
          case UncheckedIOException e -> plain(Objects.requireNonNullElse(e.getCause(), e));
          case InterruptedException e -> command + ": interrupted";
          case CancellationException e -> command + ": interrupted";
          case InternalError e -> fault(command);
          case LinkageError e ->
              command + ": a bundle was updated meanwhile (" + plain(e) + "); try again";
          case OutOfMemoryError e -> command + ": " + plain(e) + "; " + moreMemory();
          case IllegalArgumentException e -> command + ": " + plain(e);
          case IllegalStateException e -> command + ": " + plain(e);
          case UnsupportedOperationException e -> command + ": " + plain(e);
          case IndexOutOfBoundsException e -> command + ": " + plain(e);
          default ->
              String.format(
                  Locale.ROOT,
                  "%s: %s: %s; run it with -v and report the stack trace",
                  command,
                  thrown.getClass().getSimpleName(),
                  plain(thrown));
        };
    return new CommandFailure(message, thrown);
  }

  /** Under a limit of address space a larger heap would leave even less for the rest. */
  private static String moreMemory() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/limits"))) {
        String soft = line.startsWith(ADDRESS_SPACE) ? line.split("\\s+", -1)[3] : "unlimited";
        if (!soft.equals("unlimited")) {
          return String.format(
              Locale.ROOT, "raise the limit of address space, which is %s bytes (ulimit -v)", soft);
        }
      }
    } catch (IOException e) {
      // No such limit is known here.
    }
    return "give Java more memory, such as by -Xmx";
  }

  /**
   * The kernel answers an access behind the end of a file, or to a sparse page on a full disk, with
   * SIGBUS; the JVM makes an {@link InternalError} of it.
   */
  private static String fault(String command) {
    return command
        + ": SIGBUS, the memory has lost its backing: its file was cut short by somebody else, or"
        + " its disk is full and the region sparse; see 'verify', free the region, restore its"
        + " file from a backup";
  }

  private static String unsupported(UnsupportedCapabilityException e, Providers providers) {
    String able =
        String.join(", ", providers.with(e.capability()).stream().map(providers::name).toList());
    return String.format(
        Locale.ROOT,
        "backend %s lacks %s; %s",
        e.backend(),
        e.capability(),
        able.isEmpty() ? "no backend here has it" : "choose one that has it: " + able);
  }

  private static String fileSystem(String command, FileSystemException e) {
    String reason =
        switch (e) {
          case NoSuchFileException x -> "no such file or directory";
          case AccessDeniedException x -> "permission denied";
          case FileAlreadyExistsException x -> "exists already";
          default -> e.getReason() == null ? e.getClass().getSimpleName() : e.getReason();
        };
    return String.format(
        Locale.ROOT, "%s: %s: %s", command, e.getFile(), reason.toLowerCase(Locale.ROOT));
  }

  private static String plain(Throwable e) {
    String message = e.getMessage();
    return message == null || message.isBlank() ? e.getClass().getSimpleName() : message;
  }
}
