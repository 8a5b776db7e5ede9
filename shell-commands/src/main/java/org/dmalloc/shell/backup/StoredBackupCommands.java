/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.backup;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupInfo;
import org.dmalloc.backup.BackupPoint;
import org.dmalloc.backup.BackupService;
import org.dmalloc.backup.BackupStatus.State;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.KnownBackup;
import org.dmalloc.backup.MergeReport;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.backup.VerifyReport;
import org.dmalloc.report.Table;
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.CommandFailure;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.ByteSize;
import org.dmalloc.shell.syntax.TimeSpan;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/** Lists what lies in stores, checks it, and merges what need not stay. */
public final class StoredBackupCommands extends CommandSet {
  private static final Set<State> GOING_ON =
      Set.of(State.COPYING_BASE, State.KEEPING, State.WAITING);

  private final BackupService service;
  private final BackupLookup backups;

  StoredBackupCommands(Providers providers, BackupService service, BackupLookup backups) {
    super(providers, "backups", "backup verify", "backup merge");
    this.service = service;
    this.backups = backups;
  }

  /** A backup in the list of those in a store. */
  public record StoredRow(String store, BackupInfo backup) {
    private String checkpoints() {
      return Integer.toString(backup.points().size());
    }

    private String point(Optional<BackupPoint> point) {
      return point.map(StoredBackupCommands::named).orElse("-");
    }

    private String first() {
      return point(backup.points().stream().findFirst());
    }

    private String last() {
      return point(backup.points().stream().reduce((a, b) -> b));
    }

    private String state() {
      return backup.damage() != null ? "damaged" : backup.open() ? "kept" : "ended";
    }

    private String damage() {
      String damage = backup.damage();
      return damage == null ? "-" : damage;
    }
  }

  /** A checkpoint in a sentence or list: its number and time. */
  static String named(BackupPoint point) {
    return point.number() + ", " + time(point.at());
  }

  static String time(Instant at) {
    return at.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  @Descriptor("lists the checkpoints that a store has of a region, or the backups in stores")
  public Printable backups(
      CommandSession session,
      @Argument(
              "[BACKUP]: id or name of a region or group: its checkpoints; a path with a slash, or"
                  + " an address: the backups in that store; without it those of all regions here")
          @Nullable Object backup,
      @Argument("--from STORE: the store; default the one that it was kept in last")
          @Nullable String from,
      @Argument("--json: as JSON") boolean json)
      throws MemoryException {
    Console console = Console.of(session);
    if (backup == null) {
      return stores(console, from, json);
    }
    try (BackupLookup.Found found =
        this.backups.find(console, "backups", new BackupArguments(backup, from))) {
      String store = found.store().location();
      if (found.isWholeStore()) {
        return list(rows(found), json);
      }
      BackupInfo info = found.single();
      if (json) {
        return new JsonResult(new StoredRow(store, info));
      }
      return new Listing<>(
          info.points(),
          "no checkpoint of " + info.group() + " is in " + store + " yet; see 'backup status'",
          List.of(
              Table.column("CHECKPOINT", point -> Long.toString(point.number())),
              Table.column("TIME", point -> time(point.at())),
              Table.column("AGE", point -> TimeSpan.since(point.at(), Instant.now())),
              Table.column("PAGES", point -> Long.toString(point.pages())),
              Table.column("SIZE", point -> ByteSize.format(point.byteSize()))));
    }
  }

  /** The backups in a store, or in all that regions here were kept in. */
  private Printable stores(Console console, @Nullable String from, boolean json)
      throws MemoryException {
    Set<String> locations = new LinkedHashSet<>();
    if (from != null) {
      locations.add(from);
    } else {
      service.backups().stream()
          .map(Backup::store)
          .map(BackupStore::location)
          .forEach(locations::add);
      backups.known().stream().map(KnownBackup::location).forEach(locations::add);
    }
    List<StoredRow> rows = new ArrayList<>();
    for (String location : locations) {
      try (BackupStore store = backups.open(console, "backups", location)) {
        for (BackupInfo info : service.list(store)) {
          rows.add(new StoredRow(store.location(), info));
        }
      } catch (MemoryException | UsageException e) {
        if (locations.size() == 1) {
          throw e;
        }
        console.warn(String.valueOf(e.getMessage()));
      }
    }
    return list(rows, json);
  }

  private static List<StoredRow> rows(BackupLookup.Found found) {
    return found.backups().stream()
        .map(info -> new StoredRow(found.store().location(), info))
        .toList();
  }

  private static Printable list(List<StoredRow> rows, boolean json) {
    if (json) {
      return new JsonResult(rows);
    }
    List<Table.Column<StoredRow>> columns =
        new ArrayList<>(
            List.of(
                Table.column("GROUP", row -> BackupLookup.label(row.backup())),
                Table.column("REGIONS", row -> String.join(",", row.backup().regions())),
                Table.column("CHECKPOINTS", StoredRow::checkpoints),
                Table.column("FIRST", StoredRow::first),
                Table.column("LAST", StoredRow::last),
                Table.column("SIZE", row -> ByteSize.format(row.backup().byteSize())),
                Table.column("STATE", StoredRow::state),
                Table.column("OWNER", row -> row.backup().owner()),
                Table.column("STORE", StoredRow::store)));
    if (rows.stream().map(row -> row.backup().group()).distinct().count() < rows.size()) {
      columns.addFirst(Table.column("ID", row -> row.backup().id().toString()));
    }
    if (rows.stream().anyMatch(row -> row.backup().damage() != null)) {
      columns.add(Table.column("DAMAGE", StoredRow::damage)); // the longest, so the last
    }
    return new Listing<>(
        rows, "no backup is there; 'backup start ID --to STORE' begins one", columns);
  }

  /** What was read of one backup. */
  public record VerifyRow(UUID id, String group, String store, VerifyReport report) {}

  /** A line of the result. */
  private record Finding(String result, String group, String text) {}

  @Descriptor(
      "reads all of a backup, or of all in a store, and compares every byte; fails if one"
          + " is damaged")
  public Printable verify(
      CommandSession session, BackupArguments which, @Argument("--json: as JSON") boolean json)
      throws MemoryException, CommandFailure {
    Console console = Console.of(session);
    List<VerifyRow> rows = new ArrayList<>();
    List<Finding> findings = new ArrayList<>();
    try (BackupLookup.Found found = backups.find(console, "backup verify", which)) {
      for (BackupInfo info : found.backups()) {
        String damage = info.damage();
        if (damage != null) {
          findings.add(new Finding("ERROR", BackupLookup.label(info), damage));
          continue;
        }
        try (ProgressLine progress = console.progress("backup verify " + info.group())) {
          VerifyReport report = service.verify(found.store(), info.id(), progress);
          rows.add(new VerifyRow(info.id(), info.group(), found.store().location(), report));
          findings.addAll(findings(info.group(), report));
        }
      }
    }
    Printable result =
        json
            ? new JsonResult(rows)
            : new Listing<>(
                findings,
                "",
                List.of(
                    Table.column("RESULT", Finding::result),
                    Table.column("GROUP", Finding::group),
                    Table.column("FINDING", Finding::text)));
    if (findings.stream().noneMatch(each -> each.result().equals("ERROR"))) {
      return result;
    }
    console.print(result);
    throw CommandFailure.because(
        null, "backup verify: damage was found; see RESULT ERROR above, and restore another one");
  }

  private static List<Finding> findings(String group, VerifyReport report) {
    List<Finding> findings = new ArrayList<>();
    findings.add(
        new Finding(
            report.sound() ? "OK" : "INFO",
            group,
            report.points()
                + (report.points() == 1 ? " checkpoint, " : " checkpoints, ")
                + ByteSize.format(report.byteSize())
                + " in "
                + report.objects()
                + (report.objects() == 1 ? " object" : " objects")));
    if (report.unusedBytes() > 0) {
      findings.add(
          new Finding(
              "INFO",
              group,
              ByteSize.format(report.unusedBytes())
                  + " belong to no checkpoint; the next merge deletes them"));
    }
    report.findings().forEach(text -> findings.add(new Finding("ERROR", group, text)));
    if (!report.damagedPoints().isEmpty()) {
      String numbers =
          report.damagedPoints().stream().map(String::valueOf).collect(Collectors.joining(", "));
      findings.add(
          new Finding("ERROR", group, "cannot be restored any more: checkpoints " + numbers));
    }
    return findings;
  }

  /** What was merged of one backup. */
  public record MergeRow(UUID id, String group, String store, MergeReport report) {}

  @Descriptor("merges now what need not stay: checkpoints go, and the others take less room")
  @Affects(Effect.DELETE)
  public Printable merge(
      CommandSession session,
      BackupArguments which,
      @Argument(
              "--keep RETENTION: which checkpoints stay, as INTERVAL:AGE,…; default as it was kept"
                  + " the last time")
          @Nullable String retention,
      @Argument("--json: as JSON") boolean json)
      throws MemoryException {
    Console console = Console.of(session);
    try (BackupLookup.Found found = backups.find(console, "backup merge", which)) {
      BackupInfo info = found.single();
      try (ProgressLine progress = console.progress("backup merge " + info.group())) {
        progress.now("merging");
        MergeReport report = merge(found, info, retention, progress);
        MergeRow row = new MergeRow(info.id(), info.group(), found.store().location(), report);
        return json ? new JsonResult(row) : Message.of(sentence(row));
      }
    }
  }

  private MergeReport merge(
      BackupLookup.Found found, BackupInfo info, @Nullable String retention, ProgressLine progress)
      throws MemoryException {
    Optional<Backup> kept =
        service.backups().stream()
            .filter(each -> each.id().equals(info.id()))
            .filter(each -> each.store().location().equals(found.store().location()))
            .filter(each -> GOING_ON.contains(each.status().state()))
            .findFirst();
    if (kept.isPresent() && retention == null) {
      return kept.get().merge();
    }
    Optional<RetentionPolicy> last =
        backups.last(info.id()).map(known -> known.options().retention());
    RetentionPolicy policy =
        retention == null
            ? last.orElseThrow(
                () ->
                    UsageException.of(
                        "backup merge: nothing here says which checkpoints of %s are to stay; give"
                            + " --keep, as in all:1h,1h:1d,1d:30d",
                        info.group()))
            : plan("backup merge", () -> RetentionPolicy.parse(retention));
    return service.merge(found.store(), info.id(), policy, progress);
  }

  private static String sentence(MergeRow row) {
    MergeReport report = row.report();
    return row.group()
        + " in "
        + row.store()
        + ": "
        + report.points()
        + (report.points() == 1 ? " checkpoint stays, " : " checkpoints stay, ")
        + report.removedPoints()
        + " went; "
        + ByteSize.format(report.writtenBytes())
        + " written, "
        + ByteSize.format(report.freedBytes())
        + " freed";
  }

  @Override
  public Optional<List<String>> candidates(String placeholder) {
    return BackupCandidates.of(providers(), backups, placeholder);
  }
}
