/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.NameDurability;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Machine;
import org.dmalloc.spi.region.AddressRange;
import org.dmalloc.spi.region.BackedRegion;
import org.dmalloc.spi.region.PhasedProgress;
import org.dmalloc.spi.region.RegionLedger;
import org.dmalloc.spi.region.RegionTraits;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.dmalloc.spi.store.Naming;
import org.dmalloc.spi.store.OpenMode;
import org.dmalloc.spi.store.RegionStore;
import org.dmalloc.spi.store.SpaceReserver;
import org.dmalloc.spi.store.StoreDirectory;
import org.dmalloc.spi.store.StoreFile;
import org.dmalloc.spi.store.StoreLedgerProvider;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Regions in files that {@link java.nio.channels.FileChannel} maps. */
@Component(
    service = {},
    immediate = true,
    configurationPid = FileChannelProvider.PID,
    property = {
      MemoryProvider.BACKEND + "=" + FileChannelProvider.NAME,
      MemoryProvider.CAPABILITY + "=NAMED", // the shell finds stores whose backend did not start
      "service.ranking:Integer=" + FileChannelProvider.RANKING
    })
public final class FileChannelProvider extends StoreLedgerProvider {
  static final String PID = "org.dmalloc.backend.filechannel";
  static final String NAME = "filechannel";
  static final int RANKING = 10;

  private static final Set<Capability> CAPABILITIES =
      EnumSet.of(
          Capability.NAMED,
          Capability.READ_ONLY,
          Capability.SHARED_MAPPING,
          Capability.PRIVATE_MAPPING,
          Capability.SPARSE,
          Capability.DIRECTORY,
          Capability.FORCE,
          Capability.PREFAULT,
          Capability.PREFETCH,
          Capability.RESIDENCY);

  /** A mapped file cannot be cut there, and growth begins with a cut at the last byte. */
  private static final boolean KEEPS_SIZES =
      System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("windows");

  private static Set<Capability> capabilitiesHere() {
    EnumSet<Capability> here = EnumSet.copyOf(CAPABILITIES);
    if (!KEEPS_SIZES) {
      here.add(Capability.RESIZE);
      here.add(Capability.GROW_IN_PLACE);
      here.add(Capability.PROCESS_SHARED);
    }
    return here;
  }

  private final Sharing defaultSharing;
  private final Machine machine;
  private final ConcurrentReads reads;

  /** Starts the provider with the component's properties, those of its configuration included. */
  @Activate
  public FileChannelProvider(BundleContext context, Map<String, Object> properties) {
    this(FileChannelSettings.of(PID, properties, context.getProperty(StoreDirectory.PROPERTY)));
  }

  FileChannelProvider(FileChannelSettings settings) {
    super(
        new RegionLedger(
            settings.name(),
            capabilitiesHere(),
            EnumSet.noneOf(Advice.class),
            settings.quotas(),
            settings.sectionTimeout().toNanos()),
        settings.store());
    this.defaultSharing = settings.sharing();
    this.machine = Machine.ofAnySystem(KernelFiles.ofThisMachine(), settings.memoryCheck());
    this.reads = new ConcurrentReads(settings.name());
  }

  @Override
  public void stop() {
    super.stop();
    reads.stop();
  }

  @Override
  public MemoryRegion allocate(RegionRequest request, long carriedAs) throws MemoryException {
    return ledger.admit(
        request, () -> make(request, carriedAs, Naming.AT_ONCE, SpaceReserver::zeros));
  }

  @Override
  protected BackingRegion allocate(RegionRequest request, long carriedAs, Naming naming)
      throws MemoryException {
    // It goes when its process does, so that its space may come with its content.
    return ledger.admit(
        request, () -> make(request, carriedAs, naming, progress -> SpaceReserver.BY_CONTENT));
  }

  @Override
  public boolean reservesByWriting() {
    return true;
  }

  @Override
  public BackingRegion allocateUnfilled(RegionRequest request, long carriedAs)
      throws MemoryException {
    // A stored region may outlive a crash in the middle, and says of itself that it is reserved.
    Function<ProgressListener, SpaceReserver> fills =
        request.name() == null && !shares(request)
            ? progress -> SpaceReserver.BY_CONTENT
            : SpaceReserver::zeros;
    return ledger.admit(request, () -> make(request, carriedAs, Naming.AT_ONCE, fills));
  }

  /** Whether a region needs nothing that a file or a mapping has as a whole. */
  private boolean shares(RegionRequest request) {
    return request.name() == null
        && request.directory() == null
        && request.byteSize() <= RegionStore.MOST_SHARED_BYTES
        && sharing(request) == Sharing.SHARED
        && request.reservation() == Reservation.RESERVED
        && request.maximum() == RegionOptions.NO_MAXIMUM
        && !request.prefault()
        && !configured(request.options()).wipe();
  }

  private BackedRegion make(
      RegionRequest asked,
      long carriedAs,
      Naming naming,
      Function<ProgressListener, SpaceReserver> fills)
      throws MemoryException {
    RegionRequest request = asked.with(configured(asked.options()));
    requireNameToShare(request);
    RegionStore store = store(request.directory());
    Sharing sharing = sharing(request);
    String name = request.name();
    if (request.prefault()) {
      Path target = name == null ? store.directory() : store.path(name);
      machine.requireRam("prefault", request.byteSize(), target.toString());
    }
    // What a private mapping stores never reaches its file, so without a name nothing ever does.
    boolean fill =
        request.reservation() == Reservation.RESERVED
            && (name != null || sharing == Sharing.SHARED);
    PhasedProgress progress =
        new PhasedProgress(
            request.progress(), request.byteSize(), (fill ? 1 : 0) + (request.prefault() ? 1 : 0));
    boolean shares = shares(request);
    SpaceReserver reserver = fill && !shares ? fills.apply(progress.next()) : SpaceReserver.SPARSE;
    long byteSize = request.byteSize();
    StoreFile file =
        shares
            ? store.createShared(byteSize, progress.next())
            : file(store, request, naming, reserver);
    try {
      RegionTraits traits =
          RegionTraits.of(
                  name,
                  request.options(),
                  sharing,
                  name == null ? null : store.path(name),
                  backing(store))
              .carriedAs(carriedAs);
      return map(file, traits, request.prefault() ? progress : null, "nothing was created");
    } catch (MemoryException | RuntimeException | Error e) {
      undo(e, file::discard);
      throw e;
    }
  }

  /** Makes a file for one region, with the space that it is to have. */
  private StoreFile file(
      RegionStore store, RegionRequest request, Naming naming, SpaceReserver reserver)
      throws MemoryException {
    String name = request.name();
    long byteSize = request.byteSize();
    if (name == null) {
      return store.createUnnamed(byteSize, reserver);
    }
    Reservation reservation = request.reservation();
    NameDurability durable = request.nameDurability();
    OpenMode mode = OpenMode.toCreate(request);
    return naming.create(store, name, mode, byteSize, reservation, reserver, durable, name());
  }

  @Override
  public MemoryRegion open(OpenRequest request, long carriedAs) throws MemoryException {
    return ledger.admit(request, booking -> reopen(request, carriedAs, booking));
  }

  private BackedRegion reopen(OpenRequest request, long carriedAs, RegionLedger.Booking booking)
      throws MemoryException {
    RegionStore store = store(request.directory());
    Sharing sharing = sharing(request);
    if (!request.processShared() && store.journalOf(request.name()).isPresent()) {
      ledger.require(Capability.CHECKPOINT); // its journal would miss what is stored
    }
    StoreFile file =
        store.open(request.name(), mode(sharing, request), request.nameDurability(), name());
    try {
      booking.ofSize(file.byteSize());
      if (request.prefault()) {
        machine.requireRam("prefault", file.byteSize(), file.path().toString());
      }
      RegionTraits traits =
          RegionTraits.of(
                  request.name(),
                  configured(request.options()),
                  sharing,
                  file.path(),
                  backing(store))
              .withReservation(file.reservation())
              .carriedAs(carriedAs);
      PhasedProgress progress =
          request.prefault() ? new PhasedProgress(request.progress(), file.byteSize(), 1) : null;
      return map(file, traits, progress, "the stored region is as it was");
    } catch (MemoryException | RuntimeException | Error e) {
      undo(e, file::close);
      throw e;
    }
  }

  /**
   * Maps the file, and reads it in where a progress to report to is given.
   *
   * @param outcome what is there when that is cancelled, in words
   */
  private BackedRegion map(
      StoreFile file, RegionTraits traits, @Nullable PhasedProgress prefault, String outcome)
      throws MemoryException {
    Arena arena = Arena.ofShared();
    try {
      long room = Math.max(file.byteSize(), traits.maximum());
      MemorySegment segment = file.data().map(FileChannelBacking.mapMode(traits), arena, room);
      if (prefault != null) {
        prefault(segment.asSlice(0, file.byteSize()), file, prefault.next(), outcome);
      }
      RegionTraits real = ledger.shared(traits.withFileKey(file.isNamed() ? file.fileKey() : null));
      AddressRange range = AddressRange.ofArena(arena, segment);
      return new BackedRegion(ledger, real, new FileChannelBacking(real, range, file, reads));
    } catch (MemoryException | RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private static void prefault(
      MemorySegment segment, StoreFile file, ProgressListener progress, String outcome)
      throws MemoryException {
    try {
      ResidentPages.bringIn(segment, file.path(), progress, outcome);
      BusErrors.deliver();
    } catch (InternalError e) {
      throw MemoryException.of(
          "prefault",
          segment.byteSize(),
          file.path().toString(),
          "a page could not be brought in: its file system is full, or the file was cut short",
          MemoryException.NO_ERRNO,
          "free space, or allocate it reserved",
          BusErrors.require(e));
    }
  }

  private static OpenMode mode(Sharing sharing, OpenRequest request) {
    boolean copies = request.access() == AccessMode.READ_WRITE && sharing == Sharing.PRIVATE;
    return copies ? OpenMode.PRIVATE_COPY : OpenMode.toShare(request);
  }

  private Sharing sharing(RegionAttributes request) {
    if (request.processShared()) {
      return Sharing.SHARED;
    }
    return request.sharing() == Sharing.DEFAULT ? defaultSharing : request.sharing();
  }

  private static String backing(RegionStore store) throws MemoryException {
    return store.fileSystem() + " file";
  }

  private static void undo(Throwable cause, Action undo) {
    try {
      undo.run();
    } catch (MemoryException e) {
      cause.addSuppressed(e);
    }
  }
}
