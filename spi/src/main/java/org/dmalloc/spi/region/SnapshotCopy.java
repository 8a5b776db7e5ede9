/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.Optional;
import org.dmalloc.api.AccessMode;
import org.dmalloc.api.BusErrors;
import org.dmalloc.api.Capability;
import org.dmalloc.api.Durability;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryProvider;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.SnapshotMethod;
import org.dmalloc.api.SnapshotOrigin;
import org.dmalloc.api.SnapshotRequest;
import org.dmalloc.api.SnapshotResult;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.jspecify.annotations.Nullable;

/**
 * Makes a snapshot of a region, by the way that fits: its file's blocks are shared where the file
 * system has that, and else it is copied, as a move copies it ({@link PreCopy}). The cut is made
 * with the gate shut; the device is waited for with it open again.
 *
 * <p><b>Sharing blocks.</b> A store to a shared block takes a new one, which a full disk does not
 * have: so a region whose space is reserved is copied, always. What is stored to a sparse one meets
 * a full disk anyway.
 *
 * <p>The way of a checkpointed region, whose file has what its last checkpoint had, is {@link
 * CheckpointedSnapshot}; here one is copied whose backend does not tell what was stored since.
 */
public final class SnapshotCopy {
  /** As the moves' default: an attempt holds new sections up for so long. */
  static final long SECTION_TIMEOUT_NANOS = 100_000_000;

  static final int ATTEMPTS = 5;

  /** Copied at once with the gate shut: in less time than tracking takes to start. */
  private static final long SMALL_BYTES = 256 << 10;

  /** A region whose snapshot is made, which neither moves nor closes meanwhile. */
  public interface Subject extends PreCopy.Source {
    /** The region that users see. */
    MemoryRegion region();

    /** Its backend's region, whose bytes it has. */
    MemoryRegion backing();

    SectionGate gate();

    /** Whether this thread has a section open at the gate for the snapshot. */
    boolean besideOwn();

    /** Throws if its raw segment was handed out. */
    void requireUnpinned();

    /** Why the snapshot is to be given up, in words; null to go on. */
    @Nullable String givesWay();
  }

  private final Subject subject;
  private final SnapshotRequest request;
  private final SnapshotTarget target;
  private final MemorySegment from;
  private final SnapshotGuide guide;
  private final long startNanos = System.nanoTime();

  private SnapshotMethod method = SnapshotMethod.PAUSED_COPY;
  private String tracking = "";
  private Instant takenAt = Instant.EPOCH;
  private long copiedBytes;
  private int passes;
  private long pauseNanos;

  private SnapshotCopy(
      Subject subject, SnapshotRequest request, SnapshotTarget target, MemorySegment from) {
    this.subject = subject;
    this.request = request;
    this.target = target;
    this.from = from;
    this.guide =
        new SnapshotGuide(
            subject.region(), target.path(), request.progress(), from::byteSize, this::giveWay);
  }

  /**
   * Makes a snapshot; whatever fails, nothing is left of it.
   *
   * @param own the provider that the region lies on; null if it is not known
   */
  public static SnapshotResult make(
      Subject subject, SnapshotRequest request, @Nullable MemoryProvider own)
      throws MemoryException {
    if (subject.backing() instanceof BackedRegion backed) {
      backed.requireWhole("snapshot");
    }
    RegionInfo info = subject.region().info();
    if (!readOnly(subject)) {
      subject.requireUnpinned();
    }
    requireBacked(subject.backing());
    bringToFile(subject.backing());
    MemorySegment from = subject.memory();
    SnapshotTarget target =
        SnapshotTarget.allocate(request, own, subject.backing(), from.byteSize());
    boolean done = false;
    try {
      SnapshotCopy copy = new SnapshotCopy(subject, request, target, from);
      copy.take();
      target.force();
      target.publish(new SnapshotOrigin(info.name(), copy.takenAt));
      done = true;
      long byteSize = target.memory().byteSize();
      target.close();
      return copy.result(byteSize);
    } finally {
      if (!done) {
        target.discard();
      }
    }
  }

  /** What a file has lost is not what was stored, though somebody may have made it longer since. */
  private static void requireBacked(MemoryRegion backing) throws MemoryException {
    if (backing.failure().isPresent()) {
      backing.verifyBacked();
    }
  }

  /** Nobody can store to it, here or elsewhere: whoever writes a file has it alone. */
  private static boolean readOnly(Subject subject) {
    return subject.region().info().access() == AccessMode.READ_ONLY;
  }

  /**
   * Has its file hold what its memory holds, where a write-back has failed: a copy of what could
   * not be written is not one of what was promised to be there.
   */
  private static void bringToFile(MemoryRegion backing) throws MemoryException {
    RegionInfo info = backing.info();
    if (info.writeBackFailure() != null && info.sharing() == Sharing.SHARED) {
      backing.force();
    }
  }

  private void take() throws MemoryException {
    try {
      if (readOnly(subject)) {
        takenAt = now();
        if (target.canShareBlocksOf(subject.backing()) && target.shareBlocksOf(subject.backing())) {
          method = SnapshotMethod.REFLINK;
        } else {
          method = SnapshotMethod.READ_ONLY_COPY;
          copyWhole(guide, request.bytesPerSecond());
        }
        target.takeLength(subject.backing());
      } else if (!shareBlocks()) {
        if (from.byteSize() <= SMALL_BYTES) {
          pauseNanos = pause(() -> copyWhole(PreCopy.UNATTENDED, Long.MAX_VALUE), guide::goOn);
        } else {
          copyBesideUsers();
        }
      }
      BusErrors.deliver();
    } catch (MemoryException | InternalError e) { // a system call tells of such a page by EFAULT
      try {
        requireBacked(subject.backing());
      } catch (MemoryException cut) {
        cut.addSuppressed(e);
        throw cut;
      }
      if (e instanceof InternalError error) { // without a disk block, here or in the snapshot
        throw guide.failed(
            "a page could not be read or written",
            "check the disk's space",
            BusErrors.require(error));
      }
      throw e;
    }
  }

  /** Returns false, and nothing is done, if that is not to be had. */
  private boolean shareBlocks() throws MemoryException {
    MemoryRegion backing = subject.backing();
    if (!target.canShareBlocksOf(backing)
        || backing.detached().isPresent()
        || backing.info().durability() == Durability.CHECKPOINT) {
      return false;
    }
    guide.goOn();
    if (backing.info().capabilities().contains(Capability.FORCE)) {
      backing.force(); // or users would wait for all that is changed and not written yet
    }
    boolean[] shared = new boolean[1];
    long nanos =
        pause(
            () -> {
              target.grow(subject.memory().byteSize());
              shared[0] = target.shareBlocksOf(backing);
            },
            guide::goOn);
    if (shared[0]) {
      method = SnapshotMethod.REFLINK;
      pauseNanos = nanos;
    }
    return shared[0];
  }

  /** The whole at once, of what nobody stores to meanwhile. */
  private void copyWhole(PreCopy.Guide attending, long bytesPerSecond) throws MemoryException {
    MemorySegment all = subject.memory();
    target.grow(all.byteSize());
    try (PreCopy copy = new PreCopy(subject, all, target, attending, bytesPerSecond)) {
      copy.copyAll();
      count(copy);
    }
  }

  private void copyBesideUsers() throws MemoryException {
    try (PreCopy copy = new PreCopy(subject, from, target, guide, request.bytesPerSecond())) {
      copy.track();
      tracking = copy.method();
      method = copy.compares() ? SnapshotMethod.COMPARED_COPY : SnapshotMethod.TRACKED_COPY;
      copy.copyAll();
      copy.passUntilSmall();
      target.force(); // or stores of the last pass may be held up until more is written
      copy.passUntilSmall();
      copy.settle();
      pauseNanos = pause(copy::copyLast, copy::passUntilSmall);
      count(copy);
    }
  }

  private void count(PreCopy copy) {
    copiedBytes = copy.copiedBytes();
    passes = copy.passes();
  }

  /** Makes the cut: what is stored later is not in the snapshot. */
  private long pause(Action cut, Action between) throws MemoryException {
    return new GatePause(
            subject.gate(),
            subject.besideOwn(),
            SECTION_TIMEOUT_NANOS,
            ATTEMPTS,
            guide::goOn,
            (reason, cause) -> guide.failed(reason, "try again when it is closed", cause))
        .run(
            () -> {
              subject.requireUnpinned();
              checkWritten();
              takenAt = now();
              cut.run();
              target.takeLength(subject.backing());
            },
            between);
  }

  /** In milliseconds, as the file keeps it. */
  static Instant now() {
    return Instant.ofEpochMilli(System.currentTimeMillis());
  }

  /** Throws if a write-back of the region has failed meanwhile. */
  private void checkWritten() throws MemoryException {
    RegionInfo info = subject.backing().info();
    String failure = info.writeBackFailure();
    if (failure != null && info.open() && info.sharing() == Sharing.SHARED) {
      throw guide.failed(
          failure, "free space or repair the device, force the region, and try again", null);
    }
  }

  private void giveWay(SnapshotGuide asked) throws MemoryException {
    if (subject.gate().hasEnded()) {
      throw new IllegalStateException("region is closed");
    }
    Optional<String> reason = Optional.ofNullable(subject.givesWay());
    if (reason.isPresent()) {
      throw asked.failed("gave way to " + reason.get(), "nothing was created; try again", null);
    }
  }

  private SnapshotResult result(long byteSize) {
    return new SnapshotResult(
        request.name(),
        target.path(),
        byteSize,
        takenAt,
        method,
        tracking,
        copiedBytes,
        passes,
        pauseNanos,
        System.nanoTime() - startNanos);
  }
}
