/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionNames;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Requirements;
import org.dmalloc.api.Reservation;
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
      @Descriptor("POLICY: swap policies, with commas between them; see 'policy --help'")
          @Parameter(names = "--policy", absentValue = "")
          @Nullable String policy,
      @Descriptor("BUDGET: how much may be in RAM: 64m, 1g …; see 'budget --help'")
          @Parameter(names = "--budget", absentValue = "")
          @Nullable String budget,
      @Descriptor("takes disk space only as pages are stored to; a full disk is then a SIGBUS")
          @Parameter(names = "--sparse", presentValue = "true", absentValue = "false")
          boolean sparse,
      AttributeOptions attributes)
      throws MemoryException {
    if (name != null) {
      RegionNames.checkNew(name);
    }
    Console console = Console.of(session);
    RegionInfo info;
    try (ProgressLine progress = console.progress("allocate " + size)) {
      RegionRequest request =
          attributes
              .in(RegionRequest.ofSize(size.bytes()), console, progress)
              .withName(name)
              .withReservation(sparse ? Reservation.SPARSE : Reservation.RESERVED)
              .withPolicies(Words.parseAll(SwapPolicy.class, policy, "--policy"))
              .withResidentBudget(BudgetCommand.parse(budget));
      Backend chosen = providers().choose(backend, Requirements.of(request));
      info = chosen.allocate(request).info();
    }
    if (backend == null) {
      providers().passedOver(info).forEach(console::warn);
    }
    return RegionOpened.in(session, info);
  }
}
