/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
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
import org.dmalloc.api.PagingStatistics;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.backing.ArrivingRegion;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.CarriedGroup;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.backend.panama.auto.PagingObserver;
import org.dmalloc.linux.CheckedPaging;
import org.dmalloc.linux.FileSystem;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.Platform;
import org.dmalloc.spi.checkpoint.JournalRef;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Machine;
import org.dmalloc.spi.region.BackedRegion;
import org.dmalloc.spi.region.PhasedProgress;
import org.dmalloc.spi.region.RegionLedger;
import org.dmalloc.spi.region.RegionTraits;
import org.dmalloc.spi.store.Naming;
import org.dmalloc.spi.store.OpenMode;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.spi.store.StoreDirectory;
import org.dmalloc.spi.store.StoreLedgerProvider;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.metatype.annotations.Designate;

/**
 * Regions in files of one store, mapped by mmap(2).
 *
 * <p>Space is reserved by fallocate(2), which only marks blocks as taken and so costs milliseconds;
 * on a file system without it zeros are written. The private pages of an unnamed private region
 * never reach its file, so that nothing is reserved for them.
 *
 * <p>A component: one instance without configuration, or one for each configuration of the factory
 * {@value PanamaSettings#PID}, such as one for each disk.
 */
@Component(
    service = {},
    immediate = true,
    configurationPid = PanamaSettings.PID,
    // Said aloud, since bnd takes a factory's designation for "require".
    configurationPolicy = ConfigurationPolicy.OPTIONAL,
    property = {
      "dmalloc.backend=" + PanamaSettings.NAME,
      "dmalloc.capability=NAMED", // the shell finds stores whose backend did not start
      "service.ranking:Integer=" + PanamaSettings.RANKING
    })
@Designate(ocd = PanamaConfiguration.class, factory = true)
public final class PanamaProvider extends StoreLedgerProvider {
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
          Capability.PUNCH,
          Capability.GROW_IN_PLACE,
          Capability.CHECKPOINT,
          Capability.DIRTY_TRACKING,
          Capability.PROCESS_SHARED);

  private final AccessPattern pattern;
  private final Machine machine;
  private final PagingObserver observer;
  private final SmallRegions small = new SmallRegions();

  /**
   * Starts the provider with the component's properties, those of its configuration included.
   *
   * @throws UnsupportedOperationException on anything but Linux on x86-64 or aarch64
   */
  @Activate
  public PanamaProvider(BundleContext context, Map<String, Object> properties) {
    this(PanamaSettings.of(properties, context.getProperty(StoreDirectory.PROPERTY)));
  }

  PanamaProvider(PanamaSettings settings) {
    this(settings, new PagingObserver(settings.name()));
  }

  /** Like the other constructor, with an observer for the regions under AUTO. */
  PanamaProvider(PanamaSettings settings, PagingObserver observer) {
    super(
        new RegionLedger(
            settings.name(),
            capabilitiesHere(),
            EnumSet.allOf(Advice.class),
            settings.quotas(),
            settings.sectionTimeout().toNanos()),
        settings.store());
    this.pattern = settings.pattern();
    this.machine = new Machine(KernelFiles.ofThisMachine(), settings.memoryCheck());
    this.observer = observer;
  }

  private static Set<Capability> capabilitiesHere() {
    Platform.require();
    EnumSet<Capability> here = EnumSet.copyOf(CAPABILITIES);
    if (!Mapping.tracksWrites()) {
      here.remove(Capability.DIRTY_TRACKING);
    }
    return here;
  }

  @Override
  public MemoryRegion allocate(RegionRequest asked, long carriedAs) throws MemoryException {
    RegionRequest request = asked.with(configured(asked.options()));
    if (request.durability() == Durability.CHECKPOINT) {
      CheckpointedRegions regions = checkpointed(request.directory());
      return ledger.admit(request, () -> regions.create(request, carriedAs));
    }
    return ledger.admit(request, () -> create(request, carriedAs, Naming.AT_ONCE));
  }

  private CheckpointedRegions checkpointed(@Nullable Path directory) throws MemoryException {
    return new CheckpointedRegions(ledger, store(directory), machine, holder());
  }

  @Override
  public ArrivingRegion receive(
      RegionRequest asked, StoreMove move, CarriedGroup.Last last, long carriedAs)
      throws MemoryException {
    ledger.checkRunning();
    RegionRequest request = asked.with(configured(asked.options()));
    return checkpointed(request.directory()).receive(request, move, last, carriedAs);
  }

  @Override
  protected BackingRegion allocate(RegionRequest asked, long carriedAs, Naming naming)
      throws MemoryException {
    RegionRequest request = asked.with(configured(asked.options()));
    return ledger.admit(request, () -> create(request, carriedAs, naming));
  }

  private BackedRegion create(RegionRequest request, long carriedAs, Naming naming)
      throws MemoryException {
    RegionOptions options = resolved(request.name(), request.options());
    String name = request.name();
    boolean isPrivate = options.sharing() == Sharing.PRIVATE;
    if (isPrivate && request.residentBudget() != RegionRequest.NO_BUDGET) {
      throw new UnsupportedOperationException(
          "a resident budget of private memory in a file: changed pages have no file to go to; ask"
              + " for SHARED");
    }
    requireNameToShare(request);
    boolean neverStored = name == null && isPrivate;
    Reservation reservation = neverStored ? Reservation.SPARSE : request.reservation();
    boolean reserves = reservation == Reservation.RESERVED;
    boolean fills = request.prefault() || request.locked();
    PhasedProgress progress =
        new PhasedProgress(
            request.progress(), request.byteSize(), (reserves ? 1 : 0) + (fills ? 1 : 0));
    RegionStore store = store(request.directory());
    if (fills || name == null) {
      store.prepareDirectory();
    }
    if (fills) {
      boolean toSwap =
          isPrivate || FileSystem.of(store.directory()).type().equals(FileSystem.IN_MEMORY);
      Path target = name == null ? store.directory() : store.path(name);
      CheckedPaging.require(
          machine, request.byteSize(), request.locked(), toSwap, target.toString());
    }
    ProgressListener reserving = reserves ? progress.next() : ProgressListener.NONE;
    RegionFile file =
        SmallRegions.suits(request, options)
            ? small.take(store.directory(), request.byteSize(), reservation, reserving)
            : null;
    if (file == null) {
      file =
          name == null
              ? RegionFile.Unnamed.create(
                  store.directory(), request.byteSize(), reservation, reserving)
              : RegionFile.Named.create(
                  store,
                  name,
                  OpenMode.toCreate(request),
                  request.byteSize(),
                  reservation,
                  naming,
                  request.nameDurability(),
                  holder(),
                  reserving);
    }
    ProgressListener filling = fills ? progress.next() : ProgressListener.NONE;
    MappingPlan plan = new MappingPlan(options.withProgress(filling), true, machine);
    return region(name, file, request.byteSize(), plan, carriedAs);
  }

  @Override
  public MemoryRegion open(OpenRequest asked, long carriedAs) throws MemoryException {
    OpenRequest request = asked.with(configured(asked.options()));
    return ledger.admit(request, booking -> reopen(request, carriedAs, booking));
  }

  private BackedRegion reopen(OpenRequest request, long carriedAs, RegionLedger.Booking booking)
      throws MemoryException {
    boolean stores =
        request.access() == AccessMode.READ_WRITE && request.sharing() != Sharing.PRIVATE;
    if (stores) {
      CheckpointedRegions regions = checkpointed(request.directory());
      Optional<JournalRef> journal = regions.journalOf(request.name());
      if (journal.isPresent() && !request.processShared()) { // else the store refuses it
        return regions.open(request, journal.get(), carriedAs, booking);
      }
      CheckpointedRegions.refuse(request);
    }
    RegionFile.Named file =
        RegionFile.Named.open(
            store(request.directory()),
            request.name(),
            request.sharing() == Sharing.PRIVATE ? OpenMode.READER : OpenMode.toShare(request),
            request.nameDurability(),
            holder());
    try {
      booking.ofSize(file.byteSize());
    } catch (MemoryException | RuntimeException | Error e) {
      file.discard(e);
      throw e;
    }
    RegionOptions options =
        resolved(request.name(), request.options()).withReservation(file.reservation());
    MappingPlan plan = new MappingPlan(options, false, machine);
    return region(request.name(), file, file.byteSize(), plan, carriedAs);
  }

  /** With the sharing that a file has, and the pattern that is configured. */
  private RegionOptions resolved(@Nullable String name, RegionOptions asked) {
    RegionOptions real =
        asked
            .withSharing(asked.sharing() == Sharing.PRIVATE ? Sharing.PRIVATE : Sharing.SHARED)
            .withPattern(asked.pattern() == AccessPattern.AUTO ? pattern : asked.pattern());
    return RegionTraits.withoutVainMaximum(name, real);
  }

  /** Maps the file and makes the region; discards the file if that fails. */
  private BackedRegion region(
      @Nullable String name, RegionFile file, long byteSize, MappingPlan plan, long carriedAs)
      throws MemoryException {
    try {
      MappingPlan.Mapped mapped = plan.map(file, byteSize);
      try {
        boolean watches = plan.watches(mapped.mapping());
        RegionTraits made =
            RegionTraits.of(name, plan.options(), plan.sharing(), file.path(), backing(file))
                .withDurability(mapped.durability())
                .withFileKey(file.key())
                .carriedAs(carriedAs);
        RegionTraits traits = ledger.shared(watches ? made.withPattern(AccessPattern.AUTO) : made);
        MappedFileBacking backing = new MappedFileBacking(file, mapped.mapping(), traits, machine);
        BackedRegion region = new BackedRegion(ledger, traits, backing);
        if (watches) {
          backing.watch(region, observer, plan.stores(), plan.fills());
        }
        return region;
      } catch (MemoryException | RuntimeException | Error e) {
        mapped.mapping().close();
        throw e;
      }
    } catch (MemoryException | RuntimeException | Error e) {
      file.discard(e);
      throw e;
    }
  }

  @Override
  protected boolean syncFileSystem(Path directory) throws MemoryException {
    FileSystem.sync(directory);
    return true;
  }

  @Override
  public void stop() {
    super.stop();
    small.end();
  }

  @Override
  public Optional<PagingStatistics> paging() {
    return Optional.of(observer.statistics());
  }

  @Override
  public List<StoreFinding> verify() throws MemoryException {
    List<StoreFinding> findings = super.verify();
    findings.add(
        Mapping.prefetchCall().equals("process_madvise")
            ? new StoreFinding(
                StoreFinding.Severity.OK, "prefetch", "one process_madvise for 1024 offsets")
            : new StoreFinding(
                StoreFinding.Severity.WARNING,
                "prefetch",
                "one madvise for each offset, which is slower; batches need Linux 6.13, or 5.10"
                    + " and CAP_SYS_NICE"));
    return findings;
  }

  private String holder() {
    return name() + " region";
  }

  static String backing(RegionFile file) throws MemoryException {
    String type = file.descriptor().fileSystem().type();
    if (file instanceof SlotFile) {
      return type + " file without a name, shared by small regions";
    }
    return file.path() == null ? type + " file without a name" : type + " file";
  }
}
