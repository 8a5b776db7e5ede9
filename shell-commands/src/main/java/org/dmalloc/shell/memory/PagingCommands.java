/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.ProviderFault;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** Changes the kernel's treatment of a region's pages, and their number in RAM. */
public final class PagingCommands extends CommandSet {
  private static final String NO_BUDGET = "none";

  public PagingCommands(Providers providers) {
    super(providers, "advise", "policy", "release", "budget", "flush");
  }

  @Descriptor("gives the kernel advice about a region, or a range of it")
  @Affects(Effect.WRITE)
  public Message advise(
      RegionArguments which,
      @Argument("ADVICE: what madvise(2) is told") Advice advice,
      RangeArguments part)
      throws MemoryException {
    try (RegionLookup.Lease lease = which.lease(lookup(), AccessMode.READ_WRITE)) {
      String amount =
          part.apply(
              lease,
              region -> region.advise(advice),
              (region, offset, length) -> region.advise(advice, offset, length));
      return Message.of(
          "advised %s for %s of %s%s",
          Words.of(advice),
          amount,
          lease.label(),
          lease.borrowed() ? "" : "; it was open for this command only, 'open' keeps it");
    }
  }

  @Descriptor("changes how the kernel treats a region under memory pressure")
  @Affects(Effect.WRITE)
  public Message policy(
      @Argument("ID: id or name of an open region") Object id,
      @Argument("POLICY: the policy") SwapPolicy policy)
      throws MemoryException {
    MemoryRegion region = lookup().open(id);
    region.apply(policy);
    String inForce =
        region.info().policies().stream().sorted().map(Words::of).collect(Collectors.joining(", "));
    return Message.of(
        "applied %s to %s; in force: %s",
        Words.of(policy),
        RegionLookup.label(region.info()),
        inForce.isEmpty() ? Words.of(SwapPolicy.KERNEL) : inForce);
  }

  @Descriptor("says that a region, or a range of it, is not needed for a while; content stays")
  @Affects(Effect.WRITE)
  public Message release(RegionArguments which, RangeArguments part) throws MemoryException {
    try (RegionLookup.Lease lease = which.lease(lookup(), AccessMode.READ_WRITE)) {
      String amount = part.apply(lease, MemoryRegion::release, MemoryRegion::release);
      return Message.of("released %s of %s", amount, lease.label());
    }
  }

  @Descriptor("keeps the part of a region that is in RAM within a budget, or lifts the bound")
  @Affects(Effect.WRITE)
  public Message budget(
      @Argument("ID: id or name of the region, which must be open") Object id,
      @Argument("SIZE: how much may be in RAM: 64k, 512m, 1.5g …; or none") String size)
      throws MemoryException {
    long bytes = parseBudget(size, "SIZE");
    try (RegionLookup.Lease lease = lookup().lease(id, AccessMode.READ_WRITE, null)) {
      if (!lease.borrowed()) {
        throw UsageException.of(
            "%s is not open, and a budget ends with its region; 'open' it first", lease.label());
      }
      CheckpointState.refuse(
          "budget",
          lease,
          "%s is checkpointed: changed pages have no file to go to before the next checkpoint;"
              + " 'open' it with --bound to bound them");
      lease.region().limitResident(bytes);
      return Message.of("budget of %s: %s", lease.label(), formatBudget(bytes));
    }
  }

  /** Parses a budget; {@code none} and null mean no bound. {@code what} names it in messages. */
  static long parseBudget(@Nullable String size, String what) {
    if (size == null || size.strip().equalsIgnoreCase(NO_BUDGET)) {
      return RegionRequest.NO_BUDGET;
    }
    long bytes = ByteSize.parse(size, what).bytes();
    if (bytes == 0) {
      throw new UsageException("budget of 0 bytes; give at least 1, or " + NO_BUDGET);
    }
    return bytes;
  }

  static String formatBudget(long budgetBytes) {
    return budgetBytes == RegionRequest.NO_BUDGET ? NO_BUDGET : ByteSize.format(budgetBytes);
  }

  @Descriptor("writes changed pages to the file and waits until the device has them")
  public Message flush(
      CommandSession session,
      @Argument("[ID]: id or name of the region; a stored one is opened for this")
          @Nullable Object id,
      @Argument("--names: makes durable, in place of a region, the names that are so on force only")
          boolean names,
      @Argument("-b, --backend BACKEND: the backend of the region or of the names; default all")
          @Nullable String backend,
      RangeArguments part)
      throws MemoryException, CommandFailure {
    if (names) {
      if (id != null || part.given()) {
        throw new UsageException("flush: give a region or --names, not both");
      }
      return flushNames(session, backend);
    }
    if (id == null) {
      throw new UsageException("flush: give a region, or --names for all names; see 'regions'");
    }
    try (RegionLookup.Lease lease = lookup().lease(id, AccessMode.READ_WRITE, backend);
        ProgressLine progress = Console.of(session).progress("flush " + lease.label())) {
      CheckpointState.refuse(
          "flush",
          lease,
          "%s is checkpointed, so that its stores become durable together; use 'checkpoint %s'");
      part.apply(lease, MemoryRegion::force, MemoryRegion::force);
      return Message.of("flushed %s in %.2f s", lease.label(), progress.seconds());
    }
  }

  private Message flushNames(CommandSession session, @Nullable String backend)
      throws CommandFailure {
    List<String> failures = new ArrayList<>();
    List<String> done = new ArrayList<>();
    try (ProgressLine progress = Console.of(session).progress("flush --names")) {
      for (Backend each : providers().withStores(backend, warn(session))) {
        try {
          each.forceNames();
          done.add(providers().name(each));
        } catch (ProviderFault | MemoryException e) {
          failures.add(String.valueOf(e.getMessage()));
        }
      }
      Message result =
          Message.of(
              "flushed the names of %s in %.2f s",
              done.isEmpty() ? "no backend" : String.join(", ", done), progress.seconds());
      if (failures.isEmpty()) {
        return result;
      }
      Console.of(session).print(result);
    }
    failures.forEach(Console.of(session)::warn);
    throw new CommandFailure("flush: not all names are durable; see above", null);
  }
}
