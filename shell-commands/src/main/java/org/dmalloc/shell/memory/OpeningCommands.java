/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Durability;
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
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Effect;
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
      @Argument("--checkpoint: stores become durable by checkpoints alone, all or nothing")
          boolean checkpoint,
      @Argument("--group GROUP: regions of one group are checkpointed together")
          @Nullable String group,
      CheckpointArguments checkpoints,
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
    boolean checkpointed = checkpoint || attributes.durability() == Durability.CHECKPOINT;
    requireCheckpoints(checkpointed, name, budget, group, checkpoints);
    RegionInfo info;
    try (ProgressLine progress = console.progress("allocate " + size)) {
      RegionRequest plain =
          attributes
              .in(RegionRequest.ofSize(size.bytes()).withName(name), console, progress)
              .withReservation(sparse ? Reservation.SPARSE : Reservation.RESERVED)
              .withPolicies(Words.parseAll(SwapPolicy.class, policy, "--policy"))
              .withResidentBudget(PagingCommands.parseBudget(budget, "--budget"));
      RegionRequest request =
          checkpointed
              ? plan("alloc", () -> plain.checkpointed(checkpoints.in(console, group)))
              : plain;
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

  /** Refuses what contradicts checkpoints, or means nothing without them, in the shell's words. */
  private static void requireCheckpoints(
      boolean checkpointed,
      @Nullable String name,
      @Nullable String budget,
      @Nullable String group,
      CheckpointArguments checkpoints) {
    if (!checkpointed) {
      List<String> given = new ArrayList<>(checkpoints.given());
      if (group != null) {
        given.addFirst("--group");
      }
      if (!given.isEmpty()) {
        throw UsageException.of(
            "alloc: %s: the region is not checkpointed; give --checkpoint too",
            String.join(" and ", given));
      }
    } else if (name == null) {
      throw new UsageException(
          "alloc: --checkpoint needs a name: without one the region is gone with its process; give"
              + " -n NAME");
    } else if (budget != null) {
      throw new UsageException(
          "alloc: --budget and --checkpoint: changed pages have no file to go to before the next"
              + " checkpoint; bound them by --bound");
    }
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
      CheckpointArguments checkpoints,
      AttributeOptions attributes)
      throws MemoryException, CommandFailure {
    Console console = Console.of(session);
    if (readOnly && !checkpoints.given().isEmpty()) {
      throw UsageException.of(
          "open: %s with --read-only: nothing is stored, and no checkpoint made; leave one of them"
              + " out",
          String.join(" and ", checkpoints.given()));
    }
    try (ProgressLine progress = console.progress("open " + name)) {
      Backend.Stored found =
          lookup().stored(name, backend, console.resolveGiven(attributes.directory()));
      OpenRequest request =
          attributes
              .in(OpenRequest.of(found.region().name()), console, progress)
              .withAccess(readOnly ? AccessMode.READ_ONLY : AccessMode.READ_WRITE)
              .withCheckpoints(checkpoints.in(console, null));
      MemoryRegion region = found.backend().open(request);
      if (!checkpoints.given().isEmpty() && !CheckpointState.has(region.info())) {
        region.close();
        throw UsageException.of(
            "open: %s: %s is not checkpointed; leave that out, or copy it to a region of 'alloc"
                + " --checkpoint'",
            String.join(" and ", checkpoints.given()), name);
      }
      return RegionOpened.in(session, region.info());
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
  @Affects(Effect.DELETE)
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
