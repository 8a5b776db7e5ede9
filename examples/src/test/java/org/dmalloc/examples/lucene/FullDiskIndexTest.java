/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.examples.lucene;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.CheckIndex;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.SerialMergeScheduler;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.store.Directory;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.standalone.Dmalloc;
import org.dmalloc.examples.lucene.RegionDirectory.Reads;
import org.dmalloc.testkit.SmallFileSystem;
import org.dmalloc.testkit.SmallFileSystem.Kind;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An index that is written until its disk is full. Needs root, for a small file system. */
class FullDiskIndexTest {
  private static final int ENOSPC = 28;
  private static final int KEPT = 500;
  private static final int BODY_BYTES = 16 << 10;

  @TempDir Path directory;

  /** Compresses badly, and is the same for the same number. */
  private static byte[] body(int number) {
    byte[] body = new byte[BODY_BYTES];
    new Random(number).nextBytes(body);
    return body;
  }

  /** Merges in the calling thread, which is told of what fails. */
  private static IndexWriter writer(Directory index) throws IOException {
    return new IndexWriter(
        index, new IndexWriterConfig().setMergeScheduler(new SerialMergeScheduler()));
  }

  private static void add(IndexWriter writer, int number) throws IOException {
    Document document = new Document();
    document.add(new StringField("number", Integer.toString(number), Field.Store.YES));
    document.add(new StoredField("body", body(number)));
    writer.addDocument(document);
  }

  /** Each document is found, and has its bytes. */
  private static void assertHolds(DirectoryReader reader, int count) throws IOException {
    IndexSearcher searcher = new IndexSearcher(reader);
    assertEquals(count, reader.numDocs());
    for (int number = 0; number < count; number += Math.max(1, count / 50)) {
      TermQuery query = new TermQuery(new Term("number", Integer.toString(number)));
      int document = searcher.search(query, 1).scoreDocs[0].doc;
      byte[] found = searcher.storedFields().document(document).getBinaryValue("body").bytes;
      assertArrayEquals(body(number), found);
    }
  }

  private static void assertClean(Directory index) throws IOException {
    try (CheckIndex check = new CheckIndex(index)) {
      assertTrue(check.checkIndex().clean);
    }
  }

  private static MemoryException typed(Throwable thrown) {
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof MemoryException typed) {
        return typed;
      }
    }
    throw new AssertionError("no typed error", thrown);
  }

  /** Adds and commits until the disk is full; returns how many documents are committed. */
  private static int fill(IndexWriter writer) {
    int committed = KEPT;
    try {
      for (int number = KEPT; ; number++) {
        add(writer, number);
        if (number % 50 == 49) {
          writer.commit();
          committed = number + 1;
        }
      }
    } catch (IOException | IllegalStateException e) { // the second tells of a merge that failed
      MemoryException full = typed(e);
      assertEquals(ENOSPC, full.errno(), full.getMessage());
      assertTrue(full.getMessage().contains("ENOSPC (28); "), full.getMessage());
    }
    return committed;
  }

  @ParameterizedTest
  @CsvSource({"panama, SEGMENTS", "filechannel, SECTIONS"})
  void whatWasCommittedStaysAndItGoesOnOnceThereIsRoom(String backend, Reads reads)
      throws Exception {
    try (SmallFileSystem disk = SmallFileSystem.mount(Kind.EXT4, directory, 64L << 20);
        Dmalloc dmalloc = Dmalloc.open(Map.of("directory", disk.directory().toString()));
        Directory index =
            RegionDirectory.ofStore(dmalloc.provider(backend), disk.directory(), reads)) {
      Path ballast = Files.write(disk.directory().resolve("ballast"), new byte[24 << 20]);
      try (IndexWriter writer = writer(index)) {
        for (int number = 0; number < KEPT; number++) {
          add(writer, number);
        }
      }
      int committed;
      try (DirectoryReader before = DirectoryReader.open(index)) {
        IndexWriter writer = writer(index);
        try {
          committed = fill(writer);
        } finally {
          writer.rollback();
        }
        assertFalse(writer.isOpen());
        assertHolds(before, KEPT);
      }
      assertClean(index);
      try (DirectoryReader reader = DirectoryReader.open(index)) {
        assertHolds(reader, committed);
      }

      Files.delete(ballast);
      try (IndexWriter writer = writer(index)) {
        for (int number = committed; number < committed + KEPT; number++) {
          add(writer, number);
        }
      }
      assertClean(index);
      try (DirectoryReader reader = DirectoryReader.open(index)) {
        assertHolds(reader, committed + KEPT);
      }
    }
  }
}
