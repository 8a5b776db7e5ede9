/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.lang.foreign.MemorySegment;
import java.time.Instant;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.SnapshotMethod;
import org.dmalloc.api.SnapshotOrigin;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.SnapshotResult;
import org.dmalloc.api.backing.CarriedGroup;
import org.jspecify.annotations.Nullable;

/**
 * Makes a snapshot of a checkpointed region as it is now: of what its file has, which is shared
 * where the file system has that and else copied beside the users ({@link CheckpointedCopy}), and
 * of what was stored since the last checkpoint, which is copied with the gate shut.
 *
 * <p>It makes no checkpoint. It has no section open while it copies, as other snapshots have, since
 * no checkpoint could be made then: a close of the region does not wait, and ends it.
 */
final class CheckpointedSnapshot implements CheckpointedCopy.Target {
  private final BackedRegion region;
  private final CarriedGroup group;
  private final SectionGate gate;
  private final SnapshotRequest request;
  private final SnapshotTarget target;
  private final SnapshotGuide guide;
  private final long startNanos = System.nanoTime();

  private SnapshotMethod method = SnapshotMethod.CHECKPOINT_COPY;
  private Instant takenAt = Instant.EPOCH;
  private long byteSize;
  private long copiedBytes;
  private long pauseNanos;

  private CheckpointedSnapshot(
      BackedRegion region,
      CarriedGroup group,
      SectionGate gate,
      SnapshotRequest request,
      SnapshotTarget target) {
    this.region = region;
    this.group = group;
    this.gate = gate;
    this.request = request;
    this.target = target;
    this.byteSize = target.memory().byteSize();
    this.guide =
        new SnapshotGuide(
            region, target.path(), request.progress(), region::byteSize, this::checkOpen);
  }

  /** Makes one; whatever fails, nothing is left of it. */
  static SnapshotResult make(
      BackedRegion region,
      CarriedGroup group,
      SectionGate gate,
      SnapshotRequest request,
      @Nullable MemoryProvider own)
      throws MemoryException {
    SnapshotTarget target = SnapshotTarget.allocate(request, own, region, region.byteSize());
    boolean done = false;
    try {
      CheckpointedSnapshot snapshot =
          new CheckpointedSnapshot(region, group, gate, request, target);
      if (!snapshot.shareBlocks()) {
        snapshot.copy();
      }
      target.force();
      region.requireBacked("snapshot");
      target.publish(new SnapshotOrigin(region.info().name(), snapshot.takenAt));
      done = true;
      target.close();
      return snapshot.result();
    } finally {
      if (!done) {
        target.discard();
      }
    }
  }

  /** Returns false, and nothing is done, if that is not to be had. */
  private boolean shareBlocks() throws MemoryException {
    if (!target.canShareBlocksOf(region) || region.detached().isPresent()) {
      return false;
    }
    guide.goOn();
    boolean[] shared = new boolean[1];
    group.betweenCheckpoints(
        () -> {
          group.awaitApplied();
          pauseNanos =
              pause(
                  () -> {
                    resize(region.byteSize());
                    shared[0] = target.shareBlocksOf(region);
                    if (shared[0]) {
                      group.unsaved(
                          String.valueOf(region.info().name()),
                          (name, offset, content) -> add(offset, MemorySegment.ofBuffer(content)));
                    }
                  });
        });
    if (shared[0]) {
      method = SnapshotMethod.REFLINK;
    }
    return shared[0];
  }

  private void add(long offset, MemorySegment pages) throws MemoryException {
    long bytes = Math.min(pages.byteSize(), byteSize - offset); // the last page may end behind it
    if (bytes > 0) {
      target.load(offset, pages.asSlice(0, bytes));
      copiedBytes += bytes;
    }
  }

  private void copy() throws MemoryException {
    try (CheckpointedCopy copy = CheckpointedCopy.begin(group, region, this)) {
      copy.copyFile(guide, request.bytesPerSecond());
      target.force(); // or the kernel may hold the stores up that users wait for
      copy.catchUp(guide);
      group.betweenCheckpoints(
          () -> {
            copy.catchUpBetween();
            pauseNanos = pause(copy::copyUnsaved);
          });
      copiedBytes = copy.copiedBytes();
    }
  }

  /** Makes the cut: what is stored later is not in the snapshot. */
  private long pause(Uninterrupted.Action cut) throws MemoryException {
    return new GatePause(
            gate,
            false,
            SnapshotCopy.SECTION_TIMEOUT_NANOS,
            SnapshotCopy.ATTEMPTS,
            guide::goOn,
            (reason, cause) -> guide.failed(reason, "try again when it is closed", cause))
        .run(
            () -> {
              if (region.hasEnded()) {
                throw new IllegalStateException("region is closed");
              }
              takenAt = SnapshotCopy.now();
              cut.run();
              target.takeLength(region);
            },
            () -> {});
  }

  @Override
  public long byteSize() {
    return byteSize;
  }

  @Override
  public void resize(long newByteSize) throws MemoryException {
    if (newByteSize != byteSize) {
      target.resize(newByteSize);
      byteSize = newByteSize;
    }
  }

  @Override
  public void load(long offset, MemorySegment content) throws MemoryException {
    target.load(offset, content);
  }

  private void checkOpen(SnapshotGuide asked) throws MemoryException {
    if (region.hasEnded()) {
      throw asked.failed("gave way to a close", "nothing was created", null);
    }
  }

  private SnapshotResult result() {
    return new SnapshotResult(
        request.name(),
        target.path(),
        byteSize,
        takenAt,
        method,
        "",
        copiedBytes,
        1,
        pauseNanos,
        System.nanoTime() - startNanos);
  }
}
