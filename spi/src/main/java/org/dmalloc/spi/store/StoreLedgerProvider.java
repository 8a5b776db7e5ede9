/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.store;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.RegionNames;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.ResourceUse;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.api.backing.StoreProvider;
import org.dmalloc.spi.region.ConfigurationReader;
import org.dmalloc.spi.region.LedgerProvider;
import org.dmalloc.spi.region.RegionLedger;
import org.dmalloc.spi.region.SuspectFiles;
import org.jspecify.annotations.Nullable;

/** What a provider of regions in files answers from its {@link RegionStore}. */
public abstract class StoreLedgerProvider extends LedgerProvider implements StoreProvider {
  /** The key of the store's directory. */
  public static final String DIRECTORY = "directory";

  /** The key of whether the files of all regions are overwritten before they go. */
  public static final String WIPE = "wipe";

  /** From so many files and directories on, one call for a file system is cheaper. */
  private static final int AT_ONCE_FROM = 4;

  private final RegionStore store;
  private final Map<Path, RegionStore> others = new ConcurrentHashMap<>();
  private final Object forcingNames = new Object();

  /** A provider that keeps these books and has its files in this store. */
  protected StoreLedgerProvider(RegionLedger ledger, RegionStore store) {
    super(ledger);
    this.store = store;
  }

  /** The keys of a provider with a store: its own, and those that every one has. */
  public static Set<String> keys(String... own) {
    Set<String> keys = new TreeSet<>(ConfigurationReader.keys(own));
    keys.addAll(List.of(DIRECTORY, StoreLimits.BYTES, StoreLimits.REGIONS, WIPE));
    return Collections.unmodifiableSet(keys);
  }

  /**
   * The store in the configured directory, or in the default one.
   *
   * @param property the framework property {@value StoreDirectory#PROPERTY}, which stands in for a
   *     directory that is not configured; null if it is not set
   * @throws IllegalArgumentException if the directory is bad; the message names PID, key and value
   */
  public static RegionStore configured(ConfigurationReader reader, @Nullable String property) {
    String directory = reader.text(DIRECTORY);
    StoreLimits limits = StoreLimits.of(reader);
    try {
      return StoreDirectory.open(directory, property).limitedTo(limits).wiping(reader.isTrue(WIPE));
    } catch (MemoryException | InvalidPathException e) {
      throw directory != null
          ? reader.bad(DIRECTORY, directory, String.valueOf(e.getMessage()))
          : reader.bad(StoreDirectory.PROPERTY, property, String.valueOf(e.getMessage()));
    }
  }

  /** What is asked for, with what is configured for all regions of this provider. */
  protected final RegionOptions configured(RegionOptions asked) {
    return store.wipes() ? asked.withWipe(true) : asked;
  }

  /** The store of a request: in the directory that it names, else the provider's own. */
  protected final RegionStore store(@Nullable Path directory) throws MemoryException {
    if (directory == null) {
      return store;
    }
    Path path = directory.toAbsolutePath().normalize();
    RegionStore known = others.get(path);
    if (known == null) {
      RegionStore opened = store.beside(path);
      RegionStore first = others.putIfAbsent(path, opened);
      known = first == null ? opened : first;
    }
    return known;
  }

  /** Throws if a region was to be process-shared that nobody could open. */
  protected static void requireNameToShare(RegionRequest request) {
    if (request.processShared() && request.name() == null) {
      throw new UnsupportedOperationException(
          "process-shared memory in a file has a name, by which others open it; give one, or take"
              + " a backend without files");
    }
  }

  /** Makes a region whose file gets its name when the region has got its content. */
  protected abstract BackingRegion allocate(RegionRequest request, long carriedAs, Naming naming)
      throws MemoryException;

  @Override
  public final BackingRegion allocateUnpublished(
      RegionRequest request, StoreMove move, long carriedAs) throws MemoryException {
    return unpublished(request, carriedAs, Naming.after(move));
  }

  @Override
  public final BackingRegion allocateSnapshot(RegionRequest request, long carriedAs)
      throws MemoryException {
    return unpublished(request, carriedAs, Naming.AS_SNAPSHOT);
  }

  private BackingRegion unpublished(RegionRequest request, long carriedAs, Naming naming)
      throws MemoryException {
    RegionNames.check(Objects.requireNonNullElse(request.name(), ""));
    return allocate(request, carriedAs, naming);
  }

  @Override
  public final Path fileOf(String name, @Nullable Path directory) {
    return store.path(name, directory);
  }

  @Override
  public final List<StoredRegion> stored(@Nullable Path directory) throws MemoryException {
    return store(directory).list();
  }

  @Override
  public final Optional<StoredRegion> stored(String name, @Nullable Path directory)
      throws MemoryException {
    return store(directory).find(name);
  }

  @Override
  public final void delete(String name, Deletion how) throws MemoryException {
    ledger.checkRunning();
    RegionStore from = store(how.directory());
    Path file = from.path(name);
    if (how.wipe() || from.wipes()) {
      from.wipe(name, how.durability());
      SuspectFiles.forget(file);
      return;
    }
    boolean open = from.delete(name, how.whileOpen(), how.durability());
    if (open) {
      SuspectFiles.unlinked(file);
    } else {
      SuspectFiles.forget(file);
    }
  }

  @Override
  public final void rename(
      String name, String newName, NameDurability durability, @Nullable Path directory)
      throws MemoryException {
    ledger.checkRunning();
    store(directory).rename(name, newName, durability);
  }

  /**
   * Waits until the device has all files of a directory's file system; false if there is no such
   * call, and each file is to be waited for.
   */
  protected boolean syncFileSystem(Path directory) throws MemoryException {
    return false;
  }

  @Override
  public final void forceNames() throws MemoryException {
    ledger.checkRunning();
    UnforcedNames unforced = store.unforced();
    StoreErrors.run(
        "force names",
        -1,
        store.directory(),
        () -> {
          // One at a time: the next must not return while this one still waits for what it took.
          synchronized (forcingNames) {
            if (unforced.count() < AT_ONCE_FROM || !unforced.forceAtOnce(this::syncFileSystem)) {
              ledger.forceHeaders();
              unforced.force(); // afterwards: what was closed meanwhile is among it
            }
          }
        });
  }

  /** Those of the ledger and of the stores, with the space below these. */
  @Override
  public final List<ResourceUse> limits() {
    List<ResourceUse> uses = new ArrayList<>(super.limits());
    uses.addAll(store.limits());
    others.values().forEach(other -> uses.addAll(other.limits()));
    return uses;
  }

  @Override
  public List<StoreFinding> verify() throws MemoryException {
    List<StoreFinding> findings = new ArrayList<>(store.verify());
    findings.addAll(SuspectFiles.findings(store.directory()));
    return findings;
  }
}
