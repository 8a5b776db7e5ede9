/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.Advice;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.Punch;
import org.dmalloc.api.Reservation;
import org.dmalloc.api.Residency;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SnapshotOrigin;
import org.dmalloc.api.SwapPolicy;
import org.dmalloc.api.backing.DirtyTracking;
import org.dmalloc.api.backing.StoreMove;
import org.dmalloc.spi.region.BackedRegion;
import org.dmalloc.spi.region.MovableFile;
import org.dmalloc.spi.region.RegionBacking;
import org.dmalloc.spi.region.RegionTraits;
import org.dmalloc.spi.region.ResidentTrimmer;
import org.dmalloc.spi.region.SectionGate;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.dmalloc.testkit.memory.InMemoryStore.StoredBytes;
import org.jspecify.annotations.Nullable;

/**
 * Memory of an arena of its own. Of a named region, it is a copy of the file's bytes, as a mapping
 * would show them; force and close write them back, or its checkpoints alone do.
 */
final class InMemoryBacking implements RegionBacking, MovableFile {
  private static final long PAGE = 4096;
  private static final long LARGEST = 4L << 30;

  private final Faults faults;
  private final RegionTraits traits;
  private final @Nullable InMemoryStore store;
  private final @Nullable StoredBytes file;
  private Arena arena = Arena.ofShared();
  private MemorySegment room;
  private MemorySegment segment;
  private volatile boolean published;
  private volatile @Nullable String name;
  private volatile boolean locked;
  private volatile boolean holes;

  /** Of a region that is checkpointed, what its file gets with the next one. */
  private volatile long nextLength;

  /** What is in RAM at most: less once pages were paged out, or trimmed for a budget. */
  private volatile long residentBytes = Long.MAX_VALUE;

  private InMemoryBacking(
      Faults faults,
      RegionTraits traits,
      long byteSize,
      @Nullable InMemoryStore store,
      @Nullable StoredBytes file) {
    this.faults = faults;
    this.traits = traits;
    this.store = store;
    this.file = file;
    this.name = traits.name();
    this.locked = traits.locked() || traits.policies().contains(SwapPolicy.NEVER);
    this.room = arena.allocate(Math.max(byteSize, traits.maximum()), PAGE);
    MemorySegment memory = room.asSlice(0, byteSize);
    if (file != null) {
      memory.copyFrom(file.content);
      nextLength = file.ownLength;
    }
    this.segment = traits.access() == AccessMode.READ_ONLY ? memory.asReadOnly() : memory;
  }

  /** Zeros without a name. */
  static InMemoryBacking unnamed(Faults faults, RegionTraits traits, long byteSize) {
    return new InMemoryBacking(faults, traits, byteSize, null, null);
  }

  /** What a file has; published if it has its name already. */
  static InMemoryBacking named(
      Faults faults,
      RegionTraits traits,
      InMemoryStore store,
      StoredBytes file,
      boolean published) {
    InMemoryBacking backing =
        new InMemoryBacking(faults, traits, file.content.byteSize(), store, file);
    backing.published = published;
    return backing;
  }

  /** Refuses what a test has no use for, before it takes the machine's memory. */
  static void checkSize(String operation, String target, long byteSize) throws MemoryException {
    if (byteSize > LARGEST) {
      throw MemoryException.of(
          operation, byteSize, target, "ENOMEM", 12, "give at most " + LARGEST + " bytes", null);
    }
  }

  private InMemoryStore store() {
    return Objects.requireNonNull(store);
  }

  private StoredBytes movable() {
    return Objects.requireNonNull(file);
  }

  /** Its group, unless it is a view of a region that takes no part. */
  private @Nullable InMemoryCheckpoints group() {
    boolean stores =
        traits.access() == AccessMode.READ_WRITE && traits.sharing() != Sharing.PRIVATE;
    return file == null || !stores ? null : file.checkpoints;
  }

  /** Makes the region, which there is this memory for now, a member of its group, if it has one. */
  void join(BackedRegion region, long sectionTimeoutNanos) {
    InMemoryCheckpoints group = group();
    if (group != null) {
      group.join(this, region, movable(), faults, traits.checkpoints(), sectionTimeoutNanos);
    }
  }

  @Override
  public @Nullable SectionGate gate() {
    InMemoryCheckpoints group = group();
    return group == null ? null : group.gate();
  }

  @Override
  public @Nullable CheckpointGroup checkpoints() {
    return group();
  }

  @Override
  public void apart(boolean ends, Action work) throws MemoryException {
    InMemoryCheckpoints group = group();
    if (group == null) {
      work.run();
    } else {
      group.apart(work);
    }
  }

  @Override
  public @Nullable MemoryException keepLast() {
    InMemoryCheckpoints group = group();
    try {
      if (group != null) {
        group.keepLast();
      }
      return null;
    } catch (MemoryException e) {
      return e;
    }
  }

  @Override
  public MemorySegment segment() {
    return segment;
  }

  @Override
  public Optional<String> detached() {
    String now = name;
    return store == null || file == null || now == null || !published
        ? Optional.empty()
        : store.fate(now, file);
  }

  @Override
  public void force(long offset, long length) throws MemoryException {
    faults.called("force");
    if (file != null && length > 0 && !segment.isReadOnly()) {
      MemorySegment.copy(segment, offset, file.content, offset, length);
    }
  }

  @Override
  public void forced() throws MemoryException {
    Optional<String> fate = detached();
    if (fate.isPresent()) {
      throw MemoryException.of(
          "force", Objects.toString(name), fate.get(), "copy it to another region");
    }
  }

  @Override
  public void advise(Advice advice, long offset, long length) throws MemoryException {
    faults.called("advise " + advice);
    residentBytes = advice == Advice.PAGE_OUT ? 0 : Long.MAX_VALUE;
  }

  @Override
  public void prefetch(long[] offsets, long length) throws MemoryException {
    faults.called("prefetch " + offsets.length);
  }

  @Override
  public void release(long offset, long length) throws MemoryException {
    faults.called("release " + length);
  }

  @Override
  public void punch(long offset, long length, Punch space) throws MemoryException {
    faults.called("punch " + length);
    segment.asSlice(offset, length).fill((byte) 0);
    if (traits.reservation() == Reservation.RESERVED && space == Punch.RELEASE) {
      holes = true;
    }
  }

  @Override
  public void reserve(long offset, long length) throws MemoryException {
    faults.called("reserve " + length);
    if (length == segment.byteSize()) {
      holes = false;
    }
  }

  @Override
  public boolean hasHoles() {
    return holes;
  }

  private static long pages(long bytes) {
    return (bytes + PAGE - 1) / PAGE * PAGE;
  }

  @Override
  public Residency residency(long offset, long length) {
    long bytes = pages(offset + length) - offset / PAGE * PAGE;
    long held = Math.min(bytes, residentBytes);
    return new Residency(
        bytes,
        held,
        held,
        Residency.UNKNOWN,
        Residency.UNKNOWN,
        Residency.UNKNOWN,
        locked ? held : 0,
        "counted by the provider");
  }

  @Override
  public ResidentTrimmer limitResident(long budgetBytes) throws MemoryException {
    faults.called("limitResident");
    return new ResidentTrimmer() {
      @Override
      public long residentBytes() {
        return Math.min(pages(segment.byteSize()), residentBytes);
      }

      @Override
      public void begin(long excessBytes, long aheadBytes, long graceNanos) {
        residentBytes = (residentBytes() - excessBytes) / PAGE * PAGE;
      }

      @Override
      public long step() {
        return DONE;
      }
    };
  }

  @Override
  public void apply(SwapPolicy policy) throws MemoryException {
    faults.called("apply " + policy);
    locked = policy == SwapPolicy.NEVER || (locked && !policy.conflictsWith(SwapPolicy.NEVER));
  }

  @Override
  public void load(long offset, MemorySegment content) throws MemoryException {
    faults.called("load " + content.byteSize());
    RegionBacking.super.load(offset, content);
  }

  @Override
  public DirtyTracking trackDirty() throws MemoryException {
    faults.called("trackDirty");
    return new ShadowTracking(() -> segment);
  }

  @Override
  public void grow(long newByteSize, ProgressListener progress) throws MemoryException {
    faults.called("grow");
    resizeFile(newByteSize);
    segment = room.asSlice(0, newByteSize);
  }

  @Override
  public void resize(long newByteSize, ProgressListener progress) throws MemoryException {
    faults.called("resize");
    checkSize("resize", Objects.toString(traits.name(), ""), newByteSize);
    Arena next = Arena.ofShared();
    MemorySegment memory = next.allocate(Math.max(newByteSize, traits.maximum()), PAGE);
    MemorySegment.copy(segment, 0, memory, 0, Math.min(newByteSize, segment.byteSize()));
    resizeFile(newByteSize);
    arena.close();
    arena = next;
    room = memory;
    boolean cuts = newByteSize < segment.byteSize();
    segment = memory.asSlice(0, newByteSize);
    InMemoryCheckpoints group = group();
    if (group != null && cuts) {
      nextLength = Math.min(nextLength, newByteSize);
      group.keepCut();
    }
  }

  private void resizeFile(long newByteSize) {
    if (file != null && group() == null) {
      MemorySegment stored = Arena.ofAuto().allocate(newByteSize, Long.BYTES);
      long kept = Math.min(newByteSize, file.content.byteSize());
      MemorySegment.copy(file.content, 0, stored, 0, kept);
      file.content = stored;
      file.ownLength = Math.min(file.ownLength, newByteSize);
    }
  }

  @Override
  public long ownLength() {
    return file == null ? NO_LENGTH : group() == null ? file.ownLength : nextLength;
  }

  @Override
  public void keepLength(long length) {
    nextLength = length;
    if (file != null && group() == null) {
      file.ownLength = length;
    }
  }

  @Override
  public void rename(String newName, Renamed renamed) throws MemoryException {
    faults.called("rename");
    store().rename(Objects.requireNonNull(name), newName, movable());
    name = newName;
    renamed.to(newName, store().path(newName));
  }

  @Override
  public void unmap() {
    faults.calledUnchecked("close");
    boolean written = traits.sharing() != Sharing.PRIVATE && !segment.isReadOnly();
    if (file != null && written && group() == null) {
      file.content.copyFrom(segment);
    }
    arena.close();
  }

  @Override
  public void close() {
    InMemoryCheckpoints group = group();
    if (group != null) {
      group.leave(this);
    }
    if (file != null) {
      file.open = false;
    }
  }

  @Override
  public void delete() {
    close();
    store().discard(movable());
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
    store().noteLeaving(move.from(), true);
  }

  @Override
  public void publish() throws MemoryException {
    store().publish("publish", Objects.requireNonNull(name), movable());
    published = true;
  }

  @Override
  public void publishSnapshot(SnapshotOrigin origin) throws MemoryException {
    movable().snapshot = origin;
    store().publish("snapshot", Objects.requireNonNull(name), movable());
    published = true;
  }

  @Override
  public void endMove() {
    Path path = traits.path();
    if (path != null) {
      store().noteLeaving(path, false);
    }
  }

  /** Compares with a copy of its own, which it brings up to date before it tells. */
  private static final class ShadowTracking implements DirtyTracking {
    private final Supplier<MemorySegment> memory;
    private final MemorySegment first;
    private MemorySegment shadow;

    ShadowTracking(Supplier<MemorySegment> memory) {
      this.memory = memory;
      this.first = memory.get();
      this.shadow = copyOf(first);
    }

    private static MemorySegment copyOf(MemorySegment source) {
      return Arena.ofAuto().allocate(source.byteSize(), Long.BYTES).copyFrom(source);
    }

    @Override
    public void collect(Visitor visitor) throws MemoryException {
      if (!first.scope().isAlive()) {
        throw new IllegalStateException("tracking has ended");
      }
      MemorySegment source = memory.get();
      long known = shadow.byteSize();
      for (long at = 0; at < known; at += PAGE) {
        long end = Math.min(at + PAGE, known);
        if (MemorySegment.mismatch(source, at, end, shadow, at, end) >= 0) {
          MemorySegment.copy(source, at, shadow, at, end - at);
          visitor.written(at, end - at);
        }
      }
      if (source.byteSize() > known) { // it has grown
        shadow = copyOf(source);
        visitor.written(known, source.byteSize() - known);
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
