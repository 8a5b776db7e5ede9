/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Stream;
import org.dmalloc.api.RegionRequest;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.linux.LibraryHeap;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.RandomStream;
import org.dmalloc.measure.SegmentPages;
import org.dmalloc.measure.SegmentPages.Use;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContenderStoresTest {
  private static final long POOL_BYTES = 4L << 20;

  @TempDir private Path directory;

  @Test
  void aPoolFarSmallerThanItsFileLosesNoStore() throws IOException {
    long seed = Long.getLong("dmalloc.seed", System.nanoTime());
    System.err.println("seed " + seed);
    RandomStream random = new RandomStream(seed);
    try (BufferPool pool = new BufferPool(directory, 32L << 20, POOL_BYTES)) {
      long[] expected = new long[(int) pool.pageCount()];
      SegmentPages cursor = pool.pages();
      for (int page = 0; page < expected.length; page++) {
        expected[page] = random.next();
        store(cursor, page, expected[page], Use.REPLACE);
      }
      for (int i = 0; i < 50_000; i++) {
        int page = (int) random.below(expected.length);
        assertEquals(expected[page], load(cursor, page), "page " + page);
        if ((i & 1) == 0) {
          expected[page] = random.next();
          store(cursor, page, expected[page], Use.STORE);
        }
      }
      assertTrue(pool.force() > 0);
      for (int page = 0; page < expected.length; page++) {
        assertEquals(expected[page], load(cursor, page), "page " + page);
      }
    }
    try (Stream<Path> left = Files.list(directory)) {
      assertEquals(List.of(), left.toList());
    }
  }

  @Test
  void aBulkLoadReplacesWhatThePoolHeldAndLeavesItsLastPagesThere() throws IOException {
    PageContent content = new PageContent(7);
    try (BufferPool pool = new BufferPool(directory, 32L << 20, POOL_BYTES)) {
      SegmentPages cursor = pool.pages();
      long last = pool.pageCount() - 1;
      store(cursor, 3, 1, Use.REPLACE);
      store(cursor, last, 1, Use.REPLACE);
      pool.bulkLoad(0, content);
      for (long page = last; page >= 0; page--) {
        long at = cursor.enter(page, Use.LOAD);
        content.checkAllAt(cursor.segment(), at, page);
        cursor.leave();
      }
    }
  }

  private static void store(SegmentPages cursor, long page, long value, Use use)
      throws IOException {
    long at = cursor.enter(page, use);
    cursor.segment().set(JAVA_LONG_UNALIGNED, at, value);
    cursor.leave();
  }

  private static long load(SegmentPages cursor, long page) throws IOException {
    long at = cursor.enter(page, Use.LOAD);
    long value = cursor.segment().get(JAVA_LONG_UNALIGNED, at);
    cursor.leave();
    return value;
  }

  @Test
  void aBlockOfAHeapHoldsThePagesAndOthersBesideThem() throws IOException {
    PageContent content = new PageContent(7);
    long byteSize = 4L << 20;
    try (Dmalloc dmalloc = Dmalloc.open();
        HeapStore store =
            new HeapStore(
                dmalloc
                    .provider("filechannel")
                    .allocate(
                        RegionRequest.ofSize(HeapBlocks.regionBytes(byteSize))
                            .withDirectory(directory)),
                byteSize)) {
      assertEquals(byteSize / PageContent.PAGE_BYTES, store.pageCount());
      store.bulkLoad(0, content);
      store.with(
          block -> {
            assertEquals(1 << 20, block.byteSize());
            block.fill((byte) 1);
          });
      assertTrue(store.force() >= 0);
      SegmentPages pages = store.pages();
      for (long page = 0; page < store.pageCount(); page++) {
        pages.checkAll(page, content);
      }
    }
  }

  @Test
  void anIndexFindsEveryDocumentAlsoInFullBuckets() throws IOException {
    try (SegmentStore memory = block(8L << 20)) {
      WordIndex index = new WordIndex(memory, 0x1234_5678_9abc_def1L);
      index.use(memory.pages());
      // More than two pages of postings of one word, and some of others between them.
      for (int document = 0; document < 1_500; document++) {
        index.add(7, document);
        index.add(document * 31, document);
      }
      BitSet found = new BitSet();
      assertEquals(3, index.find(7, found));
      assertEquals(1_500, found.cardinality());
      BitSet one = new BitSet();
      index.find(31 * 700, one);
      assertTrue(one.get(700));
    }
  }

  @Test
  void aNewIndexDoesNotSeeAnOldOne() throws IOException {
    try (SegmentStore memory = block(1L << 20)) {
      WordIndex before = new WordIndex(memory, 1);
      before.use(memory.pages());
      before.add(7, 1);
      BitSet found = new BitSet();
      WordIndex after = new WordIndex(memory, 3);
      after.use(memory.pages());
      after.find(7, found);
      assertTrue(found.isEmpty());
    }
  }

  @Test
  void theCorpusIsTheSameForTheSameSeed() {
    byte[] text = new TextCorpus(42).document(3);
    assertArrayEquals(text, new TextCorpus(42).document(3));
    assertFalse(Arrays.equals(text, new TextCorpus(43).document(3)));
    int[] words = TextCorpus.words(text);
    assertTrue(
        words.length > 20 && words.length <= TextCorpus.WORDS_PER_DOCUMENT,
        () -> words.length + " words");
  }

  private static SegmentStore block(long byteSize) throws IOException {
    return new SegmentStore(arena -> LibraryHeap.allocate(byteSize, arena), "malloc");
  }
}
