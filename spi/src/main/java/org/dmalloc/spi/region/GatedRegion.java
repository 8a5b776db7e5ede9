/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.Capability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionOptions;
import org.dmalloc.api.Requirements;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.UnsupportedCapabilityException;
import org.dmalloc.api.backing.BackingProvider;
import org.dmalloc.api.backing.BackingRegion;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.api.backing.RegionIds;
import org.jspecify.annotations.Nullable;

/**
 * A region's life cycle, the same for every backend: sections, ranges, capabilities, close-once.
 *
 * <p>Every method that works on the memory runs inside an access section of its own, so that {@code
 * close} and {@code resize} wait for it. A backend supplies the {@code on…} methods; they are
 * called with checked arguments, inside a section, and need no locks for the mapping's sake.
 */
public abstract class GatedRegion implements BackingRegion {
  /** Advice after which pages may be gone from RAM. */
  private static final Set<Advice> EVICTING =
      EnumSet.of(Advice.PAGE_OUT, Advice.DONT_NEED, Advice.COLD);

  private static final long FIRST_PAUSE_NANOS = 50_000;
  private static final long LONGEST_PAUSE_NANOS = 10_000_000;

  private final long id;
  private final Instant createdAt = Instant.now();
  private final RegionLedger ledger;
  private final RegionTraits traits;
  private final SectionGate gate = new SectionGate();
  private final WriteBack writeBack;

  /** What the ledger holds against the limit for this region; changed with the gate shut. */
  volatile long bookedBytes;

  // Written before the gate opens, read inside sections: the gate orders them.
  private MemorySegment segment;
  private volatile long byteSize;

  private volatile boolean pinned;
  private volatile boolean mirrored;
  private volatile @Nullable Carrier carrier;

  /** As they are now, with the budget that is kept; changed by {@link #change} alone. */
  private volatile RegionOptions options;

  private final Object changing = new Object();

  /**
   * A region over the given memory.
   *
   * @param ledger the provider's books
   * @param traits what it really is
   * @param segment the whole region, read-only if it is opened so; its size is the region's size
   */
  protected GatedRegion(RegionLedger ledger, RegionTraits traits, MemorySegment segment) {
    this.id =
        traits.carriedAs() == BackingProvider.NOT_CARRIED ? RegionIds.next() : traits.carriedAs();
    this.ledger = ledger;
    this.traits = traits;
    this.segment = segment;
    this.byteSize = segment.byteSize();
    this.writeBack = new WriteBack(traits.fileKey(), Objects.toString(traits.path(), ""));
    EnumSet<SwapPolicy> lasting = EnumSet.noneOf(SwapPolicy.class);
    traits.policies().stream().filter(p -> !p.actsOnce()).forEach(lasting::add);
    this.options =
        traits.options().withPolicies(lasting).withResidentBudget(RegionOptions.NO_BUDGET);
  }

  private void change(UnaryOperator<RegionOptions> next) {
    synchronized (changing) {
      options = next.apply(options);
    }
  }

  // --- what a backend supplies ---

  /** Throws if the file does not hold the region any more; called before {@link #onForce}. */
  protected void onCheckFile(String operation) throws MemoryException {}

  /**
   * Throws if the kernel could not write pages of the file since this was last called, or {@link
   * #onForce}. Whatever it throws makes the region suspect.
   */
  protected void onCheckWriteBack() throws MemoryException {}

  /**
   * Writes the changed pages of the range back and waits for the device. Whatever it throws makes
   * the region suspect.
   */
  protected abstract void onForce(MemorySegment segment, long offset, long length)
      throws MemoryException;

  /** Called after a force; throws if the region's name does not lead to its file any more. */
  protected void onForced() throws MemoryException {}

  /**
   * Makes the kernel take the pages of the range that are in RAM for changed, so that the next
   * {@link #onForce} writes them. Users may store meanwhile, and lose nothing.
   */
  protected void onRewrite(MemorySegment segment, long offset, long length)
      throws MemoryException {}

  /** Throws unless the file has what is in RAM of the range, as far as that can be found out. */
  protected void onProve(MemorySegment segment, long offset, long length) throws MemoryException {}

  /** Passes advice on; it is one of the provider's supported advice. */
  protected abstract void onAdvise(MemorySegment segment, Advice advice, long offset, long length)
      throws MemoryException;

  /**
   * What the kernel has been told for each range.
   *
   * @param pattern the region's
   */
  protected List<AdvisedRange> onAdvised(AccessPattern pattern) {
    return List.of(new AdvisedRange(0, byteSize, pattern, AdvisedRange.Origin.REQUESTED));
  }

  /** Queues reads of {@code length} bytes at each offset. */
  protected abstract void onPrefetch(MemorySegment segment, long[] offsets, long length)
      throws MemoryException;

  /** Tells where the bytes of the range are. */
  protected abstract Residency onResidency(MemorySegment segment, long offset, long length)
      throws MemoryException;

  /** Users know the region by another number from now on: {@link #holder()} is another. */
  protected void onCarried() {}

  /** Makes the kernel calls of a policy, all or none. */
  protected abstract void onApply(MemorySegment segment, SwapPolicy policy) throws MemoryException;

  /** What became of a file that the region's name does not lead to any more. */
  protected Optional<String> onDetached() {
    return Optional.empty();
  }

  /** Stores content by the way that is quickest for much of it. */
  protected void onLoad(MemorySegment segment, long offset, MemorySegment content)
      throws MemoryException {
    MemorySegment.copy(content, 0, segment, offset, content.byteSize());
  }

  /** Starts to note written pages; only called where the provider declares it. */
  protected DirtyTracking onTrackDirty(MemorySegment segment) throws MemoryException {
    throw new UnsupportedCapabilityException(ledger.backend(), Capability.DIRTY_TRACKING);
  }

  /** Lets go of a range, whose pages are not locked. */
  protected void onRelease(MemorySegment segment, long offset, long length) throws MemoryException {
    throw new UnsupportedCapabilityException(ledger.backend(), Capability.RELEASE);
  }

  /** What can take pages of this region out of RAM; throws where there is nowhere to go. */
  protected ResidentTrimmer onLimitResident(long budgetBytes) throws MemoryException {
    throw new UnsupportedCapabilityException(ledger.backend(), Capability.RESIDENT_BUDGET);
  }

  /**
   * Changes the size. Called with the gate shut: nobody uses the old segment, which must be invalid
   * afterwards.
   *
   * @return the segment of the new size, zero behind the old size
   */
  protected abstract MemorySegment onResize(MemorySegment segment, long newByteSize)
      throws MemoryException;

  /**
   * The segment to go on with after {@link #onResize} threw: the old one, unless the backend had to
   * end it before it knew of the failure and mapped the same bytes anew. Called with the gate shut.
   */
  protected MemorySegment afterFailedResize(MemorySegment segment) {
    return segment;
  }

  /**
   * Gives the memory back. Called once, with the gate shut.
   *
   * @throws IllegalStateException if somebody is just using the raw segment in a native call;
   *     nothing may have been released then
   */
  protected abstract void onClose(MemorySegment segment);

  // --- MemoryRegion and BackingRegion ---

  @Override
  public final long id() {
    return id;
  }

  @Override
  public final long byteSize() {
    return byteSize;
  }

  @Override
  public final RegionInfo info() {
    RegionOptions now = options;
    return new RegionInfo(
        id,
        traits.name(),
        ledger.backend(),
        byteSize,
        !gate.hasEnded(),
        now.withLocked(locked(now)),
        traits.path(),
        traits.backing(),
        createdAt,
        gate.openSections(),
        pinned,
        writeBackFailure(),
        ledger.capabilities());
  }

  private static boolean locked(RegionOptions options) {
    return options.locked() || options.policies().contains(SwapPolicy.NEVER);
  }

  private @Nullable String writeBackFailure() {
    SuspectBytes mark = writeBack.suspect();
    return mark == null ? null : mark.inWords();
  }

  @Override
  public final Optional<String> detached() {
    return onDetached();
  }

  @Override
  public final Access acquire() {
    int slot = gate.enter();
    return gate.section(slot, segment);
  }

  @Override
  public final MemorySegment backing() {
    int slot = gate.enter();
    try {
      mirrored = true;
      return segment;
    } finally {
      gate.exit(slot);
    }
  }

  @Override
  public final void load(long offset, MemorySegment content) throws MemoryException {
    int slot = gate.enter();
    try {
      checkRange(offset, content.byteSize());
      if (traits.access() == AccessMode.READ_ONLY) {
        throw new UnsupportedOperationException(
            String.format(
                Locale.ROOT, "load into %s, which is read-only; open it for writing", this));
      }
      onLoad(segment, offset, content);
    } catch (InternalError e) {
      throw MemoryException.of(
          "load",
          content.byteSize(),
          toString(),
          "a page could not be read or written: a file that was cut short, or a full disk",
          MemoryException.NO_ERRNO,
          "look at the disk's space",
          e);
    } finally {
      gate.exit(slot);
    }
  }

  @Override
  public final void carriedBy(Carrier newCarrier) {
    carrier = newCarrier;
    onCarried();
  }

  @Override
  public final DirtyTracking trackDirty() throws MemoryException {
    int slot = gate.enter();
    try {
      ledger.require(Capability.DIRTY_TRACKING);
      return onTrackDirty(segment);
    } finally {
      gate.exit(slot);
    }
  }

  @Override
  public final MemorySegment segment() {
    int slot = gate.enter();
    try {
      pinned = true;
      return segment;
    } finally {
      gate.exit(slot);
    }
  }

  /** A part of the region. */
  private record Range(long offset, long length) {}

  /** The part that was asked for; null stands for all of it, which has a size inside a section. */
  private Range within(@Nullable Range asked) {
    if (asked == null) {
      return new Range(0, byteSize);
    }
    checkRange(asked.offset, asked.length);
    return asked;
  }

  @Override
  public final void force() throws MemoryException {
    force(null);
  }

  @Override
  public final void force(long offset, long length) throws MemoryException {
    force(new Range(offset, length));
  }

  private void force(@Nullable Range asked) throws MemoryException {
    int slot = gate.enter();
    try {
      ledger.require(Capability.FORCE);
      Range range = within(asked);
      if (traits.sharing() == Sharing.PRIVATE) {
        throw new UnsupportedOperationException(
            String.format(
                Locale.ROOT, "force of %s: its stores are private and never reach the file", this));
      }
      if (range.length > 0) {
        onCheckFile("force");
        writeBack.force(pages(), byteSize, range.offset, range.length);
        onForced(); // afterwards: what was renamed has its bytes all the same
      }
    } finally {
      gate.exit(slot);
    }
  }

  /** The calls of the segment that there is now: inside a section, or with the gate shut. */
  private WriteBack.Pages pages() {
    MemorySegment now = segment;
    return new WriteBack.Pages() {
      @Override
      public void check() throws MemoryException {
        onCheckWriteBack();
      }

      @Override
      public void rewrite(long offset, long length) throws MemoryException {
        if (traits.access() == AccessMode.READ_WRITE) {
          onRewrite(now, offset, length);
        } else {
          writeBack.require(
              "force",
              GatedRegion.this + ", read-only",
              offset,
              length,
              "make room or mend the device, then open the region for writing and force it");
        }
      }

      @Override
      public void sync(long offset, long length) throws MemoryException {
        onForce(now, offset, length);
      }

      @Override
      public void prove(long offset, long length) throws MemoryException {
        onProve(now, offset, length);
      }
    };
  }

  /** A backend's call that waits for the device. */
  @FunctionalInterface
  protected interface Sync {
    void run() throws MemoryException;
  }

  /**
   * Runs a call that waits for the device, for other reasons than a user's force. If the kernel
   * could not write pages of the region meanwhile it may tell this call, and then no other.
   *
   * @throws MemoryException if the call failed; all of the region is suspect then
   * @throws IllegalStateException if the region is closed
   */
  protected final void watchWriteBack(Sync call) throws MemoryException {
    int slot = gate.enter();
    try {
      writeBack.watch(call::run, pages(), byteSize);
    } finally {
      gate.exit(slot);
    }
  }

  /** Whether there are bytes that RAM alone is known to have, so that nothing may evict them. */
  protected final boolean suspect() {
    return writeBack.suspect() != null;
  }

  /** Throws if pages of the range may not leave RAM. Called inside a section. */
  private void checkWritten(String operation, Range range) throws MemoryException {
    if (traits.sharing() == Sharing.SHARED && range.length > 0) {
      if (!suspect()) {
        writeBack.check(pages(), byteSize);
      }
      writeBack.require(operation, toString(), range.offset, range.length);
    }
  }

  /** Throws if pages may not leave RAM. Called inside a section. */
  final void checkWritten() throws MemoryException {
    checkWritten("limit", new Range(0, byteSize));
  }

  @Override
  public final void advise(Advice advice) throws MemoryException {
    advise(advice, null);
  }

  @Override
  public final void advise(Advice advice, long offset, long length) throws MemoryException {
    advise(advice, new Range(offset, length));
  }

  private void advise(Advice advice, @Nullable Range asked) throws MemoryException {
    int slot = gate.enter();
    try {
      ledger.require(advice);
      Range range = within(asked);
      checkKeepsContent(advice);
      if (EVICTING.contains(advice)) {
        checkWritten("advise " + advice, range);
      }
      if (range.length > 0) {
        onAdvise(segment, advice, range.offset, range.length);
      }
      if (range.offset == 0 && range.length == byteSize) {
        switch (advice) {
          case NORMAL -> patternBecame(AccessPattern.NORMAL);
          case RANDOM -> patternBecame(AccessPattern.RANDOM);
          case SEQUENTIAL -> patternBecame(AccessPattern.SEQUENTIAL);
          default -> {}
        }
      }
    } finally {
      gate.exit(slot);
    }
  }

  @Override
  public final List<AdvisedRange> advised() {
    int slot = gate.enter();
    try {
      return onAdvised(options.pattern());
    } finally {
      gate.exit(slot);
    }
  }

  private void checkKeepsContent(Advice advice) {
    if (advice == Advice.DONT_NEED && traits.sharing() == Sharing.PRIVATE) {
      throw new UnsupportedOperationException(
          String.format(
              Locale.ROOT,
              "advise DONT_NEED on %s would throw its private content away; use PAGE_OUT",
              this));
    }
    if (advice == Advice.POPULATE_WRITE && traits.access() == AccessMode.READ_ONLY) {
      throw new UnsupportedOperationException(
          String.format(
              Locale.ROOT,
              "advise POPULATE_WRITE on %s, which is read-only; use POPULATE_READ",
              this));
    }
  }

  @Override
  public final void prefetch(long[] offsets, long length) throws MemoryException {
    int slot = gate.enter();
    try {
      ledger.require(Capability.PREFETCH);
      for (long offset : offsets) {
        checkRange(offset, length);
      }
      if (offsets.length > 0 && length > 0) {
        onPrefetch(segment, offsets, length);
      }
    } finally {
      gate.exit(slot);
    }
  }

  @Override
  public final void release() throws MemoryException {
    release(null);
  }

  @Override
  public final void release(long offset, long length) throws MemoryException {
    release(new Range(offset, length));
  }

  private void release(@Nullable Range asked) throws MemoryException {
    int slot = gate.enter();
    try {
      ledger.require(Capability.RELEASE);
      Range range = within(asked);
      checkUnlocked("release");
      checkWritten("release", range);
      if (range.length > 0) {
        onRelease(segment, range.offset, range.length);
      }
    } finally {
      gate.exit(slot);
    }
  }

  @Override
  public final void limitResident(long budgetBytes) throws MemoryException {
    int slot = gate.enter();
    try {
      ledger.require(Capability.RESIDENT_BUDGET);
      if (budgetBytes < 1) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "resident budget of %d bytes for %s; give at least 1",
                budgetBytes,
                this));
      }
      synchronized (this) {
        if (budgetBytes == RegionOptions.NO_BUDGET) {
          ledger.budgets().remove(this);
        } else {
          checkUnlocked("limit");
          checkWritten();
          ledger.budgets().put(this, budgetBytes, onLimitResident(budgetBytes));
        }
        change(now -> now.withResidentBudget(budgetBytes));
      }
    } finally {
      gate.exit(slot);
    }
  }

  private void checkUnlocked(String operation) {
    if (locked(options)) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "%s of %s: its pages are locked in RAM; unlock it (policy KERNEL) or allocate it unlocked",
              operation,
              this));
    }
  }

  /**
   * Runs a piece of the provider's own work in a section.
   *
   * @throws IllegalStateException if the region is closed
   */
  final <T> T inSection(SectionWork<T> work) throws MemoryException {
    int slot = gate.enter();
    try {
      return work.run();
    } finally {
      gate.exit(slot);
    }
  }

  /** Work that a mapping must stay for. */
  @FunctionalInterface
  interface SectionWork<T> {
    T run() throws MemoryException;
  }

  @Override
  public final Residency residency() throws MemoryException {
    return residency(null);
  }

  @Override
  public final Residency residency(long offset, long length) throws MemoryException {
    return residency(new Range(offset, length));
  }

  private Residency residency(@Nullable Range asked) throws MemoryException {
    int slot = gate.enter();
    try {
      ledger.require(Capability.RESIDENCY);
      Range range = within(asked);
      return onResidency(segment, range.offset, range.length);
    } finally {
      gate.exit(slot);
    }
  }

  @Override
  public final void apply(SwapPolicy policy) throws MemoryException {
    int slot = gate.enter();
    try {
      ledger.require(Requirements.of(policy));
      synchronized (this) {
        if (policy == SwapPolicy.NEVER && options.residentBudget() != RegionOptions.NO_BUDGET) {
          throw new IllegalStateException(
              String.format(
                  Locale.ROOT,
                  "apply NEVER to %s: it keeps a resident budget; lift that first",
                  this));
        }
        onApply(segment, policy);
        if (!policy.actsOnce()) {
          change(now -> now.withPolicies(policy.replacingIn(now.policies())));
        }
      }
    } finally {
      gate.exit(slot);
    }
  }

  @Override
  public final void resize(long newByteSize) throws MemoryException {
    if (gate.hasEnded()) {
      throw new IllegalStateException("region is closed");
    }
    ledger.require(Capability.RESIZE);
    if (newByteSize < 1) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "resize of %s to %d bytes; give at least 1", this, newByteSize));
    }
    checkResizable();
    if (suspect()) {
      inSection(this::settle);
    }
    long deadline = deadline();
    gate.shut(ledger.sectionTimeoutNanos());
    try {
      checkResizable();
      writeBack.require("resize", toString(), 0, byteSize);
      long oldByteSize = byteSize;
      if (newByteSize == oldByteSize) {
        return;
      }
      ledger.rebook(oldByteSize, newByteSize, toString());
      boolean done = false;
      try {
        segment = whenUnused("resize", deadline, () -> onResize(segment, newByteSize));
        byteSize = newByteSize;
        bookedBytes = newByteSize;
        done = true;
      } finally {
        if (!done) {
          ledger.undoRebook(oldByteSize, newByteSize);
          segment = afterFailedResize(segment);
        }
      }
    } finally {
      gate.open();
    }
  }

  private void checkResizable() {
    if (pinned) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "resize of %s: it is pinned by segment(); use acquire() in place of it",
              this));
    }
    if (traits.access() == AccessMode.READ_ONLY) {
      throw new IllegalStateException(
          String.format(Locale.ROOT, "resize of %s: it is read-only", this));
    }
    if (traits.sharing() == Sharing.PRIVATE && traits.name() != null) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT, "resize of %s: it is a private view of a stored region", this));
    }
  }

  @Override
  public final void close() {
    if (gate.hasEnded()) {
      return;
    }
    long deadline = deadline();
    try {
      gate.shutToEnd(ledger.sectionTimeoutNanos());
    } catch (IllegalStateException e) {
      if (gate.hasEnded()) {
        return; // another thread closed it meanwhile
      }
      throw e;
    }
    try {
      MemoryException unwritten = lastForce();
      whenUnused(
          "close",
          deadline,
          () -> {
            onClose(segment);
            return true;
          });
      if (unwritten != null) {
        throw new UncheckedIOException(unwritten.getMessage(), unwritten);
      }
    } catch (MemoryException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    } finally {
      if (segment.scope().isAlive()) {
        gate.open();
      } else {
        gate.end();
        ledger.budgets().remove(this);
        ledger.closed(this);
        if (traits.name() == null) {
          writeBack.forget();
        }
      }
    }
  }

  /** Tries once more to write what could not be; what is left is told when all is released. */
  private @Nullable MemoryException lastForce() {
    if (traits.name() == null
        || traits.sharing() == Sharing.PRIVATE
        || traits.access() == AccessMode.READ_ONLY) {
      return null;
    }
    try {
      if (!suspect()) {
        writeBack.check(pages(), byteSize);
      }
    } catch (MemoryException e) {
      // The kernel could not write what nobody has forced: now it is suspect, and tried again.
    }
    try {
      settle();
      return null;
    } catch (MemoryException e) {
      return e;
    }
  }

  private boolean settle() throws MemoryException {
    if (suspect()) {
      onCheckFile("force");
      writeBack.settle(pages(), byteSize);
    }
    return true;
  }

  private long deadline() {
    return System.nanoTime() + ledger.sectionTimeoutNanos();
  }

  /**
   * Does what ends the segment, again and again while a call of somebody's uses it: then the
   * backend throws {@link IllegalStateException}, and has changed nothing. Called with the gate
   * shut.
   */
  private <T> T whenUnused(String operation, long deadline, SectionWork<T> work)
      throws MemoryException {
    boolean interrupted = false;
    try {
      for (long pause = FIRST_PAUSE_NANOS; true; pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS)) {
        try {
          return work.run();
        } catch (IllegalStateException inUse) {
          if (!segment.scope().isAlive()) {
            throw inUse;
          }
          if (System.nanoTime() - deadline >= 0) {
            throw new IllegalStateException(
                String.format(
                    Locale.ROOT,
                    "%s of %s: a channel or native call has used its segment for longer than %d ms; let that call end, or close its channel, and %s it again",
                    operation,
                    this,
                    TimeUnit.NANOSECONDS.toMillis(ledger.sectionTimeoutNanos()),
                    operation),
                inUse);
          }
          interrupted |= Thread.interrupted();
          LockSupport.parkNanos(this, pause);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** The region in a few words, for messages. */
  @Override
  public final String toString() {
    String label = label();
    if (label != null) {
      return String.format(Locale.ROOT, "%s (%s)", label, ledger.backend());
    }
    return traits.name() != null
        ? String.format(Locale.ROOT, "region %d '%s' (%s)", id, traits.name(), ledger.backend())
        : String.format(Locale.ROOT, "region %d (%s)", id, ledger.backend());
  }

  /** How users know it, if that is not by its own number. */
  private @Nullable String label() {
    Carrier by = carrier;
    return by == null ? null : by.label();
  }

  /** Who has the region's file open, for the messages that others get. */
  protected final String holder() {
    String label = label();
    return label == null
        ? String.format(Locale.ROOT, "%s region %d", ledger.backend(), id)
        : String.format(Locale.ROOT, "%s on %s", label, ledger.backend());
  }

  /**
   * Asks to be told when the region is used next, by a section of its own or through its carrier;
   * see {@link SectionGate#doze}. It may be told of one use twice.
   *
   * @return false if it is in use, or can be used unseen: its raw segment was handed out, and not
   *     to a carrier that tells
   */
  protected final boolean doze(Runnable onUse) {
    if (pinned || !carrierDozes(onUse) || !gate.doze(onUse)) {
      return false;
    }
    if (pinned || (mirrored && carrier == null)) {
      gate.rouse(); // handed out just before the gate dozed off
    }
    return true;
  }

  private boolean carrierDozes(Runnable onUse) {
    Carrier by = carrier;
    return by == null ? !mirrored : by.doze(onUse);
  }

  /** Says that another pattern holds for all of it. */
  protected final void patternBecame(AccessPattern newPattern) {
    change(now -> now.withPattern(newPattern));
  }

  /** Whether its user has it by the number of another region, which hands its memory on. */
  final boolean isCarried() {
    return traits.carriedAs() != BackingProvider.NOT_CARRIED;
  }

  /** The provider's books. */
  protected final RegionLedger ledger() {
    return ledger;
  }

  /** What the region was when it was made. */
  protected final RegionTraits traits() {
    return traits;
  }

  private void checkRange(long offset, long length) {
    long size = byteSize;
    if ((offset | length) < 0 || offset > size - length) {
      throw new IndexOutOfBoundsException(
          String.format(
              Locale.ROOT,
              "range of %d bytes at %d lies outside %s of %d bytes",
              length,
              offset,
              this,
              size));
    }
  }
}
