/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.Capability;
import org.dmalloc.api.ManagedRegionInfo;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.Residency;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.region.SectionGate;
import org.jspecify.annotations.Nullable;

/**
 * A region whose bytes may be on one backend now and on another later; its users notice a short
 * wait at most.
 *
 * <p>Its gate is the only one on the way to the memory: a section hands out the segment of the
 * backend's region, whose own gate is passed by once per placement.
 */
final class ManagedRegion implements MemoryRegion {
  private final long id;
  private final Instant createdAt = Instant.now();
  private final ManagedRegions regions;
  private final String bundle;
  private final SectionGate gate = new SectionGate();
  private final History history = new History();

  /** Held by the one move, resize or close that is at work. */
  private final ReentrantLock moving = new ReentrantLock();

  /** How many wait for {@link #moving} to whom a move beside the users must give way. */
  private final AtomicInteger urgent = new AtomicInteger();

  // Written with the gate shut, read inside sections: the gate orders them. The segment is null
  // while the region is stranded.
  private @Nullable MemorySegment segment;
  private volatile Placement placement;

  /** The backends that a move of it needs which runs now. */
  private volatile List<Backend> needed = List.of();

  private volatile Wish wish;
  private volatile String home;
  private volatile @Nullable Stranding stranding;
  private volatile boolean pinned;
  private volatile long byteSize;
  private volatile @Nullable RegionInfo lastInfo;

  /** Set by users, taken by the policy's clock: a plain read on the way in is all that it costs. */
  private boolean used = true;

  ManagedRegion(ManagedRegions regions, long id, String bundle, Wish wish, Placement placement) {
    this.id = id;
    this.regions = regions;
    this.bundle = bundle;
    this.wish = wish;
    this.placement = placement;
    this.segment = placement.segment();
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
  public Access acquire() {
    int slot = gate.enter();
    MemorySegment now = segment;
    if (now == null) {
      gate.exit(slot);
      return acquireStranded();
    }
    if (!used) {
      used = true;
    }
    return gate.section(slot, now);
  }

  /** Waits for a backend outside the gate, which the move there needs, then takes what is there. */
  private Access acquireStranded() {
    boolean inside = gate.heldByCaller();
    while (true) {
      awaitBackend();
      int slot = gate.enter();
      MemorySegment now = segment;
      Stranding still = stranding;
      if (now == null && still != null && (still.isWaitOver() || inside)) {
        now = still.remains();
        if (now == null) {
          gate.exit(slot);
          throw unusable(still);
        }
      }
      if (now != null) {
        used = true;
        return gate.section(slot, now);
      }
      gate.exit(slot);
    }
  }

  /** Whoever is inside a section does not wait: he keeps the region from going to a backend. */
  private void awaitBackend() {
    Stranding now = stranding;
    if (now != null && !gate.heldByCaller()) {
      now.await();
    }
  }

  private void checkNotStranded() {
    Stranding now = stranding;
    if (now != null) {
      throw unusable(now);
    }
  }

  @Override
  public MemorySegment segment() {
    awaitBackend();
    int slot = gate.enter();
    try {
      checkNotStranded();
      MemorySegment now = Objects.requireNonNull(segment);
      pinned = true;
      used = true;
      return now;
    } finally {
      gate.exit(slot);
    }
  }

  @Override
  public RegionInfo info() {
    RegionInfo last = lastInfo;
    return last != null ? last : infoNow();
  }

  private RegionInfo infoNow() {
    Placement now = placement;
    RegionInfo inner = now.region().info();
    Wish asked = wish;
    return new RegionInfo(
        id,
        asked.region().name(),
        regions.name(),
        byteSize,
        !gate.hasEnded(),
        inner.sharing(),
        stranding != null ? AccessMode.READ_ONLY : inner.access(),
        asked.region().pattern() == AccessPattern.AUTO ? inner.pattern() : asked.region().pattern(),
        asked.region().pageSize(),
        inner.locked(),
        inner.durability(),
        inner.reservation(),
        inner.policies(),
        inner.path(),
        inner.backend() + ": " + inner.backing(),
        asked.region().owner(),
        createdAt,
        gate.openSections(),
        pinned,
        inner.residentBudget());
  }

  /** Work on the backend's region. */
  @FunctionalInterface
  private interface Work<T> {
    T on(MemoryRegion region) throws MemoryException;
  }

  private <T> T inSection(Capability capability, Work<T> work) throws MemoryException {
    awaitBackend();
    int slot = gate.enter();
    try {
      checkNotStranded();
      if (!placement.backend().capabilities().contains(capability)) {
        regions.require(capability); // a backend that is just leaving is none of them any more
      }
      used = true;
      return work.on(placement.region());
    } finally {
      gate.exit(slot);
    }
  }

  @Override
  public void force(long offset, long length) throws MemoryException {
    inSection(
        Capability.FORCE,
        region -> {
          region.force(offset, length);
          return true;
        });
  }

  @Override
  public void advise(Advice advice, long offset, long length) throws MemoryException {
    inSection(
        Capability.ADVICE,
        region -> {
          region.advise(advice, offset, length);
          return true;
        });
    if (offset == 0 && length == byteSize) {
      switch (advice) {
        case NORMAL -> keep(AccessPattern.NORMAL);
        case RANDOM -> keep(AccessPattern.RANDOM);
        case SEQUENTIAL -> keep(AccessPattern.SEQUENTIAL);
        default -> {}
      }
    }
  }

  @Override
  public List<AdvisedRange> advised() {
    int slot = gate.enter();
    try {
      return placement.region().advised();
    } finally {
      gate.exit(slot);
    }
  }

  private synchronized void keep(AccessPattern pattern) {
    wish = wish.withPattern(pattern);
  }

  @Override
  public void prefetch(long[] offsets, long length) throws MemoryException {
    inSection(
        Capability.PREFETCH,
        region -> {
          region.prefetch(offsets, length);
          return true;
        });
  }

  @Override
  public void release(long offset, long length) throws MemoryException {
    inSection(
        Capability.RELEASE,
        region -> {
          region.release(offset, length);
          return true;
        });
  }

  @Override
  public void limitResident(long budgetBytes) throws MemoryException {
    inSection(
        Capability.RESIDENT_BUDGET,
        region -> {
          region.limitResident(budgetBytes);
          return true;
        });
    synchronized (this) {
      wish = wish.withResidentBudget(budgetBytes);
    }
  }

  @Override
  public Residency residency(long offset, long length) throws MemoryException {
    return inSection(Capability.RESIDENCY, region -> region.residency(offset, length));
  }

  @Override
  public void apply(SwapPolicy policy) throws MemoryException {
    inSection(
        Capability.SWAP_POLICY,
        region -> {
          region.apply(policy);
          return true;
        });
    synchronized (this) {
      wish = wish.withPolicy(policy);
    }
  }

  @Override
  public void resize(long newByteSize) throws MemoryException {
    if (gate.hasEnded()) {
      throw new IllegalStateException("region is closed");
    }
    awaitBackend();
    checkNotStranded();
    regions.require(Capability.RESIZE);
    if (newByteSize < 1) {
      throw new IllegalArgumentException(
          "resize of %s to %d bytes; give at least 1".formatted(this, newByteSize));
    }
    takeMoving("resize");
    try {
      checkMovable("resize");
      gate.shut(regions.sectionTimeoutNanos());
      try {
        checkMovable("resize");
        checkNotStranded();
        resizeShut(newByteSize);
      } finally {
        gate.open();
      }
    } finally {
      moving.unlock();
    }
  }

  private void resizeShut(long newByteSize) throws MemoryException {
    long growth = newByteSize - byteSize;
    if (growth > 0) {
      regions.accounts().book("resize", growth, bundle, toString());
    }
    boolean done = false;
    try {
      placement.region().resize(newByteSize);
      done = true;
    } finally {
      segment = placement.segment(); // also a failed resize may have mapped the bytes anew
      if (done) {
        byteSize = newByteSize;
        synchronized (this) {
          wish = wish.withByteSize(newByteSize);
        }
      }
      if (done ? growth < 0 : growth > 0) {
        regions.accounts().release(Math.abs(growth), bundle);
      }
    }
  }

  @Override
  public void close() {
    if (gate.hasEnded()) {
      return;
    }
    takeMoving("close");
    try {
      if (gate.hasEnded()) {
        return;
      }
      gate.shut(regions.sectionTimeoutNanos());
      boolean released = false;
      try {
        lastInfo = closedInfo();
        placement.region().close();
        segment = null;
        released = true;
      } finally {
        if (released) {
          gate.end();
          endStranding();
          regions.accounts().closed(this);
        } else {
          lastInfo = null;
          gate.open();
        }
      }
    } finally {
      moving.unlock();
    }
  }

  private RegionInfo closedInfo() {
    RegionInfo now = infoNow();
    return new RegionInfo(
        id,
        now.name(),
        now.backend(),
        now.byteSize(),
        false,
        now.sharing(),
        now.access(),
        now.pattern(),
        now.pageSize(),
        now.locked(),
        now.durability(),
        now.reservation(),
        now.policies(),
        now.path(),
        now.backing(),
        now.owner(),
        now.createdAt(),
        0,
        pinned,
        now.residentBudget());
  }

  @Override
  public String toString() {
    String name = wish.region().name();
    return name != null ? "region %d '%s'".formatted(id, name) : "region " + id;
  }

  // --- for those who move it ---

  /**
   * Waits until no move, resize or close is at work, telling a move beside the users to give way.
   *
   * @throws IllegalStateException if that takes too long
   */
  void takeMoving(String operation) {
    if (moving.isHeldByCurrentThread()) {
      throw new IllegalStateException(
          "%s of %s inside a move of it; wait for its end".formatted(operation, this));
    }
    urgent.incrementAndGet();
    boolean interrupted = false;
    long deadline = System.nanoTime() + regions.sectionTimeoutNanos();
    try {
      while (true) {
        try {
          if (moving.tryLock(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            return;
          }
          throw new IllegalStateException(
              "%s of %s: it is being moved or resized; try again".formatted(operation, this));
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      urgent.decrementAndGet();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Takes the lock at once or not at all. */
  boolean tryMoving() {
    return !moving.isHeldByCurrentThread() && moving.tryLock();
  }

  void endMoving() {
    moving.unlock();
  }

  /** Whether a close, resize or evacuation waits for the move that runs. */
  boolean mustGiveWay() {
    return urgent.get() > 0;
  }

  /** Throws if the region is closed, or its raw segment was handed out. */
  void checkMovable(String operation) {
    if (gate.hasEnded()) {
      throw new IllegalStateException("region is closed");
    }
    if (pinned) {
      throw new IllegalStateException(
          "%s of %s: it is pinned by segment(), taken by %s; use acquire() in place of it, or close and open the region"
              .formatted(operation, this, owner()));
    }
  }

  /** The bundle, with the owner that the request named. */
  String owner() {
    String named = wish.region().owner();
    return named == null ? "bundle " + bundle : "%s (bundle %s)".formatted(named, bundle);
  }

  SectionGate gate() {
    return gate;
  }

  Placement placement() {
    return placement;
  }

  /** Says which backends a move needs, from its beginning until the old memory is released. */
  void needs(List<Backend> backends) {
    needed = backends;
  }

  /** Whether it lies on the backend, or a move of it needs the backend. */
  boolean concerns(Backend backend) {
    return needed.contains(backend) || placement.backend().equals(backend);
  }

  /** Puts the region on other memory. Called with the gate shut. */
  void place(Placement next) {
    MemorySegment memory = next.segment();
    placement = next;
    segment = memory;
    wish.hintBudget(next);
    endStranding();
  }

  private void endStranding() {
    Stranding was = stranding;
    stranding = null;
    if (was != null) {
      was.end();
    }
  }

  /** Leaves the region without memory. Called with the gate shut. */
  void lose(String why) {
    stranding = new Stranding(why, null, regions.settings().strandedWait().toNanos());
    segment = null;
  }

  /**
   * Leaves the region on a backend that is gone: readable, and nothing else. Called with the gate
   * shut, or without that if a section would not end.
   */
  void strand(String why) {
    MemorySegment now = segment;
    if (now != null) {
      long waitNanos = regions.settings().strandedWait().toNanos();
      stranding = new Stranding(why, now.asReadOnly(), waitNanos);
      segment = null;
    }
  }

  /** Why no living backend holds it; null if one does. */
  @Nullable String stranded() {
    Stranding now = stranding;
    return now == null ? null : now.why();
  }

  Wish wish() {
    return wish;
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

  boolean pinned() {
    return pinned;
  }

  History history() {
    return history;
  }

  /** Whether anybody used the region since this was last asked. */
  boolean takeUsed() {
    boolean was = used || gate.openSections() > 0;
    used = false;
    return was;
  }

  ManagedRegionInfo managedInfo() {
    Placement now = placement;
    return new ManagedRegionInfo(
        id,
        now.region().id(),
        now.backend().name(),
        home,
        bundle,
        history.moves(),
        history.records(),
        stranded());
  }

  private IllegalStateException unusable(Stranding now) {
    return new IllegalStateException("%s: %s".formatted(this, now.why()));
  }
}
