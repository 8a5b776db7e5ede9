/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.dmalloc.api.Access;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.Advice;
import org.dmalloc.api.Autogrowth;
import org.dmalloc.api.Capability;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.PageSize;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.RegionNames;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.SnapshotResult;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.backing.BackingProvider;
import org.dmalloc.api.backing.RegionIds;
import org.jspecify.annotations.Nullable;

/** A region of {@link ReferenceProvider}. Over 500 lines: one method for each that a region has. */
final class ReferenceRegion extends ReferenceSpace {
  private static final long NO_LENGTH = Long.MIN_VALUE;

  private final ReferenceProvider provider;
  private final ReferenceFile file;
  private final RegionInfo traits;
  private final boolean carried;
  private final ReferenceGate gate;
  private final @Nullable ReferenceCheckpoints checkpoints;

  /** Of a named region's file. */
  private final @Nullable Object fileKey;

  private final AtomicBoolean closed = new AtomicBoolean();
  private Arena arena;
  private MemorySegment room;
  private MemorySegment segment;
  private volatile long byteSize;
  private volatile long maximum;
  private final Object growing = new Object();
  private volatile long length = -1;
  private volatile boolean pinned;

  /** The size at the last checkpoint. */
  private volatile long keptBytes;

  private volatile @Nullable String name;
  private volatile AccessPattern pattern;
  private volatile long budget;
  private volatile Set<SwapPolicy> policies = Set.of();

  /** Maps the file as the traits say, whose id and time are set here. */
  ReferenceRegion(ReferenceProvider provider, ReferenceFile file, RegionInfo traits)
      throws IOException {
    super(provider);
    this.provider = provider;
    this.file = file;
    this.carried = traits.id() != BackingProvider.NOT_CARRIED;
    this.traits = withId(traits);
    this.fileKey = traits.name() == null ? null : keyOf(file.path());
    this.checkpoints = provider.checkpoints(traits, file.path());
    this.gate = checkpoints == null ? new ReferenceGate(provider.flaws()) : checkpoints.gate();
    this.byteSize = traits.byteSize();
    this.name = traits.name();
    this.maximum = isResizable() || flawed(Flaw.READER_WITH_MAXIMUM) ? traits.maximum() : 0;
    if (traits.name() != null && !flawed(Flaw.LENGTH_FORGOTTEN)) {
      this.length = file.length();
    }
    this.pattern = traits.pattern();
    this.budget =
        flawed(Flaw.BUDGET_REQUEST_FORGOTTEN) ? RegionRequest.NO_BUDGET : traits.residentBudget();
    this.arena = Arena.ofShared();
    this.segment = map(arena, traits.byteSize());
    traits.policies().forEach(this::keep);
    this.keptBytes = traits.byteSize();
    if (checkpoints != null) {
      checkpoints.join(this, traits.checkpoints());
    }
  }

  @Override
  public CheckpointGroup checkpoints() {
    if (checkpoints == null) {
      if (flawed(Flaw.CHECKPOINTS_OF_ALL)) {
        return new ReferenceCheckpoints("none", Duration.ZERO, Set.of());
      }
      throw new UnsupportedOperationException("it has no checkpoints");
    }
    return checkpoints;
  }

  /** Brings what is stored into the file; returns whether anything was changed. */
  boolean keep() throws IOException {
    byte[] now = segment.toArray(JAVA_BYTE);
    byte[] before = new byte[now.length];
    file.file().seek(0);
    file.file().read(before);
    if (Arrays.equals(now, before) && keptBytes == now.length) {
      return false;
    }
    file.file().seek(0);
    file.file().write(now);
    keptBytes = now.length;
    return true;
  }

  /** Takes the memory back to what was kept. */
  void goBack() throws IOException {
    byte[] kept = new byte[(int) Math.min(keptBytes, byteSize)];
    file.file().seek(0);
    file.file().readFully(kept);
    if (flawed(Flaw.DISCARD_EMPTIES)) {
      segment.fill((byte) 0);
    } else if (!flawed(Flaw.DISCARD_IGNORED)) {
      MemorySegment.copy(kept, 0, segment, JAVA_BYTE, 0, kept.length);
      if (!flawed(Flaw.GROWTH_NOT_DISCARDED)) {
        segment.asSlice(kept.length).fill((byte) 0);
      }
    }
  }

  private static RegionInfo withId(RegionInfo t) {
    return new RegionInfo(
        t.id() == BackingProvider.NOT_CARRIED ? RegionIds.next() : t.id(),
        t.name(),
        t.backend(),
        t.byteSize(),
        t.length(),
        true,
        t.options(),
        t.path(),
        t.backing(),
        t.mapping(),
        Instant.now(),
        0,
        false,
        null,
        t.capabilities());
  }

  private MemorySegment map(Arena into, long size) throws IOException {
    boolean readOnly = traits.access() == AccessMode.READ_ONLY && !flawed(Flaw.WRITABLE_READ_ONLY);
    boolean mapPrivate =
        (traits.sharing() == Sharing.PRIVATE && !flawed(Flaw.PRIVATE_LEAK))
            || checkpoints != null
            || flawed(Flaw.STORED_BYTES_LOST);
    MapMode mode = readOnly ? MapMode.READ_ONLY : mapPrivate ? MapMode.PRIVATE : MapMode.READ_WRITE;
    long spare = traits.name() == null ? ContractTheme.HUGE_PAGE : 0;
    long most = isResizable() ? Math.max(size, maximum) : size;
    if (spare > 0) {
      file.file().setLength(ReferenceFile.pages(size)); // the footer goes
      file.file().setLength(ReferenceFile.pages(most) + spare);
    }
    long mapped = Math.max(most, ReferenceFile.pages(most) + spare);
    boolean extended = spare == 0 && most > size;
    long own = extended ? file.length() : -1;
    MemorySegment whole = file.file().getChannel().map(mode, 0, mapped, into);
    long shift = 0;
    if (traits.pageSize() == PageSize.HUGE && spare > 0 && !flawed(Flaw.HUGE_UNALIGNED)) {
      shift = -whole.address() & (ContractTheme.HUGE_PAGE - 1);
    } else if (traits.pageSize() == PageSize.HUGE && spare > 0) {
      shift = (whole.address() & (ContractTheme.HUGE_PAGE - 1)) == 0 ? ContractTheme.PAGE : 0;
    }
    if (flawed(Flaw.UNALIGNED) && spare > 0) {
      shift = 64;
    }
    room = whole.asSlice(shift);
    if (extended) {
      file.setByteSize(size, size);
      file.setLength(own);
    }
    return room.asSlice(0, size + (flawed(Flaw.ONE_BYTE_MORE) && spare > 0 ? 1 : 0));
  }

  /** Whether somebody hands it on as his own. */
  boolean isCarried() {
    return carried;
  }

  boolean flawed(Flaw flaw) {
    return provider.flaws().contains(flaw);
  }

  @Override
  public long id() {
    return traits.id();
  }

  @Override
  public long byteSize() {
    return byteSize;
  }

  @Override
  public long length() {
    return length < 0 ? byteSize : length;
  }

  @Override
  public void setLength(long newLength) {
    try (Access access = acquire()) {
      boolean stores =
          traits.access() == AccessMode.READ_WRITE
              && (traits.name() == null || traits.sharing() != Sharing.PRIVATE);
      if (!stores && !flawed(Flaw.LENGTH_OF_A_READER)) {
        throw new IllegalStateException("it is read-only or private");
      }
      if (newLength < 0
          || (newLength > access.segment().byteSize() && !flawed(Flaw.LENGTH_UNCHECKED))) {
        throw new IllegalArgumentException("length " + newLength + " of " + byteSize);
      }
      length = newLength;
      if (traits.name() != null) {
        file.setLength(newLength);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public RegionInfo info() {
    return new RegionInfo(
        traits.id(),
        flawed(Flaw.RENAME_UNTOLD) ? traits.name() : name,
        traits.backend(),
        byteSize,
        length(),
        !closed.get(),
        told(
            traits
                .options()
                .withPattern(pattern)
                .withPolicies(policies)
                .withResidentBudget(budget)
                .withMaximum(flawed(Flaw.MAXIMUM_UNTOLD) ? 0 : maximum)),
        traits.path() == null ? null : file.path(),
        traits.backing(),
        traits.mapping(),
        traits.createdAt(),
        gate.openSections(),
        pinned,
        null,
        traits.capabilities());
  }

  @Override
  public Access acquire() {
    return acquire(0, NO_LENGTH);
  }

  /** All of it for {@code NO_LENGTH}, whatever its size is inside the section. */
  @Override
  public Access acquire(long offset, long length) {
    gate.enter();
    if (closed.get()) {
      gate.exit();
      throw new IllegalStateException("region is closed");
    }
    long size = segment.byteSize();
    if (length != NO_LENGTH && (offset < 0 || length < 0 || offset > size - length)) {
      if (!flawed(Flaw.REFUSED_PART_STAYS_OPEN)) {
        gate.exit();
      }
      throw new IndexOutOfBoundsException("a part of " + length + " bytes at " + offset);
    }
    MemorySegment part = shown(segment, offset, length == NO_LENGTH ? size : length);
    Arena own = beginSection(length == NO_LENGTH);
    return new Section(this, Thread.currentThread(), bound(part, own), own);
  }

  @Override
  public SnapshotResult snapshot(SnapshotRequest request) throws MemoryException {
    return new ReferenceSnapshot(this, gate, request).take();
  }

  @Override
  MemorySegment memory() {
    return segment;
  }

  @Override
  public MemorySegment segment() {
    try (Access access = acquire()) {
      if (checkpoints != null && !flawed(Flaw.SEGMENT_OF_CHECKPOINTED)) {
        throw new UnsupportedOperationException("it is checkpointed; use acquire()");
      }
      pinned = !flawed(Flaw.PIN_FORGOTTEN);
      return shown(segment, 0, access.segment().byteSize());
    }
  }

  @Override
  public Optional<String> detached() {
    boolean gone =
        fileKey != null && !flawed(Flaw.NAME_TRUSTED) && !fileKey.equals(keyOf(file.path()));
    return gone ? Optional.of("its file was deleted or replaced") : Optional.empty();
  }

  private static @Nullable Object keyOf(Path path) {
    try {
      return Files.getAttribute(path, "fileKey");
    } catch (IOException e) {
      return null;
    }
  }

  @Override
  public void force() throws MemoryException {
    if (flawed(Flaw.SIZE_TAKEN_OUTSIDE)) {
      long size = byteSize;
      for (int i = 0; i < 100_000 && byteSize == size; i++) {
        Thread.onSpinWait();
      }
      force(0, size);
      return;
    }
    try (Access access = acquire()) {
      force(0, access.segment().byteSize());
    }
  }

  @Override
  public void release() {
    try (Access access = acquire()) {
      release(0, access.segment().byteSize());
    }
  }

  @Override
  public void advise(Advice advice) {
    try (Access access = acquire()) {
      advise(advice, 0, access.segment().byteSize());
    }
  }

  @Override
  public Residency residency() {
    try (Access access = acquire()) {
      return residency(0, access.segment().byteSize());
    }
  }

  @Override
  public void force(long offset, long length) throws MemoryException {
    try (Access access = acquire()) {
      provider.require(Capability.FORCE);
      if (traits.access() == AccessMode.READ_ONLY && flawed(Flaw.READ_ONLY_NOT_FORCED)) {
        throw new UnsupportedOperationException("it is read-only");
      }
      if (checkpoints != null) {
        throw new UnsupportedOperationException("it is checkpointed; use checkpoint()");
      }
      checkRange(offset, length);
      if (traits.sharing() == Sharing.PRIVATE) {
        if (flawed(Flaw.PRIVATE_FORCED)) {
          return;
        }
        throw new UnsupportedOperationException("private stores never reach the file");
      }
      if (length > 0 && !flawed(Flaw.STORED_BYTES_LOST)) {
        access.segment().asSlice(offset, length).force();
      }
      if (detached().isPresent()) {
        throw MemoryException.of("force", toString(), "its file is gone", "copy it");
      }
    }
  }

  @Override
  public void advise(Advice advice, long offset, long length) {
    try (Access access = acquire()) {
      provider.require(Capability.ADVICE);
      checkRange(offset, length);
      if (advice == Advice.DONT_NEED && traits.sharing() == Sharing.PRIVATE) {
        throw new UnsupportedOperationException("DONT_NEED would lose private content");
      }
      if (advice == Advice.POPULATE_WRITE) {
        requireUnguarded(Flaw.PROTECTED_PUNCHED, offset, length);
      }
      if (flawed(Flaw.ADVICE_LOSES_CONTENT) && length > 0) {
        access.segment().set(JAVA_BYTE, offset, (byte) 0x55);
      }
      if (length == byteSize) {
        switch (advice) {
          case NORMAL -> pattern = AccessPattern.NORMAL;
          case RANDOM -> pattern = AccessPattern.RANDOM;
          case SEQUENTIAL -> pattern = AccessPattern.SEQUENTIAL;
          default -> {}
        }
      }
    }
  }

  @Override
  public void prefetch(long[] offsets, long length) {
    if (flawed(Flaw.PREFETCH_KEEPS_SECTION)) {
      gate.enter();
    }
    try (Access access = acquire()) {
      if (!flawed(Flaw.PREFETCH_UNDECLARED)) {
        provider.require(Capability.PREFETCH);
      }
      for (long offset : offsets) {
        checkRange(offset, length);
        if (length > 0 && offset >= 0 && offset < access.segment().byteSize()) {
          access.segment().get(JAVA_BYTE, offset);
          if (flawed(Flaw.PREFETCH_WRITES)) {
            access.segment().set(JAVA_BYTE, offset, (byte) 0x55);
          }
        }
      }
    }
  }

  @Override
  public void release(long offset, long length) {
    try (Access access = acquire()) {
      provider.require(Capability.RELEASE);
      checkRange(offset, length);
      checkUnlocked(Flaw.LOCKED_RELEASED);
      if (flawed(Flaw.RELEASE_LOSES_CONTENT) && length > 0) {
        access.segment().set(JAVA_BYTE, offset, (byte) 0x55);
      }
    }
  }

  private void checkUnlocked(Flaw flaw) {
    boolean locked = traits.locked() || policies.contains(SwapPolicy.NEVER);
    if (locked && !flawed(flaw)) {
      throw new IllegalStateException("its pages are locked");
    }
  }

  @Override
  public void limitResident(long budgetBytes) {
    try (Access access = acquire()) {
      provider.require(Capability.RESIDENT_BUDGET);
      if (budgetBytes < 1) {
        throw new IllegalArgumentException("budget " + budgetBytes + "; give at least 1");
      }
      if (budgetBytes != RegionRequest.NO_BUDGET) {
        checkUnlocked(Flaw.LOCKED_LIMITED);
        if (flawed(Flaw.BUDGET_LOSES_CONTENT)) {
          access.segment().set(JAVA_BYTE, 0, (byte) 0x55);
        }
      }
      budget = flawed(Flaw.BUDGET_NOT_LIFTED) ? Math.min(budget, budgetBytes) : budgetBytes;
    }
  }

  @Override
  public Residency residency(long offset, long length) {
    try (Access access = acquire()) {
      provider.require(Capability.RESIDENCY);
      checkRange(offset, length);
      long from = offset / ContractTheme.PAGE * ContractTheme.PAGE;
      long bytes = ReferenceFile.pages(offset + length) - from;
      if (flawed(Flaw.RESIDENCY_IN_BYTES)) {
        bytes = Math.min(length, access.segment().byteSize());
      }
      long resident =
          flawed(Flaw.BUDGET_IGNORED) || budget == RegionRequest.NO_BUDGET
              ? bytes
              : Math.min(bytes, budget / ContractTheme.PAGE * ContractTheme.PAGE);
      return new Residency(bytes, resident, -1, -1, -1, -1, -1, "all is resident here");
    }
  }

  @Override
  public void apply(SwapPolicy policy) {
    try (Access access = acquire()) {
      provider.require(Capability.SWAP_POLICY);
      Objects.requireNonNull(access.segment());
      keep(policy);
    }
  }

  private synchronized void keep(SwapPolicy policy) {
    if (!policy.actsOnce()) {
      EnumSet<SwapPolicy> next = EnumSet.of(policy);
      policies.stream()
          .filter(old -> flawed(Flaw.POLICIES_PILE_UP) || !policy.conflictsWith(old))
          .forEach(next::add);
      policies = Set.copyOf(next);
    }
  }

  private boolean isResizable() {
    return traits.access() == AccessMode.READ_WRITE
        && (traits.name() == null || traits.sharing() != Sharing.PRIVATE);
  }

  @Override
  public void resize(long newByteSize, ProgressListener progress) throws MemoryException {
    try (Access access = acquire()) {
      provider.require(Capability.RESIZE);
      if (newByteSize < 0) {
        throw new IllegalArgumentException("resize to " + newByteSize + "; give at least 0");
      }
      if (!isResizable()) {
        throw new IllegalStateException("read-only or private");
      }
      if (access.segment().scope().isAlive() && growsInPlace(newByteSize, progress)) {
        return;
      }
      if (pinned && !flawed(Flaw.RESIZE_PINNED)) {
        throw new IllegalStateException("pinned");
      }
      requireUnguarded(Flaw.PROTECTION_CUT, newByteSize, Math.max(0, byteSize - newByteSize));
    }
    boolean interrupted = Thread.interrupted();
    try {
      gate.alone(provider.settings().sectionTimeout(), () -> bookAndRemap(newByteSize));
    } catch (UncheckedIOException e) {
      if (e.getCause() instanceof MemoryException refused) {
        throw refused;
      }
      throw e;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Beside no growth in place, which takes a section. */
  private void bookAndRemap(long newByteSize) {
    long old = byteSize;
    try {
      book(newByteSize);
    } catch (MemoryException e) {
      throw new UncheckedIOException(e);
    }
    boolean done = false;
    try {
      remap(newByteSize);
      done = true;
    } finally {
      if (!done) {
        provider.unbook(newByteSize - old);
      }
    }
  }

  private void book(long newByteSize) throws MemoryException {
    if (newByteSize > ReferenceProvider.LARGEST) {
      throw MemoryException.of("resize", newByteSize, "", "too large", 0, "ask for less", null);
    }
    try {
      provider.rebook(byteSize, newByteSize);
    } catch (MemoryException e) {
      byteSize = flawed(Flaw.FAILED_GROWTH_SHOWS) ? newByteSize : byteSize;
      throw e;
    }
  }

  /** Inside a section, so that it is not closed or made smaller meanwhile. */
  private synchronized boolean growsInPlace(long newByteSize, ProgressListener progress)
      throws MemoryException {
    long old = byteSize;
    if (newByteSize < old || newByteSize > maximum || flawed(Flaw.GROWTH_MOVES)) {
      return false;
    }
    if (newByteSize == old) {
      return true;
    }
    book(newByteSize);
    boolean done = false;
    try {
      report(newByteSize, progress);
      long shift = room.address() % ContractTheme.PAGE; // of Flaw.UNALIGNED
      if (traits.name() != null) {
        file.grow(old, newByteSize, flawed(Flaw.GROWTH_UNRESERVED));
      } else if (traits.sharing() == Sharing.SHARED && !flawed(Flaw.GROWTH_UNRESERVED)) {
        file.writeZeros(ReferenceFile.pages(old) + shift, ReferenceFile.pages(newByteSize));
      }
      done = true;
    } catch (IOException e) {
      throw MemoryException.of("resize", newByteSize, "", "ENOSPC", 28, "free space", e);
    } finally {
      if (!done) {
        provider.unbook(newByteSize - old);
      }
    }
    segment = room.asSlice(0, newByteSize);
    byteSize = newByteSize;
    grown(old);
    if (flawed(Flaw.GROWTH_LOSES_BYTES) && old > 0) {
      segment.set(JAVA_BYTE, Long.BYTES - 1, (byte) 0x55);
    }
    if (flawed(Flaw.GROWTH_DIRTY)) {
      segment.set(JAVA_BYTE, old, (byte) 1);
    }
    return true;
  }

  private void report(long newByteSize, ProgressListener progress) throws MemoryException {
    try {
      progress.progressed(0, newByteSize);
    } catch (RuntimeException e) {
      byteSize = flawed(Flaw.CANCELLED_GROWTH_SHOWS) ? newByteSize : byteSize;
      throw MemoryException.of("resize", newByteSize, "", "cancelled", 0, "it is as it was", e);
    }
  }

  @Override
  public long ensure(long least, ProgressListener progress) throws MemoryException {
    if (least < 0) {
      throw new IllegalArgumentException("ensure " + least + "; give at least 0");
    }
    Autogrowth by = traits.options().autogrowth();
    long before;
    synchronized (growing) {
      before = flawed(Flaw.ENSURE_BY_AN_OLD_SIZE) ? traits.byteSize() : byteSize;
      if (least <= before) {
        return byteSize;
      }
      try {
        growBy(least, by, progress);
      } catch (MemoryException e) {
        by.listener().refused(id(), least, e);
        throw e;
      }
    }
    if (!flawed(Flaw.LISTENER_UNTOLD)) {
      by.listener().grown(id(), before, byteSize);
    }
    return byteSize;
  }

  private void growBy(long least, Autogrowth by, ProgressListener progress) throws MemoryException {
    if (by.ceiling() == 0) {
      resize(least, progress);
      return;
    }
    if (least > by.ceiling() && !flawed(Flaw.CEILING_IGNORED)) {
      throw MemoryException.of("grow", "", "the ceiling is " + by.ceiling(), "resize it");
    }
    long half = ReferenceFile.pages(Math.max(least, byteSize + byteSize / 2));
    try {
      resize(Math.max(least, Math.min(half, by.ceiling())), progress);
    } catch (MemoryException e) {
      if (flawed(Flaw.STEP_KEPT)) {
        throw e;
      }
      resize(least, progress);
    }
  }

  private void remap(long newByteSize) {
    try {
      if (newByteSize < byteSize && !flawed(Flaw.RESIZE_KEEPS_OLD_BYTES)) {
        segment.asSlice(newByteSize).fill((byte) 0);
      }
      boolean copies = traits.sharing() == Sharing.PRIVATE || checkpoints != null;
      byte[] kept =
          copies
              ? segment.asSlice(0, Math.min(byteSize, newByteSize)).toArray(JAVA_BYTE)
              : new byte[0];
      if (newByteSize > byteSize || !flawed(Flaw.SHRINK_LEAVES_SEGMENTS)) {
        arena.close();
      }
      file.setByteSize(byteSize, newByteSize);
      if (!flawed(Flaw.LENGTH_NOT_CUT)) {
        length = Math.min(length, newByteSize);
      }
      file.setLength(length);
      arena = Arena.ofShared();
      maximum = maximum == 0 ? 0 : Math.max(maximum, newByteSize);
      segment = map(arena, newByteSize);
      long oldByteSize = byteSize;
      MemorySegment.copy(kept, 0, segment, JAVA_BYTE, 0, kept.length);
      byteSize = newByteSize;
      if (newByteSize > oldByteSize) {
        grown(oldByteSize);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void checkRange(long offset, long length) {
    if (!flawed(Flaw.RANGES_UNCHECKED)) {
      Objects.checkFromIndexSize(offset, length, byteSize);
    }
  }

  @Override
  public void rename(String newName) throws MemoryException {
    try (Access access = acquire()) {
      provider.require(Capability.NAMED);
      String old = name;
      boolean stores =
          traits.access() == AccessMode.READ_WRITE && traits.sharing() != Sharing.PRIVATE;
      if (old == null || !stores || !access.segment().scope().isAlive()) {
        throw new IllegalStateException("it has no name, or is not open for writing");
      }
      if (detached().isPresent()) {
        throw MemoryException.of("rename", old, "its file was deleted", "copy it");
      }
      provider.rename(file, old, RegionNames.check(newName));
      name = newName;
    } catch (MemoryException e) {
      throw e;
    } catch (IOException e) {
      throw MemoryException.of("rename", -1, toString(), "failed", 0, "", e);
    }
  }

  @Override
  public void close() {
    if (closed.get()) {
      if (flawed(Flaw.CLOSE_COUNTS_TWICE)) {
        provider.closed(this);
      }
      return;
    }
    gate.aloneAtLast(provider.settings().sectionTimeout(), this::giveBack);
  }

  private void giveBack() {
    if (closed.get()) {
      return;
    }
    endSections();
    if (checkpoints != null) {
      checkpoints.leave(this);
    }
    if (traits.name() == null) {
      provider.givingBack(this, segment);
    }
    closed.set(flawed(Flaw.CLOSE_IN_USE_LEAKS));
    if (!flawed(Flaw.USABLE_AFTER_CLOSE) && !flawed(Flaw.MAPPING_LEAK)) {
      closeArena();
    }
    closed.set(true);
    try {
      file.close();
      if (traits.name() == null && !flawed(Flaw.UNNAMED_FILE_LEFT)) {
        Files.deleteIfExists(file.path());
      }
      provider.closed(this);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void closeArena() {
    long deadline = System.nanoTime() + provider.settings().sectionTimeout().toNanos();
    while (true) {
      try {
        arena.close();
        return;
      } catch (IllegalStateException inUse) {
        if (System.nanoTime() - deadline > 0) {
          throw new IllegalStateException("a channel or native call uses its segment", inUse);
        }
        Thread.onSpinWait();
      }
    }
  }

  private static final class Section implements Access {
    private final ReferenceRegion region;
    private final Thread owner;
    private final MemorySegment segment;
    private final @Nullable Arena own;
    private boolean closed;

    Section(ReferenceRegion region, Thread owner, MemorySegment segment, @Nullable Arena own) {
      this.region = region;
      this.owner = owner;
      this.segment = segment;
      this.own = own;
    }

    @Override
    public MemorySegment segment() {
      return segment;
    }

    @Override
    public void close() {
      boolean mine = Thread.currentThread().equals(owner);
      if (!mine && region.flawed(Flaw.SECTION_CLOSED_ANYWHERE)) {
        return;
      }
      if (closed && region.flawed(Flaw.SECTION_CLOSED_TWICE)) {
        region.gate.exit();
        return;
      }
      if (own != null && !mine && region.flawed(Flaw.REFUSED_CLOSE_ENDS)) {
        region.endSection(own);
      }
      if (!mine || closed) {
        throw new IllegalStateException("section of " + owner + " closed twice or elsewhere");
      }
      closed = true;
      boolean ended = own == null || region.endSection(own);
      region.gate.exit();
      if (!ended) {
        throw new IllegalStateException("a channel uses the segment of the section");
      }
    }
  }
}
