/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.backup;

import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.backup.BackupInfo;
import org.dmalloc.backup.BackupPoint;
import org.dmalloc.backup.BackupService;
import org.dmalloc.backup.RestorePoint;
import org.dmalloc.backup.RestoreRequest;
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.command.RegionWatcher;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/** Makes regions of kept checkpoints, or brings regions back to one. */
public final class RestoreCommand extends CommandSet {
  private final BackupService service;
  private final BackupLookup backups;

  RestoreCommand(Providers providers, BackupService service, BackupLookup backups) {
    super(providers, "restore");
    this.service = service;
    this.backups = backups;
  }

  /**
   * What was restored.
   *
   * @param at when the checkpoint was made
   * @param regions the regions that have it now
   * @param made the checkpoint of them that it has become; 0 for new regions
   */
  public record Restored(
      String store, String group, long checkpoint, Instant at, List<String> regions, long made) {}

  @Descriptor(
      "makes a new region of a kept checkpoint (--as), or brings the region itself back to it"
          + " (--yes)")
  @Affects({Effect.WRITE, Effect.DELETE})
  public Printable restore(
      CommandSession session,
      BackupArguments which,
      @Argument(
              "[CHECKPOINT]: its number; or a time, for the last one until then:"
                  + " 2026-01-31T18:30:00Z, '2026-01-31 18:30', 18:30, or 2h for two hours ago; or"
                  + " latest, the default")
          @Nullable String checkpoint,
      CopyArguments copies,
      @Argument("--yes: yes, what the region has now may be replaced, and its group with it")
          boolean yes,
      @Argument("--json: as JSON") boolean json)
      throws MemoryException {
    RestorePoint asked = PointArgument.parse(checkpoint, ZonedDateTime.now(ZoneId.systemDefault()));
    try (BackupLookup.Found found = backups.find(Console.of(session), "restore", which)) {
      BackupPoint point = service.find(found.store(), found.single().id(), asked);
      Restored restored =
          isForItself(found, copies)
              ? into(session, found, point, copies, yes)
              : anew(session, found, point, copies);
      return json ? new JsonResult(restored) : Message.of(sentence(restored));
    }
  }

  /** Whether no new name or place is given, and the region is there. */
  private boolean isForItself(BackupLookup.Found found, CopyArguments copies) {
    if (copies.as() != null || copies.directory() != null) {
      return false;
    }
    Collection<String> names = copies.names(found.single(), found.region()).values();
    return Stream.concat(
            providers().regions(fault -> {}).stream().map(open -> open.info().name()),
            providers().stored(refused -> {}).stream().map(stored -> stored.region().name()))
        .anyMatch(names::contains);
  }

  /** Brings the regions of a group back, which are opened for this if they are not open. */
  private Restored into(
      CommandSession session,
      BackupLookup.Found found,
      BackupPoint point,
      CopyArguments copies,
      boolean yes)
      throws MemoryException {
    BackupInfo info = found.single();
    if (!yes) {
      throw UsageException.of(
          "restore: what %s %s now would be replaced by checkpoint %s; give --yes if it may be, or"
              + " --as NAME for a new region beside it",
          String.join(", ", info.regions()),
          info.regions().size() == 1 ? "has" : "have",
          StoredBackupCommands.named(point));
    }
    List<RegionLookup.Lease> leases = new ArrayList<>();
    try (ProgressLine progress = Console.of(session).progress("restore " + info.group())) {
      for (String name : info.regions()) {
        leases.add(lookup().lease(name, AccessMode.READ_WRITE, copies.backend()));
      }
      CheckpointLog group = BackupLookup.log("restore", leases.getFirst().region());
      for (MemoryRegion region : group.regions()) {
        for (RegionWatcher watcher : providers().watchers()) {
          watcher.discarding(region);
        }
      }
      long made =
          service.restoreInto(
              group, found.store(), info.id(), RestorePoint.number(point.number()), progress);
      return restored(found, point, info.regions(), made);
    } finally {
      leases.forEach(RegionLookup.Lease::close);
    }
  }

  private Restored anew(
      CommandSession session, BackupLookup.Found found, BackupPoint point, CopyArguments copies)
      throws MemoryException {
    Console console = Console.of(session);
    BackupInfo info = found.single();
    Backend target = copies.target(providers(), warn(session));
    RestoreRequest request =
        copies
            .request(info, found.region(), target, console)
            .withPoint(RestorePoint.number(point.number()));
    try (ProgressLine progress = console.progress("restore " + info.group())) {
      List<MemoryRegion> regions = service.restore(found.store(), request, target, progress);
      List<String> names = regions.stream().map(each -> RegionLookup.label(each.info())).toList();
      regions.forEach(MemoryRegion::close);
      if (!target.can(Capability.CHECKPOINT)) {
        console.warn(
            "backend "
                + providers().name(target)
                + " has no checkpoints, so that the new region has none");
      }
      return restored(found, point, names, 0);
    }
  }

  private static Restored restored(
      BackupLookup.Found found, BackupPoint point, List<String> regions, long made) {
    return new Restored(
        found.store().location(),
        found.single().group(),
        point.number(),
        point.at(),
        regions,
        made);
  }

  private static String sentence(Restored restored) {
    String names = String.join(", ", restored.regions());
    String from =
        String.format(
            Locale.ROOT,
            "%d of %s (%s)",
            restored.checkpoint(),
            restored.group(),
            StoredBackupCommands.time(restored.at()));
    return restored.made() > 0
        ? names + " is as at checkpoint " + from + " again; that is checkpoint " + restored.made()
        : "restored checkpoint " + from + " as " + names;
  }

  @Override
  public Optional<List<String>> candidates(String placeholder, List<String> before) {
    return placeholder.equals("CHECKPOINT")
        ? Optional.of(BackupCandidates.points(backups, before))
        : BackupCandidates.of(providers(), backups, placeholder);
  }
}
