/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.compare.child;

import java.io.IOException;
import java.util.BitSet;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.dmalloc.api.AccessPattern;
import org.dmalloc.measure.Measurement;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.RandomStream;
import org.dmalloc.measure.Worker;
import org.dmalloc.measure.WorkerContext;
import org.dmalloc.measure.Workload;
import org.dmalloc.measure.Workload.Kind;
import org.dmalloc.measure.compare.cell.ComparedWorkload;
import org.jspecify.annotations.Nullable;

/**
 * Builds an index over a corpus of text, and queries the last index that was built. The two
 * workloads share the index, so that they belong to one JVM and one thread.
 */
final class IndexWorkloads {
  /** The documents are made in advance, so that the measurement excludes this work. */
  private static final int DOCUMENTS = 1024;

  private @Nullable Index last;

  Optional<Workload> named(String name) {
    return Stream.of(
            workload(ComparedWorkload.INDEX_BUILD, Kind.WRITE, this::builder),
            workload(ComparedWorkload.INDEX_QUERY, Kind.READ, this::querier))
        .filter(workload -> workload.name().equals(name))
        .findFirst();
  }

  private static Workload workload(ComparedWorkload compared, Kind kind, Workload.Maker maker) {
    return new Workload(
        compared.workload(),
        compared.operation(),
        kind,
        AccessPattern.RANDOM,
        PageContent.PAGE_BYTES,
        1,
        maker);
  }

  private Worker builder(WorkerContext context) {
    Index index = new Index(context);
    index.words.use(context.requirePages());
    last = index;
    return new Counting(index::addNext);
  }

  private Worker querier(WorkerContext context) {
    Index index = last;
    if (index == null) {
      throw new IllegalStateException("the index was not built");
    }
    index.words.use(context.requirePages());
    return new Counting(index::query);
  }

  /** One operation. It returns the number of pages that it used; 0 if no work is left. */
  @FunctionalInterface
  private interface Operation {
    int run() throws IOException;
  }

  /** Counts pages, because their number differs from operation to operation. */
  private static final class Counting implements Worker {
    private final Operation operation;
    private long pages;

    Counting(Operation operation) {
      this.operation = operation;
    }

    @Override
    public int work(int count) throws IOException {
      for (int i = 0; i < count; i++) {
        int used = operation.run();
        if (used == 0) {
          return i;
        }
        pages += used;
      }
      return count;
    }

    @Override
    public void beginMeasuring() {
      pages = 0;
    }

    @Override
    public long pages(long operations) {
      return pages;
    }

    @Override
    public long changedPages(long operations) {
      return Measurement.UNKNOWN;
    }
  }

  private static final class Index {
    private final int[][] documents = new int[DOCUMENTS][];
    private final WordIndex words;
    private final RandomStream random;
    private final boolean announces;
    private final TextCorpus corpus;
    private int built;

    Index(WorkerContext context) {
      corpus = new TextCorpus(context.options().seed());
      for (int i = 0; i < DOCUMENTS; i++) {
        documents[i] = TextCorpus.words(corpus.document(i));
      }
      announces = context.options().announcedPages() > 0;
      random = context.random();
      // The magic differs from run to run, so that the pages of an earlier index are empty.
      words = new WordIndex(context.requireStore(), random.next() | 1);
    }

    /** Indexes the next document. After the last one the text repeats under new numbers. */
    int addNext() throws IOException {
      int[] document = documents[built % DOCUMENTS];
      if (announces) {
        words.announce(document);
      }
      int pages = 0;
      for (int word : document) {
        pages += words.add(word, built);
      }
      built++;
      return pages;
    }

    /**
     * Finds the documents with a word of an indexed document, which must be among them, and those
     * with any word of the language. Most of the latter words are in no document yet, so that the
     * lookups spread over the whole store, as in an old index.
     */
    int query() throws IOException {
      if (built == 0) {
        return 0;
      }
      int document = (int) random.below(built);
      int[] held = documents[document % DOCUMENTS];
      int first = held[(int) random.below(held.length)];
      int second = corpus.word(random);
      if (announces) {
        words.announce(new int[] {first, second});
      }
      BitSet found = new BitSet(built);
      BitSet others = new BitSet(built);
      int pages = words.find(first, found);
      if (!found.get(document)) {
        throw new IllegalStateException(
            String.format(
                Locale.ROOT,
                "index: document %d is missing from its word %08x; the memory lost stores",
                document,
                first));
      }
      pages += words.find(second, others);
      found.and(others);
      if (found.cardinality() > built) {
        throw new IllegalStateException("index: more documents than were indexed");
      }
      return pages;
    }
  }
}
