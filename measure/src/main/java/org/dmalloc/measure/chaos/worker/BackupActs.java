/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.worker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupService;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.RestorePoint;
import org.dmalloc.backup.RestoreRequest;
import org.dmalloc.backup.VerifyReport;
import org.dmalloc.linux.OpenDirectory;
import org.dmalloc.measure.chaos.model.RegionModel;
import org.jspecify.annotations.Nullable;

/** Backs the hand's group up, restores it under other names and compares. */
final class BackupActs {
  /** Begins the name of the directory that a group is backed up to. */
  static final String PREFIX = "backup-";

  /** Begins the names of restored regions, which no book has. */
  static final String RESTORED = "restored-";

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Workplace at;
  private final GroupActs groups;
  private @Nullable BackupStore store;
  private @Nullable Backup backup;

  BackupActs(Workplace at, GroupActs groups) {
    this.at = at;
    this.groups = groups;
  }

  void act() throws MemoryException {
    Optional<BackupService> service = at.suite.backups();
    if (service.isEmpty()) {
      return;
    }
    List<Held> members = groups.members();
    if (members.isEmpty()) {
      return;
    }
    BackupStore open = store;
    if (open == null) {
      long group = members.getFirst().model().group();
      open = service.get().directory(at.disk.resolve(PREFIX + Long.toHexString(group)));
      store = open;
    }
    Backup keeping = backup;
    if (keeping == null || !keeps(keeping)) {
      close(keeping);
      keeping =
          service.get().keep(members.getFirst().region().checkpoints(), open, KeepOptions.DEFAULT);
      backup = keeping;
    }
    long number = groups.checkpoint();
    if (!keeping.await(number, PATIENCE)) {
      throw MemoryException.of(
          "backup", open.location(), "the store has no checkpoint in time", "wait longer");
    }
    restore(service.get(), open, keeping, number, members);
    if (at.chance(20)) {
      VerifyReport report = service.get().verify(open, keeping.id(), ProgressListener.NONE);
      if (!report.sound()) {
        throw new LostBytesException("backup in " + open.location() + ": " + report.findings());
      }
    }
    if (at.chance(30)) {
      close(keeping);
    }
  }

  private static boolean keeps(Backup keeping) {
    return switch (keeping.status().state()) {
      case COPYING_BASE, KEEPING, WAITING -> true;
      case ENDED, LOST, CLOSED -> false;
    };
  }

  private void close(@Nullable Backup keeping) {
    backup = null;
    if (keeping != null) {
      keeping.close();
    }
  }

  /** Restores the checkpoint that the regions have now, compares it and deletes it. */
  private void restore(
      BackupService service, BackupStore from, Backup keeping, long number, List<Held> members)
      throws MemoryException {
    String target = groups.checkpointing(String.valueOf(members.getFirst().model().name()));
    MemoryProvider provider =
        at.suite.provider(
            target.equals(Suite.MANAGED) ? at.any(restorers()).orElse(target) : target);
    Map<String, RegionModel> models = new HashMap<>();
    Map<String, String> names = new HashMap<>();
    for (Held each : members) {
      String name = RESTORED + Long.toHexString(at.newKey());
      names.put(String.valueOf(each.model().name()), name);
      models.put(name, each.model());
    }
    List<MemoryRegion> restored =
        service.restore(
            from,
            RestoreRequest.of(keeping.id()).withPoint(RestorePoint.number(number)).withNames(names),
            provider,
            ProgressListener.NONE);
    for (MemoryRegion region : restored) {
      String name = String.valueOf(region.info().name());
      try (region) {
        RegionModel model = models.get(name);
        String difference =
            model == null
                ? "a region that is none of the backup's"
                : at.difference(Held.of(region, model, provider.name()), model);
        if (difference != null) {
          throw new LostBytesException("restored " + name + ": " + difference);
        }
      }
      provider.delete(name);
    }
    if (restored.size() != members.size()) {
      throw new LostBytesException(
          restored.size() + " regions were restored in place of " + members.size());
    }
  }

  private List<String> restorers() {
    List<String> able = at.able(Capability.CHECKPOINT, Capability.NAMED);
    able.remove(Suite.MANAGED);
    return able;
  }

  /** Ends the backup; what it has stays. */
  void close() {
    close(backup);
    BackupStore open = store;
    store = null;
    if (open != null) {
      open.close();
    }
  }

  /** Ends the backup, and deletes what it has. */
  void delete() {
    BackupStore open = store;
    close();
    if (open != null) {
      try {
        OpenDirectory.delete(Path.of(open.location()));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
