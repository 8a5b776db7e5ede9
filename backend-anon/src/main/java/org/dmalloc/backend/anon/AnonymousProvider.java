/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.anon;

import java.nio.file.Path;
import java.util.List;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Deletion;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.StoreFinding;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.linux.Mapping;
import org.dmalloc.linux.OpenFile;
import org.dmalloc.linux.Slabs;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.Machine;
import org.dmalloc.spi.region.BackedRegion;
import org.dmalloc.spi.region.LedgerProvider;
import org.dmalloc.spi.region.RegionLedger;
import org.dmalloc.spi.region.RegionTraits;
import org.jspecify.annotations.Nullable;

/** A provider of memory without a file; the source decides what kind. */
abstract sealed class AnonymousProvider extends LedgerProvider
    permits PrivateMemoryProvider, MemfdProvider, ZeroDeviceProvider {
  private final MemorySource source;
  private final AnonymousSettings settings;
  private final Machine machine;

  // For small regions; guarded by this.
  private @Nullable Slabs slabs;
  private boolean ended;

  /**
   * Starts a provider.
   *
   * @throws UnsupportedOperationException on anything but Linux on x86-64 or aarch64
   */
  AnonymousProvider(MemorySource source, AnonymousSettings settings) {
    super(
        new RegionLedger(
            settings.name(),
            source.capabilities(),
            source.advice(),
            settings.quotas(),
            settings.sectionTimeout().toNanos()));
    this.source = source;
    this.settings = settings;
    this.machine = new Machine(KernelFiles.ofThisMachine(), settings.memoryCheck());
  }

  @Override
  public final MemoryRegion allocate(RegionRequest request, long carriedAs) throws MemoryException {
    RegionRequest full =
        request.policies().isEmpty() ? request.withPolicies(settings.policies()) : request;
    return ledger.admit(request, () -> make(full, carriedAs));
  }

  @Override
  public final MemoryRegion attach(String token, RegionOptions options, long carriedAs)
      throws MemoryException {
    ledger.require(Capability.PROCESS_SHARED);
    ShareToken of = ShareToken.parse(token, name());
    RegionOptions shared = options.withProcessShared(true);
    RegionOptions full =
        shared.policies().isEmpty() ? shared.withPolicies(settings.policies()) : shared;
    return ledger.admit(shared, booking -> attach(of, full, carriedAs, booking));
  }

  private BackedRegion attach(
      ShareToken token, RegionOptions options, long carriedAs, RegionLedger.Booking booking)
      throws MemoryException {
    requireBudget(options, 0);
    SharedMemfd memfd = SharedMemfd.attach(token);
    long byteSize;
    try {
      byteSize = memfd.file().facts().byteSize();
      booking.ofSize(byteSize);
      Mapping.requireMappable("attach", byteSize, token.target());
    } catch (MemoryException | RuntimeException | Error e) {
      memfd.close();
      throw e;
    }
    RegionRequest request = RegionRequest.ofSize(byteSize).with(options);
    return made(
        request,
        carriedAs,
        MemfdMemory.attached(memfd, byteSize, options.maximum(), pageSize(request), machine));
  }

  private void requireBudget(RegionAttributes asked, long byteSize) throws MemoryException {
    if (asked.residentBudget() != RegionAttributes.NO_BUDGET) {
      AnonymousBacking.requireOwnPages(asked.processShared(), "a process-shared region");
      machine.requireSwap(byteSize, "");
    }
  }

  private BackedRegion make(RegionRequest request, long carriedAs) throws MemoryException {
    requireBudget(request, request.byteSize());
    Mapping.requireMappable("allocate", request.byteSize(), "");
    return made(request, carriedAs, take(request));
  }

  private BackedRegion made(RegionRequest request, long carriedAs, AnonymousMemory memory)
      throws MemoryException {
    try {
      PagedMemory paged = new PagedMemory(memory.mapping(), machine, memory.target());
      PolicyState policies = prepare(request, paged);
      OpenFile file = memory.file();
      Path path = file == null ? null : file.sharedPath();
      RegionTraits traits =
          ledger.shared(
              RegionTraits.of(null, request.options(), source.sharing(), path, source.backing())
                  .carriedAs(carriedAs));
      return new BackedRegion(
          ledger, traits, new AnonymousBacking(traits, memory, paged, policies));
    } catch (MemoryException | RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  private AnonymousMemory take(RegionRequest request) throws MemoryException {
    if (source == MemorySource.PRIVATE && isSmall(request)) {
      AnonymousMemory shared = takeSlot(request);
      if (shared != null) {
        return shared;
      }
    }
    if (request.processShared()) {
      return MemfdMemory.shared(
          MemorySource.memfdName(request.owner()),
          request.byteSize(),
          request.maximum(),
          pageSize(request),
          request.progress(),
          machine);
    }
    return source.take(
        request.byteSize(),
        request.maximum(),
        pageSize(request),
        request.owner(),
        request.progress(),
        machine);
  }

  private static PageSize pageSize(RegionRequest request) {
    boolean huge =
        request.pageSize() == PageSize.HUGE || request.policies().contains(SwapPolicy.HUGE_PAGES);
    return huge ? PageSize.HUGE : PageSize.DEFAULT;
  }

  /** Whether it needs nothing that a mapping has as a whole. */
  private static boolean isSmall(RegionRequest request) {
    return Slabs.takes(request.byteSize())
        && request.policies().isEmpty()
        && request.pageSize() == PageSize.DEFAULT
        && request.pattern() != AccessPattern.RANDOM
        && request.pattern() != AccessPattern.SEQUENTIAL
        && request.maximum() == RegionRequest.NO_MAXIMUM
        && request.residentBudget() == RegionRequest.NO_BUDGET
        && !request.locked()
        && !request.prefault();
  }

  /** A slot; null where a mapping of its own may be had, or is refused with its own reason. */
  private @Nullable AnonymousMemory takeSlot(RegionRequest request) {
    Slabs.Slot slot;
    try {
      slot = slabs().take(request.byteSize());
    } catch (MemoryException e) {
      return null;
    }
    Mapping mapping = Mapping.ofSlot(slot, request.byteSize());
    return new AnonymousMemory(mapping, MemorySource.target(request.owner()), machine);
  }

  private synchronized Slabs slabs() {
    Slabs made = slabs == null ? Slabs.anonymous(MemorySource.target(null)) : slabs;
    if (slabs == null && ended) {
      made.close();
    }
    slabs = made;
    return made;
  }

  /** Keeps no empty memory any more. */
  @Override
  public void stop() {
    super.stop();
    synchronized (this) {
      ended = true;
      if (slabs != null) {
        slabs.close();
      }
    }
  }

  /** Locks before anything fills the memory, so that no page can leave again. */
  private static PolicyState prepare(RegionRequest request, PagedMemory paged)
      throws MemoryException {
    boolean huge = request.pageSize() == PageSize.HUGE;
    // Linux reads single pages from swap at random accesses by itself. MADV_RANDOM changes nothing
    // there, but makes it forget which pages are hot: measured, twice the faults on skewed access.
    Advice order =
        request.pattern() == AccessPattern.SEQUENTIAL ? Advice.SEQUENTIAL : Advice.NORMAL;
    if (order != Advice.NORMAL) {
      paged.advise(order);
    }
    if (request.locked()) {
      paged.lock();
    }
    PolicyState policies = new PolicyState(paged, request.locked(), huge, order);
    for (SwapPolicy policy : request.policies()) {
      if (policy != SwapPolicy.PREFAULT) {
        policies.apply(policy);
      }
    }
    boolean filled = request.prefault() || request.policies().contains(SwapPolicy.PREFAULT);
    if (filled || request.locked()) {
      paged.fill(request.progress());
    }
    return policies;
  }

  @Override
  public final MemoryRegion open(OpenRequest request, long carriedAs) throws MemoryException {
    return ledger.admit(
        request,
        booking -> {
          throw new UnsupportedCapabilityException(name(), Capability.NAMED);
        });
  }

  @Override
  public final void delete(String name, Deletion how) {
    ledger.checkRunning();
    ledger.require(Capability.NAMED);
  }

  @Override
  public final List<StoreFinding> verify() {
    return List.of();
  }
}
