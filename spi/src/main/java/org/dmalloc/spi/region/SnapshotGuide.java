/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.nio.file.Path;
import java.util.function.LongSupplier;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.jspecify.annotations.Nullable;

/** Tells how far the copy for a snapshot is, and gives it up when that is asked for. */
final class SnapshotGuide implements PreCopy.Guide {
  private final MemoryRegion region;
  private final Path target;
  private final ProgressListener progress;
  private final LongSupplier byteSize;
  private final Check check;

  /** Throws if the region gives way to something else. */
  @FunctionalInterface
  interface Check {
    void goOn(SnapshotGuide guide) throws MemoryException;
  }

  /**
   * Guides the copy of a region.
   *
   * @param region the one that users see
   * @param byteSize how many bytes the copy is to have
   */
  SnapshotGuide(
      MemoryRegion region,
      Path target,
      ProgressListener progress,
      LongSupplier byteSize,
      Check check) {
    this.region = region;
    this.target = target;
    this.progress = progress;
    this.byteSize = byteSize;
    this.check = check;
  }

  @Override
  public void goOn() throws MemoryException {
    if (Thread.currentThread().isInterrupted()) {
      throw failed("cancelled by an interrupt", "nothing was created", null);
    }
    check.goOn(this);
  }

  @Override
  public void copied(long offset) throws MemoryException {
    try {
      progress.progressed(offset, byteSize.getAsLong());
    } catch (RuntimeException e) {
      throw failed("cancelled by its progress listener: " + e.getMessage(), "", e);
    }
    goOn();
  }

  /** What is thrown when there is to be no snapshot. */
  MemoryException failed(String reason, String nextStep, @Nullable Throwable cause) {
    return MemoryException.of(
        "snapshot",
        byteSize.getAsLong(),
        region + " to " + target,
        reason,
        MemoryException.NO_ERRNO,
        nextStep,
        cause);
  }
}
