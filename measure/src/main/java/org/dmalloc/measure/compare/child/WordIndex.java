/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.Locale;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.PageStore;
import org.dmalloc.measure.Pages;
import org.dmalloc.measure.RandomStream;
import org.dmalloc.measure.SegmentPages;
import org.dmalloc.measure.SegmentPages.Use;
import org.jspecify.annotations.Nullable;

/**
 * An inverted index in pages. The buckets of a hash table of words are spread over the whole
 * memory, so that the index exceeds RAM from the first document on. A bucket is a page of postings
 * (word, document), the newest first. When it is full, its postings move to an overflow page that
 * it links to. One thread uses it.
 *
 * <p>Layout of a page: magic (8 bytes), number of the next page (8), count of postings (4), then
 * postings of two integers. A page without the magic is an empty bucket.
 */
final class WordIndex {
  private static final int NEXT_OFFSET = 8;
  private static final int COUNT_OFFSET = 16;
  private static final int HEADER_BYTES = 24;
  private static final int POSTING_BYTES = 8;
  private static final int CAPACITY = (PageContent.PAGE_BYTES - HEADER_BYTES) / POSTING_BYTES;
  private static final long NO_PAGE = -1;

  /** The fraction of the pages that is kept for overflow. */
  private static final int OVERFLOW_SHARE = 8;

  private final PageStore store;
  private final long magic;
  private final long buckets;
  private final int[] moved = new int[2 * CAPACITY];
  private long nextFree;
  private @Nullable SegmentPages used;

  /** Starts an empty index: a magic that differs from an earlier one makes all pages empty. */
  WordIndex(PageStore store, long magic) {
    this.store = store;
    this.magic = magic;
    buckets = store.pageCount() - store.pageCount() / OVERFLOW_SHARE;
    nextFree = buckets;
  }

  /** Accesses the store through these pages from now on; they must lie in a segment. */
  void use(Pages pages) {
    used = (SegmentPages) pages;
  }

  private SegmentPages pages() {
    SegmentPages pages = used;
    if (pages == null) {
      throw new IllegalStateException("the index was given no pages");
    }
    return pages;
  }

  long bucket(int word) {
    return Math.unsignedMultiplyHigh(RandomStream.mix(word), buckets);
  }

  /** Announces the words that come next. */
  void announce(int[] words) throws IOException {
    long[] pages = new long[words.length];
    for (int i = 0; i < words.length; i++) {
      pages[i] = bucket(words[i]);
    }
    store.announce(pages);
  }

  /** Adds a posting, and returns the number of pages that were used. */
  int add(int word, int document) throws IOException {
    SegmentPages cursor = pages();
    long page = bucket(word);
    int count = 0;
    long next = NO_PAGE;
    long at = cursor.enter(page, Use.STORE);
    try {
      MemorySegment bytes = cursor.segment();
      if (bytes.get(JAVA_LONG_UNALIGNED, at) != magic) {
        format(bytes, at, NO_PAGE);
      }
      count = bytes.get(JAVA_INT_UNALIGNED, at + COUNT_OFFSET);
      next = bytes.get(JAVA_LONG_UNALIGNED, at + NEXT_OFFSET);
      if (count < CAPACITY) {
        append(bytes, at, count, word, document);
        return 1;
      }
      MemorySegment.copy(bytes, JAVA_INT_UNALIGNED, at + HEADER_BYTES, moved, 0, moved.length);
    } finally {
      cursor.leave();
    }
    long overflow = takeOverflow();
    at = cursor.enter(overflow, Use.REPLACE);
    try {
      MemorySegment bytes = cursor.segment();
      format(bytes, at, next);
      MemorySegment.copy(moved, 0, bytes, JAVA_INT_UNALIGNED, at + HEADER_BYTES, moved.length);
      bytes.set(JAVA_INT_UNALIGNED, at + COUNT_OFFSET, count);
    } finally {
      cursor.leave();
    }
    at = cursor.enter(page, Use.STORE);
    try {
      MemorySegment bytes = cursor.segment();
      format(bytes, at, overflow);
      append(bytes, at, 0, word, document);
    } finally {
      cursor.leave();
    }
    return 3;
  }

  /** Collects the documents with a word, and returns the number of pages that were used. */
  int find(int word, BitSet documents) throws IOException {
    SegmentPages cursor = pages();
    int pages = 0;
    for (long page = bucket(word); page != NO_PAGE; pages++) {
      long at = cursor.enter(page, Use.LOAD);
      try {
        MemorySegment bytes = cursor.segment();
        if (bytes.get(JAVA_LONG_UNALIGNED, at) != magic) {
          return pages + 1;
        }
        int count = bytes.get(JAVA_INT_UNALIGNED, at + COUNT_OFFSET);
        for (int i = 0; i < count; i++) {
          long posting = at + HEADER_BYTES + (long) i * POSTING_BYTES;
          if (bytes.get(JAVA_INT_UNALIGNED, posting) == word) {
            documents.set(bytes.get(JAVA_INT_UNALIGNED, posting + 4));
          }
        }
        page = bytes.get(JAVA_LONG_UNALIGNED, at + NEXT_OFFSET);
      } finally {
        cursor.leave();
      }
    }
    return pages;
  }

  private long takeOverflow() throws IOException {
    if (nextFree == store.pageCount()) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "index: its %d overflow pages are full; give a larger size or less time",
              store.pageCount() - buckets));
    }
    return nextFree++;
  }

  private void format(MemorySegment bytes, long at, long next) {
    bytes.set(JAVA_LONG_UNALIGNED, at, magic);
    bytes.set(JAVA_LONG_UNALIGNED, at + NEXT_OFFSET, next);
    bytes.set(JAVA_INT_UNALIGNED, at + COUNT_OFFSET, 0);
  }

  private static void append(MemorySegment bytes, long at, int count, int word, int document) {
    long posting = at + HEADER_BYTES + (long) count * POSTING_BYTES;
    bytes.set(JAVA_INT_UNALIGNED, posting, word);
    bytes.set(JAVA_INT_UNALIGNED, posting + 4, document);
    bytes.set(JAVA_INT_UNALIGNED, at + COUNT_OFFSET, count + 1);
  }
}
