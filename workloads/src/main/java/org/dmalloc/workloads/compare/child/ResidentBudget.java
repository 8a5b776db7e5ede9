/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.workloads.compare.child;

import java.util.BitSet;
import org.dmalloc.api.Advice;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.workloads.PageContent;
import org.dmalloc.workloads.report.Units;

/**
 * Keeps the used part of a region within a budget by paging out, from the program, what was not
 * used lately: the second-chance clock over chunks of 64 pages. What it counts is what was touched
 * since it was last paged out; the kernel may have taken some of it already.
 */
final class ResidentBudget {
  private static final int CHUNK_PAGES = 64;
  private static final long CHUNK_BYTES = (long) CHUNK_PAGES * PageContent.PAGE_BYTES;

  private final MemoryRegion region;
  private final long budgetBytes;
  private final long budgetPages;
  private final BitSet touched;
  private final BitSet recent;
  private final int chunks;
  private long touchedPages;
  private int hand;

  ResidentBudget(MemoryRegion region, long budgetBytes) {
    this.region = region;
    this.budgetBytes = budgetBytes;
    budgetPages = Math.max(CHUNK_PAGES, budgetBytes / PageContent.PAGE_BYTES);
    int pages = Math.toIntExact(region.byteSize() / PageContent.PAGE_BYTES);
    chunks = Math.ceilDiv(pages, CHUNK_PAGES);
    touched = new BitSet(pages);
    recent = new BitSet(chunks);
  }

  String note() {
    return "at most " + Units.bytes(budgetBytes) + " kept by MADV_PAGEOUT";
  }

  /** Notes a use, and makes room if the budget is spent. Called outside of access sections. */
  synchronized void used(long page) throws MemoryException {
    int number = (int) page;
    recent.set(number / CHUNK_PAGES);
    if (!touched.get(number)) {
      touched.set(number);
      touchedPages++;
      while (touchedPages > budgetPages) {
        sweep(number / CHUNK_PAGES);
      }
    }
  }

  private void sweep(int inUse) throws MemoryException {
    int chunk = hand;
    hand = (hand + 1) % chunks;
    int first = chunk * CHUNK_PAGES;
    int touchedHere = touched.get(first, first + CHUNK_PAGES).cardinality();
    if (chunk == inUse || touchedHere == 0) {
      return;
    }
    if (recent.get(chunk)) {
      recent.clear(chunk);
      return;
    }
    long offset = chunk * CHUNK_BYTES;
    region.advise(Advice.PAGE_OUT, offset, Math.min(CHUNK_BYTES, region.byteSize() - offset));
    touched.clear(first, first + CHUNK_PAGES);
    touchedPages -= touchedHere;
  }
}
