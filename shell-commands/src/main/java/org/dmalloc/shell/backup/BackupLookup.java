/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shell.backup;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.VisibleText;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupInfo;
import org.dmalloc.backup.BackupPoint;
import org.dmalloc.backup.BackupService;
import org.dmalloc.backup.BackupStatus;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.KnownBackup;
import org.dmalloc.shell.command.Console;
import org.dmalloc.shell.command.Providers;
import org.dmalloc.shell.command.RegionLookup;
import org.dmalloc.shell.syntax.UsageException;
import org.dmalloc.shell.syntax.Words;
import org.jspecify.annotations.Nullable;

/**
 * Finds the backup that a user means: by a region, whose store is told by the backup that is open,
 * or by the record beside its file; or by a store.
 */
final class BackupLookup {
  private static final Duration DELIVERY = Duration.ofSeconds(2);

  private final Providers providers;
  private final BackupService service;

  BackupLookup(Providers providers, BackupService service) {
    this.providers = providers;
    this.service = service;
  }

  /**
   * Backups in a store, which is open for the time of one command.
   *
   * @param backups those that are meant, at least one; all of the store if it was named itself
   * @param region the region that is meant, by the name that it has in the backup; null for all
   * @param isWholeStore whether the store was named itself
   */
  record Found(
      BackupStore store, List<BackupInfo> backups, @Nullable String region, boolean isWholeStore)
      implements AutoCloseable {
    Found {
      backups = List.copyOf(backups);
    }

    /** The one backup. */
    BackupInfo single() {
      if (backups.size() > 1) {
        throw UsageException.of(
            "%s has %d backups: %s; name one by a region with --from %1$s",
            store.location(),
            backups.size(),
            backups.stream().map(BackupLookup::label).collect(Collectors.joining(", ")));
      }
      return backups.getFirst();
    }

    @Override
    public void close() {
      store.close();
    }
  }

  /** The name of a backup in a sentence; its id if the list cannot be read. */
  static String label(BackupInfo info) {
    return info.damage() != null ? info.id().toString() : info.group();
  }

  /** Finds what is meant; throws {@link UsageException} if there is none. */
  Found find(Console console, String command, BackupArguments which) throws MemoryException {
    String word = word(which.backup());
    if (which.from() != null) {
      return inStore(command, open(console, command, which.from()), word);
    }
    if (isStore(word) && !isName(word)) {
      BackupStore store = open(console, command, word);
      return checked(store, () -> all(command, store));
    }
    return known(console, command, which.backup());
  }

  /** All backups of a store. */
  private Found all(String command, BackupStore store) throws MemoryException {
    List<BackupInfo> backups = service.list(store);
    if (backups.isEmpty()) {
      throw UsageException.of(
          "%s: no backup is in %s; 'backup start ID --to %2$s' begins one",
          command, store.location());
    }
    return new Found(store, backups, null, true);
  }

  private Found inStore(String command, BackupStore store, String word) throws MemoryException {
    return checked(
        store,
        () -> {
          List<BackupInfo> all = all(command, store).backups();
          List<BackupInfo> meant =
              all.stream()
                  .filter(
                      info ->
                          word.equals(info.id().toString())
                              || means(word, info.group())
                              || info.regions().stream().anyMatch(name -> means(word, name)))
                  .toList();
          if (meant.isEmpty()) {
            throw UsageException.of(
                "%s: no backup of '%s' is in %s; it has %s",
                command,
                word,
                store.location(),
                all.stream().map(BackupLookup::label).collect(Collectors.joining(", ")));
          }
          if (meant.size() > 1) {
            throw UsageException.of(
                "%s: %d backups of '%s' are in %s: %s; give one of these ids in its place",
                command,
                meant.size(),
                word,
                store.location(),
                meant.stream()
                    .map(info -> info.id() + " of " + info.owner())
                    .collect(Collectors.joining(", ")));
          }
          return new Found(store, meant, region(meant.getFirst(), word), false);
        });
  }

  /** The region of a backup that a word names; null if it names the group or the backup. */
  private static @Nullable String region(BackupInfo info, String word) {
    boolean group = word.equals(info.id().toString()) || means(word, info.group());
    return group && info.regions().size() != 1
        ? null
        : info.regions().stream()
            .filter(name -> means(word, name))
            .findFirst()
            .orElse(info.regions().size() == 1 ? info.regions().getFirst() : null);
  }

  /** By the open backup of a region or group, or by a record. */
  private Found known(Console console, String command, Object backup) throws MemoryException {
    String word = word(backup);
    Optional<MemoryRegion> open = new RegionLookup(providers).ifOpen(backup, null);
    Optional<KnownBackup> known =
        open.isPresent() ? last(log(command, open.get()).id()) : known(word);
    if (known.isEmpty()) {
      throw UsageException.of(
          "%s: no backup of '%s' is known here; 'backup start ID --to STORE' begins one, --from"
              + " STORE names the store of one%s",
          command,
          word,
          Files.isDirectory(console.resolve(word))
              ? "; for the directory of that name write ./" + word
              : "");
    }
    String name = open.map(region -> region.info().name()).orElse(word);
    BackupStore store = open(console, command, known.get().location());
    return checked(
        store,
        () -> {
          awaitDelivery(known.get().id());
          BackupInfo info = service.info(store, known.get().id());
          return new Found(store, List.of(info), region(info, name), false);
        });
  }

  /** Waits for a moment for what was just made, so that whoever asks at once finds it. */
  private void awaitDelivery(UUID group) throws MemoryException {
    for (Backup each : service.backups()) {
      BackupStatus status = each.status();
      if (each.id().equals(group)
          && each.store().isLocal()
          && status.state() == BackupStatus.State.KEEPING
          && !each.await(status.last(), DELIVERY)) {
        return; // what is there is shown
      }
    }
  }

  /** The last backup of which a record names a region or the group so, or that has this id. */
  Optional<KnownBackup> known(String word) throws MemoryException {
    return known().stream()
        .filter(
            each ->
                word.equals(each.id().toString())
                    || means(word, each.group())
                    || each.regions().stream().anyMatch(name -> means(word, name)))
        .max(Comparator.comparing(KnownBackup::at));
  }

  /** The checkpoints of what a word names, for completion: from a directory that is known here. */
  List<BackupPoint> quickPoints(String word) throws MemoryException {
    Optional<KnownBackup> known = known(word);
    if (known.isEmpty() || isAddress(known.get().location())) {
      return List.of();
    }
    try (BackupStore store = service.open(known.get().location())) {
      return service.info(store, known.get().id()).points();
    }
  }

  /** How a group was kept last: by its record, or by the backup that is open. */
  Optional<KnownBackup> last(UUID group) throws MemoryException {
    return Stream.concat(
            known().stream(), service.backups().stream().map(BackupLookup::withoutRecord))
        .filter(each -> each.id().equals(group))
        .max(Comparator.comparing(KnownBackup::at));
  }

  private static KnownBackup withoutRecord(Backup open) {
    return new KnownBackup(
        open.id(), open.group(), List.of(), open.store().location(), open.options(), Instant.EPOCH);
  }

  /** The records beside all regions that are open or stored. */
  List<KnownBackup> known() throws MemoryException {
    Set<Path> directories = new LinkedHashSet<>();
    providers.regions(fault -> {}).forEach(open -> addParent(open.info().path(), directories));
    providers
        .stored(refused -> {})
        .forEach(stored -> addParent(stored.region().path(), directories));
    List<KnownBackup> known = new ArrayList<>();
    for (Path directory : directories) {
      known.addAll(service.known(directory));
    }
    return known;
  }

  private static void addParent(@Nullable Path file, Set<Path> directories) {
    Path parent = file == null ? null : file.toAbsolutePath().getParent();
    if (parent != null) {
      directories.add(parent);
    }
  }

  /** The group of an open region, whose checkpoints can be kept. */
  static CheckpointLog log(String command, MemoryRegion region) {
    if (region.info().durability() != Durability.CHECKPOINT) {
      throw UsageException.of(
          "%s: %s has no checkpoints, its durability is %s; 'alloc --checkpoint' makes a region"
              + " that has",
          command, RegionLookup.label(region.info()), Words.of(region.info().durability()));
    }
    if (region.checkpoints() instanceof CheckpointLog log) {
      return log;
    }
    throw UsageException.of(
        "%s: backend %s lets nobody keep the checkpoints of %s; allocate on panama",
        command, region.info().backend(), RegionLookup.label(region.info()));
  }

  /** Opens a store by what a user gives for it. */
  BackupStore open(Console console, String command, String location) throws MemoryException {
    if (location.isBlank()) {
      throw UsageException.of("%s: the store '' is empty; give a path or an address", command);
    }
    try {
      return service.open(isAddress(location) ? location : console.resolve(location).toString());
    } catch (IllegalArgumentException e) {
      throw new UsageException(command + ": " + e.getMessage());
    }
  }

  private static boolean isAddress(String location) {
    return location.contains("://") || location.startsWith("file:");
  }

  /** Whether a region is called so: a name may have slashes too. */
  private boolean isName(String word) throws MemoryException {
    return known(word).isPresent() || new RegionLookup(providers).ifOpen(word, null).isPresent();
  }

  private static boolean isStore(String word) {
    return word.contains("/") || isAddress(word) || word.equals(".") || word.equals("..");
  }

  private static boolean means(String word, String name) {
    return word.equals(name) || word.equals(VisibleText.of(name));
  }

  private static String word(Object reference) {
    return reference.toString();
  }

  @FunctionalInterface
  private interface Search {
    Found run() throws MemoryException;
  }

  /** Closes the store if nothing is found in it. */
  private static Found checked(BackupStore store, Search search) throws MemoryException {
    try {
      return search.run();
    } catch (MemoryException | RuntimeException e) {
      store.close();
      throw e;
    }
  }
}
