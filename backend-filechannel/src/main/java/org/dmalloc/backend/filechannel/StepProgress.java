/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import org.dmalloc.api.ProgressListener;

/**
 * One progress over several passes through a region: reserving its space, then reading it in. Each
 * step counts its bytes in its own way, so they are held against the region's size.
 */
final class StepProgress {
  private final ProgressListener listener;
  private final long byteSize;
  private final int steps;
  private int begun;

  StepProgress(ProgressListener listener, long byteSize, int steps) {
    this.listener = listener;
    this.byteSize = byteSize;
    this.steps = steps;
  }

  /** The listener for the next step. */
  ProgressListener step() {
    long before = Math.multiplyExact(byteSize, (long) begun);
    begun++;
    long total = saturatedProduct(byteSize, steps);
    return (done, ofStep) -> listener.progressed(before + Math.min(done, byteSize), total);
  }

  private static long saturatedProduct(long byteSize, int steps) {
    return byteSize > Long.MAX_VALUE / steps ? Long.MAX_VALUE : byteSize * steps;
  }
}
