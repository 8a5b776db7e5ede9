/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionNames;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Requirements;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.ProviderFault;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionOpened;
import org.dmalloc.shell.command.RegionWatcher;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** Allocates regions, opens stored ones, and closes them. */
public final class OpeningCommands extends CommandSet {
  public OpeningCommands(Providers providers) {
    super(providers, "alloc", "open", "free");
  }

  @Descriptor("allocates a region of zeroed memory")
  public RegionOpened alloc(
      CommandSession session,
      @Argument("SIZE: how many bytes: 4096, 64k, 512m, 1.5g …") ByteSize size,
      @Argument("-b, --backend BACKEND: the backend; default the best, see 'providers'")
          @Nullable String backend,
      @Argument("-n, --name NAME: stores the region under a name, so that it outlives the process")
          @Nullable String name,
      @Argument("--policy POLICY: swap policies, separated by commas; see 'policy --help'")
          @Nullable String policy,
      @Argument("--budget BUDGET: how much may be in RAM: 64m, 1g …; see 'budget --help'")
          @Nullable String budget,
      @Argument("--sparse: takes disk space only for stored pages; a full disk is then a SIGBUS")
          boolean sparse,
      AttributeOptions attributes)
      throws MemoryException, CommandFailure {
    if (name != null) {
      RegionNames.checkNew(name);
    }
    Console console = Console.of(session);
    AttributeOptions.refuseLost(console, "--policy and --budget", policy != null || budget != null);
    ByteSize max = attributes.max();
    if (max != null && max.bytes() > 0 && max.bytes() < size.bytes()) {
      throw UsageException.of(
          "alloc: --max %d is less than SIZE, which is %d; give at least that",
          max.bytes(), size.bytes());
    }
    RegionInfo info;
    try (ProgressLine progress = console.progress("allocate " + size)) {
      RegionRequest request =
          attributes
              .in(RegionRequest.ofSize(size.bytes()), console, progress)
              .withName(name)
              .withReservation(sparse ? Reservation.SPARSE : Reservation.RESERVED)
              .withPolicies(Words.parseAll(SwapPolicy.class, policy, "--policy"))
              .withResidentBudget(PagingCommands.parseBudget(budget, "--budget"));
      Backend chosen = providers().choose(backend, Requirements.of(request), warn(session));
      try {
        info = chosen.allocate(request).info();
      } catch (UnsupportedCapabilityException e) {
        throw e;
      } catch (RuntimeException e) {
        throw failed(chosen, e);
      }
    }
    if (backend == null) {
      providers().passedOver(info).forEach(console::warn);
    }
    return RegionOpened.in(session, info);
  }

  /** Names the backend and the others. None replaces it, because it might not keep the bytes. */
  private CommandFailure failed(Backend backend, RuntimeException e) {
    String name = providers().name(backend);
    CommandFailure plain = CommandFailure.of("alloc", e, providers());
    boolean named = String.valueOf(plain.getMessage()).contains("backend " + name);
    if (named && !(e instanceof ProviderFault)) {
      return plain; // it has a next step of its own
    }
    List<String> others = providers().names().stream().filter(n -> !n.equals(name)).toList();
    return CommandFailure.because(
        e,
        "%s%s",
        (named ? plain : CommandFailure.of("alloc: backend " + name, e, providers())).getMessage(),
        others.isEmpty() ? "" : "; choose another one by -b: " + String.join(", ", others));
  }

  @Descriptor("opens a stored region and keeps it open")
  public RegionOpened open(
      CommandSession session,
      @Argument("NAME: its name, see 'stored'") String name,
      @Argument("-b, --backend BACKEND: the backend that opens it; default the best that has it")
          @Nullable String backend,
      @Argument("-r, --read-only: opens it for reading only") boolean readOnly,
      AttributeOptions attributes)
      throws MemoryException, CommandFailure {
    Console console = Console.of(session);
    try (ProgressLine progress = console.progress("open " + name)) {
      Backend.Stored found =
          lookup().stored(name, backend, console.resolveGiven(attributes.directory()));
      OpenRequest request =
          attributes
              .in(OpenRequest.of(found.region().name()), console, progress)
              .withAccess(readOnly ? AccessMode.READ_ONLY : AccessMode.READ_WRITE);
      return RegionOpened.in(session, found.backend().open(request).info());
    } catch (MemoryException e) {
      Optional<Long> orphan = Providers.orphanOn(e.target());
      if (orphan.isPresent()) {
        throw CommandFailure.because(
            e,
            "open %s: open here as region %d, whose backend was stopped or reconfigured;"
                + " close it by 'free %2$d'",
            name,
            orphan.get());
      }
      throw e;
    }
  }

  @Descriptor("closes regions: an unnamed one is gone, a named one stays stored")
  public Message free(
      CommandSession session,
      @Argument("[ID…]: ids or names of open regions") List<Object> ids,
      @Argument("-a, --all: all open regions") boolean all)
      throws MemoryException {
    if (all == !ids.isEmpty()) {
      throw new UsageException("free: give the ids of regions, or --all; see 'regions'");
    }
    // All are resolved before the first close, so that a mistyped one prevents all.
    List<MemoryRegion> regions =
        all
            ? providers().regions(warn(session)).stream().map(Backend.Open::region).toList()
            : ids.stream().map(lookup()::open).distinct().toList();
    List<String> stored = new ArrayList<>();
    List<String> lost = new ArrayList<>();
    for (MemoryRegion region : regions) {
      RegionInfo info = region.info();
      for (RegionWatcher watcher : providers().watchers()) {
        watcher.closing(region);
      }
      Optional<String> detached = region.detached(); // an open file's whereabouts are known
      region.close();
      String name = info.name();
      if (name != null) {
        detached.ifPresentOrElse(fate -> lost.add(name + ": " + fate), () -> stored.add(name));
      }
    }
    return Message.of(
        "freed "
            + (regions.size() == 1 ? "1 region" : regions.size() + " regions")
            + (stored.isEmpty() ? "" : "; still stored: " + String.join(", ", stored))
            + (lost.isEmpty() ? "" : "; not in the store any more: " + String.join(", ", lost)));
  }
}
