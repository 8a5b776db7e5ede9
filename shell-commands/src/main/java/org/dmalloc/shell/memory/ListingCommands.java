/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.Residency;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.move.LeakedRegion;
import org.dmalloc.api.move.ManagedRegionInfo;
import org.dmalloc.report.Table;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** Lists the open regions, and shows the details of one. */
public final class ListingCommands extends CommandSet {
  public ListingCommands(Providers providers) {
    super(providers, "regions", "info");
  }

  /**
   * A region that was open when its bundle or backend stopped.
   *
   * @param name its name in the store; null for an unnamed region
   * @param bundle the symbolic name of the bundle that took it; null if it is unknown
   * @param owner the owner in the request; null for none
   * @param closed whether the stop closed it; else it was left open
   * @param state its current state, in words
   */
  public record LeftOpen(
      long id,
      @Nullable String name,
      long byteSize,
      @Nullable String bundle,
      @Nullable String owner,
      Instant createdAt,
      Instant stoppedAt,
      boolean closed,
      String state) {

    static LeftOpen of(LeakedRegion leak) {
      return new LeftOpen(
          leak.id(),
          leak.name(),
          leak.byteSize(),
          leak.bundle(),
          leak.owner(),
          leak.createdAt(),
          leak.stoppedAt(),
          leak.closed(),
          leak.closed() ? "closed" : "left open");
    }

    static LeftOpen of(RegionInfo info, Instant orphanedSince) {
      return new LeftOpen(
          info.id(),
          info.name(),
          info.byteSize(),
          null,
          info.owner(),
          info.createdAt(),
          orphanedSince,
          false,
          "open; " + info.backend() + " was stopped or reconfigured");
    }
  }

  @Descriptor("lists the open regions")
  public Printable regions(
      CommandSession session,
      @Argument("-b, --backend BACKEND: only those of one backend") @Nullable String backend,
      @Argument("--leaks: the regions that bundles and backends left open when they stopped")
          boolean leaks,
      @Argument("--json: as JSON") boolean json) {
    if (leaks) {
      return leaks(session, json);
    }
    @Nullable Backend only = backend == null ? null : providers().choose(backend);
    List<Exception> faults = new ArrayList<>();
    List<Backend.Open> open =
        providers().regions(faults::add).stream()
            .filter(each -> only == null || providers().isOn(only, each))
            .toList();
    List<RegionInfo> infos = open.stream().map(Backend.Open::info).toList();
    faults.forEach(warn(session));
    if (json) {
      return new JsonResult(infos);
    }
    return new Listing<>(
        infos,
        faults.isEmpty() ? "no region is open" : "no region is open on the backends that answer",
        columns(CheckpointState.byRegion(open), SharedWith.byRegion(open), failed(open)));
  }

  /** The ids of those whose bytes may not be what was stored. */
  private static Set<Long> failed(List<Backend.Open> open) {
    return open.stream()
        .filter(each -> each.failure() != null)
        .map(each -> each.info().id())
        .collect(Collectors.toSet());
  }

  /** With columns for checkpoints if a region has any, and for processes if one is shared. */
  private List<Table.Column<RegionInfo>> columns(
      Map<Long, CheckpointState> checkpoints, Map<Long, SharedWith> shared, Set<Long> failed) {
    List<Table.Column<RegionInfo>> columns =
        new ArrayList<>(
            List.of(
                Table.column("ID", info -> Long.toString(info.id())),
                Table.column("NAME", info -> text(info.name())),
                Table.column("BACKEND", this::place),
                Table.column("SIZE", info -> ByteSize.format(info.byteSize())),
                Table.column("LENGTH", info -> ByteSize.format(info.length())),
                Table.column("SHARING", info -> Words.of(info.sharing())),
                Table.column("ACCESS", info -> access(info, failed)),
                Table.column("PATTERN", info -> Words.of(info.pattern())),
                Table.column("SECTIONS", info -> Integer.toString(info.openSections())),
                Table.column("PINNED", info -> info.pinned() ? "yes" : "no"),
                Table.column("MOVES", this::moves),
                Table.column("OWNER", this::owner)));
    if (!checkpoints.isEmpty()) {
      columns.addAll(
          CheckpointState.columns(checkpoints.values(), info -> checkpoints.get(info.id())));
    }
    if (!shared.isEmpty()) {
      columns.add(SharedWith.column(shared));
    }
    return columns;
  }

  private Printable leaks(CommandSession session, boolean json) {
    List<LeftOpen> leaks = new ArrayList<>();
    providers().leaks().forEach(leak -> leaks.add(LeftOpen.of(leak)));
    for (Backend.Open open : providers().regions(warn(session))) {
      Instant since = open.orphanedSince();
      if (since != null) {
        leaks.add(LeftOpen.of(open.info(), since));
      }
    }
    if (json) {
      return new JsonResult(leaks);
    }
    return new Listing<>(
        leaks,
        "nothing was left open by a bundle or backend that stopped",
        List.of(
            Table.column("ID", leak -> Long.toString(leak.id())),
            Table.column("NAME", leak -> text(leak.name())),
            Table.column("SIZE", leak -> ByteSize.format(leak.byteSize())),
            Table.column("BUNDLE", leak -> text(leak.bundle())),
            Table.column("OWNER", leak -> text(leak.owner())),
            Table.column(
                "STOPPED", leak -> leak.stoppedAt().truncatedTo(ChronoUnit.SECONDS).toString()),
            Table.column("STATE", LeftOpen::state)));
  }

  private String place(RegionInfo info) {
    boolean orphaned = Providers.orphanedSince(info.id()).isPresent();
    return providers().place(info) + (orphaned ? " (orphaned)" : "");
  }

  private static String access(RegionInfo info, Set<Long> failed) {
    String access = info.access() == AccessMode.READ_ONLY ? "ro" : "rw";
    access += failed.contains(info.id()) ? ", failed" : "";
    return info.writeBackFailure() == null ? access : access + ", not written";
  }

  private String moves(RegionInfo info) {
    return providers().managed(info.id()).map(m -> Long.toString(m.moves())).orElse("-");
  }

  private String owner(RegionInfo info) {
    String owner = info.owner();
    return owner != null
        ? owner
        : text(providers().managed(info.id()).map(ManagedRegionInfo::bundle).orElse(null));
  }

  private static String text(@Nullable String text) {
    return text == null ? "-" : text;
  }

  @Descriptor("shows what a region is, and where its bytes are now")
  public Printable info(RegionArguments which, @Argument("--json: as JSON") boolean json)
      throws MemoryException {
    try (RegionLookup.Lease lease = which.lease(lookup(), AccessMode.READ_ONLY)) {
      RegionInfo info = lease.region().info();
      RegionDetails details =
          new RegionDetails(
              info,
              lease.region().detached().orElse(null),
              lease.region().failure().orElse(null),
              residency(lease.region()),
              lease.region().protectedRanges(),
              lease.region().advised(),
              CheckpointState.of(lease.region()).orElse(null),
              SharedWith.of(lease.region()).orElse(null),
              providers().managed(info.id()).orElse(null),
              Providers.orphanedSince(info.id()).orElse(null));
      return json ? new JsonResult(details) : details;
    }
  }

  private static @Nullable Residency residency(MemoryRegion region) throws MemoryException {
    try {
      return region.residency();
    } catch (UnsupportedCapabilityException e) {
      return null; // its backend cannot tell, and the output leaves it out
    }
  }
}
