/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.keeping;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.backup.Backup;
import org.dmalloc.backup.BackupInfo;
import org.dmalloc.backup.BackupPoint;
import org.dmalloc.backup.BackupService;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.BackupStoreOpener;
import org.dmalloc.backup.FollowOptions;
import org.dmalloc.backup.KeepOptions;
import org.dmalloc.backup.KnownBackup;
import org.dmalloc.backup.MergeReport;
import org.dmalloc.backup.RestorePoint;
import org.dmalloc.backup.RestoreRequest;
import org.dmalloc.backup.RetentionPolicy;
import org.dmalloc.backup.Standby;
import org.dmalloc.backup.StoredObject;
import org.dmalloc.backup.VerifyReport;
import org.dmalloc.backup.archive.Chain;
import org.dmalloc.backup.archive.Head;
import org.dmalloc.backup.archive.Piece;
import org.dmalloc.backup.directory.DirectoryStore;

/** The service, over any source of openers for stores. Safe for any thread. */
public final class Backups implements BackupService {
  /** A name and a password before the host. */
  private static final Pattern SECRET = Pattern.compile("//[^/?#]*:[^/?#]*@");

  private final Supplier<List<BackupStoreOpener>> openers;
  private final InstantSource clock;
  private final Map<UUID, Keeper> keepers = new ConcurrentHashMap<>();

  /** The service of a program without OSGi. */
  public Backups() {
    this(
        () ->
            ServiceLoader.load(BackupStoreOpener.class, Backups.class.getClassLoader()).stream()
                .map(ServiceLoader.Provider::get)
                .toList(),
        InstantSource.system());
  }

  Backups(Supplier<List<BackupStoreOpener>> openers, InstantSource clock) {
    this.openers = openers;
    this.clock = clock;
  }

  @Override
  public BackupStore directory(Path directory) throws MemoryException {
    return DirectoryStore.open(directory);
  }

  @Override
  public BackupStore open(String location, Map<String, String> options) throws MemoryException {
    String scheme = scheme(location);
    Matcher secret = SECRET.matcher(location);
    if (!scheme.isEmpty() && secret.find()) {
      throw new IllegalArgumentException(
          "address '"
              + secret.replaceFirst("//…@")
              + "' of a store has credentials, which would be shown and kept with it; leave them"
              + " out, and give them as the store's bundle describes");
    }
    if (scheme.isEmpty() || scheme.equals("file")) {
      if (!options.isEmpty()) {
        throw new IllegalArgumentException(
            "options " + options.keySet() + " of a directory; leave them out");
      }
      return directory(path(location, scheme));
    }
    List<BackupStoreOpener> known = openers.get();
    for (BackupStoreOpener opener : known) {
      if (opener.scheme().equals(scheme)) {
        try {
          return opener.open(new URI(location), options);
        } catch (URISyntaxException e) {
          throw new IllegalArgumentException(
              "address '" + shown(location) + "' of a store is no URI: " + e.getReason());
        }
      }
    }
    throw new IllegalArgumentException(
        "address '"
            + shown(location)
            + "' of a store: nobody here opens "
            + scheme
            + ":, only directories"
            + known.stream().map(each -> ", " + each.scheme() + ":").reduce("", String::concat)
            + "; add the bundle or jar dmalloc-backup-"
            + scheme);
  }

  /** Without its parameters: what somebody takes for one may be a key. */
  private static String shown(String location) {
    int query = location.indexOf('?');
    return query < 0 ? location : location.substring(0, query) + "?…";
  }

  /** What stands before {@code ://} or {@code file:}; empty for a path. */
  private static String scheme(String location) {
    int colon = location.indexOf(':');
    boolean scheme =
        colon > 1 // one letter is a drive of Windows
            && (location.startsWith("//", colon + 1) || location.startsWith("file:"))
            && location.substring(0, colon).chars().allMatch(Character::isLetterOrDigit);
    return scheme ? location.substring(0, colon).toLowerCase(Locale.ROOT) : "";
  }

  private static Path path(String location, String scheme) {
    try {
      return scheme.isEmpty() ? Path.of(location) : Path.of(URI.create(location));
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException(
          "directory '" + location + "' of a store: " + e.getMessage(), e);
    }
  }

  @Override
  public Backup keep(CheckpointGroup group, BackupStore store, KeepOptions options)
      throws MemoryException {
    CheckpointLog log = log(group);
    synchronized (keepers) {
      Keeper there = keepers.get(log.id());
      if (there != null && !there.isOver()) {
        throw new IllegalStateException(
            "group "
                + log.name()
                + " is backed up to "
                + there.store().location()
                + " already; end that first");
      }
      if (there != null) {
        there.close();
      }
      Keeper keeper = keeper(log, store, options);
      try {
        KeepRecords.write(log, store, options, clock.instant());
        keeper.start();
      } catch (MemoryException | RuntimeException e) {
        keeper.abandon();
        throw e;
      }
      keepers.put(log.id(), keeper);
      return keeper;
    }
  }

  private static CheckpointLog log(CheckpointGroup group) {
    if (group instanceof CheckpointLog log) {
      return log;
    }
    throw new IllegalArgumentException(
        "group " + group.name() + " is of a backend that lets nobody keep its checkpoints");
  }

  private Keeper keeper(CheckpointLog log, BackupStore store, KeepOptions options)
      throws MemoryException {
    String owner = Owner.of(log, options);
    HeadFile head =
        HeadFile.claim(
            store,
            log.id(),
            log.name(),
            owner,
            current -> {
              Owner.requireRight(current, owner, options.takeOver(), store);
              requireNotOlder(log, current, store);
            },
            clock);
    Spool spool = store.isLocal() ? null : spool(log, options, head.head());
    return new Keeper(log, store, options, clock, head, spool);
  }

  private static void requireNotOlder(CheckpointLog log, Head current, BackupStore store)
      throws MemoryException {
    long last = Chain.newest(current.pieces()).map(Piece::to).orElse(0L);
    long number = log.status().number();
    if (number < last) {
      throw MemoryException.of(
          "keep backup",
          log.name() + " in " + store.location(),
          String.format(
              Locale.ROOT,
              "the backup has checkpoint %d, the group's last is %d: its files are older than the"
                  + " backup",
              last,
              number),
          "restore from the backup, or keep this group in another store");
    }
  }

  /** The spool, without pieces that do not lead on from what the store has. */
  private static Spool spool(CheckpointLog log, KeepOptions options, Head head)
      throws MemoryException {
    Path parent = options.spool();
    if (parent == null) {
      parent =
          KeepRecords.directory(log)
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "group " + log.name() + " has no file to put a spool beside; give one"));
    }
    Spool spool = Spool.open(parent, log.id(), options.spoolBytes());
    while (spool.first().filter(entry -> head.pieces().contains(entry.piece())).isPresent()) {
      spool.remove(spool.first().orElseThrow());
    }
    long last = Chain.newest(head.pieces()).map(Piece::to).orElse(0L);
    boolean leadsOn = true;
    for (Piece piece : spool.pieces()) {
      leadsOn &= piece.from() == last;
      last = piece.to();
    }
    if (!leadsOn || last > log.status().number()) {
      spool.clear();
    }
    return spool;
  }

  @Override
  public List<Backup> backups() {
    keepers.values().removeIf(Keeper::isClosed);
    return List.copyOf(keepers.values());
  }

  @Override
  public List<KnownBackup> known(Path directory) throws MemoryException {
    return KeepRecords.read(directory);
  }

  /** Ends all backups. */
  void closeAll() {
    for (Keeper keeper : List.copyOf(keepers.values())) {
      keeper.close();
    }
    keepers.clear();
  }

  @Override
  public List<BackupInfo> list(BackupStore store) throws MemoryException {
    List<BackupInfo> found = new ArrayList<>();
    for (StoredObject object : store.list(Head.prefix())) {
      Optional<UUID> id = Head.backupOf(object.key());
      if (id.isPresent()) {
        info(store, object.key(), id.get()).ifPresent(found::add);
      }
    }
    return found;
  }

  private static Optional<BackupInfo> info(BackupStore store, String key, UUID id)
      throws MemoryException {
    var found = store.get(key);
    if (found.isEmpty()) {
      return Optional.empty(); // deleted meanwhile
    }
    try {
      return Optional.of(Points.info(Head.decode(found.get().content(), key, store.location())));
    } catch (MemoryException e) { // the others can be listed even so
      return Optional.of(
          new BackupInfo(
              id,
              "",
              List.of(),
              "",
              false,
              Instant.EPOCH,
              Instant.EPOCH,
              0,
              List.of(),
              String.valueOf(e.getMessage())));
    }
  }

  @Override
  public BackupInfo info(BackupStore store, UUID backup) throws MemoryException {
    return Points.info(head(store, backup));
  }

  @Override
  public BackupPoint find(BackupStore store, UUID backup, RestorePoint point)
      throws MemoryException {
    return Points.find(head(store, backup), point, store);
  }

  static Head head(BackupStore store, UUID backup) throws MemoryException {
    return HeadFile.read(store, backup).orElseThrow(() -> HeadFile.missing(backup, store));
  }

  @Override
  public VerifyReport verify(BackupStore store, UUID backup, ProgressListener progress)
      throws MemoryException {
    return Verification.of(store, head(store, backup), progress);
  }

  @Override
  public List<MemoryRegion> restore(
      BackupStore store, RestoreRequest request, MemoryProvider provider, ProgressListener progress)
      throws MemoryException {
    Head head = head(store, request.backup());
    long number = Points.find(head, request.point(), store).number();
    return new NewRegions(store, head, number, provider, progress)
        .make(request.names(), request.options());
  }

  @Override
  public long restoreInto(
      CheckpointGroup group,
      BackupStore store,
      UUID backup,
      RestorePoint point,
      ProgressListener progress)
      throws MemoryException {
    CheckpointLog log = log(group);
    Head head = head(store, backup);
    long number = Points.find(head, point, store).number();
    return new Replacement(log, store, head, number, progress).run();
  }

  @Override
  public MergeReport merge(
      BackupStore store, UUID backup, RetentionPolicy retention, ProgressListener progress)
      throws MemoryException {
    Keeper keeper = keepers.get(backup);
    if (keeper != null && !keeper.isOver()) {
      throw MemoryException.of(
          "merge backup",
          keeper.group(),
          "it is being kept, with retention " + keeper.options().retention(),
          "merge it by its own policy, or end it first");
    }
    String owner = "merge on " + Owner.host();
    HeadFile head =
        HeadFile.claim(
            store,
            backup,
            null,
            owner,
            current -> Owner.requireRight(current, owner, false, store),
            clock);
    return OfflineMerge.run(store, head, retention, clock.instant(), progress);
  }

  @Override
  public Standby follow(
      BackupStore store, RestoreRequest request, MemoryProvider provider, FollowOptions options)
      throws MemoryException {
    return FollowingRegions.start(store, request, provider, options, clock);
  }
}
