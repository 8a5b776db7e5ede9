/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.Capability;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.ProtectedRange;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Residency;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.SnapshotResult;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.backing.CarriedGroup;
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
  private final Accounts.Payer payer;
  private final BackingSlot backing;
  private final BackendCalls calls;
  private final RegionSize size;
  private final ReservedRanges reserved = new ReservedRanges();
  private final MoveLock moving;
  private final RegionMoves moves;
  private final ManagedMembers members = new ManagedMembers(this);

  /** Null unless it is checkpointed. */
  private final @Nullable ManagedGroup group;

  private volatile RequestedAttributes asked;
  private volatile @Nullable RegionInfo lastInfo;

  /** What was stored since the last checkpoint, while no backend holds the region. */
  private volatile @Nullable UnsavedPages unsaved;

  /** A region on a placement; of the group that this is in, if it is checkpointed. */
  ManagedRegion(
      ManagedRegions regions,
      long id,
      Accounts.Payer payer,
      RequestedAttributes asked,
      Placement placement,
      @Nullable ManagedGroup group) {
    this.id = id;
    this.regions = regions;
    this.payer = payer;
    this.asked = asked;
    this.group = group;
    this.backing =
        new BackingSlot(
            this,
            asked.checkedSections(),
            group == null ? null : group.gate(),
            placement,
            () -> regions.settings().strandedWait().toNanos());
    this.moving = group == null ? new MoveLock(this, regions::sectionTimeoutNanos) : group.moving();
    this.calls = new BackendCalls(this, regions, backing);
    this.size = new RegionSize(this, regions, backing, calls);
    this.moves = new RegionMoves(placement.backend().name());
  }

  // --- MemoryRegion ---

  @Override
  public long id() {
    return id;
  }

  @Override
  public long byteSize() {
    return size.byteSize();
  }

  @Override
  public Optional<String> detached() {
    return placement().region().detached();
  }

  @Override
  public Optional<RegionMembers> members() {
    return asked.processShared() ? Optional.of(members) : Optional.empty();
  }

  @Override
  public String token() {
    int slot = gate().enter();
    try {
      backing.checkAttached();
      return placement().region().token();
    } finally {
      gate().exit(slot);
    }
  }

  /** Throws if this process holds a lock that a move to another file would lose. */
  void requireNoLocks() {
    members.requireNoneHeld();
  }

  @Override
  public Optional<String> failure() {
    return placement().region().failure();
  }

  @Override
  public void verifyBacked() throws MemoryException {
    calls.run(region -> region.verifyBacked());
  }

  @Override
  public void verifyBacked(long offset, long length) throws MemoryException {
    calls.run(region -> region.verifyBacked(offset, length));
  }

  @Override
  public MemoryException faulted(String operation, InternalError error) {
    return placement().region().faulted(operation, error);
  }

  @Override
  public Access acquire() {
    return backing.acquire();
  }

  @Override
  public Access acquire(long offset, long length) {
    return backing.acquire(offset, length);
  }

  @Override
  public MemorySegment segment() {
    return backing.pin();
  }

  @Override
  public void attach(Arena arena) {
    segment(); // from here on it stays where it is
    placement().region().attach(arena);
  }

  @Override
  public void detach(Arena arena) {
    placement().region().detach(arena);
  }

  @Override
  public RegionInfo info() {
    RegionInfo last = lastInfo;
    return last != null ? last : infoNow(!hasEnded());
  }

  private RegionInfo infoNow(boolean open) {
    Placement now = placement();
    RegionInfo inner = now.region().info();
    RegionOptions real = asked.shownOver(inner.options());
    if (stranded() != null) {
      real = real.withAccess(AccessMode.READ_ONLY);
    }
    return new RegionInfo(
        id,
        asked.name(),
        ManagedRegions.NAME,
        byteSize(),
        inner.length(),
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

  @Override
  public void force() throws MemoryException {
    calls.run(Capability.FORCE, region -> region.force());
  }

  @Override
  public void force(long offset, long length) throws MemoryException {
    calls.run(Capability.FORCE, region -> region.force(offset, length));
  }

  @Override
  public void advise(Advice advice) throws MemoryException {
    calls.run(Capability.ADVICE, region -> advise(region, advice));
  }

  @Override
  public void advise(Advice advice, long offset, long length) throws MemoryException {
    calls.run(
        Capability.ADVICE,
        region -> {
          if (offset == 0 && length == region.byteSize()) {
            advise(region, advice);
          } else {
            requireStorable(advice, offset, length);
            region.advise(advice, offset, length);
          }
        });
  }

  private void requireStorable(Advice advice, long offset, long length) {
    if (advice == Advice.POPULATE_WRITE) {
      backing.protection().requireNone("populate", this, offset, length);
    }
  }

  /** Advises all of it, and keeps what is a pattern for the next backend. */
  private void advise(MemoryRegion region, Advice advice) throws MemoryException {
    requireStorable(advice, 0, byteSize());
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
    calls.run(Capability.PREFETCH, region -> region.prefetch(offsets, length));
  }

  @Override
  public void release() throws MemoryException {
    calls.run(Capability.RELEASE, region -> region.release());
  }

  @Override
  public void release(long offset, long length) throws MemoryException {
    calls.run(Capability.RELEASE, region -> region.release(offset, length));
  }

  @Override
  public void limitResident(long budgetBytes) throws MemoryException {
    if (budgetBytes == RegionOptions.NO_BUDGET && liftBudgetWhereNoneIsKept()) {
      return;
    }
    calls.run(
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
    return calls.ask(Capability.RESIDENCY, MemoryRegion::residency);
  }

  @Override
  public Residency residency(long offset, long length) throws MemoryException {
    return calls.ask(Capability.RESIDENCY, region -> region.residency(offset, length));
  }

  @Override
  public void apply(SwapPolicy policy) throws MemoryException {
    calls.run(
        Capability.SWAP_POLICY,
        region -> change(was -> was.withPolicy(policy, this), () -> region.apply(policy)));
  }

  @Override
  public void resize(long newByteSize, ProgressListener progress) throws MemoryException {
    size.resize(newByteSize, progress);
  }

  @Override
  public long ensure(long atLeast, ProgressListener progress) throws MemoryException {
    return size.ensure(atLeast, progress);
  }

  /** Keeps the new size for the next backend. */
  synchronized void resized(long newByteSize) {
    reserved.cut(newByteSize);
    asked = asked.withByteSize(newByteSize);
  }

  @Override
  public long length() {
    RegionInfo last = lastInfo;
    return last != null ? last.length() : placement().region().length();
  }

  @Override
  public void setLength(long length) {
    backing.awaitBackend();
    int slot = gate().enter();
    try {
      backing.checkAttached();
      asked.requireWritten("length", this);
      if (asked.privateView()) {
        throw new IllegalStateException(
            "length of " + this + ": it is a private view of a stored region");
      }
      placement().region().setLength(length);
    } finally {
      gate().exit(slot);
    }
  }

  @Override
  public void punch(long offset, long length, Punch space) throws MemoryException {
    calls.run(
        Capability.PUNCH,
        region -> {
          asked.requireOwnSpace("punch", this);
          backing.protection().requireNone("punch", this, offset, length);
          if (space == Punch.RELEASE) {
            reserved.remove(offset, length); // before: what fails may have given up a part
          }
          region.punch(offset, length, space); // a tracking tells of it as of a store
          if (space == Punch.KEEP_RESERVED && asked.reservation() == Reservation.SPARSE) {
            reserved.add(offset, length);
          }
        });
  }

  @Override
  public void reserve(long offset, long length) throws MemoryException {
    calls.run(
        Capability.PUNCH,
        region -> {
          asked.requireOwnSpace("reserve", this);
          backing.protection().requireNone("reserve", this, offset, length);
          region.reserve(offset, length);
          if (asked.reservation() == Reservation.SPARSE) {
            reserved.add(offset, length);
          }
        });
  }

  /** Protects on the way to the memory, so that it holds wherever the region is. */
  @Override
  public void protect(long offset, long length, AccessMode access) {
    int slot = gate().enter();
    try {
      backing.checkAttached();
      if ((offset | length) < 0 || offset > byteSize() - length) {
        throw new IndexOutOfBoundsException(
            "protect of " + length + " bytes at " + offset + " of " + this + ": it is smaller");
      }
      if (access == AccessMode.READ_WRITE) {
        asked.requireWritten("protect", this);
      }
      backing.protect(offset, length, access);
    } finally {
      gate().exit(slot);
    }
  }

  @Override
  public List<ProtectedRange> protectedRanges() {
    return backing.protection().list();
  }

  /** Waits for a move that runs, which goes by the name. */
  @Override
  public void rename(String newName) throws MemoryException {
    requireOpen();
    moving.takeAfterMove("rename");
    try {
      calls.run(
          Capability.NAMED,
          region -> {
            if (!asked.stored()) {
              throw new IllegalStateException(
                  asked.name() == null
                      ? "rename of " + this + ": it has no name; allocate it with one"
                      : "rename of " + this + ": it is a private view; open it shared");
            }
            try {
              region.rename(newName);
            } finally { // one that failed may have left the new name
              String now = Objects.requireNonNull(region.info().name());
              synchronized (this) {
                asked = asked.withName(now);
              }
              backing.renamed();
            }
          });
    } finally {
      moving.release();
    }
  }

  @Override
  public CheckpointGroup checkpoints() {
    return group == null ? MemoryRegion.super.checkpoints() : group.checkpoints();
  }

  @Override
  public SnapshotResult snapshot(SnapshotRequest request) throws MemoryException {
    return BusErrors.in(this, "snapshot", () -> ManagedSnapshot.take(this, request));
  }

  @Override
  public void close() {
    if (hasEnded()) {
      return;
    }
    moving.take("close");
    try {
      if (hasEnded()) {
        return;
      }
      if (group != null) {
        group.keepBeforeClose();
      }
      gate().shutToEnd(regions.sectionTimeoutNanos());
      boolean released = false;
      try {
        lastInfo = infoNow(false);
        gate().endSections();
        placement().region().close();
        released = true;
      } finally {
        // What could not be written to the file is told when all is released.
        if (released || !placement().region().info().open()) {
          backing.end();
          releaseUnsaved();
          if (group != null) {
            regions.groups().leave(group, this);
          }
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

  boolean hasEnded() {
    return backing.hasEnded();
  }

  /** Throws if it is open, and on no backend: not even on one that is gone. */
  void requireBackend() {
    String why = stranded();
    if (why != null && !placement().region().info().open()) {
      throw new IllegalStateException(this + ": " + why);
    }
  }

  /** Its checkpointed group; null if it is not checkpointed. */
  @Nullable ManagedGroup group() {
    return group;
  }

  /** Keeps what was stored since the last checkpoint, while no backend holds the region. */
  void keep(UnsavedPages pages) {
    releaseUnsaved();
    unsaved = pages;
  }

  /** Stores it to a backend's region that is to hold it. */
  void storeUnsaved(MemoryRegion opened) throws MemoryException {
    UnsavedPages kept = unsaved;
    if (kept != null && opened.checkpoints() instanceof CarriedGroup there) {
      there.betweenCheckpoints(() -> kept.storeTo(opened)); // an automatic one has all of it
    }
  }

  /** Takes note that its group has another journal. */
  void rejoin() {
    if (group != null) {
      regions.groups().moved(group, this);
    }
  }

  void releaseUnsaved() {
    UnsavedPages kept = unsaved;
    unsaved = null;
    if (kept != null) {
      kept.close();
    }
  }

  void requireOpen() {
    if (hasEnded()) {
      throw new IllegalStateException("region is closed");
    }
  }

  /** Throws if the region is closed, or its raw segment was handed out. */
  void checkMovable(String operation) {
    requireOpen();
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
    String named = payer.owner();
    String bundle = "bundle " + payer.bundle();
    return named == null ? bundle : named + " (" + bundle + ")";
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

  /** Whether it lies on the backend, or a move of it needs the backend. */
  boolean concerns(Backend backend) {
    return moves.isNeeded(backend) || placement().backend().equals(backend);
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

  /** What of a sparse region a move must reserve at its target. */
  ReservedRanges reserved() {
    return reserved;
  }

  RequestedAttributes asked() {
    return asked;
  }

  String bundle() {
    return payer.bundle();
  }

  /** Whose limits it counts against. */
  Accounts.Payer payer() {
    return payer;
  }

  RegionMoves moves() {
    return moves;
  }

  ManagedRegionInfo managedInfo() {
    return moves.info(this);
  }
}
