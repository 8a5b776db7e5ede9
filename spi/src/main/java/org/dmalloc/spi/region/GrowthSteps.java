/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import java.util.Locale;
import org.dmalloc.api.Autogrowth;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.RegionAttributes;
import org.dmalloc.api.RegionOptions;

/**
 * How {@link MemoryRegion#ensure} grows a region by itself: by half of its size, so that a region
 * that becomes large in small steps is resized a few times only; within the ceiling that its owner
 * named, and within its maximum as long as that suffices. Where the space for such a step cannot be
 * had, by no more than is asked.
 */
public final class GrowthSteps {
  private static final long PAGE = 4096;

  private GrowthSteps() {}

  /** A region that can grow. */
  public interface Growing {
    long id();

    long byteSize();

    RegionOptions options();

    /**
     * Grows it, unless it is as large as is asked already: several threads may ask at once.
     *
     * @param least the size that is asked
     * @param target what to make of a region that is smaller than that
     * @param progress told how far it is; it or an interrupt cancels
     * @return the size that it had before
     */
    long grow(long least, Target target, ProgressListener progress) throws MemoryException;
  }

  /** Gives the size to grow to, from the size that the region has when nobody else changes it. */
  @FunctionalInterface
  public interface Target {
    long from(long byteSize);
  }

  /**
   * Makes a region at least so large, and tells its listener when no lock is held any more.
   *
   * @param progress told how far it is; it or an interrupt cancels
   * @return the size that it has then
   */
  public static long ensure(Growing region, long byteSize, ProgressListener progress)
      throws MemoryException {
    if (byteSize < 0) {
      throw new IllegalArgumentException(
          "ensure " + byteSize + " bytes of " + region + "; give at least 0");
    }
    if (byteSize <= region.byteSize()) {
      return region.byteSize();
    }
    Autogrowth by = region.options().autogrowth();
    long before;
    try {
      before = grow(region, byteSize, by, progress);
    } catch (MemoryException | IllegalStateException e) {
      tellRefusal(region, byteSize, by, e);
      throw e;
    }
    long now = region.byteSize();
    if (before < byteSize) {
      by.listener().grown(region.id(), before, now);
    }
    return now;
  }

  private static long grow(Growing region, long byteSize, Autogrowth by, ProgressListener progress)
      throws MemoryException {
    boolean byItself = by.ceiling() > 0;
    if (byItself && byteSize > by.ceiling()) {
      throw MemoryException.of(
          "grow",
          byteSize,
          region.toString(),
          String.format(Locale.ROOT, "its autogrowth has a ceiling of %d bytes", by.ceiling()),
          "resize it, or name a higher ceiling");
    }
    if (byItself) {
      long maximum = region.options().maximum();
      Cancellation cancellation = new Cancellation(progress);
      try {
        return region.grow(
            byteSize, now -> step(byteSize, now, by.ceiling(), maximum), cancellation.listener());
      } catch (MemoryException e) {
        if (cancellation.happened()) {
          throw e;
        }
        try {
          return region.grow(byteSize, now -> byteSize, progress);
        } catch (MemoryException f) {
          f.addSuppressed(e);
          throw f;
        }
      }
    }
    return region.grow(byteSize, now -> byteSize, progress);
  }

  /** Half as much again, in whole pages, or what is asked if that is more. */
  static long step(long asked, long byteSize, long ceiling, long maximum) {
    long half = byteSize > Long.MAX_VALUE - byteSize / 2 - PAGE ? 0 : byteSize + byteSize / 2;
    long step = Math.max(asked, half);
    long pages = step > Long.MAX_VALUE - PAGE ? step : (step + PAGE - 1) / PAGE * PAGE;
    boolean inPlace = maximum != RegionAttributes.NO_MAXIMUM && asked <= maximum;
    return Math.min(pages, inPlace ? Math.min(ceiling, maximum) : ceiling);
  }

  private static void tellRefusal(Growing region, long byteSize, Autogrowth by, Exception reason) {
    try {
      by.listener().refused(region.id(), byteSize, reason);
    } catch (RuntimeException e) {
      reason.addSuppressed(e);
    }
  }

  /** Tells a growth that was cancelled from one that found no space. */
  private static final class Cancellation {
    private final ProgressListener progress;
    private boolean thrown;

    Cancellation(ProgressListener progress) {
      this.progress = progress;
    }

    ProgressListener listener() {
      return isFollowed() ? this::progressed : progress;
    }

    private boolean isFollowed() {
      return !progress.equals(ProgressListener.NONE);
    }

    private void progressed(long doneBytes, long totalBytes) {
      thrown = true; // unless it returns
      progress.progressed(doneBytes, totalBytes);
      thrown = false;
    }

    boolean happened() {
      return thrown || (isFollowed() && Thread.currentThread().isInterrupted());
    }
  }
}
