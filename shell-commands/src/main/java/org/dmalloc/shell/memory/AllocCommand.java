/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.RegionNames;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Requirements;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionOpened;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** Allocates a region. */
public final class AllocCommand extends Command {
  /** Makes the command. */
  public AllocCommand(Providers providers) {
    super("alloc", providers);
  }

  /** Allocates a region of zeroed memory. */
  @Descriptor("allocates a region of zeroed memory")
  public RegionOpened alloc(
      CommandSession session,
      @Descriptor("SIZE: how many bytes: 4096, 64k, 512m, 1.5g …") ByteSize size,
      @Descriptor("BACKEND: who allocates; without it the best backend, see 'providers'")
          @Parameter(
              names = {"-b", "--backend"},
              absentValue = "")
          @Nullable String backend,
      @Descriptor("NAME: stores the region under a name, so that it outlives the process")
          @Parameter(
              names = {"-n", "--name"},
              absentValue = "")
          @Nullable String name,
      @Descriptor("PATTERN: the order in which it will be used; auto finds out")
          @Parameter(
              names = {"-p", "--pattern"},
              absentValue = "auto")
          AccessPattern pattern,
      @Descriptor("SHARING: who sees stores")
          @Parameter(
              names = {"-s", "--sharing"},
              absentValue = "default")
          Sharing sharing,
      @Descriptor("POLICY: swap policies, with commas between them; see 'policy --help'")
          @Parameter(names = "--policy", absentValue = "")
          @Nullable String policy,
      @Descriptor("BUDGET: how much may be in RAM: 64m, 1g …; see 'budget --help'")
          @Parameter(names = "--budget", absentValue = "")
          @Nullable String budget,
      @Descriptor("DURABILITY: what makes stores durable")
          @Parameter(names = "--durability", absentValue = "on-force")
          Durability durability,
      @Descriptor("asks for huge pages")
          @Parameter(names = "--huge", presentValue = "true", absentValue = "false")
          boolean huge,
      @Descriptor("locks the pages in RAM")
          @Parameter(names = "--lock", presentValue = "true", absentValue = "false")
          boolean lock,
      @Descriptor("brings all pages in before it returns")
          @Parameter(names = "--prefault", presentValue = "true", absentValue = "false")
          boolean prefault,
      @Descriptor("takes disk space only as pages are stored to; a full disk is then a SIGBUS")
          @Parameter(names = "--sparse", presentValue = "true", absentValue = "false")
          boolean sparse,
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
    if (name != null) {
      RegionNames.checkNew(name);
    }
    Console console = Console.of(session);
    try (ProgressLine progress = console.progress("allocate " + size)) {
      RegionRequest request =
          RegionRequest.ofSize(size.bytes())
              .withName(name)
              .withSharing(sharing)
              .withPattern(pattern)
              .withPageSize(huge ? PageSize.HUGE : PageSize.DEFAULT)
              .withPrefault(prefault)
              .withLocked(lock)
              .withDurability(durability)
              .withReservation(sparse ? Reservation.SPARSE : Reservation.RESERVED)
              .withPolicies(Words.parseAll(SwapPolicy.class, policy, "--policy"))
              .withDirectory(directory == null ? null : console.resolve(directory))
              .withOwner(owner)
              .withProgress(progress)
              .withResidentBudget(BudgetCommand.parse(budget))
              .requiring(Words.parseAll(Capability.class, require, "--require"));
      Backend chosen = providers().choose(backend, Requirements.of(request));
      return RegionOpened.in(session, chosen.allocate(request).info());
    }
  }
}
