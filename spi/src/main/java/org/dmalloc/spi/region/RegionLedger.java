/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.OpenRequest;
import org.dmalloc.api.ProviderStatistics;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Requirements;
import org.dmalloc.api.ResourceUse;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.backing.OrphanedRegions;
import org.dmalloc.spi.region.Uninterrupted.Work;
import org.jspecify.annotations.Nullable;

/**
 * A provider's books: what it can do, which regions are open, how many bytes they have against the
 * limit, and whether the provider still takes calls.
 *
 * <p>Every region is made inside {@link #admit}, which undoes the booking when making it fails.
 * Safe for use by any number of threads.
 */
public final class RegionLedger {
  /** How long {@code close} and {@code resize} wait for open access sections. */
  public static final long DEFAULT_SECTION_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(10);

  private static final String ATTACH = "attach";

  private final String backend;
  private final Set<Capability> capabilities;
  private final Set<Advice> advice;
  private final Bookings bookings;
  private final long sectionTimeoutNanos;

  private final ConcurrentMap<Long, BackedRegion> open = new ConcurrentHashMap<>();
  private final LongAdder allocations = new LongAdder();
  private final LongAdder closes = new LongAdder();
  private final LongAdder failures = new LongAdder();
  private final BudgetKeeper budgets;
  private volatile boolean stopped;
  private volatile @Nullable RegionTraits lastTraits;
  private volatile @Nullable MemoryProvider provider;

  /**
   * Books for one provider.
   *
   * @param backend the provider's name
   * @param capabilities what it can do
   * @param advice the advice that a region's {@link MemoryRegion#advise} takes
   * @param limitBytes the most that open regions may have in all; {@link Long#MAX_VALUE} for no
   *     limit
   */
  public RegionLedger(
      String backend, Set<Capability> capabilities, Set<Advice> advice, long limitBytes) {
    this(backend, capabilities, advice, limitBytes, DEFAULT_SECTION_TIMEOUT_NANOS);
  }

  /** Like the other constructor, with the time that close and resize wait for open sections. */
  public RegionLedger(
      String backend,
      Set<Capability> capabilities,
      Set<Advice> advice,
      long limitBytes,
      long sectionTimeoutNanos) {
    this(backend, capabilities, advice, RegionQuotas.ofBytes(limitBytes), sectionTimeoutNanos);
  }

  /** Like the other constructors, with quotas of owners and of the number of regions. */
  public RegionLedger(
      String backend,
      Set<Capability> capabilities,
      Set<Advice> advice,
      RegionQuotas quotas,
      long sectionTimeoutNanos) {
    this.backend = backend;
    this.capabilities = unmodifiable(Capability.class, capabilities);
    this.advice = unmodifiable(Advice.class, advice);
    this.bookings = new Bookings(backend, quotas);
    this.sectionTimeoutNanos = sectionTimeoutNanos;
    this.budgets = new BudgetKeeper(backend);
  }

  private static <E extends Enum<E>> Set<E> unmodifiable(Class<E> type, Set<E> values) {
    EnumSet<E> copy = EnumSet.noneOf(type);
    copy.addAll(values);
    return Collections.unmodifiableSet(copy);
  }

  /**
   * Makes a region of the size asked for and books it. The maker leaves nothing behind if it fails.
   *
   * @throws IllegalStateException if the provider was stopped
   * @throws UnsupportedCapabilityException if the request needs what is not declared
   * @throws MemoryException if the limit is reached, if the thread is interrupted (its status
   *     stays), what the maker throws, or if the budget of resident bytes cannot be kept
   */
  public BackedRegion admit(RegionRequest request, Work<BackedRegion, MemoryException> maker)
      throws MemoryException {
    return admit(
        "allocate",
        request.byteSize(),
        request.name() == null ? "" : request.name(),
        Requirements.of(request),
        request.options(),
        booking -> {
          booking.ofSize(request.byteSize());
          return maker.run();
        });
  }

  /** Opens one region, whose size is known only when its file is open. */
  @FunctionalInterface
  public interface Opener {
    /** Opens the region, books its size once it knows it, and leaves nothing behind on failure. */
    BackedRegion open(Booking booking) throws MemoryException;
  }

  /** Takes the size of a region that is being made. */
  @FunctionalInterface
  public interface Booking {
    /** Holds the size against the limit, or throws. */
    void ofSize(long byteSize) throws MemoryException;
  }

  /** Opens a stored region and books it; like the other, but the opener tells the size. */
  public BackedRegion admit(OpenRequest request, Opener opener) throws MemoryException {
    return admit(
        "open",
        -1,
        request.name(),
        Requirements.of(request),
        request.options(),
        booking ->
            opener.open(
                byteSize -> {
                  requireMaximum("open", request.name(), request.maximum(), byteSize);
                  booking.ofSize(byteSize);
                }));
  }

  /** Attaches a region of another process and books it; like the others. */
  public BackedRegion admit(RegionOptions attached, Opener opener) throws MemoryException {
    return admit(
        ATTACH,
        -1,
        "",
        Requirements.of(false, attached),
        attached,
        booking ->
            opener.open(
                byteSize -> {
                  requireMaximum(ATTACH, "", attached.maximum(), byteSize);
                  booking.ofSize(byteSize);
                }));
  }

  private static void requireMaximum(String operation, String target, long maximum, long byteSize)
      throws MemoryException {
    if (maximum != RegionOptions.NO_MAXIMUM && byteSize > maximum) {
      throw MemoryException.of(
          operation,
          byteSize,
          target,
          "it is larger than the maximum of " + maximum + " bytes that was asked for",
          "give a larger maximum, or none");
    }
  }

  private BackedRegion admit(
      String operation,
      long byteSize,
      String target,
      Set<Capability> needed,
      RegionOptions asked,
      Opener opener)
      throws MemoryException {
    long[] booked = {0, 0}; // bytes, and regions
    boolean done = false;
    try {
      checkRunning();
      checkNotInterrupted(operation, byteSize, target);
      require(needed);
      BackedRegion region =
          opener.open(
              size -> {
                bookings.book(operation, size, 1, target, asked.owner());
                booked[0] += size;
                booked[1]++;
              });
      limit(region, asked.residentBudget());
      region.bookedBytes = booked[0];
      region.bookedOn = asked.owner();
      open.put(region.id(), region);
      allocations.increment();
      done = true;
      if (stopped) {
        orphan(region); // stopped meanwhile, and may not have seen this one
      }
      return region;
    } finally {
      if (!done) {
        bookings.release(booked[0], (int) booked[1], asked.owner());
        failures.increment();
      }
    }
  }

  /**
   * Refuses an interrupted thread, and leaves its status set: the calls that allocate and open go
   * through interruptible channels, where an interrupt would take the file away in mid-work.
   */
  public static void checkNotInterrupted(String operation, long byteSize, String target)
      throws MemoryException {
    if (Thread.currentThread().isInterrupted()) {
      boolean opens = operation.equals("open") || operation.equals(ATTACH);
      String outcome = opens ? "nothing was opened" : "nothing was created";
      throw MemoryException.interrupted(operation, byteSize, target, -1, outcome);
    }
  }

  /** Throws {@link IllegalStateException} if the provider was stopped. */
  public void checkRunning() {
    if (stopped) {
      throw new IllegalStateException(
          "backend " + backend + " is stopped; use another provider or start its bundle");
    }
  }

  /**
   * Refuses all further work; open regions stay, listed as {@linkplain OrphanedRegions orphaned}.
   */
  public void stop() {
    stopped = true;
    open.values().forEach(this::orphan);
  }

  private void orphan(BackedRegion region) {
    if (!region.isCarried()) {
      OrphanedRegions.add(region);
      if (!open.containsKey(region.id())) {
        OrphanedRegions.remove(region); // closed meanwhile
      }
    }
  }

  public String backend() {
    return backend;
  }

  public Set<Capability> capabilities() {
    return capabilities;
  }

  /** What {@code advise} accepts. */
  public Set<Advice> advice() {
    return advice;
  }

  /** The open regions by ascending id, without those that a carrier hands on. */
  public List<MemoryRegion> regions() {
    return open.values().stream()
        .filter(region -> !region.isCarried())
        .sorted(Comparator.comparingLong(MemoryRegion::id))
        .<MemoryRegion>map(region -> region)
        .toList();
  }

  /** Makes size and length of all open regions durable, as far as that was put off. */
  public void forceHeaders() throws MemoryException {
    for (BackedRegion region : open.values()) {
      region.forceHeader();
    }
  }

  public ProviderStatistics statistics() {
    return new ProviderStatistics(
        open.size(),
        bookings.bytes(),
        bookings.quotas().bytes(),
        allocations.sum(),
        closes.sum(),
        failures.sum());
  }

  /** What is used of each quota that is set. */
  public List<ResourceUse> limits() {
    return bookings.uses();
  }

  /** Throws {@link UnsupportedCapabilityException} unless the capability is declared. */
  public void require(Capability capability) {
    if (!capabilities.contains(capability)) {
      throw new UnsupportedCapabilityException(backend, capability);
    }
  }

  public void require(Advice wanted) {
    require(Capability.ADVICE);
    if (!advice.contains(wanted)) {
      throw new UnsupportedOperationException(
          "backend " + backend + " does not take advice " + wanted + "; it takes " + advice);
    }
  }

  /** Throws {@link UnsupportedCapabilityException} for the first that is not declared. */
  public void require(Set<Capability> needed) {
    Requirements.missing(needed, capabilities).ifPresent(this::require);
  }

  /** Starts to keep the budget that a request asked for; closes the region if that is refused. */
  private static void limit(BackedRegion region, long residentBudget) throws MemoryException {
    if (residentBudget != RegionRequest.NO_BUDGET) {
      try {
        region.limitResident(residentBudget);
      } catch (MemoryException | RuntimeException e) {
        region.close();
        throw e;
      }
    }
  }

  /** The traits of the region before where they are the same, so that many alike share them. */
  public RegionTraits shared(RegionTraits traits) {
    RegionTraits last = lastTraits;
    if (last != null && traits.equals(last)) {
      return last;
    }
    lastTraits = traits;
    return traits;
  }

  /** Says whose books these are. */
  void providedBy(MemoryProvider keeper) {
    provider = keeper;
  }

  /** The provider that keeps the books; null if it has not said so. */
  @Nullable MemoryProvider provider() {
    return provider;
  }

  BudgetKeeper budgets() {
    return budgets;
  }

  /** How long close, resize and a checkpoint wait for open sections. */
  public long sectionTimeoutNanos() {
    return sectionTimeoutNanos;
  }

  /** Books a change of size; growth is held against the limit. */
  void rebook(long oldByteSize, long newByteSize, BackedRegion region) throws MemoryException {
    if (newByteSize > oldByteSize) {
      bookings.book("resize", newByteSize - oldByteSize, 0, region.toString(), region.bookedOn);
    } else {
      bookings.release(oldByteSize - newByteSize, 0, region.bookedOn);
    }
  }

  void undoRebook(long oldByteSize, long newByteSize, BackedRegion region) {
    bookings.release(newByteSize - oldByteSize, 0, region.bookedOn);
  }

  void closed(BackedRegion region) {
    if (open.remove(region.id()) != null) {
      bookings.release(region.bookedBytes, 1, region.bookedOn);
      closes.increment();
      OrphanedRegions.remove(region);
    }
  }

  /** Refuses a size that nothing limits, and that cannot be counted beside what is in use. */
  public static MemoryException beyondAllMemory(String operation, long byteSize, String target) {
    return MemoryException.of(
        operation, byteSize, target, "no machine has as much memory", "choose a smaller size");
  }
}
