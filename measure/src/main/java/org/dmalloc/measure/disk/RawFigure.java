/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.disk;

/**
 * What the raw disk gave.
 *
 * @param queueDepth how many requests were under way at a time
 * @param operationsPerSecond requests per second, of {@link RawPattern#blockBytes()} each
 * @param p99Nanos 99 of 100 took at most this
 * @param p999Nanos 999 of 1000 took at most this
 * @param tool what made the requests, in words: {@code fio 3.33 io_uring} …
 */
public record RawFigure(
    RawPattern pattern,
    int queueDepth,
    double operationsPerSecond,
    long p50Nanos,
    long p99Nanos,
    long p999Nanos,
    String tool) {
  /** Bytes per second. */
  public double bytesPerSecond() {
    return operationsPerSecond * pattern.blockBytes();
  }
}
