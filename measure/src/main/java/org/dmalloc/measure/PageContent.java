/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What the pages of a region hold while workloads use it. A page is 512 words of 8 bytes: the first
 * is its <i>stamp</i>, made from its number; the last is its <i>mark</i>, zero until a write
 * workload sets it; those between are the same on all pages. So reading the stamp shows that the
 * right page is mapped, and the sum of a page shows that all of it is. Immutable.
 */
public final class PageContent {
  public static final int PAGE_BYTES = 4096;

  // Unaligned is no slower on aligned addresses, and needs no check of the address.
  private static final ValueLayout.OfLong WORD = JAVA_LONG_UNALIGNED;
  private static final int WORD_BYTES = 8;

  /** Where in a page its mark is. */
  public static final int MARK_OFFSET = PAGE_BYTES - WORD_BYTES;

  private final long seed;
  private final long[] template = new long[PAGE_BYTES / WORD_BYTES];
  private final long templateSum;

  /** Content that is the same for the same seed. */
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

  /** Writes a page in full at an offset. */
  public void fillAt(MemorySegment region, long offset, long page) {
    MemorySegment.copy(template, 0, region, WORD, offset, template.length);
    region.set(WORD, offset, stamp(page));
  }

  /**
   * Reads and checks the stamp of a page that lies at an offset.
   *
   * @return the stamp
   */
  public long checkStampAt(MemorySegment region, long offset, long page) {
    long found = region.get(WORD, offset);
    checkStamp(page, found);
    return found;
  }

  /** Checks the stamp of a page that was read by other means: its first word. */
  public void checkStamp(long page, long found) {
    if (found != stamp(page)) {
      throw new WrongContentException(page, found, stamp(page));
    }
  }

  /** Reads all words of a page that lies at an offset and checks their sum. */
  public void checkAllAt(MemorySegment region, long offset, long page) {
    MemorySegment words = region.asSlice(offset, PAGE_BYTES);
    long sum = 0;
    for (int i = 0; i < PAGE_BYTES; i += WORD_BYTES) {
      sum += words.get(WORD, i);
    }
    checkSum(page, sum);
  }

  /** Checks the sum of the words of a page that was read by other means. */
  public void checkSum(long page, long sum) {
    long unmarked = stamp(page) + templateSum;
    if (sum != unmarked && sum != unmarked + mark(page)) {
      throw new WrongContentException(page, sum, unmarked);
    }
  }

  /** Sets the mark of a page that lies at an offset. */
  public void setMarkAt(MemorySegment region, long offset, long page) {
    region.set(WORD, offset + MARK_OFFSET, mark(page));
  }

  /** Checks that a page that lies at an offset has its stamp and its mark. */
  public void checkMarkAt(MemorySegment region, long offset, long page) {
    checkStampAt(region, offset, page);
    checkMark(page, region.get(WORD, offset + MARK_OFFSET));
  }

  /** Checks the mark of a page that was read by other means: its last word. */
  public void checkMark(long page, long found) {
    if (found != mark(page)) {
      throw new WrongContentException(page, found, mark(page));
    }
  }

  private long stamp(long page) {
    return RandomStream.mix(page ^ seed);
  }

  /** What a marked page holds as its last word, at {@link #MARK_OFFSET}. */
  public long mark(long page) {
    return ~stamp(page);
  }
}
