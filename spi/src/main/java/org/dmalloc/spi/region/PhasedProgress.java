/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.spi.region;

import org.dmalloc.api.ProgressListener;

/**
 * Tells one listener about several long steps on the same bytes as about one from 0 to the whole.
 */
public final class PhasedProgress {
  private final ProgressListener listener;
  private final long byteSize;
  private final int phases;
  private int begun;

  /** For so many steps on a region of that size. */
  public PhasedProgress(ProgressListener listener, long byteSize, int phases) {
    this.listener = listener;
    this.byteSize = byteSize;
    this.phases = phases;
  }

  /** The listener for the next step, which may count more than the region has, in whole pages. */
  public ProgressListener next() {
    long before = Math.multiplyExact(byteSize, (long) begun++);
    long total = byteSize > Long.MAX_VALUE / phases ? Long.MAX_VALUE : byteSize * phases;
    return (done, ofStep) -> listener.progressed(before + Math.min(done, byteSize), total);
  }
}
