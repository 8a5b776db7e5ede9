/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.lucene;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.LongField;
import org.apache.lucene.document.LongPoint;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.SerialMergeScheduler;
import org.apache.lucene.index.StoredFields;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.Sort;
import org.apache.lucene.search.SortedNumericSelector;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopDocs;
import org.apache.lucene.store.Directory;
import org.dmalloc.api.standalone.Dmalloc;

/**
 * What one JVM does: makes an index in one place and searches it.
 *
 * <p>Prints a line for each thing that was timed: its name, the time in nanoseconds, and a sum that
 * every place must give alike.
 */
final class IndexRun {
  private static final long SEED = 20_240_229;
  private static final int WORDS_IN_A_TEXT = 40;
  private static final int RAM_BUFFER_MIB = 64;
  private static final int SEGMENTS = 9;
  private static final int HITS = 10;

  private final Directory directory;
  private final int documents;
  private final int queries;
  private final int passes;
  private final PrintStream out;
  private final Words words = new Words();

  /** All of the index is in RAM: what a search takes is processor time, also on a busy machine. */
  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();

  private IndexRun(Directory directory, int documents, int queries, int passes, PrintStream out) {
    this.directory = directory;
    this.documents = documents;
    this.queries = queries;
    this.passes = passes;
    this.out = out;
  }

  /** A kind of query, and whether hits are ordered by a field in place of their score. */
  private record Kind(String name, List<Query> queries, boolean sorted) {}

  /** Takes a place, a directory, and the numbers of documents, queries and passes. */
  public static void main(String[] arguments) throws IOException {
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    IndexPlace place = IndexPlace.valueOf(arguments[0]);
    Path path = Path.of(arguments[1]);
    try (Dmalloc dmalloc = Dmalloc.open(Map.of("directory", path.toString()));
        Directory directory = place.open(dmalloc, path)) {
      IndexRun run =
          new IndexRun(
              directory,
              Integer.parseInt(arguments[2]),
              Integer.parseInt(arguments[3]),
              Integer.parseInt(arguments[4]),
              out);
      run.index();
      run.search();
    }
  }

  private void print(String what, long nanos, long sum) {
    out.println(what + "\t" + nanos + "\t" + sum);
  }

  private void index() throws IOException {
    IndexWriterConfig config =
        new IndexWriterConfig(new StandardAnalyzer())
            .setRAMBufferSizeMB(RAM_BUFFER_MIB)
            .setMaxBufferedDocs(Math.max(2, documents / SEGMENTS))
            .setMergeScheduler(new SerialMergeScheduler())
            .setUseCompoundFile(false);
    SplittableRandom random = new SplittableRandom(SEED);
    long begin = System.nanoTime();
    try (IndexWriter writer = new IndexWriter(directory, config)) {
      for (int number = 0; number < documents; number++) {
        writer.addDocument(document(number, random));
      }
      writer.commit();
      long committed = System.nanoTime();
      print("index", committed - begin, documents);
      writer.forceMerge(1);
      writer.commit();
      print("merge", System.nanoTime() - committed, documents);
    }
  }

  private Document document(int number, SplittableRandom random) {
    Document document = new Document();
    document.add(new TextField("text", words.text(random, WORDS_IN_A_TEXT), Field.Store.NO));
    document.add(new LongField("time", random.nextInt(documents), Field.Store.NO));
    document.add(new StoredField("number", number));
    return document;
  }

  private void search() throws IOException {
    try (DirectoryReader reader = DirectoryReader.open(directory)) {
      IndexSearcher searcher = new IndexSearcher(reader);
      searcher.setQueryCache(null);
      List<Kind> kinds = kinds(new SplittableRandom(SEED + 1));
      for (int pass = 0; pass < passes; pass++) { // compiles
        for (Kind kind : kinds) {
          run(searcher, kind);
        }
      }
      for (Kind kind : kinds) {
        long[] nanos = new long[passes];
        long sum = 0;
        for (int pass = 0; pass < passes; pass++) {
          long begin = threads.getCurrentThreadCpuTime();
          sum = run(searcher, kind);
          nanos[pass] = threads.getCurrentThreadCpuTime() - begin;
        }
        Arrays.sort(nanos);
        print(kind.name, nanos[passes / 2], sum);
      }
    }
  }

  private List<Kind> kinds(SplittableRandom random) {
    List<Query> term = new ArrayList<>();
    List<Query> and = new ArrayList<>();
    List<Query> phrase = new ArrayList<>();
    List<Query> range = new ArrayList<>();
    for (int i = 0; i < queries; i++) {
      Term one = new Term("text", Words.of(random.nextInt(1000)));
      Term other = new Term("text", Words.of(random.nextInt(100)));
      term.add(new TermQuery(one));
      and.add(
          new BooleanQuery.Builder()
              .add(new TermQuery(one), BooleanClause.Occur.MUST)
              .add(new TermQuery(other), BooleanClause.Occur.MUST)
              .build());
      phrase.add(new PhraseQuery("text", other.text(), Words.of(random.nextInt(100))));
      long from = random.nextInt(documents);
      range.add(LongPoint.newRangeQuery("time", from, from + documents / 100));
    }
    return List.of(
        new Kind("term", term, false),
        new Kind("and", and, false),
        new Kind("phrase", phrase, false),
        new Kind("range", range, false),
        new Kind("sort", term, true));
  }

  /** Runs all queries of a kind, fetches the documents found, and adds up what they are. */
  private long run(IndexSearcher searcher, Kind kind) throws IOException {
    StoredFields stored = searcher.storedFields();
    Sort byTime = new Sort(LongField.newSortField("time", false, SortedNumericSelector.Type.MIN));
    long sum = 0;
    for (Query query : kind.queries) {
      TopDocs found =
          kind.sorted ? searcher.search(query, HITS, byTime) : searcher.search(query, HITS);
      for (ScoreDoc hit : found.scoreDocs) {
        Number number = stored.document(hit.doc).getField("number").numericValue();
        sum = 31 * sum + number.longValue();
      }
    }
    return sum;
  }
}
