/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api.move;

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
 * @param method how writes meanwhile were found: {@code userfaultfd}, {@code comparison}; {@code
 *     remap} where nothing was copied, {@code none} where the region was there already
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
    String method) {
  /** Copied bytes per second, in units of a million bytes; 0 if nothing was copied. */
  public double megabytesPerSecond() {
    return elapsedNanos == 0 ? 0 : copiedBytes * 1e3 / elapsedNanos;
  }
}
