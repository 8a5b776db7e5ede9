/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.disk;

/**
 * What the raw disk did with one pattern.
 *
 * @param operationsPerSecond requests of {@link RawPattern#blockBytes()} each
 * @param tool what made the requests: {@code fio 3.33 io_uring} …
 */
public record RawFigure(
    RawPattern pattern,
    int queueDepth,
    double operationsPerSecond,
    long p50Nanos,
    long p99Nanos,
    long p999Nanos,
    String tool) {
  public double bytesPerSecond() {
    return operationsPerSecond * pattern.blockBytes();
  }
}
