/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.dmalloc.benchmarks.peers.child.ColdFiles;
import org.dmalloc.measure.PageContent;
import org.dmalloc.measure.PageStore;
import org.dmalloc.measure.Pages;
import org.dmalloc.measure.WrongContentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@EnabledOnOs(value = OS.LINUX, disabledReason = "page caches are looked at by Linux's calls")
class PeerStoresTest {
  private static final int PAGES = 1500;
  private static final long BYTES = (long) PAGES * PageContent.PAGE_BYTES;

  /** Besides all patterns of panama. */
  private static final Set<String> ANNOUNCING = Set.of("managed", "filechannel", "lucene");

  private final PageContent content = new PageContent(7);
  private final PageContent other = new PageContent(8);
  @TempDir private Path work;

  static Stream<String> peers() {
    return Peer.all().stream().map(Peer::id);
  }

  private StorePlace place() throws IOException {
    Path own = work.resolve("store");
    return new StorePlace(
        Files.isDirectory(own) ? own : Files.createDirectory(own), BYTES, 8L << 20);
  }

  private PageStore cold(Peer peer, PageStore store, Use use) throws IOException {
    if (store.forget()) {
      return store;
    }
    store.close();
    ColdFiles.drop(place().directory());
    return peer.opener().open(place(), use);
  }

  @ParameterizedTest
  @MethodSource("peers")
  void showsWhatWasStoredWheneverItIsOpened(String id) throws IOException {
    Peer peer = Peer.named(id);
    PageStore store = peer.opener().open(place(), Use.FILL);
    Pages filling = store.pages();
    filling.group(
        count -> {
          for (int page = 0; page < PAGES / 2; page++) {
            filling.fill(page, content);
          }
          return count;
        },
        PAGES);
    if (store.fillsInParts()) {
      store.force();
    }
    store.bulkLoad(PAGES / 2, content);
    store.force();
    for (Use use : List.of(Use.SCAN, Use.RANDOM, Use.MIXED)) {
      store = cold(peer, store, use);
      Pages pages = store.pages();
      pages.group(
          count -> {
            for (int page = 0; page < PAGES; page++) {
              pages.checkAll(page, content);
            }
            long stamp = pages.checkStamp(0, content);
            for (int page = PAGES - 1; page > 0; page -= 7) {
              assertTrue(stamp != pages.checkStamp(page, content));
            }
            assertThrows(WrongContentException.class, () -> pages.checkStamp(3, other));
            assertThrows(WrongContentException.class, () -> pages.checkAll(3, other));
            assertThrows(WrongContentException.class, () -> pages.checkMark(3, content));
            return count;
          },
          PAGES);
      assertFalse(store.note().isEmpty());
    }
    store.close();
  }

  @ParameterizedTest
  @MethodSource("peers")
  void keepsWhatWasChangedAndLeavesNothingDirtyOnceForced(String id) throws IOException {
    Peer peer = Peer.named(id);
    PageStore store = peer.opener().open(place(), Use.FILL);
    store.bulkLoad(0, content);
    store.force();
    store = cold(peer, store, Use.RANDOM);
    if (!store.writable()) {
      Pages pages = store.pages();
      assertThrows(UnsupportedOperationException.class, () -> pages.setMark(0, content));
      store.close();
      return;
    }
    Pages marking = store.pages();
    marking.group(
        count -> {
          for (int page = 0; page < PAGES; page += 3) {
            marking.setMark(page, content);
            marking.checkMark(page, content);
          }
          return count;
        },
        PAGES);
    store.force();
    try (Stream<Path> files = Files.walk(place().directory())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        // What tells one of LMDB's processes about the others is no data.
        if (!file.endsWith("lock.mdb")) {
          assertEquals(0, ColdFiles.residency(file).dirtyBytes(), file + " after force");
        }
      }
    }
    store = cold(peer, store, Use.MIXED);
    Pages marked = store.pages();
    marked.group(
        count -> {
          for (int page = 0; page < PAGES; page++) {
            marked.checkAll(page, content);
            if (page % 3 == 0) {
              marked.checkMark(page, content);
            }
          }
          return count;
        },
        PAGES);
    store.close();
  }

  @ParameterizedTest
  @MethodSource("peers")
  void readsWhatWasAnnounced(String id) throws IOException {
    Peer peer = Peer.named(id);
    PageStore store = peer.opener().open(place(), Use.FILL);
    store.bulkLoad(0, content);
    store.force();
    store = cold(peer, store, Use.RANDOM);
    long[] announced = LongStream.range(0, PAGES).map(page -> page * 7 % PAGES).toArray();
    // What cannot use it ignores it.
    store.announce(announced);
    Pages pages = store.pages();
    pages.group(
        count -> {
          for (long page : announced) {
            pages.checkStamp(page, content);
          }
          return count;
        },
        PAGES);
    assertEquals(ANNOUNCING.contains(id) || id.startsWith("panama:"), store.announces());
    store.close();
  }

  @Test
  void refusesAnUnknownContenderByNamingTheOthers() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> Peer.named("other")).getMessage();
    assertTrue(message.contains("contender other") && message.contains("lmdb"), message);
  }

  @Test
  void dropsWhatIsCached() throws IOException {
    Path file = Files.write(work.resolve("file"), new byte[1 << 20]);
    ColdFiles.drop(work);
    assertEquals(0, ColdFiles.residency(file).residentBytes());
    Files.readAllBytes(file);
    assertEquals(1 << 20, ColdFiles.residency(file).residentBytes());
    ColdFiles.drop(work);
    assertEquals(0, ColdFiles.residency(file).residentBytes());
  }
}
