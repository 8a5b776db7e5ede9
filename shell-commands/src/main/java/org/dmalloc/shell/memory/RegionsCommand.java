/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.memory;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.move.ManagedRegionInfo;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.Command;
import org.dmalloc.shell.command.ProviderFault;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** Lists the open regions. */
public final class RegionsCommand extends Command {
  /** Makes the command. */
  public RegionsCommand(Providers providers) {
    super("regions", providers);
  }

  /** Lists the open regions. */
  @Descriptor("lists the open regions")
  public Object regions(
      CommandSession session,
      @Descriptor("BACKEND: only those of one backend")
          @Parameter(
              names = {"-b", "--backend"},
              absentValue = "")
          @Nullable String backend,
      @Descriptor("what was left open by bundles that stopped, and what backends that stopped left")
          @Parameter(names = "--leaks", presentValue = "true", absentValue = "false")
          boolean leaks,
      @Descriptor("as JSON")
          @Parameter(names = "--json", presentValue = "true", absentValue = "false")
          boolean json) {
    if (leaks) {
      return leaks(session, json);
    }
    @Nullable Backend only = backend == null ? null : providers().choose(backend);
    List<ProviderFault> faults = new ArrayList<>();
    List<RegionInfo> infos =
        providers().regions(faults::add).stream()
            .filter(open -> only == null || providers().isOn(only, open))
            .map(Backend.Open::info)
            .toList();
    faults.forEach(warn(session));
    if (json) {
      return new JsonResult(infos);
    }
    return new Listing<>(
        infos,
        faults.isEmpty() ? "no region is open" : "no region is open on the backends that answer",
        List.of(
            "ID",
            "NAME",
            "BACKEND",
            "SIZE",
            "SHARING",
            "ACCESS",
            "PATTERN",
            "SECTIONS",
            "PINNED",
            "MOVES",
            "OWNER"),
        this::cells);
  }

  private Object leaks(CommandSession session, boolean json) {
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
        List.of("ID", "NAME", "SIZE", "BUNDLE", "OWNER", "STOPPED", "STATE"),
        leak ->
            new String[] {
              Long.toString(leak.id()),
              text(leak.name()),
              ByteSize.format(leak.byteSize()),
              text(leak.bundle()),
              text(leak.owner()),
              leak.stoppedAt().truncatedTo(ChronoUnit.SECONDS).toString(),
              leak.state()
            });
  }

  private String[] cells(RegionInfo info) {
    Optional<ManagedRegionInfo> managed = providers().managed(info.id());
    String owner = info.owner();
    return new String[] {
      Long.toString(info.id()),
      text(info.name()),
      providers().place(info)
          + (Providers.orphanedSince(info.id()).isPresent() ? " (orphaned)" : ""),
      ByteSize.format(info.byteSize()),
      Words.of(info.sharing()),
      access(info),
      Words.of(info.pattern()),
      Integer.toString(info.openSections()),
      info.pinned() ? "yes" : "no",
      managed.map(m -> Long.toString(m.moves())).orElse("-"),
      owner != null ? owner : text(managed.map(ManagedRegionInfo::bundle).orElse(null))
    };
  }

  private static String access(RegionInfo info) {
    String access = info.access() == AccessMode.READ_ONLY ? "ro" : "rw";
    return info.writeBackFailure() == null ? access : access + ", not written";
  }

  private static String text(@Nullable String text) {
    return text == null ? "-" : text;
  }
}
