/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.EnumSet;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.Sharing;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.command.RegionOpened;
import org.dmalloc.shell.syntax.Words;
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
      @Descriptor("SHARING: private keeps all stores out of the file")
          @Parameter(
              names = {"-s", "--sharing"},
              absentValue = "default")
          Sharing sharing,
      @Descriptor("PATTERN: the order in which it will be used; auto finds out")
          @Parameter(
              names = {"-p", "--pattern"},
              absentValue = "auto")
          AccessPattern pattern,
      @Descriptor("DURABILITY: what makes stores durable")
          @Parameter(names = "--durability", absentValue = "on-force")
          Durability durability,
      @Descriptor("asks for huge pages")
          @Parameter(names = "--huge", presentValue = "true", absentValue = "false")
          boolean huge,
      @Descriptor("locks the pages in RAM")
          @Parameter(names = "--lock", presentValue = "true", absentValue = "false")
          boolean lock,
      @Descriptor("reads all pages in before it returns")
          @Parameter(names = "--prefault", presentValue = "true", absentValue = "false")
          boolean prefault,
      @Descriptor("DIR: the store directory, in place of the backend's own")
          @Parameter(
              names = {"-d", "--directory"},
              absentValue = "")
          @Nullable String directory,
      @Descriptor(
              "CAPABILITY: what it must be able to do wherever it is moved; several with commas")
          @Parameter(names = "--require", absentValue = "")
          @Nullable String require,
      @Descriptor("OWNER: who it is for, shown in listings")
          @Parameter(
              names = {"-o", "--owner"},
              absentValue = "")
          @Nullable String owner)
      throws MemoryException {
    Console console = Console.of(session);
    try (ProgressLine progress = console.progress("open " + name)) {
      RegionLookup.Stored stored = stored(name, backend, directory);
      OpenRequest request =
          OpenRequest.of(stored.name())
              .withSharing(sharing)
              .withAccess(readOnly ? AccessMode.READ_ONLY : AccessMode.READ_WRITE)
              .withPattern(pattern)
              .withPageSize(huge ? PageSize.HUGE : PageSize.DEFAULT)
              .withPrefault(prefault)
              .withLocked(lock)
              .withDurability(durability)
              .withDirectory(directory == null ? null : console.resolve(directory))
              .withOwner(owner)
              .withProgress(progress)
              .requiring(Words.parseAll(Capability.class, require, "--require"));
      return RegionOpened.in(session, stored.backend().open(request).info());
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
