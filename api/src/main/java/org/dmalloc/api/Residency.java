/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.api;

/**
 * Where the bytes of a range are now. Counts are whole pages, in bytes; {@link #UNKNOWN} where this
 * backend or kernel cannot tell.
 *
 * @param byteSize the size of the examined range, rounded out to pages
 * @param residentBytes in RAM: in the page cache for files, in page frames for anonymous memory
 * @param mappedBytes entered in this process's page tables, so that an access raises no fault
 * @param dirtyBytes changed since they were last written to the file
 * @param swappedBytes in swap
 * @param hugeBytes backed by huge pages
 * @param lockedBytes locked in RAM
 * @param source the kernel call that told {@code residentBytes}: cachestat, PAGEMAP_SCAN, mincore …
 */
public record Residency(
    long byteSize,
    long residentBytes,
    long mappedBytes,
    long dirtyBytes,
    long swappedBytes,
    long hugeBytes,
    long lockedBytes,
    String source) {
  /** Stands for a count that cannot be told. */
  public static final long UNKNOWN = -1;
}
