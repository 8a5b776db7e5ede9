/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.testkit.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import org.dmalloc.api.CheckpointGroup;
import org.dmalloc.api.CheckpointOptions;
import org.dmalloc.api.CheckpointStatus;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.spi.region.LongOperation;
import org.dmalloc.spi.region.SectionGate;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.dmalloc.testkit.memory.InMemoryStore.StoredBytes;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoints of a group in an {@link InMemoryStore}: what stands for the file of a region has
 * the bytes of the last one. It makes none by itself but at a close, and holds no bound.
 */
final class InMemoryCheckpoints implements CheckpointGroup {
  private static final long PAGE = 4096;
  private static final long DEFAULT_BOUND = 1L << 30;

  private final String name;
  private final ReentrantLock turn = new ReentrantLock(true);
  private final SectionGate gate = SectionGate.ofGroup();
  private final List<Member> members = new CopyOnWriteArrayList<>();

  private volatile CheckpointOptions options = CheckpointOptions.DEFAULT;
  private volatile long sectionTimeoutNanos;
  private volatile long number;
  private volatile Instant at = Instant.EPOCH;
  private volatile CheckpointStatus.@Nullable Cost last;
  private volatile @Nullable String failure;

  /** A region that is open. */
  private record Member(
      MemoryRegion region, InMemoryBacking memory, StoredBytes file, Faults faults) {}

  InMemoryCheckpoints(String name) {
    this.name = name;
  }

  SectionGate gate() {
    return gate;
  }

  /** Takes a region in that was opened; the first one says how the group is checkpointed. */
  void join(
      InMemoryBacking memory,
      MemoryRegion region,
      StoredBytes file,
      Faults faults,
      CheckpointOptions asked,
      long timeoutNanos) {
    if (members.isEmpty()) {
      options = asked;
      sectionTimeoutNanos = timeoutNanos;
    }
    members.add(new Member(region, memory, file, faults));
  }

  void leave(InMemoryBacking memory) {
    members.removeIf(member -> member.memory() == memory);
  }

  /** Runs what shuts the gate itself, apart from checkpoints. */
  void apart(Action work) throws MemoryException {
    turn.lock();
    try {
      work.run();
    } finally {
      turn.unlock();
    }
  }

  /** Keeps what was stored at the very last, if that is wanted; the gate is shut. */
  void keepLast() throws MemoryException {
    if (options.onClose()) {
      make(LongOperation.uninterruptible("checkpoint", name, -1), System.nanoTime(), false);
    }
  }

  /** Makes one for a size that is less; the gate is shut. */
  void keepCut() throws MemoryException {
    make(LongOperation.uninterruptible("checkpoint", name, -1), System.nanoTime(), false);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<MemoryRegion> regions() {
    return members.stream().map(Member::region).toList();
  }

  @Override
  public long checkpoint(ProgressListener progress) throws MemoryException {
    LongOperation operation =
        new LongOperation("checkpoint", name, -1, progress, "the last checkpoint stays");
    inTurn(() -> make(operation, System.nanoTime(), true));
    return number;
  }

  @Override
  public void discard() throws MemoryException {
    inTurn(
        () -> {
          for (Member member : members) {
            member.faults().called("discard");
          }
          gate.shut(sectionTimeoutNanos);
          try {
            members.forEach(InMemoryCheckpoints::reset);
            failure = null;
          } finally {
            gate.open();
          }
        });
  }

  private static void reset(Member member) {
    MemorySegment memory = member.memory().segment();
    MemorySegment kept = member.file().content;
    long common = Math.min(memory.byteSize(), kept.byteSize());
    MemorySegment.copy(kept, 0, memory, 0, common);
    memory.asSlice(common).fill((byte) 0);
  }

  private void inTurn(Action work) throws MemoryException {
    if (gate.heldByCaller()) {
      throw new IllegalStateException(
          "this thread has an access section open on " + name + "; close it first");
    }
    turn.lock();
    try {
      if (members.isEmpty()) {
        throw new IllegalStateException("region is closed");
      }
      work.run();
    } finally {
      turn.unlock();
    }
  }

  private void make(LongOperation operation, long start, boolean shuts) throws MemoryException {
    try {
      operation.checkNotInterrupted(0);
      for (Member member : members) {
        member.faults().called("checkpoint");
      }
      operation.report(0);
      operation.checkNotInterrupted(0);
      long shut = System.nanoTime();
      if (shuts) {
        gate.shut(sectionTimeoutNanos);
      }
      try {
        cut(start, shut);
      } finally {
        if (shuts) {
          gate.open();
        }
      }
      failure = null;
    } catch (MemoryException | RuntimeException e) {
      failure = e.getMessage();
      throw e;
    }
  }

  private void cut(long start, long shut) {
    long changed = changedBytes();
    if (changed == 0 && number > 0 && members.stream().noneMatch(InMemoryCheckpoints::hasNews)) {
      return;
    }
    for (Member member : members) {
      MemorySegment memory = member.memory().segment();
      member.file().content =
          Arena.ofAuto().allocate(memory.byteSize(), Long.BYTES).copyFrom(memory);
      member.file().ownLength = member.memory().ownLength();
    }
    long next = number + 1; // the turn is this thread's
    number = next;
    at = Instant.now();
    long now = System.nanoTime();
    last =
        new CheckpointStatus.Cost(
            changed,
            changed,
            Duration.ofNanos(now - shut),
            Duration.ofNanos(now - start),
            Duration.ZERO);
  }

  private static boolean hasNews(Member member) {
    StoredBytes file = member.file();
    return file.content.byteSize() != member.memory().segment().byteSize()
        || file.ownLength != member.memory().ownLength();
  }

  private long changedBytes() {
    long pages = 0;
    for (Member member : members) {
      MemorySegment memory = member.memory().segment();
      MemorySegment kept = member.file().content;
      for (long offset = 0; offset < memory.byteSize(); offset += PAGE) {
        long end = Math.min(offset + PAGE, memory.byteSize());
        boolean same =
            end <= kept.byteSize()
                ? MemorySegment.mismatch(memory, offset, end, kept, offset, end) < 0
                : isZero(memory.asSlice(offset, end - offset), kept, offset);
        pages += same ? 0 : 1;
      }
    }
    return pages * PAGE;
  }

  /** Whether a page that lies behind the end of what is kept, in part at least, is as it was. */
  private static boolean isZero(MemorySegment page, MemorySegment kept, long offset) {
    MemorySegment before = Arena.ofAuto().allocate(page.byteSize());
    long common = Math.clamp(kept.byteSize() - offset, 0, page.byteSize());
    MemorySegment.copy(kept, Math.min(offset, kept.byteSize()), before, 0, common);
    return page.mismatch(before) < 0;
  }

  @Override
  public void awaitApplied() {}

  @Override
  public CheckpointStatus status() {
    turn.lock();
    try {
      CheckpointStatus.Cost cost = last;
      return new CheckpointStatus(
          number,
          at,
          number,
          changedBytes(),
          options.privateBytes() == 0 ? DEFAULT_BOUND : options.privateBytes(),
          cost == null ? 0 : cost.writtenBytes(),
          cost,
          failure);
    } finally {
      turn.unlock();
    }
  }
}
