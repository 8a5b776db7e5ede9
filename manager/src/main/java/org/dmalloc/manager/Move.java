/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.manager;

import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionInfo;
import org.dmalloc.api.Sharing;
import org.dmalloc.api.move.MoveMethod;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.api.move.MoveResult;
import org.dmalloc.spi.region.Alone;
import org.dmalloc.spi.region.GatePause;
import org.dmalloc.spi.region.PreCopy;
import org.dmalloc.spi.region.Uninterrupted.Action;
import org.jspecify.annotations.Nullable;

/**
 * One move as it was asked for.
 *
 * @param moves told of each step
 * @param region what to move; its lock is held
 * @param source where it is
 * @param target where it is to go
 * @param yields whether it gives way to a close, resize or evacuation that waits; an evacuation
 *     does not
 * @param startNanos when it began
 */
record Move(
    Moves moves,
    ManagedRegion region,
    Placement source,
    Backend target,
    MoveOptions options,
    ProgressListener progress,
    boolean yields,
    long startNanos) {
  private static final System.Logger LOG = System.getLogger(Move.class.getName());

  void reached(Step step) throws MemoryException {
    moves.reached(region, step);
  }

  /** Like {@link #reached} once the move is done: a failure is logged and undoes nothing. */
  void reachedAfterwards(Step step) {
    try {
      reached(step);
    } catch (MemoryException | RuntimeException | InternalError e) {
      LOG.log(System.Logger.Level.WARNING, "after the move of " + region, e);
    }
  }

  /** Throws if the move was cancelled, or must give way to something that cannot wait. */
  void goOn() throws MemoryException {
    if (Thread.currentThread().isInterrupted()) {
      throw failed("cancelled by an interrupt", "nothing has changed", null);
    }
    if (yields && region.moving().mustGiveWay()) {
      throw failed("gave way to a close, resize or evacuation", "nothing has changed", null);
    }
  }

  /** Reports progress; a listener that throws cancels. */
  void report(long doneBytes) throws MemoryException {
    try {
      progress.progressed(doneBytes, region.byteSize());
    } catch (RuntimeException e) {
      throw failed("cancelled by its progress listener: " + e.getMessage(), "", e);
    }
  }

  /** What moves where, for messages. */
  String subject() {
    return region + " from " + source.backend().name() + " to " + target.name();
  }

  /** Does what must not happen while another process has the region open. */
  void alone(Action work) throws MemoryException {
    Alone.run(source.members(), "move", region.byteSize(), subject(), work);
  }

  MemoryException failed(String reason, String nextStep, @Nullable Throwable cause) {
    return MemoryException.of(
        "move", region.byteSize(), subject(), reason, MemoryException.NO_ERRNO, nextStep, cause);
  }

  /** Throws if the name of a stored region does not lead to its file any more. */
  void requireName() throws MemoryException {
    Optional<String> fate = source.region().detached();
    if (fate.isPresent()) {
      throw failed(
          fate.get(),
          "it stays on "
              + source.backend().name()
              + "; put the file back, or copy its content to another region",
          null);
    }
  }

  /** What a move that is done says of itself; see {@link MoveResult}. */
  MoveResult result(
      long copiedBytes, int passes, long pauseNanos, MoveMethod method, String tracking) {
    return new MoveResult(
        region.id(),
        source.backend().name(),
        target.name(),
        region.byteSize(),
        copiedBytes,
        passes,
        pauseNanos,
        System.nanoTime() - startNanos,
        method,
        tracking);
  }

  /**
   * Does the last step with the gate shut.
   *
   * @param shut the last step
   * @param between done before each further attempt, with the gate open
   * @return how long the gate was shut at the attempt that worked, waits for sections included
   * @throws MemoryException if a section stayed open through all attempts; the message names its
   *     owner
   */
  long withGateShut(Action shut, Action between) throws MemoryException {
    return new GatePause(
            region.gate(),
            false,
            options.sectionTimeout().toNanos(),
            options.attempts(),
            this::goOn,
            (reason, cause) ->
                failed(reason, "nothing has changed; the region is of " + region.owner(), cause))
        .run(
            () -> {
              region.checkMovable("move");
              reached(Step.SHUT);
              checkWritten();
              shut.run();
            },
            between);
  }

  /** Throws if a write-back of the source has failed while the move ran. */
  private void checkWritten() throws MemoryException {
    RegionInfo info = source.region().info();
    String failure = info.writeBackFailure();
    if (failure != null && info.open() && info.sharing() == Sharing.SHARED) {
      throw failed(
          failure, "free space or repair the device, force the region, and move it again", null);
    }
  }

  /** The source as it is copied. */
  PreCopy.Source from() {
    return new CopiedPlacement(source);
  }

  /** Follows the copy for the probe and the progress listener. */
  PreCopy.Guide guide() {
    return new PreCopy.Guide() {
      @Override
      public void goOn() throws MemoryException {
        Move.this.goOn();
      }

      @Override
      public void copied(long offset) throws MemoryException {
        reached(Step.COPYING);
        report(offset);
      }

      @Override
      public void passed() throws MemoryException {
        reached(Step.PASSED);
      }
    };
  }
}
