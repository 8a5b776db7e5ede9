/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.PagingStatistics;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.api.RegionNames;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.api.backing.StoreProvider;
import org.dmalloc.backend.panama.auto.PagingObserver;
import org.dmalloc.backend.panama.auto.WatchedRegion;
import org.dmalloc.linux.CheckedPaging;
import org.dmalloc.linux.FileSystem;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.MappingKind;
import org.dmalloc.linux.Platform;
import org.dmalloc.spi.machine.Errno;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Machine;
import org.dmalloc.spi.region.BackedRegion;
import org.dmalloc.spi.region.PhasedProgress;
import org.dmalloc.spi.region.RegionLedger;
import org.dmalloc.spi.region.RegionTraits;
import org.dmalloc.spi.region.SuspectFiles;
import org.dmalloc.spi.store.OpenMode;
import org.dmalloc.spi.store.RegionStore;
import org.jspecify.annotations.Nullable;

/**
 * Regions in files of one store, mapped by mmap(2).
 *
 * <p>Space is reserved by fallocate(2), which only marks blocks as taken and so costs milliseconds;
 * on a file system without it zeros are written. The private pages of an unnamed private region
 * never reach its file, so that nothing is reserved for them.
 */
sealed class MappedFileProvider implements StoreProvider permits PanamaProvider {
  private static final Set<Capability> CAPABILITIES =
      EnumSet.of(
          Capability.NAMED,
          Capability.READ_ONLY,
          Capability.SHARED_MAPPING,
          Capability.PRIVATE_MAPPING,
          Capability.SPARSE,
          Capability.DIRECTORY,
          Capability.FORCE,
          Capability.SYNC,
          Capability.ADVICE,
          Capability.HUGE_PAGES,
          Capability.PREFAULT,
          Capability.LOCKED,
          Capability.PREFETCH,
          Capability.RESIDENCY,
          Capability.RELEASE,
          Capability.RESIDENT_BUDGET,
          Capability.RESIZE,
          Capability.DIRTY_TRACKING);

  /** One block of the observer's: two or three ordinary readaheads. */
  private static final long MIN_WATCHED_BYTES = 2L << 20;

  private final PanamaSettings settings;
  private final Machine machine;
  private final RegionLedger ledger;
  private final PagingObserver observer;

  /**
   * Starts a provider.
   *
   * @throws UnsupportedOperationException on anything but Linux on x86-64 or aarch64
   */
  MappedFileProvider(PanamaSettings settings) {
    this(settings, new PagingObserver(settings.name()));
  }

  /** Like the other constructor, with an observer for the regions under AUTO. */
  MappedFileProvider(PanamaSettings settings, PagingObserver observer) {
    Platform.require();
    this.settings = settings;
    this.observer = observer;
    this.machine = new Machine(KernelFiles.ofThisMachine(), settings.memoryCheck());
    this.ledger =
        new RegionLedger(
            settings.name(),
            capabilitiesHere(),
            EnumSet.allOf(Advice.class),
            settings.limitBytes(),
            settings.sectionTimeout().toNanos());
  }

  private static Set<Capability> capabilitiesHere() {
    EnumSet<Capability> here = EnumSet.copyOf(CAPABILITIES);
    if (!Mapping.tracksWrites()) {
      here.remove(Capability.DIRTY_TRACKING);
    }
    return here;
  }

  /** Refuses new calls from now on; open regions stay usable until their owners close them. */
  final void stop() {
    ledger.stop();
  }

  @Override
  public final String name() {
    return settings.name();
  }

  @Override
  public final Set<Capability> capabilities() {
    return ledger.capabilities();
  }

  @Override
  public final Set<Advice> supportedAdvice() {
    return ledger.advice();
  }

  @Override
  public final MemoryRegion allocate(RegionRequest request, long carriedAs) throws MemoryException {
    return ledger.admit(request, () -> create(request, carriedAs, null));
  }

  @Override
  public final BackingRegion allocateUnpublished(
      RegionRequest request, StoreMove move, long carriedAs) throws MemoryException {
    RegionNames.check(Objects.requireNonNullElse(request.name(), ""));
    return ledger.admit(request, () -> create(request, carriedAs, move));
  }

  @Override
  public final Path fileOf(String name, @Nullable Path directory) {
    return settings.store().path(name, directory);
  }

  private BackedRegion create(RegionRequest request, long carriedAs, @Nullable StoreMove move)
      throws MemoryException {
    RegionOptions options = resolved(request.options());
    boolean isPrivate = options.sharing() == Sharing.PRIVATE;
    if (isPrivate && request.residentBudget() != RegionRequest.NO_BUDGET) {
      throw new UnsupportedOperationException(
          "a resident budget of private memory in a file: changed pages have no file to go to; ask"
              + " for SHARED");
    }
    boolean neverStored = request.name() == null && isPrivate;
    Reservation reservation = neverStored ? Reservation.SPARSE : request.reservation();
    boolean reserves = reservation == Reservation.RESERVED;
    boolean fills = request.prefault() || request.locked();
    PhasedProgress progress =
        new PhasedProgress(
            request.progress(), request.byteSize(), (reserves ? 1 : 0) + (fills ? 1 : 0));
    RegionStore store = store(request.directory());
    if (fills) {
      store.prepareDirectory();
      boolean toSwap =
          isPrivate || FileSystem.of(store.directory()).type().equals(FileSystem.IN_MEMORY);
      Path target = request.name() == null ? store.directory() : store.path(request.name());
      CheckedPaging.require(
          machine, request.byteSize(), request.locked(), toSwap, target.toString());
    }
    RegionFile file;
    if (request.name() == null) {
      store.prepareDirectory();
      file =
          RegionFile.Unnamed.create(
              store.directory(),
              request.byteSize(),
              reservation,
              reserves ? progress.next() : ProgressListener.NONE);
    } else {
      file =
          RegionFile.Named.create(
              store,
              request.name(),
              request.byteSize(),
              reservation,
              move,
              holder(),
              reserves ? progress.next() : ProgressListener.NONE);
    }
    ProgressListener filling = fills ? progress.next() : ProgressListener.NONE;
    MappingPlan plan = new MappingPlan(options.withProgress(filling), true, machine);
    return region(request.name(), file, request.byteSize(), plan, carriedAs);
  }

  @Override
  public final MemoryRegion open(OpenRequest request, long carriedAs) throws MemoryException {
    return ledger.admit(request, booking -> reopen(request, carriedAs, booking));
  }

  private BackedRegion reopen(OpenRequest request, long carriedAs, RegionLedger.Booking booking)
      throws MemoryException {
    boolean stores =
        request.access() == AccessMode.READ_WRITE && request.sharing() != Sharing.PRIVATE;
    RegionFile.Named file =
        RegionFile.Named.open(
            store(request.directory()),
            request.name(),
            stores ? OpenMode.WRITER : OpenMode.READER,
            holder());
    try {
      booking.ofSize(file.byteSize());
    } catch (MemoryException | RuntimeException | Error e) {
      file.discard(e);
      throw e;
    }
    RegionOptions options = resolved(request.options()).withReservation(file.reservation());
    MappingPlan plan = new MappingPlan(options, false, machine);
    return region(request.name(), file, file.byteSize(), plan, carriedAs);
  }

  /** With the sharing that a file has, and the pattern that is configured. */
  private RegionOptions resolved(RegionOptions asked) {
    return asked
        .withSharing(asked.sharing() == Sharing.PRIVATE ? Sharing.PRIVATE : Sharing.SHARED)
        .withPattern(asked.pattern() == AccessPattern.AUTO ? settings.pattern() : asked.pattern());
  }

  /** Maps the file and makes the region; discards the file if that fails. */
  private BackedRegion region(
      @Nullable String name, RegionFile file, long byteSize, MappingPlan plan, long carriedAs)
      throws MemoryException {
    try {
      Mapped mapped = plan.map(file, byteSize);
      try {
        boolean watches = plan.watches(mapped.mapping);
        RegionTraits made =
            RegionTraits.of(name, plan.options, plan.sharing(), file.path(), backing(file))
                .withDurability(mapped.durability)
                .withFileKey(file.key())
                .carriedAs(carriedAs);
        RegionTraits traits = watches ? made.withPattern(AccessPattern.AUTO) : made;
        MappedFileBacking backing = new MappedFileBacking(file, mapped.mapping, traits, machine);
        BackedRegion region = new BackedRegion(ledger, traits, backing);
        if (watches) {
          backing.watch(region, observer, plan.stores(), plan.fills());
        }
        return region;
      } catch (MemoryException | RuntimeException | Error e) {
        mapped.mapping.close();
        throw e;
      }
    } catch (MemoryException | RuntimeException | Error e) {
      file.discard(e);
      throw e;
    }
  }

  /** A mapping and what really makes its stores durable. */
  private record Mapped(Mapping mapping, Durability durability) {}

  /**
   * How to map a file.
   *
   * @param options what is asked of the region, with its sharing and its pattern
   * @param fresh whether the file has just been made
   */
  private record MappingPlan(RegionOptions options, boolean fresh, Machine machine)
      implements RegionAttributes {

    private MappingKind kind() {
      if (access() == AccessMode.READ_ONLY) {
        return MappingKind.READ_ONLY;
      }
      return sharing() == Sharing.PRIVATE ? MappingKind.PRIVATE : MappingKind.SHARED;
    }

    boolean fills() {
      return prefault() || locked();
    }

    /**
     * Whether the pattern is to be found out. There is nothing to find out where no page is ever
     * read from the file again, where huge pages decide how much is read, and in a region so small
     * that reading all of it at once is as good as any other way.
     */
    boolean watches(Mapping mapping) {
      return pattern() == AccessPattern.AUTO
          && mapping.inPageCache()
          && !locked()
          && pageSize() != PageSize.HUGE
          && mapping.byteSize() >= MIN_WATCHED_BYTES;
    }

    WatchedRegion.Stores stores() {
      return switch (kind()) {
        case PRIVATE, READ_ONLY -> WatchedRegion.Stores.NONE;
        case SHARED, SHARED_SYNC ->
            fresh ? WatchedRegion.Stores.EXPECTED : WatchedRegion.Stores.POSSIBLE;
      };
    }

    Mapped map(RegionFile file, long byteSize) throws MemoryException {
      Mapped mapped = mapSyncOrNot(file, byteSize);
      Mapping mapping = mapped.mapping;
      try {
        if (pattern() == AccessPattern.RANDOM || pattern() == AccessPattern.SEQUENTIAL) {
          // Before the first page: a page cache filled in large folios stays so, and each small
          // store then writes a large one.
          mapping.advise(
              pattern() == AccessPattern.RANDOM ? Advice.RANDOM : Advice.SEQUENTIAL, 0, byteSize);
        }
        CheckedPaging paging = new CheckedPaging(mapping, machine, file.descriptor().target());
        if (locked()) {
          // Meets the limit before anything is read; what is filled then is locked as it comes.
          paging.lock();
        }
        if (fills()) {
          // Fresh pages are there to be written; this also takes what a first store needs. Reading
          // brings stored pages in; writing would mark all of them as changed.
          paging.populate(
              fresh ? AccessMode.READ_WRITE : AccessMode.READ_ONLY,
              0,
              byteSize,
              progress(),
              fresh ? "nothing was created" : "the stored region is as it was");
        }
        return mapped;
      } catch (MemoryException | RuntimeException | Error e) {
        mapping.close();
        throw e;
      }
    }

    private Mapped mapSyncOrNot(RegionFile file, long byteSize) throws MemoryException {
      if (durability() == Durability.SYNC && kind() == MappingKind.SHARED) {
        try {
          return new Mapped(map(file, byteSize, MappingKind.SHARED_SYNC), Durability.SYNC);
        } catch (MemoryException e) {
          if (e.errno() != Errno.EOPNOTSUPP) {
            throw e;
          }
          // No DAX here: the fall-back that Durability.SYNC documents, and RegionInfo tells.
        }
      }
      return new Mapped(map(file, byteSize, kind()), Durability.ON_FORCE);
    }

    private Mapping map(RegionFile file, long byteSize, MappingKind mappingKind)
        throws MemoryException {
      return Mapping.ofFile(
          file.descriptor(), file.dataOffset(), byteSize, mappingKind, pageSize());
    }
  }

  @Override
  public final List<StoredRegion> stored() throws MemoryException {
    return settings.store().list();
  }

  @Override
  public final void delete(String name) throws MemoryException {
    ledger.checkRunning();
    settings.store().delete(RegionNames.check(name));
    SuspectFiles.forget(settings.store().path(name));
  }

  @Override
  public final List<MemoryRegion> regions() {
    return ledger.regions();
  }

  @Override
  public final ProviderStatistics statistics() {
    return ledger.statistics();
  }

  @Override
  public final Optional<PagingStatistics> paging() {
    return Optional.of(observer.statistics());
  }

  @Override
  public final List<StoreFinding> verify() throws MemoryException {
    List<StoreFinding> findings = new ArrayList<>(settings.store().verify());
    findings.addAll(SuspectFiles.findings(settings.store().directory()));
    String call = Mapping.prefetchCall();
    findings.add(
        call.equals("process_madvise")
            ? new StoreFinding(
                StoreFinding.Severity.OK, "prefetch", "one process_madvise for 1024 offsets")
            : new StoreFinding(
                StoreFinding.Severity.WARNING,
                "prefetch",
                "one madvise for each offset, which is slower; batches need Linux 6.13, or 5.10"
                    + " and CAP_SYS_NICE"));
    return findings;
  }

  private RegionStore store(@Nullable Path directory) throws MemoryException {
    return directory == null ? settings.store() : RegionStore.open(directory);
  }

  private String holder() {
    return settings.name() + " region";
  }

  private static String backing(RegionFile file) throws MemoryException {
    String type = file.descriptor().fileSystem().type();
    return file.path() == null ? type + " file without a name" : type + " file";
  }
}
