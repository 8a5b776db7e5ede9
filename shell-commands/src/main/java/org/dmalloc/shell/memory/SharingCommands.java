/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Process;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.command.RegionOpened;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/**
 * Hands a region without a name to another process, and takes one. A token is a secret: no message
 * has a part of it.
 */
public final class SharingCommands extends CommandSet {
  private static final String STANDARD_INPUT = "-";

  private static final Set<PosixFilePermission> OWNER_ALONE =
      Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

  /** More than any token has; a file that holds something else is not read to its end. */
  private static final int MOST_BYTES = 4096;

  public SharingCommands(Providers providers) {
    super(providers, "share", "attach");
  }

  /**
   * The token of a region, alone, so that a script can take it.
   *
   * @param id the region's number here
   */
  public record SharedRegion(long id, String token) implements Printable {
    @Override
    public String text() {
      return token;
    }

    @Override
    public String toString() {
      return token;
    }
  }

  @Affects({Effect.READ, Effect.WRITE})
  @Descriptor("prints a token by which another process of this user attaches a region")
  public Printable share(
      CommandSession session,
      @Argument("ID: id of an open region of 'alloc --process-shared'") Object id,
      @Argument("-f, --file FILE: writes it to a new file, which this user alone reads")
          @Nullable String file,
      @Argument("--json: as JSON") boolean json)
      throws IOException {
    MemoryRegion region = lookup().open(id);
    RegionInfo info = region.info();
    String label = RegionLookup.label(info);
    if (info.name() != null) {
      throw UsageException.of(
          "share: %s has a name, by which other processes open it: 'open %1$s --process-shared'",
          label);
    }
    if (!info.processShared()) {
      throw UsageException.of(
          "share: %s is of this process alone; 'alloc SIZE --process-shared' makes one that is not",
          label);
    }
    SharedRegion shared = new SharedRegion(info.id(), region.token());
    if (file != null) {
      Path path = Console.of(session).resolve(file);
      Files.createFile(path, PosixFilePermissions.asFileAttribute(OWNER_ALONE));
      Files.writeString(path, shared.token() + "\n");
      return Message.of("the token of %s is in %s", label, path);
    }
    return json ? new JsonResult(shared) : shared;
  }

  @Descriptor("attaches a region of another process by its token, and keeps it open")
  public RegionOpened attach(
      CommandSession session,
      @Argument("[TOKEN]: what 'share' has printed there; - reads it from standard input")
          @Nullable String token,
      @Argument("-f, --file FILE: reads the token from a file, so that no history has it")
          @Nullable String file,
      @Argument("-b, --backend BACKEND: the backend that attaches it; default the best that can")
          @Nullable String backend,
      MappingOptions options)
      throws IOException {
    Console console = Console.of(session);
    String read = token(console, token, file);
    MemoryRegion region;
    try (ProgressLine progress = console.progress("attach")) {
      region = attach(read, plan("attach", () -> options.options(progress)), backend, session);
    }
    String note =
        RegionOpened.endsWithCommand(session)
            ? "it ends with this command; './dmalloc' alone is a shell that keeps it"
            : "";
    return new RegionOpened(region.info(), note);
  }

  /** On the backend that was named, or the best whose token it is. */
  private MemoryRegion attach(
      String token, RegionOptions options, @Nullable String name, CommandSession session)
      throws MemoryException {
    if (name != null) {
      return providers().choose(name).attach(token, options);
    }
    RuntimeException refused =
        new UsageException("attach: no backend here shares regions; see 'providers'");
    for (Backend backend : providers().with(Capability.PROCESS_SHARED, warn(session))) {
      try {
        return backend.attach(token, options);
      } catch (IllegalArgumentException e) { // not one of its tokens
        refused = e;
      } catch (UnsupportedCapabilityException e) {
        if (e.capability() != Capability.PROCESS_SHARED) {
          throw e;
        }
        // It shares regions with a name alone.
      }
    }
    throw refused;
  }

  private static String token(Console console, @Nullable String token, @Nullable String file)
      throws IOException {
    if ((token == null) == (file == null)) {
      throw new UsageException(
          "attach: give the token, - for standard input, or --file FILE, and one of them only");
    }
    if (file != null) {
      Path path = console.resolve(file);
      if (Files.isDirectory(path)) {
        throw new FileSystemException(path.toString(), null, "is a directory; give a file");
      }
      try (InputStream in = Files.newInputStream(path)) {
        return firstLine(in, path.toString());
      }
    }
    if (!STANDARD_INPUT.equals(token)) {
      return String.valueOf(token);
    }
    // Else standard input is where the lines of the session come from.
    Process process = Process.Utils.current();
    boolean own =
        process != null && (!process.isTty(0) || RegionOpened.endsWithCommand(console.session()));
    if (process == null || !own) {
      throw new UsageException(
          "attach -: no input; give it by a pipe or a file: cat FILE | attach -, or --file FILE");
    }
    return firstLine(process.in(), "standard input");
  }

  private static String firstLine(InputStream in, String source) throws IOException {
    byte[] bytes = new byte[MOST_BYTES];
    int count = 0;
    for (int next = in.read(); next >= 0 && next != '\n' && count < MOST_BYTES; next = in.read()) {
      bytes[count] = (byte) next;
      count++;
    }
    String line = new String(bytes, 0, count, StandardCharsets.ISO_8859_1).strip();
    if (line.isEmpty()) {
      throw UsageException.of("attach: %s has no token in its first line", source);
    }
    return line;
  }
}
