/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.backing.CarriedGroup;
import org.dmalloc.api.backing.CheckpointLog;
import org.dmalloc.api.backing.SealedCheckpoint;
import org.jspecify.annotations.Nullable;

/**
 * Copies a checkpointed region beside its users: its file, which has a checkpoint, then each
 * checkpoint that is made meanwhile, as a follower of the group; and in the end, between two
 * checkpoints and with the gate shut, what none has.
 *
 * <p>A piece of the file is read and stored, or a run of pages of a checkpoint is stored, never
 * both at a time. A checkpoint is shown after the file has got it. So a piece is as old as what was
 * shown last, or newer, and what is shown later makes it whole.
 *
 * <p><b>Threads.</b> One makes the copy; the group's own shows it checkpoints.
 */
public final class CheckpointedCopy implements CheckpointLog.Follower, AutoCloseable {
  private static final long PIECE_BYTES = 4L << 20;
  private static final long BLOCK_BYTES = 64 << 10;
  private static final MemorySegment ZEROS =
      MemorySegment.ofArray(new byte[(int) BLOCK_BYTES]).asReadOnly();
  private static final long LOOK_AGAIN_NANOS = 200_000;

  /** How long checkpoints wait for this copy at its end, if other followers are slow. */
  private static final long CATCH_UP_NANOS = 10_000_000_000L;

  /** Where it goes. */
  public interface Target {
    long byteSize();

    /** Makes it larger, with zeros, or smaller. */
    void resize(long byteSize) throws MemoryException;

    void load(long offset, MemorySegment content) throws MemoryException;
  }

  private final CarriedGroup group;
  private final MemoryRegion region;
  private final String name;
  private final Target target;
  private final CheckpointLog.Following following;

  /** The last one that the target has; guarded by this. */
  private long shown;

  /** Why no more come; guarded by this. */
  private @Nullable Throwable ended;

  private long copiedBytes;

  private CheckpointedCopy(CarriedGroup group, MemoryRegion region, Target target) {
    this.group = group;
    this.region = region;
    this.name = String.valueOf(region.info().name());
    this.target = target;
    long applied = group.status().applied();
    this.shown = applied;
    this.following = group.follow(applied, this);
  }

  /** Begins to follow the region's group. */
  public static CheckpointedCopy begin(CarriedGroup group, MemoryRegion region, Target target) {
    return new CheckpointedCopy(group, region, target);
  }

  @Override
  public void sealed(SealedCheckpoint checkpoint) throws MemoryException {
    synchronized (this) {
      for (SealedCheckpoint.Member member : checkpoint.members()) {
        if (member.region().equals(name) && member.byteSize() != target.byteSize()) {
          target.resize(member.byteSize());
        }
      }
      checkpoint.read((member, offset, content) -> take(member, offset, content));
      shown = checkpoint.number();
    }
  }

  @Override
  public synchronized void ended(Throwable reason) {
    ended = reason;
  }

  private void take(String member, long offset, ByteBuffer content) throws MemoryException {
    if (member.equals(name)) {
      long bytes = Math.min(content.remaining(), target.byteSize() - offset);
      if (bytes > 0) {
        load(offset, MemorySegment.ofBuffer(content).asSlice(0, bytes));
      }
    }
  }

  private void load(long offset, MemorySegment content) throws MemoryException {
    target.load(offset, content);
    copiedBytes += content.byteSize();
  }

  /**
   * Copies the file.
   *
   * @param guide told how far it is; what it throws ends the copy
   */
  public void copyFile(PreCopy.Guide guide, long bytesPerSecond) throws MemoryException {
    RateLimit rate = new RateLimit(bytesPerSecond);
    try (Arena arena = Arena.ofShared()) { // another thread may read into it
      MemorySegment piece = arena.allocate(PIECE_BYTES);
      for (long offset = 0; offset < region.byteSize(); offset += PIECE_BYTES) {
        long bytes = copyPiece(offset, piece);
        rate.spend(bytes, guide::goOn);
        guide.copied(Math.min(offset + PIECE_BYTES, region.byteSize()));
      }
    }
  }

  private synchronized long copyPiece(long offset, MemorySegment piece) throws MemoryException {
    requireFollowed();
    long bytes = Math.min(PIECE_BYTES, Math.min(region.byteSize(), target.byteSize()) - offset);
    if (bytes <= 0) {
      return 0;
    }
    MemorySegment content = piece.asSlice(0, bytes);
    group.readApplied(name, offset, content);
    for (long at = 0; at < bytes; at += BLOCK_BYTES) {
      MemorySegment block = content.asSlice(at, Math.min(BLOCK_BYTES, bytes - at));
      // Of zeros that replace something a checkpoint tells that is shown later.
      if (block.mismatch(ZEROS.asSlice(0, block.byteSize())) >= 0) {
        load(offset + at, block);
      }
    }
    return bytes;
  }

  private synchronized void requireFollowed() throws MemoryException {
    Throwable reason = ended;
    if (reason instanceof MemoryException failure) {
      throw failure;
    }
    if (reason != null) {
      throw new IllegalStateException(reason.getMessage(), reason);
    }
  }

  private synchronized boolean hasAll() throws MemoryException {
    requireFollowed();
    return shown >= group.status().number();
  }

  /** Waits until the target has all checkpoints that there are. */
  public void catchUp(PreCopy.Guide guide) throws MemoryException {
    while (!hasAll()) {
      guide.goOn();
      LockSupport.parkNanos(this, LOOK_AGAIN_NANOS);
    }
  }

  /** The same between two checkpoints, for which others wait. */
  public void catchUpBetween() throws MemoryException {
    group.awaitApplied();
    long start = System.nanoTime();
    while (!hasAll()) {
      if (System.nanoTime() - start > CATCH_UP_NANOS) {
        throw MemoryException.of(
            "copy",
            name,
            "those who keep the checkpoints of its group are too slow",
            "try again when they have the last one");
      }
      LockSupport.parkNanos(this, LOOK_AGAIN_NANOS);
    }
  }

  /** Copies what no checkpoint has. Between two checkpoints, with the gate shut. */
  synchronized void copyUnsaved() throws MemoryException {
    long byteSize = region.byteSize();
    if (byteSize != target.byteSize()) {
      target.resize(byteSize);
    }
    group.unsaved(name, this::take);
  }

  public synchronized long copiedBytes() {
    return copiedBytes;
  }

  @Override
  public void close() {
    following.close();
  }
}
