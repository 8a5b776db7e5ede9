/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.backup;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.VisibleText;
import org.dmalloc.backup.BackupInfo;
import org.dmalloc.backup.FollowOptions;
import org.dmalloc.backup.Standby;
import org.dmalloc.report.Table;
import org.dmalloc.shell.command.Affects;
import org.dmalloc.shell.command.Backend;
import org.dmalloc.shell.command.CommandSet;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Effect;
import org.dmalloc.shell.command.ProgressLine;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionOpened;
import org.dmalloc.shell.output.JsonResult;
import org.dmalloc.shell.output.Listing;
import org.dmalloc.shell.output.Message;
import org.dmalloc.shell.output.Printable;
import org.dmalloc.shell.syntax.Argument;
import org.dmalloc.shell.syntax.TimeSpan;
import org.dmalloc.shell.syntax.UsageException;
import org.jspecify.annotations.Nullable;

/** Keeps copies of regions up to date from their backup. */
public final class FollowCommand extends CommandSet {
  private static final long LOOK_MILLIS = 100;

  private final OpenBackups open;
  private final BackupLookup backups;

  FollowCommand(Providers providers, OpenBackups open, BackupLookup backups) {
    super(providers, "follow");
    this.open = open;
    this.backups = backups;
  }

  /**
   * Copies in the list.
   *
   * @param regions the names of the copies
   */
  public record FollowRow(
      UUID id, String group, List<String> regions, String store, Standby.Status status) {
    private String applied() {
      return status.applied() + ", " + TimeSpan.since(status.at(), Instant.now()) + " ago";
    }

    private String failure() {
      String failure = status.failure();
      return failure == null ? "-" : failure;
    }
  }

  private static FollowRow row(OpenBackups.Following each) {
    return new FollowRow(
        each.standby().backup(),
        each.group(),
        each.names(),
        each.store().location(),
        each.standby().status());
  }

  @Descriptor(
      "keeps a copy of a region as the newest checkpoint of its backup is, for reading; without"
          + " BACKUP lists the copies")
  @Affects(Effect.READ)
  public @Nullable Printable follow(
      CommandSession session,
      @Argument(
              "[BACKUP]: name of a region or group, with --from; or a store with one backup, as a"
                  + " path with a slash or an address; with --stop a copy")
          @Nullable Object backup,
      @Argument("--from STORE: the store that has it; default the one that it was kept in last")
          @Nullable String from,
      CopyArguments copies,
      @Argument("--every TIME=5s: how often the store is looked at") TimeSpan every,
      @Argument("--stop: ends it for a copy, or without BACKUP for all; the copies stay stored")
          boolean stop,
      @Argument("--json: the list as JSON") boolean json)
      throws MemoryException, InterruptedException {
    if (stop) {
      return stop(backup);
    }
    if (backup == null) {
      if (from != null) {
        throw new UsageException("follow: --from without BACKUP; name the region or group");
      }
      return list(json);
    }
    OpenBackups.Following following =
        start(session, new BackupArguments(backup, from), copies, every);
    if (RegionOpened.endsWithCommand(session)) {
      return watch(Console.of(session), following);
    }
    open.follow(following);
    return Message.of(
        "%s; 'follow' shows how it stands, 'follow --stop' ends it", sentence(row(following)));
  }

  private static String sentence(FollowRow row) {
    return String.join(", ", row.regions())
        + (row.regions().size() == 1 ? " follows " : " follow ")
        + row.group()
        + " in "
        + row.store()
        + ", at checkpoint "
        + row.status().applied();
  }

  private OpenBackups.Following start(
      CommandSession session, BackupArguments which, CopyArguments copies, TimeSpan every)
      throws MemoryException {
    Console console = Console.of(session);
    BackupLookup.Found found = backups.find(console, "follow", which);
    boolean started = false;
    try {
      BackupInfo info = found.single();
      Optional<OpenBackups.Following> already = open.following(info.id());
      if (already.isPresent()) {
        throw UsageException.of(
            "follow: %s is followed here already, by %s; 'follow --stop' ends it",
            info.group(), String.join(", ", already.get().names()));
      }
      Backend target = copies.target(providers(), warn(session));
      try (ProgressLine progress = console.progress("follow " + info.group())) {
        Standby standby =
            open.service()
                .follow(
                    found.store(),
                    copies.request(info, found.region(), target, console),
                    target,
                    FollowOptions.DEFAULT.withEvery(every.duration()).withProgress(progress));
        started = true;
        return new OpenBackups.Following(standby, info.group(), found.store());
      }
    } finally {
      if (!started) {
        found.close();
      }
    }
  }

  /** Follows until it is interrupted, and prints a line for each change. */
  private @Nullable Printable watch(Console console, OpenBackups.Following following)
      throws InterruptedException {
    open.follow(following);
    try {
      Standby.@Nullable Status shown = null;
      while (open.following(following.standby().backup()).isPresent()) {
        Standby.Status status = following.standby().status();
        if (shown == null || shown.applied() != status.applied()) {
          console.out().println(VisibleText.of(sentence(row(following))));
        }
        String failure = status.failure();
        if (failure != null && (shown == null || !failure.equals(shown.failure()))) {
          console.warn(failure);
        }
        shown = status;
        TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
      }
      return null;
    } finally {
      open.end(following);
    }
  }

  private Printable list(boolean json) {
    List<FollowRow> rows = open.followings().stream().map(FollowCommand::row).toList();
    if (json) {
      return new JsonResult(rows);
    }
    List<Table.Column<FollowRow>> columns =
        new ArrayList<>(
            List.of(
                Table.column("COPY", row -> String.join(",", row.regions())),
                Table.column("GROUP", FollowRow::group),
                Table.column("CHECKPOINT", FollowRow::applied),
                Table.column("NEWEST", row -> Long.toString(row.status().newest())),
                Table.column(
                    "LOOKED",
                    row -> TimeSpan.since(row.status().lookedAt(), Instant.now()) + " ago"),
                Table.column("STORE", FollowRow::store)));
    if (rows.stream().anyMatch(row -> row.status().failure() != null)) {
      columns.add(Table.column("FAILURE", FollowRow::failure)); // the longest, so the last
    }
    return new Listing<>(rows, "no copy follows a backup here; see 'follow --help'", columns);
  }

  private Message stop(@Nullable Object copy) {
    List<OpenBackups.Following> those =
        copy == null ? open.followings() : List.of(following(copy.toString()));
    List<String> lines = new ArrayList<>();
    for (OpenBackups.Following each : those) {
      FollowRow row = row(each);
      open.end(each);
      lines.add(
          String.join(", ", row.regions())
              + " stay"
              + (row.regions().size() == 1 ? "s" : "")
              + " stored, at checkpoint "
              + row.status().applied()
              + " of "
              + row.group());
    }
    return Message.of(lines.isEmpty() ? List.of("no copy follows a backup here") : lines);
  }

  private OpenBackups.Following following(String word) {
    return open.followings().stream()
        .filter(
            each ->
                each.names().contains(word)
                    || each.group().equals(word)
                    || each.standby().regions().stream()
                        .anyMatch(region -> Long.toString(region.id()).equals(word)))
        .findFirst()
        .orElseThrow(
            () -> UsageException.of("follow: '%s' follows no backup here; see 'follow'", word));
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
