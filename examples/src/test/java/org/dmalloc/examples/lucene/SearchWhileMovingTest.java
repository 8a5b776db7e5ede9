/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.lucene;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.LongField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.MatchAllDocsQuery;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.Sort;
import org.apache.lucene.search.SortedNumericSelector;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopDocs;
import org.apache.lucene.store.Directory;
import org.dmalloc.api.ProgressListener;
import org.dmalloc.api.move.ManagedRegionInfo;
import org.dmalloc.api.move.MoveOptions;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.examples.lucene.RegionDirectory.Reads;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All files of an index move to other backends and back while the index is searched. */
class SearchWhileMovingTest {
  private static final int DOCUMENTS = 5000;
  private static final int WORDS = 50;
  private static final int ROUNDS = 2;

  @Test
  void everySearchFindsTheSame(@TempDir Path directory) throws Exception {
    try (Dmalloc dmalloc = Dmalloc.open(Map.of("directory", directory.toString()));
        Directory files = RegionDirectory.ofMemory(dmalloc.provider("managed"), Reads.SECTIONS)) {
      index(files);
      try (DirectoryReader reader = DirectoryReader.open(files)) {
        IndexSearcher searcher = new IndexSearcher(reader);
        search(searcher);
        CompletableFuture<Integer> moves = CompletableFuture.supplyAsync(() -> move(dmalloc));
        int searches = 0;
        while (!moves.isDone()) {
          search(searcher);
          searches++;
        }
        assertTrue(moves.get(1, TimeUnit.MINUTES) >= ROUNDS, "moves");
        assertTrue(searches > 0, "searches");
        search(searcher);
      }
    }
  }

  private static void index(Directory files) throws Exception {
    try (IndexWriter writer = new IndexWriter(files, new IndexWriterConfig())) {
      for (int number = 0; number < DOCUMENTS; number++) {
        Document document = new Document();
        document.add(new StringField("word", "w" + number % WORDS, Field.Store.NO));
        document.add(new LongField("number", number, Field.Store.YES));
        writer.addDocument(document);
      }
      writer.commit();
    }
  }

  /** Moves each file of the index to a file, and to memory, in turn. */
  private static int move(Dmalloc dmalloc) {
    int moves = 0;
    for (int round = 0; round < ROUNDS; round++) {
      for (String backend : List.of("panama", "anon")) {
        for (ManagedRegionInfo region : dmalloc.mover().managed()) {
          try {
            dmalloc.mover().move(region.id(), backend, MoveOptions.DEFAULT, ProgressListener.NONE);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          moves++;
        }
      }
    }
    return moves;
  }

  private static void search(IndexSearcher searcher) throws Exception {
    assertEquals(DOCUMENTS, searcher.count(MatchAllDocsQuery.INSTANCE));
    for (int word = 0; word < WORDS; word++) {
      TopDocs found =
          searcher.search(
              new TermQuery(new Term("word", "w" + word)),
              3,
              new Sort(LongField.newSortField("number", true, SortedNumericSelector.Type.MIN)));
      int expected = DOCUMENTS - WORDS + word;
      for (ScoreDoc hit : found.scoreDocs) {
        assertEquals(
            expected,
            searcher.storedFields().document(hit.doc).getField("number").numericValue().intValue());
        expected -= WORDS;
      }
    }
  }
}
