/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.Residency;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.move.ManagedRegionInfo;
import org.dmalloc.spi.region.SectionGate;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.jspecify.annotations.Nullable;

/**
 * A region whose bytes may be on one backend now and on another later; its users notice a short
 * wait at most. {@link BackingSlot} has the bytes and the gate before them.
 */
final class ManagedRegion implements MemoryRegion {
  private final long id;
  private final Instant createdAt = Instant.now();
  private final ManagedRegions regions;
  private final String bundle;
  private final BackingSlot backing;
  private final MoveLock moving;
  private final History history = new History();

  /** The backends that a move of it needs which runs now. */
  private volatile List<Backend> needed = List.of();

  /** Backends' regions that the move which runs copies between. */
  private volatile List<MemoryRegion> moved = List.of();

  private volatile RequestedAttributes asked;
  private volatile String home;
  private volatile long byteSize;
  private volatile @Nullable RegionInfo lastInfo;

  ManagedRegion(
      ManagedRegions regions,
      long id,
      String bundle,
      RequestedAttributes asked,
      Placement placement) {
    this.id = id;
    this.regions = regions;
    this.bundle = bundle;
    this.asked = asked;
    this.backing =
        new BackingSlot(this, placement, () -> regions.settings().strandedWait().toNanos());
    this.moving = new MoveLock(this, regions::sectionTimeoutNanos);
    this.byteSize = placement.region().byteSize();
    this.home = placement.backend().name();
  }

  // --- MemoryRegion ---

  @Override
  public long id() {
    return id;
  }

  @Override
  public long byteSize() {
    return byteSize;
  }

  @Override
  public Optional<String> detached() {
    return placement().region().detached();
  }

  @Override
  public Access acquire() {
    return backing.acquire();
  }

  @Override
  public MemorySegment segment() {
    return backing.pin();
  }

  @Override
  public RegionInfo info() {
    RegionInfo last = lastInfo;
    return last != null ? last : infoNow(!gate().hasEnded());
  }

  private RegionInfo infoNow(boolean open) {
    Placement now = placement();
    RegionInfo inner = now.region().info();
    RequestedAttributes wanted = asked;
    RegionOptions real =
        inner
            .options()
            .withOwner(wanted.owner())
            .withPageSize(wanted.pageSize())
            .requiring(wanted.required());
    if (wanted.pattern() != AccessPattern.AUTO) {
      real = real.withPattern(wanted.pattern());
    }
    if (stranded() != null) {
      real = real.withAccess(AccessMode.READ_ONLY);
    }
    return new RegionInfo(
        id,
        wanted.name(),
        ManagedRegions.NAME,
        byteSize,
        byteSize,
        open,
        real,
        inner.path(),
        inner.backend() + ": " + inner.backing(),
        inner.mapping(),
        createdAt,
        open ? gate().openSections() : 0,
        backing.pinned(),
        inner.writeBackFailure(),
        stranded() != null ? Set.of() : now.backend().capabilities());
  }

  /** A question to the backend's region. */
  @FunctionalInterface
  private interface Question<T> {
    T of(MemoryRegion region) throws MemoryException;
  }

  private <T> T ask(Capability capability, Question<T> question) throws MemoryException {
    backing.awaitBackend();
    int slot = gate().enter();
    try {
      backing.checkAttached();
      require(capability);
      backing.use();
      return question.of(placement().region());
    } finally {
      gate().exit(slot);
    }
  }

  /** Work on the backend's region. */
  @FunctionalInterface
  private interface Work {
    void on(MemoryRegion region) throws MemoryException;
  }

  private void run(Capability capability, Work work) throws MemoryException {
    ask(
        capability,
        region -> {
          work.on(region);
          return region;
        });
  }

  /** Throws unless the region can do it where it lies now; says where it can. */
  private void require(Capability capability) {
    Backend here = placement().backend();
    if (!here.capabilities().contains(capability)) {
      throw regions.lacking(this, here, capability);
    }
  }

  @Override
  public void force() throws MemoryException {
    run(Capability.FORCE, region -> region.force());
  }

  @Override
  public void force(long offset, long length) throws MemoryException {
    run(Capability.FORCE, region -> region.force(offset, length));
  }

  @Override
  public void advise(Advice advice) throws MemoryException {
    run(Capability.ADVICE, region -> advise(region, advice));
  }

  @Override
  public void advise(Advice advice, long offset, long length) throws MemoryException {
    run(
        Capability.ADVICE,
        region -> {
          if (offset == 0 && length == region.byteSize()) {
            advise(region, advice);
          } else {
            region.advise(advice, offset, length);
          }
        });
  }

  /** Advises all of it, and keeps what is a pattern for the next backend. */
  private void advise(MemoryRegion region, Advice advice) throws MemoryException {
    switch (advice) {
      case NORMAL, RANDOM, SEQUENTIAL ->
          change(
              was -> was.withPattern(AccessPattern.valueOf(advice.name())),
              () -> region.advise(advice));
      default -> region.advise(advice);
    }
  }

  /**
   * Changes what the owner asked for. The new state is made before anything happens, so that a
   * contradiction is refused with nothing changed, and kept only when the kernel has taken it.
   * Called inside a section: no move can lose it, since its last step, which {@linkplain
   * RequestedAttributes#tellSince tells the new place} what has changed meanwhile, waits for the
   * section's end.
   */
  private synchronized void change(UnaryOperator<RequestedAttributes> next, Action telling)
      throws MemoryException {
    RequestedAttributes changed = next.apply(asked);
    telling.run();
    asked = changed;
  }

  @Override
  public List<AdvisedRange> advised() {
    int slot = gate().enter();
    try {
      return placement().region().advised();
    } finally {
      gate().exit(slot);
    }
  }

  @Override
  public void prefetch(long[] offsets, long length) throws MemoryException {
    run(Capability.PREFETCH, region -> region.prefetch(offsets, length));
  }

  @Override
  public void release() throws MemoryException {
    run(Capability.RELEASE, region -> region.release());
  }

  @Override
  public void release(long offset, long length) throws MemoryException {
    run(Capability.RELEASE, region -> region.release(offset, length));
  }

  @Override
  public void limitResident(long budgetBytes) throws MemoryException {
    if (budgetBytes == RegionOptions.NO_BUDGET && liftBudgetWhereNoneIsKept()) {
      return;
    }
    run(
        Capability.RESIDENT_BUDGET,
        region ->
            change(
                was -> was.withBudget(budgetBytes, this), () -> region.limitResident(budgetBytes)));
  }

  /** A budget that the region brought along counts for later moves, where none is kept too. */
  private boolean liftBudgetWhereNoneIsKept() throws MemoryException {
    int slot = gate().enter();
    try {
      if (placement().backend().capabilities().contains(Capability.RESIDENT_BUDGET)) {
        return false;
      }
      change(was -> was.withBudget(RegionOptions.NO_BUDGET, this), () -> {});
      return true;
    } finally {
      gate().exit(slot);
    }
  }

  @Override
  public Residency residency() throws MemoryException {
    return ask(Capability.RESIDENCY, MemoryRegion::residency);
  }

  @Override
  public Residency residency(long offset, long length) throws MemoryException {
    return ask(Capability.RESIDENCY, region -> region.residency(offset, length));
  }

  @Override
  public void apply(SwapPolicy policy) throws MemoryException {
    run(
        Capability.SWAP_POLICY,
        region -> change(was -> was.withPolicy(policy, this), () -> region.apply(policy)));
  }

  @Override
  public void resize(long newByteSize) throws MemoryException {
    if (gate().hasEnded()) {
      throw new IllegalStateException("region is closed");
    }
    backing.awaitBackend();
    backing.checkAttached();
    require(Capability.RESIZE);
    if (newByteSize < 1) {
      throw new IllegalArgumentException(
          "resize of " + this + " to " + newByteSize + " bytes; give at least 1");
    }
    moving.take("resize");
    try {
      checkMovable("resize");
      gate().shut(regions.sectionTimeoutNanos());
      try {
        checkMovable("resize");
        backing.checkAttached();
        require(Capability.RESIZE); // it may have moved meanwhile
        resizeShut(newByteSize);
      } finally {
        gate().open();
      }
    } finally {
      moving.release();
    }
  }

  private void resizeShut(long newByteSize) throws MemoryException {
    long growth = newByteSize - byteSize;
    if (growth > 0) {
      regions.accounts().book("resize", growth, bundle, toString());
    }
    boolean done = false;
    try {
      placement().region().resize(newByteSize);
      done = true;
    } finally {
      backing.remap(); // also a failed resize may have mapped the bytes anew
      if (done) {
        byteSize = newByteSize;
        synchronized (this) {
          asked = asked.withByteSize(newByteSize);
        }
      }
      if (done ? growth < 0 : growth > 0) {
        regions.accounts().release(Math.abs(growth), bundle);
      }
    }
  }

  @Override
  public void close() {
    if (gate().hasEnded()) {
      return;
    }
    moving.take("close");
    try {
      if (gate().hasEnded()) {
        return;
      }
      gate().shutToEnd(regions.sectionTimeoutNanos());
      boolean released = false;
      try {
        lastInfo = infoNow(false);
        placement().region().close();
        released = true;
      } finally {
        // What could not be written to the file is told when all is released.
        if (released || !placement().region().info().open()) {
          backing.end();
          regions.accounts().closed(this);
        } else {
          lastInfo = null;
          gate().open();
        }
      }
    } finally {
      moving.release();
    }
  }

  @Override
  public String toString() {
    String name = asked.name();
    return "region " + id + (name == null ? "" : " '" + name + "'");
  }

  // --- for moves ---

  /** Held by the move, resize or close that is at work. */
  MoveLock moving() {
    return moving;
  }

  /** Throws if the region is closed, or its raw segment was handed out. */
  void checkMovable(String operation) {
    if (gate().hasEnded()) {
      throw new IllegalStateException("region is closed");
    }
    if (backing.pinned()) {
      throw new IllegalStateException(
          operation
              + " of "
              + this
              + ": it is pinned by segment(), taken by "
              + owner()
              + "; use acquire() in place of it, or close and open the region");
    }
  }

  /** The bundle, with the owner that the request named. */
  String owner() {
    String named = asked.owner();
    return named == null ? "bundle " + bundle : named + " (bundle " + bundle + ")";
  }

  BackingSlot backing() {
    return backing;
  }

  SectionGate gate() {
    return backing.gate();
  }

  Placement placement() {
    return backing.placement();
  }

  /** Says which backends a move needs, from its beginning until the old memory is released. */
  void needs(List<Backend> backends) {
    needed = backends;
  }

  /** Says between which backends' regions a move copies, until the one that is left is released. */
  void movesBetween(List<MemoryRegion> backendsRegions) {
    moved = backendsRegions;
  }

  /** Whether it lies on the backend, or a move of it needs the backend. */
  boolean concerns(Backend backend) {
    return needed.contains(backend) || placement().backend().equals(backend);
  }

  /** Puts the region on other memory. Called with the gate shut. */
  void place(Placement next) {
    backing.place(next);
    asked.hintBudget(next);
    backing.endDetached();
  }

  /** Why no living backend holds it; null if one does. */
  @Nullable String stranded() {
    return backing.stranded();
  }

  RequestedAttributes asked() {
    return asked;
  }

  String bundle() {
    return bundle;
  }

  String home() {
    return home;
  }

  void settle(String backend) {
    home = backend;
  }

  History history() {
    return history;
  }

  ManagedRegionInfo managedInfo() {
    Placement now = placement();
    Set<Long> carries = new HashSet<>();
    carries.add(now.region().id());
    moved.forEach(region -> carries.add(region.id()));
    carries.remove(id);
    return new ManagedRegionInfo(
        id,
        carries,
        now.backend().name(),
        home,
        bundle,
        history.moves(),
        history.records(),
        stranded());
  }
}
