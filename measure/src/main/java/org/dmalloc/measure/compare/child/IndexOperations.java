/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.util.BitSet;
import java.util.Locale;
import org.dmalloc.measure.RandomStream;

/** Builds an index over the corpus, and queries what was built. */
final class IndexOperations {
  /** Made beforehand, so that making text is not measured. */
  private static final int DOCUMENTS = 1024;

  private final int[][] documents = new int[DOCUMENTS][];
  private final WordIndex index;
  private final RandomStream random;
  private final boolean announces;
  private final TextCorpus corpus;
  private int built;
  private long documentsFound;

  IndexOperations(PagedMemory memory, boolean announces, long seed, long stream) {
    corpus = new TextCorpus(seed);
    for (int i = 0; i < DOCUMENTS; i++) {
      documents[i] = TextCorpus.words(corpus.document(i));
    }
    this.announces = announces;
    // The magic differs from run to run: what an earlier one left in a file is no index of this.
    index = new WordIndex(memory, RandomStream.mix(seed + stream) | 1);
    random = new RandomStream(seed ^ stream);
  }

  /** How many documents all queries found, so that none is left out by a compiler. */
  long documentsFound() {
    return documentsFound;
  }

  /** Indexes the next document; the text comes again under new numbers when it is used up. */
  Operation build() {
    return share -> {
      int[] words = documents[built % DOCUMENTS];
      if (announces) {
        index.announce(words);
      }
      int pages = 0;
      for (int word : words) {
        pages += index.add(word, built);
      }
      built++;
      return pages;
    };
  }

  /**
   * Finds the documents that hold a word of one that was indexed, which must be among them, and any
   * word of the language. Most of those are in no document yet, so that the pages asked for are
   * those of all of the memory, as in an index that was built for long.
   */
  Operation query() {
    return share -> {
      if (built == 0) {
        return 0;
      }
      int document = (int) random.below(built);
      int[] words = documents[document % DOCUMENTS];
      int first = words[(int) random.below(words.length)];
      int second = corpus.word(random);
      if (announces) {
        index.announce(new int[] {first, second});
      }
      BitSet found = new BitSet(built);
      BitSet others = new BitSet(built);
      int pages = index.find(first, found);
      if (!found.get(document)) {
        throw new IllegalStateException(
            String.format(
                Locale.ROOT,
                "index: document %d is missing from its word %08x; the memory lost stores",
                document,
                first));
      }
      pages += index.find(second, others);
      found.and(others);
      documentsFound += found.cardinality();
      return pages;
    };
  }
}
