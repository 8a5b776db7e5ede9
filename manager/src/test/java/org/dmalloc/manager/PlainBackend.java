/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.StoredRegion;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.api.backing.StoreProvider;
import org.dmalloc.spi.region.BackedRegion;
import org.dmalloc.spi.region.MovableFile;
import org.dmalloc.spi.region.RegionBacking;
import org.dmalloc.spi.region.RegionLedger;
import org.dmalloc.spi.region.RegionTraits;
import org.dmalloc.spi.region.ResidentTrimmer;
import org.jspecify.annotations.Nullable;

/** A backend in plain memory; with a store it has named regions too. */
class PlainBackend implements StoreProvider {
  private static final Set<Capability> MEMORY =
      EnumSet.of(
          Capability.PRIVATE_MAPPING,
          Capability.SHARED_MAPPING,
          Capability.RESIZE,
          Capability.RESIDENCY,
          Capability.DIRTY_TRACKING);
  private static final Set<Capability> FILE =
      EnumSet.of(
          Capability.NAMED,
          Capability.READ_ONLY,
          Capability.SHARED_MAPPING,
          Capability.PRIVATE_MAPPING,
          Capability.FORCE,
          Capability.RESIDENT_BUDGET,
          Capability.RESIZE);

  final RegionLedger ledger;
  final AtomicInteger forces = new AtomicInteger();

  /** What the kernel was told, call by call. */
  final List<String> kernel = new CopyOnWriteArrayList<>();

  private final @Nullable PlainStore store;
  volatile @Nullable String refusal;
  volatile @Nullable String forceRefusal;
  volatile @Nullable String closeRefusal;
  volatile @Nullable String trackingRefusal;

  private PlainBackend(String name, @Nullable PlainStore store, Set<Capability> capabilities) {
    this.store = store;
    this.ledger =
        new RegionLedger(
            name,
            capabilities,
            capabilities.contains(Capability.ADVICE) ? EnumSet.allOf(Advice.class) : Set.of(),
            Long.MAX_VALUE,
            200_000_000);
  }

  /** Memory that is given its content by its first owner, up to a limit. */
  static final class Unfilled extends PlainBackend {
    /** What loads may bring in before there is no space. */
    volatile long loadableBytes = Long.MAX_VALUE;

    final AtomicLong loadedBytes = new AtomicLong();
    final AtomicInteger unfilled = new AtomicInteger();

    Unfilled(String name) {
      super(name, null, MEMORY);
    }

    @Override
    public boolean reservesByWriting() {
      return true;
    }

    @Override
    public MemoryRegion allocateUnfilled(RegionRequest request, long carriedAs)
        throws MemoryException {
      unfilled.incrementAndGet();
      loadedBytes.set(0);
      return allocate(request, carriedAs);
    }

    @Override
    void loading(long byteSize) throws MemoryException {
      if (loadedBytes.addAndGet(byteSize) > loadableBytes) {
        throw MemoryException.of("write", name(), "ENOSPC", "free space");
      }
    }
  }

  /** Told of each load. */
  void loading(long byteSize) throws MemoryException {}

  static PlainBackend memory(String name) {
    return new PlainBackend(name, null, MEMORY);
  }

  /** Memory that takes advice and swap policies, and may keep a budget; not resizable. */
  static PlainBackend swapped(String name, Capability... more) {
    EnumSet<Capability> all =
        EnumSet.of(
            Capability.PRIVATE_MAPPING,
            Capability.SHARED_MAPPING,
            Capability.ADVICE,
            Capability.LOCKED,
            Capability.SWAP_POLICY);
    all.addAll(List.of(more));
    return new PlainBackend(name, null, all);
  }

  static PlainBackend files(String name, PlainStore store) {
    return new PlainBackend(name, store, FILE);
  }

  @Override
  public String name() {
    return ledger.backend();
  }

  @Override
  public Set<Capability> capabilities() {
    return ledger.capabilities();
  }

  @Override
  public Set<Advice> supportedAdvice() {
    return ledger.advice();
  }

  private void refuse(String operation) throws MemoryException {
    String now = refusal;
    if (now != null) {
      throw MemoryException.of(operation, name(), now, "");
    }
  }

  @Override
  public MemoryRegion allocate(RegionRequest request, long carriedAs) throws MemoryException {
    return ledger.admit(
        request,
        () -> {
          refuse("allocate");
          String name = request.name();
          if (name == null || store == null) {
            RegionTraits traits =
                RegionTraits.of(name, request.options(), sharing(request.sharing()), null, "test")
                    .carriedAs(carriedAs);
            return region(traits, null, request.byteSize());
          }
          MemorySegment bytes = store.create(name, request.byteSize());
          store.open.add(name);
          return inFile(name, request.options(), store.path(name), bytes, carriedAs);
        });
  }

  private BackedRegion inFile(
      @Nullable String name,
      RegionOptions options,
      Path file,
      MemorySegment bytes,
      long carriedAs) {
    return region(
        RegionTraits.of(name, options, Sharing.SHARED, file, "test file").carriedAs(carriedAs),
        bytes,
        bytes.byteSize());
  }

  private BackedRegion region(RegionTraits traits, @Nullable MemorySegment file, long byteSize) {
    return new BackedRegion(ledger, traits, new PlainMemory(traits, file, byteSize));
  }

  @Override
  public Path fileOf(String name, @Nullable Path directory) {
    return Objects.requireNonNull(store).path(name);
  }

  @Override
  public BackingRegion allocateUnpublished(RegionRequest request, StoreMove move, long carriedAs)
      throws MemoryException {
    return ledger.admit(
        request,
        () -> {
          refuse("allocate");
          MemorySegment bytes = Arena.ofAuto().allocate(request.byteSize(), 8);
          return inFile(request.name(), request.options(), move.to(), bytes, carriedAs);
        });
  }

  private static Sharing sharing(Sharing asked) {
    return asked == Sharing.DEFAULT ? Sharing.PRIVATE : asked;
  }

  @Override
  public MemoryRegion open(OpenRequest request, long carriedAs) throws MemoryException {
    return ledger.admit(
        request,
        booking -> {
          refuse("open");
          MemorySegment bytes = store == null ? null : store.files.get(request.name());
          if (store == null || bytes == null || !store.open.add(request.name())) {
            throw MemoryException.of("open", request.name(), "absent or open", "");
          }
          booking.ofSize(bytes.byteSize());
          Path file = store.path(request.name());
          return inFile(request.name(), request.options(), file, bytes, carriedAs);
        });
  }

  @Override
  public List<StoredRegion> stored() {
    if (store == null) {
      return List.of();
    }
    return store.files.entrySet().stream()
        .map(
            file ->
                new StoredRegion(
                    file.getKey(),
                    file.getValue().byteSize(),
                    store.path(file.getKey()),
                    StoredRegion.State.CLOSED,
                    "",
                    null))
        .toList();
  }

  @Override
  public void delete(String name) throws MemoryException {
    ledger.checkRunning();
    if (store == null || store.open.contains(name) || store.files.remove(name) == null) {
      throw MemoryException.of("delete", name, "absent or open", "");
    }
  }

  @Override
  public List<MemoryRegion> regions() {
    return ledger.regions();
  }

  /** How many are open, those below movable ones included. */
  int openRegions() {
    return ledger.statistics().openRegions();
  }

  @Override
  public ProviderStatistics statistics() {
    return ledger.statistics();
  }

  @Override
  public List<StoreFinding> verify() {
    return List.of();
  }

  /** Memory of its own, or the bytes of a file, copied in and out as a mapping would show them. */
  private final class PlainMemory implements RegionBacking, MovableFile {
    private final RegionTraits traits;
    private final @Nullable MemorySegment file;
    private Arena arena = Arena.ofShared();
    private MemorySegment segment;

    PlainMemory(RegionTraits traits, @Nullable MemorySegment file, long byteSize) {
      this.traits = traits;
      this.file = file;
      this.segment = arena.allocate(byteSize, 8);
      if (file != null) {
        segment.copyFrom(file);
      }
    }

    @Override
    public MemorySegment segment() {
      return segment;
    }

    @Override
    public void force(long offset, long length) throws MemoryException {
      String now = forceRefusal;
      if (now != null) {
        throw MemoryException.of("force", name(), now, "");
      }
      forces.incrementAndGet();
      MemorySegment.copy(segment, offset, Objects.requireNonNull(file), offset, length);
    }

    @Override
    public void advise(Advice advice, long offset, long length) {
      kernel.add(advice + " to " + name());
    }

    @Override
    public Residency residency(long offset, long length) {
      return new Residency(length, length, -1, -1, -1, -1, -1, "test");
    }

    @Override
    public void apply(SwapPolicy policy) throws MemoryException {
      refuse("apply");
      kernel.add(policy + " to " + name());
    }

    @Override
    public void load(long offset, MemorySegment content) throws MemoryException {
      loading(content.byteSize());
      RegionBacking.super.load(offset, content);
    }

    @Override
    public DirtyTracking trackDirty() throws MemoryException {
      String now = trackingRefusal;
      if (now != null) {
        throw MemoryException.of("userfaultfd", name(), now, "");
      }
      return new ShadowTracking(segment);
    }

    @Override
    public ResidentTrimmer limitResident(long budgetBytes) {
      return new ResidentTrimmer() {
        @Override
        public long residentBytes() {
          return 0;
        }

        @Override
        public void begin(long excessBytes, long aheadBytes, long graceNanos) {}

        @Override
        public long step() {
          return DONE;
        }
      };
    }

    @Override
    public void resize(long newByteSize) {
      Arena next = Arena.ofShared();
      MemorySegment grown = next.allocate(newByteSize, 8);
      MemorySegment.copy(segment, 0, grown, 0, Math.min(newByteSize, segment.byteSize()));
      arena.close();
      arena = next;
      segment = grown;
    }

    @Override
    public void unmap() {
      String now = closeRefusal;
      if (now != null) {
        throw new IllegalStateException(now);
      }
      String name = traits.name();
      if (file != null && store != null && name != null) {
        file.copyFrom(segment);
        store.open.remove(name);
      }
      arena.close();
    }

    @Override
    public void delete() {
      PlainStore from = Objects.requireNonNull(store);
      from.files.values().removeIf(bytes -> bytes.equals(file));
      endMove();
    }

    @Override
    public Optional<MovableFile> file() {
      return file == null ? Optional.empty() : Optional.of(this);
    }

    @Override
    public String fileKey() {
      return Integer.toString(System.identityHashCode(file));
    }

    @Override
    public void requireArrived() {}

    @Override
    public void leaving(StoreMove move) {
      Objects.requireNonNull(store).leaving.add(move.from());
    }

    @Override
    public void publish() throws MemoryException {
      String name = Objects.requireNonNull(traits.name());
      PlainStore into = Objects.requireNonNull(store);
      if (into.files.putIfAbsent(name, Objects.requireNonNull(file)) != null) {
        throw MemoryException.of("publish", name, "EEXIST", "");
      }
      into.open.add(name);
    }

    @Override
    public void endMove() {
      Path path = traits.path();
      if (path != null) {
        Objects.requireNonNull(store).leaving.remove(path);
      }
    }
  }

  /** Compares with a copy of its own, which it brings up to date before it tells. */
  private static final class ShadowTracking implements DirtyTracking {
    private static final long PAGE = 4096;
    private final MemorySegment source;
    private final MemorySegment shadow;

    ShadowTracking(MemorySegment source) {
      this.source = source;
      this.shadow = Arena.ofAuto().allocate(source.byteSize(), 8).copyFrom(source);
    }

    @Override
    public void collect(Visitor visitor) throws MemoryException {
      for (long at = 0; at < source.byteSize(); at += PAGE) {
        long end = Math.min(at + PAGE, source.byteSize());
        if (MemorySegment.mismatch(source, at, end, shadow, at, end) >= 0) {
          MemorySegment.copy(source, at, shadow, at, end - at);
          visitor.written(at, end - at);
        }
      }
    }

    @Override
    public String method() {
      return "shadow";
    }

    @Override
    public void close() {}
  }
}
