/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.move;

import java.util.Locale;

/**
 * What a finished move did.
 *
 * @param regionId the region
 * @param from the backend that it left
 * @param to the backend that it is on
 * @param byteSize the region's size
 * @param copiedBytes bytes copied in all, those copied again included; 0 if the same file was
 *     mapped anew
 * @param passes how often the region was gone through, the first copy and the last delta included
 * @param pauseNanos how long the users were held, from the closing of the gate to its opening,
 *     waits for open sections included; the last attempt's
 * @param elapsedNanos the whole move
 * @param method how it came there
 * @param tracking what found the writes meanwhile: {@code userfaultfd}, {@code comparison}; empty
 *     where nothing was copied
 */
public record MoveResult(
    long regionId,
    String from,
    String to,
    long byteSize,
    long copiedBytes,
    int passes,
    long pauseNanos,
    long elapsedNanos,
    MoveMethod method,
    String tracking) {
  /** The method in one word, as listings have it: {@code remap}, {@code userfaultfd} … */
  public String methodInAWord() {
    return tracking.isEmpty() ? method.name().toLowerCase(Locale.ROOT) : tracking;
  }

  /** Copied bytes per second, in units of a million bytes; 0 if nothing was copied. */
  public double megabytesPerSecond() {
    return elapsedNanos == 0 ? 0 : copiedBytes * 1e3 / elapsedNanos;
  }
}
