/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama;

import org.dmalloc.api.ProgressListener;

/**
 * Tells one listener about several long steps on the same bytes, so that what it is told grows from
 * 0 to the whole.
 */
final class PhasedProgress {
  private final ProgressListener listener;
  private final long byteSize;
  private final int phases;
  private int begun;

  PhasedProgress(ProgressListener listener, long byteSize, int phases) {
    this.listener = listener;
    this.byteSize = byteSize;
    this.phases = phases;
  }

  /** The listener for the next step, which may count up to a page more than the region has. */
  ProgressListener next() {
    long before = byteSize * begun++;
    return (done, total) ->
        listener.progressed(before + Math.min(done, byteSize), byteSize * phases);
  }
}
