/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.child;

import java.util.List;

/**
 * One run of one row over one contender.
 *
 * @param row what was done
 * @param parts its parts, one after the other; most rows have one
 * @param openNanos how long it took to make the store, for the fill; else 0
 * @param forceNanos how long it then took until what was stored was durable; 0 if nothing was
 * @param changedPages how many different pages were stored to
 * @param readBytes read from devices for this process; −1 if unknown
 * @param writtenBytes written to the watched device by the whole machine until all was durable; −1
 *     if unknown
 */
public record RowRun(
    Row row,
    List<Part> parts,
    long openNanos,
    long forceNanos,
    long changedPages,
    long readBytes,
    long writtenBytes) {
  private static final double NANOS_PER_SECOND = 1e9;
  private static final int PAGE_BYTES = 4096;

  /**
   * A part of a row.
   *
   * @param name what it is
   * @param work how many pages it is worth; the whole row's rate is that of all the work
   * @param pages how many were done in the time that there was
   * @param nanos how long they took
   */
  public record Part(String name, long work, long pages, long nanos) {
    /** Pages per second. */
    public double pagesPerSecond() {
      return nanos <= 0 ? 0 : pages * NANOS_PER_SECOND / nanos;
    }
  }

  /** Copies the list. */
  public RowRun {
    parts = List.copyOf(parts);
  }

  /**
   * Pages per second, making and forcing included. Of a row with several parts: the work of all
   * parts by the time that it would have taken at the rate of each.
   */
  public double pagesPerSecond() {
    if (parts.size() == 1) {
      Part only = parts.getFirst();
      long nanos = openNanos + only.nanos() + forceNanos;
      return nanos <= 0 ? 0 : only.pages() * NANOS_PER_SECOND / nanos;
    }
    double seconds = 0;
    double work = 0;
    for (Part part : parts) {
      work += part.work();
      seconds += part.work() / part.pagesPerSecond();
    }
    return work / seconds;
  }

  /** Pages that were done in all parts. */
  public long pages() {
    return parts.stream().mapToLong(Part::pages).sum();
  }

  /** Bytes read from devices for each byte of the pages used; NaN if unknown. */
  public double readAmplification() {
    return readBytes < 0 || pages() == 0 ? Double.NaN : readBytes / (double) (pages() * PAGE_BYTES);
  }

  /** Bytes written to the device for each byte of the pages changed; NaN if unknown or none. */
  public double writeAmplification() {
    return writtenBytes < 0 || changedPages == 0
        ? Double.NaN
        : writtenBytes / (double) (changedPages * PAGE_BYTES);
  }
}
