/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.command;

import com.google.errorprone.annotations.FormatMethod;
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

  /** The start of the line of RLIMIT_AS in {@code /proc/self/limits}. */
  private static final String ADDRESS_SPACE = "Max address space ";

  public CommandFailure(String message, @Nullable Throwable cause) {
    super(message.strip(), cause);
  }

  /** Formats the message with the digits of {@link Locale#ROOT}. */
  @FormatMethod
  public static CommandFailure because(
      @Nullable Throwable cause, String format, @Nullable Object... values) {
    return new CommandFailure(String.format(Locale.ROOT, format, values), cause);
  }

  /** Gogo's shells print {@code toString()}. */
  @Override
  @SuppressWarnings("OverrideThrowableToString") // the message is used without the prefix too
  public String toString() {
    return "dmalloc: " + VisibleText.of(String.valueOf(getMessage()));
  }

  /** Puts an exception into one line, and names the provider that may have caused it. */
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
          case FileSystemException e -> command + ": " + e.getFile() + ": " + reason(e);
          case IOException e -> command + ": " + plain(e);
          case UncheckedIOException e -> plain(Objects.requireNonNullElse(e.getCause(), e));
          case InterruptedException e -> command + ": interrupted";
          case CancellationException e -> command + ": interrupted";
          case InternalError e -> fault(command);
          case LinkageError e ->
              command + ": a bundle was updated meanwhile (" + plain(e) + "); try again";
          case OutOfMemoryError e -> command + ": " + plain(e) + "; " + moreMemory();
          default ->
              Backend.isAllowed(thrown)
                  ? named(command, plain(thrown))
                  : (command + ": " + thrown.getClass().getSimpleName() + ": " + plain(thrown))
                      + "; run it with -v and report the stack trace";
        };
    return new CommandFailure(message, thrown);
  }

  /** With limited address space a larger heap would leave even less for the rest. */
  private static String moreMemory() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/limits"))) {
        String soft = line.startsWith(ADDRESS_SPACE) ? line.split("\\s+", -1)[3] : "unlimited";
        if (!soft.equals("unlimited")) {
          return "raise the limit of address space, which is " + soft + " bytes (ulimit -v)";
        }
      }
    } catch (IOException e) {
      // The limit is unknown on this system.
    }
    return "give Java more memory, such as by -Xmx";
  }

  /**
   * The kernel answers an access past the end of a file, or to a sparse page on a full disk, with
   * SIGBUS; the JVM turns it into an {@link InternalError}.
   */
  private static String fault(String command) {
    return command
        + ": SIGBUS, the memory has lost its backing: its file was cut short by somebody else, or"
        + " its disk is full and the region sparse; see 'verify', free the region, restore its"
        + " file from a backup";
  }

  private static String unsupported(UnsupportedCapabilityException e, Providers providers) {
    String able = String.join(", ", providers.namesWith(e.capability()));
    return ("backend " + e.backend() + " lacks " + e.capability() + "; ")
        + (able.isEmpty() ? "no backend here has it" : "choose one that has it: " + able);
  }

  /** The reason of a failed file operation, which some of Java's exceptions give only by type. */
  public static String reason(IOException thrown) {
    return switch (thrown) {
      case NoSuchFileException x -> "no such file or directory";
      case AccessDeniedException x -> "permission denied";
      case FileAlreadyExistsException x -> "exists already";
      case FileSystemException e ->
          Objects.requireNonNullElse(e.getReason(), e.getClass().getSimpleName())
              .toLowerCase(Locale.ROOT);
      default -> plain(thrown);
    };
  }

  /** A message that begins with the command's own word names it already. */
  private static String named(String command, String message) {
    return message.startsWith(command + " ") ? message : command + ": " + message;
  }

  private static String plain(Throwable e) {
    String message = e.getMessage();
    return message == null || message.isBlank() ? e.getClass().getSimpleName() : message;
  }
}
