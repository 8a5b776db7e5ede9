/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The content of pages while workloads use them; it depends on the seed only. A page is 512 words
 * of 8 bytes. The first is its <i>stamp</i>, computed from its number. The last is its <i>mark</i>,
 * zero until a write workload sets it. The words between are the same on all pages. So the stamp
 * shows that the right page is mapped, and the sum of a page shows that all of it is. Immutable.
 *
 * <p>Methods named {@code …At} use the page at an offset of a segment; the others check a first
 * word, a last word or a sum of all words that was read by other means. A wrong one throws {@link
 * WrongContentException}.
 */
public final class PageContent {
  public static final int PAGE_BYTES = 4096;

  // Unaligned is no slower on aligned addresses, and needs no check of the address.
  private static final ValueLayout.OfLong WORD = JAVA_LONG_UNALIGNED;
  private static final int WORD_BYTES = 8;

  public static final int MARK_OFFSET = PAGE_BYTES - WORD_BYTES;

  private final long seed;
  private final long[] template = new long[PAGE_BYTES / WORD_BYTES];
  private final long templateSum;

  public PageContent(long seed) {
    this.seed = seed;
    RandomStream random = new RandomStream(seed);
    long sum = 0;
    for (int i = 1; i < template.length - 1; i++) {
      template[i] = random.next();
      sum += template[i];
    }
    templateSum = sum;
  }

  public void fillAt(MemorySegment region, long offset, long page) {
    MemorySegment.copy(template, 0, region, WORD, offset, template.length);
    region.set(WORD, offset, stamp(page));
  }

  /** Returns the stamp. */
  public long checkStampAt(MemorySegment region, long offset, long page) {
    long found = region.get(WORD, offset);
    checkStamp(page, found);
    return found;
  }

  public void checkStamp(long page, long found) {
    if (found != stamp(page)) {
      throw new WrongContentException(page, found, stamp(page));
    }
  }

  public void checkAllAt(MemorySegment region, long offset, long page) {
    MemorySegment words = region.asSlice(offset, PAGE_BYTES);
    long sum = 0;
    for (int i = 0; i < PAGE_BYTES; i += WORD_BYTES) {
      sum += words.get(WORD, i);
    }
    checkSum(page, sum);
  }

  /** Accepts the sum of a page with or without its mark. */
  public void checkSum(long page, long sum) {
    long unmarked = stamp(page) + templateSum;
    if (sum != unmarked && sum != unmarked + mark(page)) {
      throw new WrongContentException(page, sum, unmarked);
    }
  }

  public void setMarkAt(MemorySegment region, long offset, long page) {
    region.set(WORD, offset + MARK_OFFSET, mark(page));
  }

  /** Checks the stamp and the mark. */
  public void checkMarkAt(MemorySegment region, long offset, long page) {
    checkStampAt(region, offset, page);
    checkMark(page, region.get(WORD, offset + MARK_OFFSET));
  }

  public void checkMark(long page, long found) {
    if (found != mark(page)) {
      throw new WrongContentException(page, found, mark(page));
    }
  }

  private long stamp(long page) {
    return RandomStream.mix(page ^ seed);
  }

  public long mark(long page) {
    return ~stamp(page);
  }
}
