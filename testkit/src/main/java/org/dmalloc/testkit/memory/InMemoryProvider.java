/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit.memory;

import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.RegionNames;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.api.backing.StoreProvider;
import org.dmalloc.spi.region.BackedRegion;
import org.dmalloc.spi.region.LedgerProvider;
import org.dmalloc.spi.region.RegionLedger;
import org.dmalloc.spi.region.RegionTraits;
import org.dmalloc.spi.region.Uninterrupted.Work;
import org.dmalloc.testkit.memory.InMemoryStore.StoredBytes;
import org.jspecify.annotations.Nullable;

/**
 * A provider in plain memory.
 *
 * <p>It does what the declared capabilities promise, as far as memory alone can: RESIDENCY says
 * that everything is in RAM until PAGE_OUT is advised, ADVICE and SWAP_POLICY are recorded, FORCE
 * brings the bytes to the store, DIRTY_TRACKING compares pages, CHECKPOINT copies them; there are
 * no automatic checkpoints. {@link #faults} makes calls fail.
 *
 * <p>Regions have at most 4 GiB, all of it resident. Whoever allocates one owns it. Thread-safe.
 */
public final class InMemoryProvider extends LedgerProvider implements StoreProvider {
  private final @Nullable InMemoryStore store;
  private final Faults faults;
  private final List<RegionRequest> requests = new CopyOnWriteArrayList<>();
  private final List<OpenRequest> opens = new CopyOnWriteArrayList<>();
  private final List<StoreFinding> findings = new CopyOnWriteArrayList<>();
  private volatile @Nullable Path shownPath;
  private volatile boolean reservesByWriting;

  /**
   * A provider.
   *
   * @param store where named regions are; null for none, which NAMED needs
   * @param limitBytes the most that open regions may have in all
   * @param sectionTimeout how long close and resize wait for open sections
   */
  public InMemoryProvider(
      String name,
      Set<Capability> capabilities,
      @Nullable InMemoryStore store,
      long limitBytes,
      Duration sectionTimeout) {
    super(
        new RegionLedger(
            name,
            capabilities,
            capabilities.contains(Capability.ADVICE) ? EnumSet.allOf(Advice.class) : Set.of(),
            limitBytes,
            sectionTimeout.toNanos()));
    if (capabilities.contains(Capability.NAMED) && store == null) {
      throw new IllegalArgumentException("provider " + name + " declares NAMED without a store");
    }
    this.store = store;
    this.faults = new Faults(name);
  }

  /** A provider that declares just that, with a store of its own if NAMED is among it. */
  public static InMemoryProvider of(String name, Capability... capabilities) {
    Set<Capability> declared = Set.of(capabilities);
    boolean named = declared.contains(Capability.NAMED);
    return over(name, declared, named ? new InMemoryStore("/store") : null);
  }

  /** Like anonymous memory: no names, resizable, written pages tracked. */
  public static InMemoryProvider memory(String name) {
    return of(
        name,
        Capability.PRIVATE_MAPPING,
        Capability.SHARED_MAPPING,
        Capability.RESIZE,
        Capability.PUNCH,
        Capability.RESIDENCY,
        Capability.DIRTY_TRACKING);
  }

  /** Like a backend with files: named regions, which force and close write to the store. */
  public static InMemoryProvider files(String name, InMemoryStore store) {
    return over(
        name,
        EnumSet.of(
            Capability.NAMED,
            Capability.READ_ONLY,
            Capability.SHARED_MAPPING,
            Capability.PRIVATE_MAPPING,
            Capability.FORCE,
            Capability.RESIDENT_BUDGET,
            Capability.RESIZE,
            Capability.CHECKPOINT),
        store);
  }

  private static InMemoryProvider over(
      String name, Set<Capability> capabilities, @Nullable InMemoryStore store) {
    return new InMemoryProvider(name, capabilities, store, Long.MAX_VALUE, Duration.ofMillis(200));
  }

  /** Shows that path in the description of unnamed regions. */
  public InMemoryProvider showing(Path path) {
    shownPath = path;
    return this;
  }

  /** Says that it takes space by writing only, so that moves load all of a region, zeros too. */
  public InMemoryProvider reservingByWriting() {
    reservesByWriting = true;
    return this;
  }

  public Faults faults() {
    return faults;
  }

  /** The requests so far, refused ones included. */
  public List<RegionRequest> requests() {
    return List.copyOf(requests);
  }

  /** The requests to open so far, refused ones included. */
  public List<OpenRequest> opens() {
    return List.copyOf(opens);
  }

  /** Adds to what {@link #verify} finds. */
  public void find(StoreFinding finding) {
    findings.add(finding);
  }

  /** Where its named regions are. */
  public InMemoryStore store() {
    InMemoryStore present = store;
    if (present == null) {
      throw new IllegalStateException("provider " + name() + " has no store");
    }
    return present;
  }

  /** How many regions are open, those below managed ones included. */
  public int openRegions() {
    return ledger.statistics().openRegions();
  }

  @Override
  public boolean reservesByWriting() {
    return reservesByWriting;
  }

  @Override
  public MemoryRegion allocate(RegionRequest request, long carriedAs) throws MemoryException {
    return make(request, carriedAs, "allocate");
  }

  @Override
  public MemoryRegion allocateUnfilled(RegionRequest request, long carriedAs)
      throws MemoryException {
    return make(request, carriedAs, "allocate unfilled");
  }

  private BackedRegion make(RegionRequest request, long carriedAs, String call)
      throws MemoryException {
    String name = request.name();
    return admit(
        request,
        call,
        () -> {
          if (name == null) {
            RegionTraits traits =
                RegionTraits.of(
                        null, request.options(), sharing(request.sharing()), shownPath, "memory")
                    .carriedAs(carriedAs);
            return over(traits, InMemoryBacking.unnamed(faults, traits, request.byteSize()));
          }
          StoredBytes file = new StoredBytes(request.byteSize());
          if (request.durability() == Durability.CHECKPOINT) {
            file.checkpoints = store().group(request.checkpoints().group(), name);
          }
          store().publish("allocate", name, file);
          return named(name, request.options(), store().path(name), file, carriedAs, true);
        });
  }

  private BackedRegion admit(
      RegionRequest request, String call, Work<BackedRegion, MemoryException> maker)
      throws MemoryException {
    requests.add(request);
    return ledger.admit(
        request,
        () -> {
          faults.called(call);
          InMemoryBacking.checkSize("allocate", name(), request.byteSize());
          InMemoryBacking.checkSize("allocate", name(), request.maximum());
          return maker.run();
        });
  }

  private BackedRegion named(
      @Nullable String name,
      RegionOptions options,
      Path path,
      StoredBytes file,
      long carriedAs,
      boolean published) {
    Sharing sharing = options.sharing() == Sharing.DEFAULT ? Sharing.SHARED : options.sharing();
    boolean stores = options.access() == AccessMode.READ_WRITE && sharing != Sharing.PRIVATE;
    RegionOptions real =
        file.checkpoints != null && stores
            ? options.withDurability(Durability.CHECKPOINT)
            : options;
    RegionTraits traits =
        RegionTraits.of(name, real, sharing, path, "file in memory").carriedAs(carriedAs);
    InMemoryBacking backing = InMemoryBacking.named(faults, traits, store(), file, published);
    BackedRegion region = over(traits, backing);
    backing.join(region, ledger.sectionTimeoutNanos());
    return region;
  }

  private BackedRegion over(RegionTraits traits, InMemoryBacking backing) {
    return new BackedRegion(ledger, traits, backing);
  }

  private Sharing sharing(Sharing asked) {
    if (asked != Sharing.DEFAULT) {
      return asked;
    }
    boolean anonymous =
        capabilities().contains(Capability.PRIVATE_MAPPING)
            && !capabilities().contains(Capability.FORCE);
    return anonymous ? Sharing.PRIVATE : Sharing.SHARED;
  }

  @Override
  public Path fileOf(String name, @Nullable Path directory) {
    return store().path(name);
  }

  @Override
  public BackingRegion allocateUnpublished(RegionRequest request, StoreMove move, long carriedAs)
      throws MemoryException {
    StoredBytes file = new StoredBytes(request.byteSize());
    return admit(
        request,
        "allocate unpublished",
        () -> named(request.name(), request.options(), move.to(), file, carriedAs, false));
  }

  @Override
  public BackingRegion allocateSnapshot(RegionRequest request, long carriedAs)
      throws MemoryException {
    ledger.require(Capability.NAMED);
    StoredBytes file = new StoredBytes(request.byteSize());
    String name = Objects.requireNonNull(request.name());
    return admit(
        request,
        "allocate snapshot",
        () -> {
          store().requireFree(name);
          return named(name, request.options(), store().path(name), file, carriedAs, false);
        });
  }

  @Override
  public MemoryRegion open(OpenRequest request, long carriedAs) throws MemoryException {
    opens.add(request);
    return ledger.admit(
        request,
        booking -> {
          faults.called("open");
          boolean stores =
              request.access() == AccessMode.READ_WRITE && request.sharing() != Sharing.PRIVATE;
          StoredBytes file = store().open(request.name(), stores);
          boolean done = false;
          try {
            requireCheckpoints(request, file);
            booking.ofSize(file.content.byteSize());
            Path path = store().path(request.name());
            BackedRegion region =
                named(request.name(), request.options(), path, file, carriedAs, true);
            done = true;
            return region;
          } finally {
            if (!done) {
              file.open = false;
            }
          }
        });
  }

  private static void requireCheckpoints(OpenRequest request, StoredBytes file) {
    if (request.durability() == Durability.CHECKPOINT && file.checkpoints == null) {
      throw new IllegalArgumentException(
          "region '" + request.name() + "' was not allocated with durability CHECKPOINT");
    }
  }

  @Override
  public List<StoredRegion> stored(@Nullable Path directory) throws MemoryException {
    faults.called("stored");
    return store == null ? List.of() : store.stored(directory);
  }

  @Override
  public void delete(String name, Deletion how) throws MemoryException {
    ledger.require(Capability.NAMED);
    ledger.checkRunning();
    faults.called("delete");
    store().delete(name, how.whileOpen());
  }

  @Override
  public void rename(
      String name, String newName, NameDurability durability, @Nullable Path directory)
      throws MemoryException {
    ledger.require(Capability.NAMED);
    ledger.checkRunning();
    RegionNames.check(newName);
    faults.called("rename");
    store().rename(name, newName, null);
  }

  @Override
  public void forceNames() throws MemoryException {
    ledger.checkRunning();
    faults.called("forceNames");
  }

  @Override
  public List<MemoryRegion> regions() {
    faults.calledUnchecked("regions");
    return super.regions();
  }

  @Override
  public List<StoreFinding> verify() throws MemoryException {
    faults.called("verify");
    return List.copyOf(findings);
  }
}
