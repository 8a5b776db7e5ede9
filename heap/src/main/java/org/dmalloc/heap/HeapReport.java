/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.heap;

import java.util.List;

/**
 * What a look at all of a heap's metadata found.
 *
 * @param findings what is wrong, and where; empty when all is well
 * @param liveBlocks how many blocks are allocated
 * @param liveBytes what they take, as {@link HeapStatistics#liveBytes()} counts it
 * @param freeBytes bytes of free pages
 * @param checkedPages pages of 4096 bytes that were looked at
 */
public record HeapReport(
    List<Finding> findings, long liveBlocks, long liveBytes, long freeBytes, long checkedPages) {
  public HeapReport {
    findings = List.copyOf(findings);
  }

  /** Whether nothing is wrong, or all of it was mended. */
  public boolean isSound() {
    return findings.stream().allMatch(Finding::mended);
  }

  /**
   * One thing that is wrong.
   *
   * @param offset where, in bytes from the region's start
   * @param what in words
   * @param mended whether it is not so any more
   */
  public record Finding(long offset, String what, boolean mended) {}
}
