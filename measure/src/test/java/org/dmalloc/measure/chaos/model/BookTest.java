/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.measure.chaos.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.SplittableRandom;
import org.dmalloc.measure.chaos.model.Entry.Verb;
import org.dmalloc.measure.chaos.model.RegionModel.Block;
import org.dmalloc.measure.chaos.model.RegionModel.Kind;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BookTest {
  private static final long REGION = 11;
  private static final long GROUP = 5;

  @TempDir private Path directory;
  private Path file;
  private Book book;

  @BeforeEach
  void begin() throws IOException {
    file = directory.resolve("book");
    book = Book.read(file);
    book.begin();
  }

  private void add(Entry entry) {
    book.done(book.begin(entry));
  }

  private void addRegion(Kind kind, long group, String name) {
    add(Entry.region(new RegionModel(REGION, kind, group, 64, 640, name)));
  }

  private RegionModel model() {
    return book.find(REGION).orElseThrow();
  }

  /** What the next process knows, after a kill of this one. */
  private Book next() throws IOException {
    return Book.read(file);
  }

  @Test
  void theNextProcessKnowsWhatCameOut() throws IOException {
    addRegion(Kind.PLAIN, 0, "orders");
    add(Entry.of(Verb.WRITE, REGION, 2, 3, 7));
    add(Entry.of(Verb.SIZE, REGION, 256));
    add(Entry.named(Verb.NAME, REGION, "bills"));
    RegionModel found = next().find(REGION).orElseThrow();
    assertEquals("bills", found.name());
    assertEquals(256, found.byteSize());
    assertEquals(
        List.of(0L, 0L, 7L, 7L), List.of(0, 1, 2, 3).stream().map(found::version).toList());
    assertEquals(List.of(), next().unresolved());
  }

  @Test
  void whatWasCutShortIsToldAndHasChangedNothing() throws IOException {
    addRegion(Kind.PLAIN, 0, "orders");
    Entry entry = Entry.of(Verb.WRITE, REGION, 0, 1, 9);
    book.begin(entry);
    long refused = book.begin(Entry.of(Verb.SIZE, REGION, 64));
    book.not(refused);
    assertEquals(List.of(entry), next().unresolved());
    assertEquals(0, next().find(REGION).orElseThrow().version(0));
    assertEquals(640, next().find(REGION).orElseThrow().byteSize());
  }

  @Test
  void aLineThatAKillHasCutIsNone() throws IOException {
    addRegion(Kind.PLAIN, 0, "orders");
    Files.writeString(file, "begin 99 WRITE 11 0", StandardOpenOption.APPEND);
    assertEquals(List.of(), next().unresolved());
    assertTrue(next().find(REGION).isPresent());
  }

  @Test
  void regionsWithoutANameGoWithTheirProcess() throws IOException {
    addRegion(Kind.PLAIN, 0, null);
    add(Entry.of(Verb.WRITE, REGION, 0, 1, 9));
    assertEquals(9, model().version(0));
    assertTrue(next().models().isEmpty());
    assertEquals(0, Files.readString(file).lines().filter(l -> l.contains("WRITE")).count());
  }

  @Test
  void aCheckpointIsWhatAKillLeaves() throws IOException {
    addRegion(Kind.CHECKPOINTED, GROUP, "orders");
    add(Entry.of(Verb.WRITE, REGION, 0, 2, 1));
    book.done(book.begin(Entry.of(Verb.COMMIT, GROUP)), Entry.of(Verb.COMMIT, GROUP, 3));
    add(Entry.of(Verb.WRITE, REGION, 1, 2, 2));
    add(Entry.of(Verb.SIZE, REGION, 1280));
    RegionModel found = next().find(REGION).orElseThrow();
    assertEquals(3, next().lastCheckpoint(GROUP));
    assertEquals(2, found.version(1));
    RegionModel committed = found.asCommitted();
    assertEquals(640, committed.byteSize());
    assertEquals(List.of(1L, 1L, 0L), List.of(0, 1, 2).stream().map(committed::version).toList());
    add(Entry.of(Verb.DISCARD, GROUP));
    assertEquals(1, model().version(1));
    assertEquals(1280, model().byteSize(), "a discard leaves the size");
  }

  @Test
  void aSnapshotHasTheUnitsOfItsRegion() {
    addRegion(Kind.PLAIN, 0, "orders");
    add(Entry.of(Verb.WRITE, REGION, 4, 1, 6));
    add(Entry.named(Verb.COPY, REGION, "copy", 12));
    add(Entry.of(Verb.WRITE, REGION, 4, 1, 8));
    RegionModel copy = book.find(12).orElseThrow();
    assertEquals(6, copy.version(4));
    assertEquals(REGION, copy.contentKey());
    add(Entry.of(Verb.GONE, REGION));
    assertTrue(book.find(REGION).isEmpty());
  }

  /** A book that was written anew, because it had become long, says the same. */
  @Test
  void aBookThatIsWrittenAnewSaysTheSame() throws IOException {
    long seed = Long.getLong("dmalloc.seed", System.nanoTime());
    SplittableRandom random = new SplittableRandom(seed);
    addRegion(Kind.CHECKPOINTED, GROUP, "orders");
    add(Entry.region(new RegionModel(12, Kind.HEAP, 0, 4096, 4096, "heap")));
    long longest = 0;
    long change = book.begin(Entry.of(Verb.SIZE, REGION, 1920));
    for (int step = 1; step < 30_000; step++) {
      switch (random.nextInt(5)) {
        case 0 -> add(Entry.of(Verb.COMMIT, GROUP, step));
        case 1 -> add(Entry.of(Verb.BLOCK, 12, random.nextInt(50), step, 8));
        case 2 -> add(Entry.of(Verb.UNBLOCK, 12, random.nextInt(50)));
        case 3 -> add(Entry.of(Verb.ADD, 0, 1));
        default -> add(Entry.of(Verb.WRITE, REGION, random.nextInt(9), 2, step));
      }
      longest = Math.max(longest, step % 100 == 0 ? Files.size(file) : 0);
    }
    assertTrue(longest < 1 << 20, "it has become " + longest + " bytes");
    Book next = next();
    assertEquals(book.added(), next.added(), () -> "seed " + seed);
    assertEquals(book.lastCheckpoint(GROUP), next.lastCheckpoint(GROUP), () -> "seed " + seed);
    RegionModel found = next.find(REGION).orElseThrow();
    for (int unit = 0; unit < 10; unit++) {
      assertEquals(model().version(unit), found.version(unit), "unit " + unit + ", seed " + seed);
      assertEquals(
          model().asCommitted().version(unit),
          found.asCommitted().version(unit),
          "unit " + unit + ", seed " + seed);
    }
    assertEquals(
        book.find(12).orElseThrow().blocks(),
        next.find(12).orElseThrow().blocks(),
        () -> "seed " + seed);
    assertEquals(List.of(Entry.of(Verb.SIZE, REGION, 1920)), next.unresolved());
    book.done(change);
    assertEquals(1920, next().find(REGION).orElseThrow().byteSize());
  }

  @Test
  void whatAKillHasLeftUnknownOfTheCounterIsCountedApart() throws IOException {
    add(Entry.of(Verb.ADD, 0, 4));
    book.begin(Entry.of(Verb.ADD, 0, 1));
    Book next = next();
    next.begin();
    assertEquals(0, next.perhapsAdded());
    assertEquals(1, next().unresolved().size(), "a kill before it was settled");
    next.resolved();
    assertEquals(4, next.added());
    assertEquals(1, next.perhapsAdded());
    assertEquals(1, next().perhapsAdded(), "for good");
    assertEquals(List.of(), next().unresolved());
  }

  @Test
  void blocksAreKept() throws IOException {
    add(Entry.region(new RegionModel(12, Kind.HEAP, 0, 4096, 4096, "heap")));
    book.done(book.begin(Entry.of(Verb.BLOCK, 12, 1, 0, 80)), Entry.of(Verb.BLOCK, 12, 1, 512, 80));
    assertEquals(new Block(512, 80), next().find(12).orElseThrow().blocks().get(1L));
  }
}
