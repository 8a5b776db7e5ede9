/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.backup;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupService;
import org.dmalloc.backup.BackupStatus;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.Standby;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.command.RegionWatcher;
import org.dmalloc.shell.syntax.UsageException;

/**
 * The backups and copies that the shell keeps going, with their stores, and the regions that it has
 * opened for them. It owns these: they are closed by a command, or when the shell or the service of
 * backups stops. Safe for any thread.
 *
 * <p>A region that is backed up may be closed; the backup ends by itself then, with the last
 * checkpoint. A copy that is closed ends its following first, and is not changed but by it.
 */
final class OpenBackups implements RegionWatcher {
  private static final Logger LOG = System.getLogger(OpenBackups.class.getName());

  private final Providers providers;
  private final BackupService service;
  private final Map<UUID, Kept> kept = new ConcurrentHashMap<>();
  private final Map<UUID, Following> followings = new ConcurrentHashMap<>();

  /**
   * A backup that goes on over commands.
   *
   * @param opened the regions that were opened for it
   */
  record Kept(Backup backup, List<MemoryRegion> opened) {
    Kept {
      opened = List.copyOf(opened);
    }

    private void close() {
      BackupStore store = backup.store();
      try (store) {
        backup.close();
      } finally {
        opened.forEach(MemoryRegion::close);
      }
    }
  }

  /**
   * Copies that are kept up to date over commands.
   *
   * @param group the name of the group that is followed
   */
  record Following(Standby standby, String group, BackupStore store) {
    private void close() {
      try (store) {
        standby.close();
      }
    }

    List<String> names() {
      return standby.regions().stream()
          .map(region -> RegionLookup.label(region.info()))
          .sorted()
          .toList();
    }

    private boolean has(MemoryRegion region) {
      return standby.regions().stream().anyMatch(each -> each.id() == region.id());
    }
  }

  OpenBackups(Providers providers, BackupService service) {
    this.providers = providers;
    this.service = service;
    providers.watch(this);
  }

  BackupService service() {
    return service;
  }

  /** Keeps a group from now on. The store and the regions are closed with it, or if this fails. */
  Backup keep(
      CheckpointLog group, BackupStore store, KeepOptions options, List<MemoryRegion> opened)
      throws MemoryException {
    try {
      Kept before = kept.get(group.id());
      if (before != null && before.backup().status().state() == BackupStatus.State.ENDED) {
        close(group.id()); // the group was closed, and opened again since
      }
      Backup backup = service.keep(group, store, options);
      kept.put(group.id(), new Kept(backup, opened));
      return backup;
    } catch (MemoryException | RuntimeException e) {
      store.close();
      throw e;
    }
  }

  /** The backups of this container, those of others too. */
  List<Backup> backups() {
    return service.backups();
  }

  /** Whether the shell has begun it. */
  boolean isOwn(Backup backup) {
    return kept.containsKey(backup.id());
  }

  /** Ends a backup, which may be another one's; returns the regions that were opened for it. */
  List<MemoryRegion> close(UUID group) {
    Kept own = kept.remove(group);
    if (own != null) {
      own.close();
      return own.opened();
    }
    service.backups().stream().filter(each -> each.id().equals(group)).forEach(Backup::close);
    return List.of();
  }

  List<Following> followings() {
    return List.copyOf(followings.values());
  }

  Optional<Following> following(UUID backup) {
    return Optional.ofNullable(followings.get(backup));
  }

  void follow(Following following) {
    followings.put(following.standby().backup(), following);
  }

  /** Ends the following of a backup. */
  void end(Following following) {
    followings.remove(following.standby().backup());
    following.close();
  }

  @Override
  public void closing(MemoryRegion region) {
    for (Following each : followings()) {
      if (each.has(region)) {
        end(each);
      }
    }
  }

  @Override
  public void resizing(MemoryRegion region, long newByteSize) {
    requireNoCopy(region);
  }

  @Override
  public void discarding(MemoryRegion region) {
    requireNoCopy(region);
  }

  private void requireNoCopy(MemoryRegion region) {
    for (Following each : followings()) {
      if (each.has(region)) {
        throw UsageException.of(
            "%s follows the backup of %s, and is changed by that alone; 'follow --stop %1$s' ends"
                + " it",
            RegionLookup.label(region.info()), each.group());
      }
    }
  }

  /** Ends all, as the shell or the service stops. */
  void stopped() {
    providers.unwatch(this);
    for (Kept each : List.copyOf(kept.values())) {
      end(each.backup().group(), () -> close(each.backup().id()));
    }
    for (Following each : followings()) {
      end(each.group(), () -> end(each));
    }
  }

  private static void end(String group, Runnable end) {
    try {
      end.run();
    } catch (RuntimeException e) { // the others are still to be ended
      LOG.log(Level.ERROR, "end of the backup of " + group + ": " + e.getMessage(), e);
    }
  }
}
