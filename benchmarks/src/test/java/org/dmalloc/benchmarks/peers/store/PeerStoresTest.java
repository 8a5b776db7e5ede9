/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.benchmarks.peers.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.dmalloc.benchmarks.peers.child.ColdFiles;
import org.dmalloc.measure.PageContent;
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
    for (int page = 0; page < PAGES / 2; page++) {
      store.fill(page, content);
    }
    if (store.fillsInParts()) {
      store.force();
    }
    store.fillRest(PAGES / 2, PAGES, content);
    store.force();
    for (Use use : List.of(Use.SCAN, Use.RANDOM, Use.MIXED)) {
      store = cold(peer, store, use);
      for (int page = 0; page < PAGES; page++) {
        store.checkAll(page, content);
      }
      for (int page = PAGES - 1; page >= 0; page -= 7) {
        store.checkStamp(page, content);
      }
      PageStore open = store;
      assertThrows(WrongContentException.class, () -> open.checkStamp(3, other));
      assertThrows(WrongContentException.class, () -> open.checkAll(3, other));
      assertThrows(WrongContentException.class, () -> open.checkMark(3, content));
      assertFalse(store.note().isEmpty());
    }
    store.close();
  }

  @ParameterizedTest
  @MethodSource("peers")
  void keepsWhatWasChangedAndLeavesNothingDirtyOnceForced(String id) throws IOException {
    Peer peer = Peer.named(id);
    PageStore store = peer.opener().open(place(), Use.FILL);
    store.fillRest(0, PAGES, content);
    store.force();
    store = cold(peer, store, Use.RANDOM);
    if (!store.writable()) {
      PageStore open = store;
      assertThrows(UnsupportedOperationException.class, () -> open.setMark(0, content));
      store.close();
      return;
    }
    for (int page = 0; page < PAGES; page += 3) {
      store.setMark(page, content);
      store.checkMark(page, content);
    }
    store.force();
    try (Stream<Path> files = Files.walk(place().directory())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        // What tells one of LMDB's processes about the others is no data.
        if (!file.endsWith("lock.mdb")) {
          assertEquals(0, ColdFiles.dirtyBytes(file), file + " after force");
        }
      }
    }
    store = cold(peer, store, Use.MIXED);
    for (int page = 0; page < PAGES; page++) {
      store.checkAll(page, content);
      if (page % 3 == 0) {
        store.checkMark(page, content);
      }
    }
    store.close();
  }

  @ParameterizedTest
  @MethodSource("peers")
  void readsWhatWasAnnounced(String id) throws IOException {
    Peer peer = Peer.named(id);
    PageStore store = peer.opener().open(place(), Use.FILL);
    store.fillRest(0, PAGES, content);
    store.force();
    store = cold(peer, store, Use.RANDOM);
    long[] pages = LongStream.range(0, PAGES).map(page -> page * 7 % PAGES).toArray();
    if (store.announces()) {
      assertEquals(PAGES, store.checkAnnounced(Arrays.stream(pages).iterator(), content));
      PageStore open = store;
      assertThrows(
          WrongContentException.class,
          () -> open.checkAnnounced(Arrays.stream(pages).iterator(), other));
    } else {
      PageStore open = store;
      assertThrows(
          UnsupportedOperationException.class,
          () -> open.checkAnnounced(Arrays.stream(pages).iterator(), content));
    }
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
    assertEquals(0, ColdFiles.cachedBytes(file));
    Files.readAllBytes(file);
    assertEquals(1 << 20, ColdFiles.cachedBytes(file));
    ColdFiles.drop(work);
    assertEquals(0, ColdFiles.cachedBytes(file));
  }
}
