/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.command.RegionOpened;
import org.jspecify.annotations.Nullable;

/** Opens a stored region, and keeps it open. */
public final class OpenCommand extends Command {
  /** Makes the command. */
  public OpenCommand(Providers providers) {
    super("open", providers);
  }

  /** Opens a stored region. */
  @Descriptor("opens a stored region and keeps it open")
  public RegionOpened open(
      CommandSession session,
      @Descriptor("NAME: its name, see 'stored'") String name,
      @Descriptor("BACKEND: who opens it; without it the best backend that has it")
          @Parameter(
              names = {"-b", "--backend"},
              absentValue = "")
          @Nullable String backend,
      @Descriptor("opens it for reading only")
          @Parameter(
              names = {"-r", "--read-only"},
              presentValue = "true",
              absentValue = "false")
          boolean readOnly,
      AttributeOptions attributes)
      throws MemoryException, CommandFailure {
    Console console = Console.of(session);
    try (ProgressLine progress = console.progress("open " + name)) {
      RegionLookup.Stored stored = stored(name, backend, attributes.directory());
      OpenRequest request =
          attributes
              .in(OpenRequest.of(stored.name()), console, progress)
              .withAccess(readOnly ? AccessMode.READ_ONLY : AccessMode.READ_WRITE);
      return RegionOpened.in(session, stored.backend().open(request).info());
    } catch (MemoryException e) {
      Optional<Long> orphan = Providers.orphanOn(e.target());
      if (orphan.isPresent()) {
        throw new CommandFailure(
            String.format(
                Locale.ROOT,
                "open %s: open here as region %d, whose backend was stopped or reconfigured; close it by 'free %d'",
                name,
                orphan.get(),
                orphan.get()),
            e);
      }
      throw e;
    }
  }

  private RegionLookup.Stored stored(
      String name, @Nullable String backend, @Nullable String directory) throws MemoryException {
    if (directory == null) {
      return lookup().stored(name, backend);
    }
    // Nobody lists another directory: the name is taken as it is.
    Backend opener =
        providers().choose(backend, EnumSet.of(Capability.NAMED, Capability.DIRECTORY));
    return new RegionLookup.Stored(opener, name);
  }
}
