/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.heap;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Autogrowth;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionNames;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Requirements;
import org.dmalloc.heap.Heap;
import org.dmalloc.heap.HeapOptions;
import org.dmalloc.heap.HeapStatistics;
import org.dmalloc.report.Table;
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.command.RegionOpened;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/** Makes heaps, opens and closes them, and lists those that are open. */
public final class HeapOpeningCommands extends CommandSet {
  private final OpenHeaps open;

  HeapOpeningCommands(Providers providers, OpenHeaps open) {
    super(providers, "heap create", "heap open", "heap close", "heap list", "heap erase");
    this.open = open;
  }

  @Descriptor("makes an empty heap in a region, over what is in it, and keeps it open")
  @Affects({Effect.WRITE, Effect.DELETE})
  public HeapOpened create(
      CommandSession session,
      @Argument("[ID]: id or name of the region; with --size the name of a new one")
          @Nullable Object id,
      @Argument("--size SIZE: allocates the region: 64m, 1g …; without ID it has no name")
          @Nullable ByteSize size,
      @Argument("--max SIZE: with --size, how far it can grow in place") @Nullable ByteSize max,
      @Argument("-b, --backend BACKEND: the backend of the region; default as for 'alloc'")
          @Nullable String backend,
      HeapOptionArguments how)
      throws MemoryException {
    HeapOptions options = plan("heap create", how::options);
    try (ProgressLine progress = Console.of(session).progress("heap create")) {
      progress.now("making it");
      if (size != null) {
        return inNewRegion(session, id, backend, size, max, options);
      }
      if (max != null) {
        throw new UsageException("heap create: --max is for a new region; give --size too");
      }
      if (id == null) {
        throw new UsageException("heap create: give ID, or --size for a new region");
      }
      RegionLookup.Lease region = lookup().lease(id, AccessMode.READ_WRITE, backend);
      return keep(session, region, () -> open.service().create(region.region(), options), "made");
    }
  }

  private HeapOpened inNewRegion(
      CommandSession session,
      @Nullable Object name,
      @Nullable String backend,
      ByteSize size,
      @Nullable ByteSize max,
      HeapOptions options)
      throws MemoryException {
    if (size.bytes() < HeapOptions.MIN_BYTES) {
      throw UsageException.of(
          "heap create: --size %s; give at least %s", size, ByteSize.format(HeapOptions.MIN_BYTES));
    }
    RegionRequest request = RegionRequest.ofSize(size.bytes()).withOwner("heap");
    if (name != null) {
      RegionNames.checkNew(name.toString());
      request = request.withName(name.toString());
    }
    if (max != null) {
      request =
          request
              .withMaximum(max.bytes())
              .withAutogrowth(
                  max.bytes() == RegionAttributes.NO_MAXIMUM
                      ? Autogrowth.NONE
                      : Autogrowth.upTo(max.bytes()));
    }
    Set<Capability> needs = Requirements.of(request);
    MemoryRegion region = providers().choose(backend, needs, warn(session)).allocate(request);
    RegionLookup.Lease lease = new RegionLookup.Lease(region, false);
    return keep(session, lease, () -> open.service().create(region, options), "made");
  }

  @FunctionalInterface
  private interface Maker {
    Heap make() throws MemoryException;
  }

  /** Keeps the heap open, with the region if that was opened for it. */
  private HeapOpened keep(
      CommandSession session, RegionLookup.Lease region, Maker maker, @Nullable String done)
      throws MemoryException {
    Heap heap;
    try {
      heap = maker.make();
    } catch (MemoryException | RuntimeException | Error e) {
      region.close();
      throw e;
    }
    open.keep(heap, region.borrowed() ? null : region.region());
    RegionInfo info = region.region().info();
    boolean stays =
        session.get(RegionOpened.ONE_COMMAND) == null
            || (info.path() != null && info.name() != null);
    return HeapOpened.of(
        heap,
        done == null ? HeapOpened.found(heap.recovery()) : done,
        stays ? "" : RegionOpened.in(session, info).note());
  }

  @Descriptor("opens the heap of a region, which may be stored, and keeps it open")
  public HeapOpened open(
      CommandSession session,
      HeapArguments which,
      @Argument("-r, --read-only: opens it for looking only") boolean readOnly,
      HeapOptionArguments how)
      throws MemoryException {
    HeapOptions options = plan("heap open", how::options);
    AccessMode access = readOnly ? AccessMode.READ_ONLY : AccessMode.READ_WRITE;
    try (ProgressLine progress = Console.of(session).progress("heap open")) {
      progress.now("finding what is free"); // long if it was not closed cleanly
      RegionLookup.Lease region = lookup().lease(which.heap(), access, which.backend());
      return keep(session, region, () -> open.open(region, options), null);
    }
  }

  @Descriptor("closes open heaps cleanly; blocks stay allocated, and what is stored stays stored")
  @Affects(Effect.DELETE)
  public Message close(
      CommandSession session,
      @Argument("[HEAP…]: ids or names of regions with an open heap") List<Object> which,
      @Argument("-a, --all: all heaps that the shell has opened") boolean all)
      throws MemoryException {
    if (all == !which.isEmpty()) {
      throw new UsageException("heap close: give the ids of regions, or --all; see 'heap list'");
    }
    // All are resolved before the first close, so that a mistyped one prevents all.
    List<Heap> heaps =
        all
            ? open.all().stream().filter(each -> open.kept(each).isPresent()).toList()
            : which.stream().map(this::openHeap).distinct().toList();
    List<String> lines = new ArrayList<>();
    for (Heap heap : heaps) {
      RegionInfo info = heap.region().info();
      try (ProgressLine progress =
          Console.of(session).progress("heap close " + RegionLookup.label(info))) {
        progress.now("writing it");
        boolean both = open.close(heap);
        lines.add(
            "closed the heap of "
                + RegionLookup.label(info)
                + (both
                    ? ", and the region" + (info.name() == null ? ", which is gone" : "")
                    : "; the region stays open"));
      }
    }
    return Message.of(lines.isEmpty() ? List.of("the shell has no heap open") : lines);
  }

  private Heap openHeap(Object reference) {
    MemoryRegion region = lookup().open(reference);
    return open.service()
        .find(region)
        .orElseThrow(
            () ->
                UsageException.of(
                    "the heap of %s is not open; see 'heap list'",
                    RegionLookup.label(region.info())));
  }

  /**
   * An open heap in the list.
   *
   * @param name of its region; null for none
   * @param openedBy the shell, or somebody else
   * @param clean whether it was closed cleanly before it was opened
   */
  public record HeapRow(
      long id,
      @Nullable String name,
      String backend,
      long byteSize,
      long liveBlocks,
      long liveBytes,
      long freeBytes,
      boolean readOnly,
      boolean clean,
      String openedBy) {}

  @Descriptor("lists the open heaps")
  public Printable list(@Argument("--json: as JSON") boolean json) {
    List<HeapRow> rows = open.all().stream().map(this::row).toList();
    if (json) {
      return new JsonResult(rows);
    }
    return new Listing<>(
        rows,
        "no heap is open",
        List.of(
            Table.column("ID", row -> Long.toString(row.id)),
            Table.column("NAME", row -> row.name == null ? "-" : row.name),
            Table.column("BACKEND", HeapRow::backend),
            Table.column("SIZE", row -> ByteSize.format(row.byteSize)),
            Table.column("BLOCKS", row -> Long.toString(row.liveBlocks)),
            Table.column("LIVE", row -> ByteSize.format(row.liveBytes)),
            Table.column("FREE", row -> ByteSize.format(row.freeBytes)),
            Table.column("MODE", row -> row.readOnly ? "ro" : "rw"),
            Table.column("CLEAN", row -> row.clean ? "yes" : "no"),
            Table.column("BY", HeapRow::openedBy)));
  }

  private HeapRow row(Heap heap) {
    RegionInfo info = heap.region().info();
    HeapStatistics held = heap.statistics();
    return new HeapRow(
        info.id(),
        info.name(),
        providers().place(info),
        info.byteSize(),
        held.liveBlocks(),
        held.liveBytes(),
        held.freeBytes(),
        info.access() == AccessMode.READ_ONLY,
        heap.recovery().clean(),
        open.kept(heap).isPresent() ? "shell" : "others");
  }

  @Descriptor("ends a heap for good: its blocks are lost, the region stays")
  @Affects({Effect.WRITE, Effect.DELETE})
  public Message erase(
      HeapArguments which, @Argument("--yes: yes, its blocks may be lost") boolean yes)
      throws MemoryException {
    try (RegionLookup.Lease region =
        lookup().lease(which.heap(), AccessMode.READ_WRITE, which.backend())) {
      open.requireHeap(region);
      if (open.service().find(region.region()).isPresent()) {
        throw UsageException.of(
            "the heap of %s is open; 'heap close' it before it is erased", region.label());
      }
      if (!yes) {
        throw UsageException.of(
            "heap erase: the blocks in %s would be lost; give --yes if they may be",
            region.label());
      }
      open.service().erase(region.region());
      return Message.of("erased the heap of %s; the region stays", region.label());
    }
  }

  @Override
  public Optional<List<String>> candidates(String placeholder) {
    return HeapCandidates.of(providers(), open, placeholder);
  }

  @Override
  protected void stopped() {
    open.stopped();
  }
}
