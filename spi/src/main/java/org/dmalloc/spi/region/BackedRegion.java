/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.Capability;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.ProtectedRange;
import org.dmalloc.api.Punch;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionMembers;
import org.dmalloc.api.RegionNames;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.Requirements;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.SnapshotResult;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.backing.BackingProvider;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.api.backing.RegionIds;
import org.dmalloc.api.backing.StoredBacking;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.dmalloc.spi.region.Uninterrupted.Work;
import org.jspecify.annotations.Nullable;

/**
 * A region over any backend's {@link RegionBacking}: sections, ranges, capabilities, close-once.
 * The one class of all regions that do not move, so that a call site of {@link #acquire} sees one
 * class, whichever backends its regions come from, and a compiled section allocates nothing.
 *
 * <p>Every method that works on the memory runs inside an access section of its own, so that {@code
 * close} and {@code resize} wait for it.
 *
 * <p>Over 500 lines: one method for each that a region has, and what they do is elsewhere.
 */
public final class BackedRegion implements BackingRegion {
  private final long id;
  private final long createdAtMillis = System.currentTimeMillis();
  private final RegionLedger ledger;
  private final RegionTraits traits;
  private final RegionBacking backing;
  private final SectionGate gate;

  /** Whether the gate is that of other regions too, and does not end with this one. */
  private final boolean sharesGate;

  private volatile boolean closed;
  private final RegionLabel label;
  private final AccessRules rules;
  private final CurrentOptions options;
  private final WriteBack writeBack;
  private final NextUse nextUse;
  private final RegionLength length;
  private final LostBacking lost;
  private final EmptiedRanges emptied = new EmptiedRanges();
  private final Resizing resizing;
  private final ProtectedRanges protection = new ProtectedRanges();

  /** What the ledger holds against the limit for this region; changed as the size is. */
  volatile long bookedBytes;

  /** Whom the ledger holds that against; null for no owner. Set before the region is listed. */
  @Nullable String bookedOn;

  // Read inside sections. Written with the gate shut, which orders it, or by growth in place: then
  // a section sees the old one or the new one, whole, since all fields of a segment are final, and
  // both are valid. The size is written after the segment: who knows it has that segment too.
  private MemorySegment memory;

  /** What sections get: the memory, read-only while a byte is protected. */
  private MemorySegment segment;

  private volatile long byteSize;

  /**
   * Whether space was taken that stores may rely on, of a region that is not reserved as a whole.
   */
  private volatile boolean rangesReserved;

  /** A region over what a backend has made, which belongs to the region from now on. */
  public BackedRegion(RegionLedger ledger, RegionTraits traits, RegionBacking backing) {
    this.traits = traits;
    this.id = isCarried() ? traits.carriedAs() : RegionIds.next();
    this.ledger = ledger;
    this.backing = backing;
    this.memory = backing.segment();
    this.segment = memory;
    this.byteSize = memory.byteSize();
    this.label = new RegionLabel(id, traits, ledger.backend());
    this.rules = new AccessRules(traits, label);
    this.options = new CurrentOptions(traits, label);
    SectionGate shared = backing.gate();
    this.sharesGate = shared != null;
    this.gate = shared == null ? new SectionGate(options.checkedSections()) : shared;
    this.writeBack = new WriteBack(traits, backing, label);
    this.nextUse = new NextUse(gate, label);
    this.length = new RegionLength(backing);
    this.lost = new LostBacking(label);
    this.resizing = new Resizing(this, gate, ledger, backing, rules, options, writeBack, nextUse);
    backing.named(label, label.holder());
  }

  @Override
  public long id() {
    return id;
  }

  @Override
  public long byteSize() {
    return byteSize;
  }

  @Override
  public long length() {
    return length.of(byteSize);
  }

  @Override
  public void setLength(long newLength) {
    inSection(
        () -> {
          rules.requireStores("length");
          length.set(newLength, byteSize, label);
          return true;
        });
  }

  @Override
  public RegionInfo info() {
    return new RegionInfo(
        id,
        label.name(),
        ledger.backend(),
        byteSize,
        length(),
        !hasEnded(),
        options.get(backing.hasHoles()),
        label.path(),
        traits.backing(),
        backing.mapping(),
        Instant.ofEpochMilli(createdAtMillis),
        gate.openSections(),
        nextUse.pinned(),
        writeBack.failure(),
        ledger.capabilities());
  }

  @Override
  public Optional<String> detached() {
    return backing.detached();
  }

  @Override
  public Optional<RegionMembers> members() {
    return backing.members();
  }

  @Override
  public String token() {
    return inSection(
        () -> {
          rules.requireToken(ledger.backend());
          return backing.token();
        });
  }

  @Override
  public Optional<String> failure() {
    try {
      askFile();
    } catch (MemoryException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
    return lost.inWords(byteSize);
  }

  /** Notes how short the region's file is, unless it is being changed by the region itself. */
  private void askFile() throws MemoryException {
    try {
      long size = byteSize;
      long backed = hasEnded() ? size : backing.backedBytes();
      boolean sizeStays =
          gate.heldByCaller() || gate.isShutByCaller() || (!gate.isShut() && byteSize == size);
      if (backed < size && sizeStays) {
        lost.cutAt(backed);
      }
    } catch (IllegalStateException e) {
      if (!hasEnded()) { // closed meanwhile, and its file
        throw e;
      }
    }
  }

  /** Throws if bytes are lost, also for who has shut the gate. */
  public void requireBacked(String operation) throws MemoryException {
    askFile();
    lost.require(operation, 0, byteSize, byteSize);
  }

  @Override
  public void verifyBacked() throws MemoryException {
    verifyBacked(null);
  }

  @Override
  public void verifyBacked(long offset, long length) throws MemoryException {
    verifyBacked(new RegionRange(offset, length));
  }

  private void verifyBacked(@Nullable RegionRange asked) throws MemoryException {
    inSection(
        () -> {
          RegionRange range = RegionRange.of(asked, byteSize, label);
          askFile();
          lost.require("verify", range.offset(), range.length(), byteSize);
          return true;
        });
  }

  @Override
  public MemoryException faulted(String operation, InternalError error) {
    try {
      askFile();
    } catch (MemoryException e) {
      e.addSuppressed(error);
      return e;
    }
    return lost.faulted(operation, byteSize, error);
  }

  @Override
  public Access acquire() {
    int slot = gate.enter();
    return gate.section(slot, segment);
  }

  @Override
  public Access acquire(long offset, long length) {
    int slot = gate.enter();
    return protection.section(gate, slot, memory, offset, length, label);
  }

  @Override
  public MemorySegment segment() {
    return inSection(
        () -> {
          rules.requireRaw("segment");
          nextUse.pin();
          return segment;
        });
  }

  @Override
  public void attach(Arena arena) {
    inSection(
        () -> {
          rules.requireRaw("attach");
          gate.attach(arena);
          return arena;
        });
  }

  @Override
  public void detach(Arena arena) {
    gate.detach(arena);
  }

  /** A carrier, which hands it out, minds what is protected. */
  @Override
  public MemorySegment backing() {
    return inSection(
        () -> {
          nextUse.mirror();
          return memory;
        });
  }

  /** Runs a piece of the provider's own work in a section. */
  <T, E extends Exception> T inSection(Work<T, E> work) throws E {
    int slot = gate.enter();
    try {
      if (closed) {
        throw new IllegalStateException("region is closed");
      }
      return work.run();
    } finally {
      gate.exit(slot);
    }
  }

  /** Whether the region has ended. */
  boolean hasEnded() {
    return sharesGate ? closed : gate.hasEnded();
  }

  @Override
  public CheckpointGroup checkpoints() {
    CheckpointGroup group = backing.checkpoints();
    return group == null ? BackingRegion.super.checkpoints() : group;
  }

  /** Shows the backing's memory and length, which are others now; nobody is inside. */
  public void showAnew() {
    length.reload();
    show(bookedBytes);
  }

  /** Runs a call in a section, which may meet a page with nothing behind it. */
  private void section(String operation, Action call) throws MemoryException {
    inSection(
        () ->
            BusErrors.in(
                this,
                operation,
                () -> {
                  call.run();
                  return true;
                }));
  }

  @Override
  public void load(long offset, MemorySegment content) throws MemoryException {
    section(
        "load",
        () -> {
          RegionRange.check(offset, content.byteSize(), byteSize, label);
          rules.requireLoad();
          protection.requireNone("load", label, offset, content.byteSize());
          backing.load(offset, content);
        });
  }

  @Override
  public DirtyTracking trackDirty() throws MemoryException {
    return inSection(
        () -> {
          ledger.require(Capability.DIRTY_TRACKING);
          rules.requireUncheckpointed("track");
          return emptied.noting(backing.trackDirty());
        });
  }

  @Override
  public void force() throws MemoryException {
    force(null);
  }

  @Override
  public void force(long offset, long length) throws MemoryException {
    force(new RegionRange(offset, length));
  }

  private void force(@Nullable RegionRange asked) throws MemoryException {
    section(
        "force",
        () -> {
          ledger.require(Capability.FORCE);
          RegionRange range = RegionRange.of(asked, byteSize, label);
          rules.requireForce();
          if (range.length() > 0) {
            writeBack.force(range.offset(), range.length());
          } else {
            writeBack.watch(backing::forceHeader);
          }
          if (range.length() == byteSize) {
            lost.forced();
          }
          backing.forced(); // afterwards: what was renamed has its bytes all the same
        });
  }

  /**
   * Runs a call that waits for the device, for other reasons than a user's force. If the kernel
   * could not write pages of the region meanwhile it may tell this call, and then no other.
   *
   * @throws MemoryException if the call failed; all of the region is suspect then
   * @throws IllegalStateException if the region is closed
   */
  void watchWriteBack(Action call) throws MemoryException {
    section("force", () -> writeBack.watch(call));
  }

  /** Makes size and length durable, as far as that was put off; does nothing once it is closed. */
  void forceHeader() throws MemoryException {
    try {
      section("force", () -> writeBack.watch(backing::forceHeader));
    } catch (IllegalStateException e) {
      if (!hasEnded()) {
        throw e;
      }
    }
  }

  /** Throws if pages may not leave RAM. Called inside a section. */
  void checkWritten() throws MemoryException {
    writeBack.checkWritten("limit", 0, byteSize);
  }

  @Override
  public void advise(Advice advice) throws MemoryException {
    advise(advice, null);
  }

  @Override
  public void advise(Advice advice, long offset, long length) throws MemoryException {
    advise(advice, new RegionRange(offset, length));
  }

  private void advise(Advice advice, @Nullable RegionRange asked) throws MemoryException {
    section(
        "advise",
        () -> {
          ledger.require(advice);
          RegionRange range = RegionRange.of(asked, byteSize, label);
          rules.require(advice);
          if (AccessRules.lasts(advice)) {
            resizing.whileSizeStays(() -> mark(advice, RegionRange.of(asked, byteSize, label)));
            return;
          }
          if (advice == Advice.POPULATE_WRITE) {
            protection.requireNone("populate", label, range.offset(), range.length());
          }
          if (AccessRules.mayEvict(advice)) {
            writeBack.checkWritten("advise " + advice, range.offset(), range.length());
          }
          if (range.length() > 0) {
            backing.advise(advice, range.offset(), range.length());
          }
        });
  }

  /** Gives advice that, for all of the region, holds for what is added later too. */
  private void mark(Advice advice, RegionRange range) throws MemoryException {
    boolean whole = range.offset() == 0 && range.length() == byteSize;
    if (range.length() > 0 || whole) {
      backing.advise(advice, range.offset(), range.length());
    }
    if (whole) {
      options.advised(advice);
    }
  }

  @Override
  public List<AdvisedRange> advised() {
    return inSection(() -> backing.advised(options.pattern()));
  }

  @Override
  public void prefetch(long[] offsets, long length) throws MemoryException {
    section(
        "prefetch",
        () -> {
          ledger.require(Capability.PREFETCH);
          for (long offset : offsets) {
            RegionRange.check(offset, length, byteSize, label);
          }
          if (offsets.length > 0 && length > 0) {
            backing.prefetch(offsets, length);
          }
        });
  }

  @Override
  public Residency residency() throws MemoryException {
    return residency(null);
  }

  @Override
  public Residency residency(long offset, long length) throws MemoryException {
    return residency(new RegionRange(offset, length));
  }

  private Residency residency(@Nullable RegionRange asked) throws MemoryException {
    return inSection(
        () -> {
          ledger.require(Capability.RESIDENCY);
          RegionRange range = RegionRange.of(asked, byteSize, label);
          return backing.residency(range.offset(), range.length());
        });
  }

  @Override
  public void release() throws MemoryException {
    release(null);
  }

  @Override
  public void release(long offset, long length) throws MemoryException {
    release(new RegionRange(offset, length));
  }

  private void release(@Nullable RegionRange asked) throws MemoryException {
    section(
        "release",
        () -> {
          ledger.require(Capability.RELEASE);
          RegionRange range = RegionRange.of(asked, byteSize, label);
          options.requireUnlocked("release");
          writeBack.checkWritten("release", range.offset(), range.length());
          if (range.length() > 0) {
            backing.release(range.offset(), range.length());
          }
        });
  }

  @Override
  public void limitResident(long budgetBytes) throws MemoryException {
    section(
        "limit",
        () -> {
          ledger.require(Capability.RESIDENT_BUDGET);
          rules.requireUncheckpointed("limit");
          options.limit(
              budgetBytes,
              () -> {
                if (budgetBytes == RegionOptions.NO_BUDGET) {
                  ledger.budgets().remove(this);
                } else {
                  checkWritten();
                  ledger.budgets().put(this, budgetBytes, backing.limitResident(budgetBytes));
                }
              });
        });
  }

  @Override
  public void apply(SwapPolicy policy) throws MemoryException {
    section(
        "apply",
        () -> {
          ledger.require(Requirements.of(policy));
          if (policy.actsOnce()) {
            options.apply(policy, () -> backing.apply(policy));
          } else {
            resizing.whileSizeStays(() -> options.apply(policy, () -> backing.apply(policy)));
          }
        });
  }

  @Override
  public void punch(long offset, long length, Punch space) throws MemoryException {
    section(
        "punch",
        () -> {
          requireSpace("punch", offset, length);
          if (length > 0) {
            // At the end the last page goes as a whole: what growth puts there would go with it.
            resizing.whileSizeStays(
                () -> {
                  try {
                    backing.punch(offset, length, space);
                  } finally {
                    emptied.add(offset, length, byteSize); // a part of it, if it failed
                  }
                });
          }
        });
  }

  @Override
  public void reserve(long offset, long length) throws MemoryException {
    section(
        "reserve",
        () -> {
          requireSpace("reserve", offset, length);
          if (length > 0) {
            rangesReserved = true;
            backing.reserve(offset, length);
          }
        });
  }

  private void requireSpace(String operation, long offset, long length) {
    ledger.require(Capability.PUNCH);
    RegionRange.check(offset, length, byteSize, label);
    rules.requireOwnSpace(operation);
    protection.requireNone(operation, label, offset, length);
  }

  @Override
  public void protect(long offset, long length, AccessMode access) throws MemoryException {
    section(
        "protect",
        () -> {
          RegionRange.check(offset, length, byteSize, label);
          rules.requireProtection(access);
          resizing.whileSizeStays(
              () -> {
                protection.set(offset, length, access);
                segment = protection.shown(memory);
              });
        });
  }

  /** Throws if a new size would cut off what is to stay. */
  void checkCut(long newByteSize) throws MemoryException {
    if (newByteSize < byteSize) {
      backing.requireCuttable();
    }
    protection.requireNone("resize", label, newByteSize, Math.max(0, byteSize - newByteSize));
  }

  @Override
  public List<ProtectedRange> protectedRanges() {
    return protection.list();
  }

  @Override
  public void resize(long newByteSize, ProgressListener progress) throws MemoryException {
    resizing.resize(newByteSize, progress);
  }

  @Override
  public long ensure(long wanted, ProgressListener progress) throws MemoryException {
    inSection(() -> true); // throws once it is closed
    return GrowthSteps.ensure(resizing, wanted, progress);
  }

  /** Shows the backing's memory from now on, which sections may be using meanwhile. */
  void show(long booked) {
    memory = backing.segment();
    segment = protection.shown(memory);
    byteSize = memory.byteSize();
    if (traits.processShared() && traits.name() != null) {
      length.reload(); // another process may have set it
    } else {
      length.resized(byteSize);
    }
    lost.resized(byteSize);
    bookedBytes = booked;
  }

  @Override
  public void rename(String newName) throws MemoryException {
    section(
        "rename",
        () -> {
          ledger.require(Capability.NAMED);
          if (traits.name() == null) {
            throw new IllegalStateException(
                "rename of " + label + ": it has no name; allocate it with one");
          }
          RegionNames.check(newName);
          rules.requireStores("rename");
          synchronized (label) {
            Alone.run(members(), "rename", byteSize, toString(), () -> renameAlone(newName));
          }
        });
  }

  private void renameAlone(String newName) throws MemoryException {
    backing.rename(
        newName,
        (name, path) -> {
          SuspectFiles.renamed(Objects.requireNonNull(label.path()), path);
          label.renamed(name, path);
          backing.named(label, label.holder());
        });
  }

  @Override
  public void close() {
    try {
      end(backing::close, traits.wipe() && traits.name() == null);
    } catch (MemoryException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  /**
   * Closes it and deletes its file.
   *
   * @throws IllegalStateException as {@link #close} does; nothing is deleted then
   * @throws MemoryException if the file cannot be deleted; it is closed all the same
   */
  void delete() throws MemoryException {
    end(backing::delete, traits.wipe());
  }

  private void end(Action release, boolean wipes) throws MemoryException {
    if (hasEnded()) {
      return;
    }
    resizing.requireNotGrowing();
    backing.apart(true, () -> endApart(release, wipes));
  }

  private void endApart(Action release, boolean wipes) throws MemoryException {
    SegmentUse use = new SegmentUse(toString(), ledger.sectionTimeoutNanos());
    if (hasEnded()) {
      return;
    }
    try {
      gate.shutToEnd(ledger.sectionTimeoutNanos());
    } catch (IllegalStateException e) {
      if (hasEnded()) {
        return; // another thread closed it meanwhile
      }
      throw e;
    }
    try {
      Optional<MemoryException> unwritten = keepLast();
      if (nextUse.handedOut()) {
        backing.expectStrayUse();
      }
      use.end(
          segment,
          "close",
          () -> {
            gate.endSections();
            backing.unmap();
          });
      MemoryException before = unwritten.orElse(null);
      MemoryException told = wipes ? wipe(before) : before;
      release.run();
      if (told != null) {
        throw new UncheckedIOException(told.getMessage(), told);
      }
    } finally {
      if (segment.scope().isAlive()) {
        gate.open();
      } else {
        if (sharesGate) {
          closed = true;
          gate.open();
        } else {
          gate.end();
        }
        ledger.budgets().remove(this);
        ledger.closed(this);
        writeBack.forgetUnnamed();
      }
    }
  }

  /** What is told when all is released: that bytes may be left, or what was known before. */
  private @Nullable MemoryException wipe(@Nullable MemoryException before) {
    try {
      backing.wipe(0, byteSize);
      return before;
    } catch (MemoryException e) {
      if (before != null) {
        e.addSuppressed(before);
      }
      return e;
    }
  }

  /** Returns what of the region could not be kept. */
  private Optional<MemoryException> keepLast() {
    try {
      return BusErrors.in(
          this,
          "close",
          () -> {
            MemoryException kept = backing.keepLast();
            return Optional.ofNullable(kept == null ? writeBack.lastForce() : kept);
          });
    } catch (MemoryException e) {
      return Optional.of(e);
    }
  }

  @Override
  public Optional<StoredBacking> stored() {
    return backing.file().map(file -> new MovableRegion(this, file));
  }

  /**
   * Throws if another process has made the region larger than this one has it, so that a copy would
   * lack what it stored.
   */
  public void requireWhole(String operation) throws MemoryException {
    backing.requireWhole(operation);
  }

  /** The memory, whatever is protected. Called inside a section. */
  MemorySegment memory() {
    return memory;
  }

  @Override
  public SnapshotResult snapshot(SnapshotRequest request) throws MemoryException {
    SnapshotResult[] result = new SnapshotResult[1];
    Alone.run(
        members(),
        "snapshot",
        byteSize,
        toString(),
        () ->
            result[0] =
                BusErrors.in(
                    this,
                    "snapshot",
                    () -> new BackedSnapshot(this, gate, nextUse).take(request, ledger)));
    return result[0];
  }

  /**
   * Whether its file could share the blocks of another region's, to whose stores that is no harm.
   */
  boolean canShareBlocksOf(BackedRegion source) {
    boolean reserved = source.traits.reservation() == Reservation.RESERVED || source.rangesReserved;
    return !reserved
        && source.traits.sharing() == Sharing.SHARED
        && backing.canShareBlocksOf(source.backing);
  }

  /** See {@link RegionBacking#shareBlocksOf}. */
  boolean shareBlocksOf(BackedRegion source) throws MemoryException {
    return inSection(() -> backing.shareBlocksOf(source.backing));
  }

  @Override
  public void usedThrough(Carrier newCarrier) {
    label.usedThrough(newCarrier);
    backing.named(label, label.holder());
  }

  /** Whether its user has it by the number of another region, which hands its memory on. */
  boolean isCarried() {
    return traits.carriedAs() != BackingProvider.NOT_CARRIED;
  }

  @Override
  public String toString() {
    return label.toString();
  }

  /**
   * Asks to be told when the region is used next, by a section of its own or through its carrier;
   * see {@link SectionGate#notifyNextUse}. It may be told of one use twice.
   *
   * @return false if it is in use, or can be used unseen: its raw segment was handed out, and not
   *     to a carrier that tells
   */
  public boolean notifyNextUse(Runnable onUse) {
    return nextUse.notifyNextUse(onUse);
  }

  /** Whether there are bytes that RAM alone is known to have, so that nothing may evict them. */
  public boolean suspect() {
    return writeBack.isSuspect();
  }

  /** Says that another pattern holds for all of it. */
  public void patternBecame(AccessPattern newPattern) {
    options.pattern(newPattern);
  }
}
