/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.panama.auto;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.api.AdvisedRange;
import org.dmalloc.api.MemoryException;

/**
 * The advice that the kernel has for each page of a region: RANDOM, but for the readahead windows
 * of streams, and for the ranges that the owner has advised, which are pinned.
 */
final class AdviceMap {
  /**
   * The advice in a readahead window. Not SEQUENTIAL: for a fault that does not follow a read(2)
   * the kernel (6.18) takes that as a single large read, in small folios and with nothing on the
   * way behind it, unless it is on the file's first page; measured, half the speed and less. NORMAL
   * reads around the first fault, and from then on ahead, in growing folios, while the stream uses
   * what is there.
   */
  static final AccessPattern AHEAD = AccessPattern.NORMAL;

  private final RegionPages pages;
  private final PatternLearner.Listener listener;
  private final PageRanges pins = new PageRanges();

  AdviceMap(RegionPages pages, PatternLearner.Listener listener) {
    this.pages = pages;
    this.listener = listener;
  }

  /** Makes all pages RANDOM that are not pinned; after a change of size too. */
  void reset() throws MemoryException {
    pins.clear(pages.pageCount(), Long.MAX_VALUE);
    for (PageRange gap : unpinned(new PageRange(0, pages.pageCount()))) {
      pages.advise(AccessPattern.RANDOM, gap.first(), gap.count());
    }
  }

  /** Makes pages RANDOM that have been added behind the others. */
  void grown(long oldPageCount) throws MemoryException {
    for (PageRange gap : unpinned(new PageRange(oldPageCount, pages.pageCount()))) {
      pages.advise(AccessPattern.RANDOM, gap.first(), gap.count());
    }
  }

  /** Leaves what is not pinned to the kernel's own heuristics, for good. */
  void withdraw() throws MemoryException {
    for (PageRange gap : unpinned(new PageRange(0, pages.pageCount()))) {
      pages.withdrawAdvice(gap.first(), gap.count());
    }
  }

  /** Notes what the owner has advised; it is never overridden. */
  void pin(PageRange range, AccessPattern pattern) {
    pins.set(range.first(), range.end(), pattern);
  }

  List<PageRange> unpinned(PageRange range) {
    return pins.gaps(range.first(), range.end());
  }

  void openWindow(PageRange range, String evidence) throws MemoryException {
    change(range, AccessPattern.RANDOM, AHEAD, evidence);
  }

  void closeWindow(PageRange range, String evidence) throws MemoryException {
    change(range, AHEAD, AccessPattern.RANDOM, evidence);
  }

  private void change(PageRange range, AccessPattern from, AccessPattern to, String evidence)
      throws MemoryException {
    for (PageRange gap : unpinned(range)) {
      pages.advise(to, gap.first(), gap.count());
      listener.changed(gap.first(), gap.count(), from, to, evidence);
    }
  }

  /** The advice of all pages, in ascending order; offsets and lengths are in pages. */
  List<AdvisedRange> ranges(List<PageRange> windows) {
    long pageCount = pages.pageCount();
    PageRanges known = new PageRanges();
    windows.forEach(window -> known.set(window.first(), window.end(), AHEAD));
    List<PageRanges.Advised> pinned = pins.touching(0, pageCount);
    pinned.forEach(pin -> known.clear(pin.first(), pin.end()));
    List<AdvisedRange> ranges = new ArrayList<>();
    for (PageRanges.Advised window : known.touching(0, pageCount)) {
      ranges.add(window.by(AdvisedRange.Origin.LEARNED));
    }
    for (PageRanges.Advised pin : pinned) {
      ranges.add(pin.by(AdvisedRange.Origin.ADVISED));
      known.set(pin.first(), pin.end(), pin.pattern());
    }
    for (PageRange gap : known.gaps(0, pageCount)) {
      ranges.add(
          new AdvisedRange(
              gap.first(), gap.count(), AccessPattern.RANDOM, AdvisedRange.Origin.LEARNED));
    }
    ranges.sort(Comparator.comparingLong(AdvisedRange::offset));
    return ranges;
  }
}
