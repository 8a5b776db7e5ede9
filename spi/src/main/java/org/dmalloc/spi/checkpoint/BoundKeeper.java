/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.checkpoint;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.spi.machine.KernelFiles;
import org.dmalloc.spi.machine.ProcessMemory;
import org.dmalloc.spi.region.Uninterrupted;
import org.jspecify.annotations.Nullable;

/**
 * Counts the private bytes of a group, keeps them within the bound, and makes automatic
 * checkpoints; one thread for each open group.
 *
 * <p>To count takes a walk through the page table of all regions. So it is done when the process
 * has got more anonymous memory, which is one line of a file of the kernel, or some time has gone
 * by; and no more than a twentieth of the time.
 */
final class BoundKeeper {
  private static final Logger LOG = System.getLogger(BoundKeeper.class.getName());
  private static final long TICK_NANOS = 20_000_000;
  private static final long LONGEST_NANOS = 1_000_000_000;
  private static final int SHARE_OF_TIME = 20;

  /** How often the bound a section may take before it is cut off. */
  private static final int FAR_BEYOND = 2;

  private final CheckpointEngine engine;
  private final KernelFiles kernel = KernelFiles.ofThisMachine();
  private final CountDownLatch end = new CountDownLatch(1);
  private @Nullable Thread thread;

  private volatile long privateBytes;
  private volatile @Nullable String refusal;

  // Of the thread alone.
  private long anonymousBytes;
  private long countedAt;
  private long countTook;
  private long unchangedSince = System.nanoTime();

  BoundKeeper(CheckpointEngine engine) {
    this.engine = engine;
  }

  /** Waits without minding interrupts. */
  static void pause(long nanos) {
    long deadline = System.nanoTime() + nanos;
    boolean interrupted = false;
    for (long left = nanos; left > 0; left = deadline - System.nanoTime()) {
      LockSupport.parkNanos(BoundKeeper.class, left);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  synchronized void start() {
    if (thread == null && !isEnded()) {
      thread =
          Thread.ofPlatform().daemon().name("dmalloc bound of " + engine.name()).start(this::run);
    }
  }

  void end() {
    end.countDown();
  }

  long privateBytes() {
    return privateBytes;
  }

  /** Why sections are refused, in words; null if they are not. */
  @Nullable String refusal() {
    return refusal;
  }

  private boolean awaitTick() {
    return !Uninterrupted.await(() -> end.await(TICK_NANOS, NANOSECONDS));
  }

  private void run() {
    while (awaitTick()) {
      try {
        tick();
      } catch (MemoryException | RuntimeException e) {
        LOG.log(Level.WARNING, "checkpoints of {0}: {1}", engine.name(), e.getMessage());
        pause(LONGEST_NANOS);
      }
    }
  }

  private void tick() throws MemoryException {
    long now = System.nanoTime();
    long since = now - countedAt;
    if (since < SHARE_OF_TIME * countTook) {
      return;
    }
    long anonymous = ProcessMemory.anonymousBytes(kernel);
    boolean grew = anonymous - anonymousBytes > Math.max(1 << 20, engine.bound / 64);
    if (!grew && since < LONGEST_NANOS) {
      return;
    }
    anonymousBytes = anonymous;
    long bytes = count();
    countTook = System.nanoTime() - now;
    countedAt = System.nanoTime();
    privateBytes = bytes;
    if (bytes >= engine.bound) {
      if (!relieve() && bytes >= FAR_BEYOND * engine.bound) {
        engine.cutOff(bytes);
      }
    } else if (refusal != null) {
      admit();
    } else if (isDue(bytes)) {
      automatic();
    }
  }

  /** Has sections begin again that were refused at the bound. */
  void admit() {
    if (refusal != null && !engine.isBroken()) {
      refusal = null;
      engine.gate.allow();
    }
  }

  /** Cuts sections off that go far beyond the bound; called by who waits for them. */
  void watchHolders() throws MemoryException {
    long bytes = 0;
    for (Member member : engine.members()) {
      bytes += member.changedBytes();
    }
    if (bytes >= FAR_BEYOND * engine.bound) {
      engine.cutOff(bytes);
    }
  }

  /** All that is private; of changed pages alone while a cut waits for a section to end. */
  private long count() throws MemoryException {
    boolean exact = engine.pages.tryLock();
    try {
      long bytes = 0;
      for (Member member : engine.members()) {
        bytes += exact ? member.privateBytes() : member.changedBytes();
      }
      return bytes;
    } catch (IllegalStateException e) {
      return privateBytes; // a member has just ended
    } finally {
      if (exact) {
        engine.pages.unlock();
      }
    }
  }

  private boolean isDue(long bytes) {
    long now = System.nanoTime();
    if (bytes == 0) {
      unchangedSince = now;
      return false;
    }
    long every = engine.options.every().toNanos();
    long changed = engine.options.changedBytes();
    return (every > 0 && now - unchangedSince >= every) || (changed > 0 && bytes >= changed);
  }

  private void automatic() throws MemoryException {
    engine.turn.lock();
    try {
      if (!engine.isBroken() && !isEnded()) {
        engine.make(ProgressListener.NONE);
        unchangedSince = System.nanoTime();
      }
    } finally {
      engine.turn.unlock();
    }
  }

  private boolean isEnded() {
    return end.getCount() == 0;
  }

  /**
   * Makes room: by an automatic checkpoint, for which sections wait; or by what the files have
   * already. Where neither helps, sections are refused.
   *
   * @return false if a section stays open
   */
  private boolean relieve() throws MemoryException {
    if (!engine.turn.tryLock()) {
      return true; // a checkpoint is being made, which watches the holders
    }
    try {
      if (engine.isBroken() || isEnded()) {
        return true;
      }
      boolean[] full = {false};
      long stop =
          engine.whileShutAndWhole(
              true,
              () -> {
                engine.relieveShut();
                privateBytes = count();
                full[0] = privateBytes >= engine.bound;
              });
      if (full[0]) {
        MemoryException reason = engine.full(privateBytes);
        refusal = reason.getMessage();
        engine.gate.refuse(() -> new UncheckedIOException(reason.getMessage(), reason));
      }
      return stop >= 0;
    } finally {
      engine.turn.unlock();
    }
  }
}
