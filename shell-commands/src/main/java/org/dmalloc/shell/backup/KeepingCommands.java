/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.backup;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupStatus;
import org.dmalloc.backup.BackupStatus.State;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.KnownBackup;
import org.dmalloc.report.Table;
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.CommandFailure;
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
import org.dmalloc.shell.syntax.TimeSpan;
import org.dmalloc.shell.syntax.UsageException;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/** Begins and ends backups, and says how they stand. */
public final class KeepingCommands extends CommandSet {
  /** How long a base that is small enough is waited for without being asked. */
  private static final Duration GRACE = Duration.ofSeconds(2);

  /** How long a store may refuse while it is waited for. */
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private static final Duration LOOK = Duration.ofMillis(100);

  private final OpenBackups open;
  private final BackupLookup backups;

  KeepingCommands(Providers providers, OpenBackups open, BackupLookup backups) {
    super(providers, "backup start", "backup stop", "backup status");
    this.open = open;
    this.backups = backups;
  }

  /**
   * A backup of this container in the list.
   *
   * @param by the shell, or others
   */
  public record BackupRow(
      UUID id,
      String group,
      List<String> regions,
      String store,
      BackupStatus status,
      String retention,
      String by) {

    /** What it does, and how far a base is. */
    private String state() {
      return status.state() == State.COPYING_BASE && status.baseTotalBytes() > 0
          ? String.format(
              Locale.ROOT,
              "copying-base, %d %%",
              100 * status.baseBytes() / status.baseTotalBytes())
          : Words.of(status.state());
    }

    private String kept() {
      return status.kept() == 0
          ? "none yet"
          : status.kept() + ", " + TimeSpan.since(status.keptAt(), Instant.now()) + " ago";
    }

    private String waiting() {
      return status.pendingCheckpoints() == 0
          ? "-"
          : status.pendingCheckpoints() + ", " + ByteSize.format(status.pendingBytes());
    }

    private String message() {
      String message = status.message();
      return message == null ? "-" : message;
    }

    /** The sentence that a start ends with. */
    private String sentence() {
      String to = group + " is backed up to " + store + ": ";
      String message = status.message();
      if (message != null && status.state() == State.WAITING) {
        return to + "it is tried again, " + message;
      } else if (status.last() == 0) {
        return to + "it has no checkpoint yet; 'checkpoint " + group + "' makes one";
      } else if (status.lag() == 0) {
        return to + "checkpoint " + status.kept() + " is there, and those that follow will be";
      }
      return to
          + (status.state() == State.COPYING_BASE
              ? "a base is being copied, "
                  + ByteSize.format(status.baseBytes())
                  + " of "
                  + ByteSize.format(status.baseTotalBytes())
              : "checkpoint " + status.last() + " is on its way")
          + "; see 'backup status'";
    }
  }

  private BackupRow row(Backup backup) {
    return new BackupRow(
        backup.id(),
        backup.group(),
        regions(backup),
        backup.store().location(),
        backup.status(),
        backup.options().retention().toString(),
        open.isOwn(backup) ? "shell" : "others");
  }

  /** The names of its regions that are open here. */
  private List<String> regions(Backup backup) {
    return providers().regions(fault -> {}).stream()
        .filter(each -> each.info().durability() == Durability.CHECKPOINT)
        .filter(
            each ->
                each.region().checkpoints() instanceof CheckpointLog log
                    && log.id().equals(backup.id()))
        .map(each -> RegionLookup.label(each.info()))
        .sorted()
        .toList();
  }

  @Descriptor("keeps each checkpoint of regions in a store from now on, beside their use")
  @Affects(Effect.READ)
  public Printable start(
      CommandSession session,
      @Argument("ID…: ids or names of checkpointed regions; a stored one is opened, and stays so")
          List<Object> ids,
      KeepArguments how,
      @Argument("-w, --wait: until the store has all up to now; Ctrl-C ends the backup")
          boolean wait,
      @Argument("--json: as JSON") boolean json)
      throws MemoryException, CommandFailure {
    Console console = Console.of(session);
    boolean endsAtOnce = RegionOpened.endsWithCommand(session);
    List<BackupRow> rows = new ArrayList<>();
    List<Group> left = new ArrayList<>(groups(ids));
    try {
      while (!left.isEmpty()) {
        rows.add(start(console, left.removeFirst(), how, wait || endsAtOnce, endsAtOnce));
      }
    } finally {
      left.forEach(group -> group.opened().forEach(MemoryRegion::close));
    }
    if (json) {
      return new JsonResult(rows);
    }
    List<String> lines = new ArrayList<>();
    for (BackupRow row : rows) {
      lines.add(
          endsAtOnce && row.status().last() > 0
              ? "checkpoint " + row.status().kept() + " of " + row.group() + " is in " + row.store()
              : row.sentence());
    }
    if (endsAtOnce) {
      lines.add("it ends with this command; './dmalloc' alone is a shell that goes on");
    }
    return Message.of(lines);
  }

  /** Begins one; ends it again if that is asked, or the waiting fails. */
  private BackupRow start(
      Console console, Group group, KeepArguments how, boolean wait, boolean endsAtOnce)
      throws MemoryException, CommandFailure {
    Backup backup = begin(console, group, how);
    boolean stays = false;
    try {
      await(console, backup, wait);
      stays = !endsAtOnce;
      return row(backup);
    } catch (MemoryException e) {
      if (Thread.currentThread().isInterrupted()) {
        throw CommandFailure.because(
            e, "backup start: interrupted; the backup of %s was ended", backup.group());
      }
      throw e;
    } finally {
      if (!stays) {
        open.close(backup.id());
      }
    }
  }

  /**
   * A group that is to be kept.
   *
   * @param opened the regions that were opened for that
   */
  private record Group(CheckpointLog log, List<MemoryRegion> opened) {}

  /** The groups of regions, each once; a mistake closes what was opened. */
  private List<Group> groups(List<Object> ids) throws MemoryException {
    Map<UUID, Group> groups = new LinkedHashMap<>();
    List<MemoryRegion> opened = new ArrayList<>();
    try {
      for (Object id : ids) {
        RegionLookup.Lease lease = lookup().lease(id, AccessMode.READ_WRITE, null);
        if (!lease.borrowed()) {
          opened.add(lease.region());
        }
        CheckpointLog log = BackupLookup.log("backup start", lease.region());
        Group group = groups.computeIfAbsent(log.id(), any -> new Group(log, new ArrayList<>()));
        if (!lease.borrowed()) {
          group.opened().add(lease.region());
        }
      }
      return List.copyOf(groups.values());
    } catch (MemoryException | RuntimeException e) {
      opened.forEach(MemoryRegion::close);
      throw e;
    }
  }

  private Backup begin(Console console, Group group, KeepArguments how) throws MemoryException {
    try (ProgressLine progress = console.progress("backup start " + group.log().name())) {
      progress.now("opening the store");
      Optional<KnownBackup> last = backups.last(group.log().id());
      String to = how.to() == null ? last.map(KnownBackup::location).orElse(null) : how.to();
      if (to == null) {
        String name = group.log().name();
        throw UsageException.of(
            "backup start: %s was not backed up before%s; give --to STORE, a directory or an"
                + " address",
            name,
            backups
                .known(name)
                .map(other -> ", only another by that name, in " + other.location())
                .orElse(""));
      }
      KeepOptions options =
          plan(
              "backup start",
              () -> how.over(last.map(KnownBackup::options).orElse(KeepOptions.DEFAULT), console));
      BackupStore store = backups.open(console, "backup start", to);
      return open.keep(group.log(), store, options, group.opened());
    } catch (MemoryException | RuntimeException e) {
      group.opened().forEach(MemoryRegion::close);
      throw e;
    }
  }

  /** Waits until the store has what the group has now, or for a moment, or while it goes on. */
  private static void await(Console console, Backup backup, boolean toTheEnd)
      throws MemoryException, CommandFailure {
    long last = backup.status().last();
    long start = System.nanoTime();
    long lastAnswer = start;
    try (ProgressLine progress = console.progress("backup start " + backup.group())) {
      while (!backup.await(last, LOOK)) {
        BackupStatus status = backup.status();
        long now = System.nanoTime();
        if (!toTheEnd && now - start > GRACE.toNanos()) {
          return;
        }
        if (status.state() != State.WAITING) {
          lastAnswer = now;
          progress.progressed(status.baseBytes(), Math.max(1, status.baseTotalBytes()));
        } else if (now - lastAnswer > PATIENCE.toNanos()) {
          throw CommandFailure.because(
              null, "backup start: %s is not in the store: %s", backup.group(), status.message());
        } else {
          progress.now(String.valueOf(status.message()));
        }
      }
    }
  }

  @Descriptor("ends backups; what was kept stays, and a later start goes on with it")
  @Affects(Effect.DELETE)
  public Message stop(
      CommandSession session,
      @Argument("[ID…]: ids or names of regions, or names of groups") List<Object> ids,
      @Argument("-a, --all: all backups that the shell has begun") boolean all) {
    if (all == !ids.isEmpty()) {
      throw new UsageException(
          "backup stop: give the ids of regions, or --all; see 'backup status'");
    }
    List<Backup> those =
        all
            ? open.backups().stream().filter(open::isOwn).toList()
            : ids.stream().map(this::backup).distinct().toList();
    List<String> lines = new ArrayList<>();
    for (Backup backup : those) {
      try (ProgressLine progress = Console.of(session).progress("backup stop " + backup.group())) {
        if (backup.status().pendingCheckpoints() > 0) {
          progress.now("the store gets what waits");
        }
        List<MemoryRegion> opened = open.close(backup.id());
        lines.add(stopped(row(backup), opened));
      }
    }
    return Message.of(lines.isEmpty() ? List.of("the shell has begun no backup") : lines);
  }

  private static String stopped(BackupRow row, List<MemoryRegion> opened) {
    BackupStatus status = row.status();
    return "ended the backup of "
        + row.group()
        + (status.kept() == 0 ? "; nothing is in " : " at checkpoint " + status.kept() + " in ")
        + row.store()
        + (status.pendingCheckpoints() == 0
            ? ""
            : "; " + row.waiting() + " wait, and go there when it is started again")
        + (opened.isEmpty() ? "" : "; and closed what was opened for it");
  }

  private Backup backup(Object reference) {
    String word = reference.toString();
    Optional<MemoryRegion> region = lookup().ifOpen(reference, null);
    UUID group =
        region.isPresent() ? BackupLookup.log("backup", region.get()).id() : new UUID(0, 0);
    return open.backups().stream()
        .filter(each -> each.id().equals(group) || each.group().equals(word))
        .findFirst()
        .orElseThrow(
            () ->
                UsageException.of(
                    "backup: '%s' is not backed up here; see 'backup status'", reference));
  }

  @Descriptor("lists the backups that go on here, and how each stands")
  public Printable status(
      @Argument("[ID]: id or name of a region, or name of a group: its backup alone")
          @Nullable Object id,
      @Argument("--json: as JSON") boolean json) {
    List<Backup> those = id == null ? open.backups() : List.of(backup(id));
    List<BackupRow> rows = those.stream().map(this::row).toList();
    if (json) {
      return new JsonResult(rows);
    }
    List<Table.Column<BackupRow>> columns =
        new ArrayList<>(
            List.of(
                Table.column("GROUP", BackupRow::group),
                Table.column("STATE", BackupRow::state),
                Table.column("KEPT", BackupRow::kept),
                Table.column("LAG", row -> Long.toString(row.status().lag())),
                Table.column("WAITING", BackupRow::waiting),
                Table.column("KEEP", BackupRow::retention),
                Table.column("BY", BackupRow::by),
                Table.column("STORE", BackupRow::store)));
    if (rows.stream().anyMatch(row -> row.status().message() != null)) {
      columns.add(Table.column("MESSAGE", BackupRow::message)); // the longest, so the last
    }
    return new Listing<>(rows, "no backup goes on here; 'backup start' begins one", columns);
  }

  @Override
  public Optional<List<String>> candidates(String placeholder) {
    return BackupCandidates.of(providers(), backups, placeholder);
  }

  @Override
  protected void stopped() {
    open.stopped();
  }
}
