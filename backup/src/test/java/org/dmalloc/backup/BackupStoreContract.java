/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.dmalloc.api.MemoryException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link BackupStore} must do. */
public abstract class BackupStoreContract {
  private BackupStore store;

  /** Opens the store of this test, which is empty at the first call. */
  protected abstract BackupStore open() throws Exception;

  /** More than a store gives in one answer. */
  protected int manyObjects() {
    return 1100;
  }

  @BeforeEach
  void openIt() throws Exception {
    store = open();
  }

  @AfterEach
  void closeIt() {
    store.close();
  }

  /** Content of a test. */
  protected static ObjectContent content(byte[] bytes) {
    return new ObjectContent() {
      @Override
      public long byteSize() {
        return bytes.length;
      }

      @Override
      public byte[] sha256() {
        try {
          return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
          throw new IllegalStateException(e);
        }
      }

      @Override
      public InputStream open() {
        return new ByteArrayInputStream(bytes);
      }
    };
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] random(int count) {
    byte[] bytes = new byte[count];
    new Random(count).nextBytes(bytes);
    return bytes;
  }

  private static ByteBuffer buffer(String text) {
    return ByteBuffer.wrap(bytes(text));
  }

  private byte[] read(String key, long offset, int length) throws MemoryException {
    byte[] into = new byte[length];
    store.read(key, offset, ByteBuffer.wrap(into));
    return into;
  }

  private static String text(TaggedObject object) {
    return StandardCharsets.UTF_8.decode(object.content().duplicate()).toString();
  }

  private List<String> keys(String prefix) throws MemoryException {
    return store.list(prefix).stream().map(StoredObject::key).toList();
  }

  @Test
  void anEmptyStoreHasNothing() throws Exception {
    assertEquals(List.of(), store.list(""));
    assertEquals(List.of(), store.list("objects/a"));
    assertEquals(Optional.empty(), store.get("heads/a"));
    store.delete("objects/a/b");
    assertThrows(MemoryException.class, () -> read("objects/a/b", 0, 1));
  }

  @Test
  void givesBackWhatWasPut() throws Exception {
    byte[] large = random(9 << 20);
    store.put("objects/a/large", content(large));
    store.put("objects/a/empty", content(new byte[0]));
    store.put("one", content(bytes("x")));
    assertArrayEquals(large, read("objects/a/large", 0, large.length));
    assertArrayEquals(bytes("x"), read("one", 0, 1));
    assertArrayEquals(
        Arrays.copyOfRange(large, 4_000_001, 4_000_100), read("objects/a/large", 4_000_001, 99));
    ByteBuffer part = ByteBuffer.allocateDirect(10).position(2).limit(7);
    store.read("objects/a/large", 8, part);
    assertEquals(7, part.position());
    assertEquals(large[8], part.get(2));
    assertEquals(
        List.of(
            new StoredObject("objects/a/empty", 0),
            new StoredObject("objects/a/large", large.length)),
        store.list("objects/"));
  }

  @Test
  void refusesToReadBeyondTheEnd() throws Exception {
    store.put("a", content(bytes("abc")));
    assertThrows(MemoryException.class, () -> read("a", 1, 3));
    assertThrows(MemoryException.class, () -> read("a", 4, 1));
    assertArrayEquals(bytes("bc"), read("a", 1, 2));
  }

  @Test
  void putsOverNothingThatIsThere() throws Exception {
    store.put("a/b", content(bytes("first")));
    StoreConflictException e =
        assertThrows(StoreConflictException.class, () -> store.put("a/b", content(bytes("other"))));
    assertTrue(e.getMessage().contains("a/b"), e.getMessage());
    assertArrayEquals(bytes("first"), read("a/b", 0, 5));
    store.delete("a/b");
    store.put("a/b", content(bytes("other")));
    assertArrayEquals(bytes("other"), read("a/b", 0, 5));
  }

  @Test
  void listsInOrderByPrefix() throws Exception {
    for (String key : List.of("b/2", "a/1", "b/10", "bb/1", "b/1-x", "b.c")) {
      store.put(key, content(bytes(key)));
    }
    assertEquals(List.of("a/1", "b.c", "b/1-x", "b/10", "b/2", "bb/1"), keys(""));
    assertEquals(List.of("b/1-x", "b/10", "b/2"), keys("b/"));
    assertEquals(List.of("b/1-x", "b/10"), keys("b/1"));
    assertEquals(List.of("bb/1"), keys("bb"));
    assertEquals(List.of(), keys("c"));
    store.delete("b/10");
    assertEquals(List.of("b/1-x"), keys("b/1"));
  }

  @Test
  void listsMoreThanOnePage() throws Exception {
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < manyObjects(); i++) {
      String key = String.format(Locale.ROOT, "many/%05d", i);
      expected.add(key);
      store.put(key, content(new byte[] {1}));
    }
    assertEquals(expected, keys("many/"));
  }

  @Test
  void replacesOnlyWhatTheCallerKnows() throws Exception {
    assertThrows(StoreConflictException.class, () -> store.replace("heads/a", "x", buffer("none")));
    ByteBuffer first = buffer("first");
    String tag = store.replace("heads/a", null, first);
    assertEquals(5, first.remaining());
    assertThrows(
        StoreConflictException.class, () -> store.replace("heads/a", null, buffer("again")));
    TaggedObject found = store.get("heads/a").orElseThrow();
    assertEquals("first", text(found));
    assertEquals(tag, found.tag());
    String next = store.replace("heads/a", tag, buffer("second"));
    assertNotEquals(tag, next);
    assertThrows(
        StoreConflictException.class, () -> store.replace("heads/a", tag, buffer("third")));
    assertEquals("second", text(store.get("heads/a").orElseThrow()));
    store.delete("heads/a");
    assertThrows(
        StoreConflictException.class, () -> store.replace("heads/a", next, buffer("third")));
  }

  @Test
  void ofManyThatReplaceOneSucceeds() throws Exception {
    String tag = store.replace("heads/a", null, buffer("start"));
    int writers = 8;
    try (ExecutorService threads = Executors.newFixedThreadPool(writers)) {
      for (int round = 0; round < 5; round++) {
        CountDownLatch start = new CountDownLatch(1);
        List<Future<String>> writes = new ArrayList<>();
        String expected = tag;
        for (int i = 0; i < writers; i++) {
          String content = round + " " + i;
          writes.add(
              threads.submit(
                  () -> {
                    start.await();
                    try {
                      return store.replace("heads/a", expected, buffer(content));
                    } catch (StoreConflictException e) {
                      return "";
                    }
                  }));
        }
        start.countDown();
        List<String> won = new ArrayList<>();
        for (Future<String> write : writes) {
          if (!write.get().isEmpty()) {
            won.add(write.get());
          }
        }
        assertEquals(1, won.size());
        tag = won.getFirst();
        assertEquals(tag, store.get("heads/a").orElseThrow().tag());
      }
    }
  }

  @Test
  void anotherOpeningSeesTheSame() throws Exception {
    store.put("objects/x", content(bytes("abc")));
    String tag = store.replace("heads/x", null, buffer("head"));
    try (BackupStore other = open()) {
      assertEquals(store.location(), other.location());
      assertEquals(store.list(""), other.list(""));
      other.replace("heads/x", tag, buffer("theirs"));
    }
    assertThrows(StoreConflictException.class, () -> store.replace("heads/x", tag, buffer("ours")));
  }

  @Test
  void contentThatFailsLeavesNothing() throws Exception {
    ObjectContent broken =
        new ObjectContent() {
          @Override
          public long byteSize() {
            return 1 << 20;
          }

          @Override
          public byte[] sha256() {
            return new byte[32];
          }

          @Override
          public InputStream open() {
            return new InputStream() {
              private int left = 100_000;

              @Override
              public int read() throws IOException {
                if (left <= 0) {
                  throw new IOException("no more");
                }
                left--;
                return 1;
              }

              @Override
              public int read(byte[] into, int offset, int length) throws IOException {
                into[offset] = (byte) read();
                return 1;
              }
            };
          }
        };
    assertThrows(MemoryException.class, () -> store.put("objects/broken", broken));
    assertEquals(List.of(), store.list("objects/"));
    store.put("objects/broken", content(bytes("right")));
  }

  @Test
  void refusesKeysThatAreNotAllowed() {
    for (String key : List.of("", "/a", "a//b", "a/", "A", "a/../b", ".", "a b", "ä")) {
      assertThrows(IllegalArgumentException.class, () -> store.put(key, content(bytes("x"))), key);
      assertThrows(
          IllegalArgumentException.class, () -> store.replace(key, null, buffer("x")), key);
    }
    String longest = "k".repeat(BackupStore.MAX_KEY_CHARACTERS);
    assertEquals(longest, BackupStore.checkKey(longest));
    assertThrows(IllegalArgumentException.class, () -> BackupStore.checkKey(longest + "k"));
  }

  @Test
  void anInterruptIsKept() throws Exception {
    Thread.currentThread().interrupt();
    try {
      store.put("objects/interrupted", content(random(100_000)));
    } catch (MemoryException e) {
      assertFalse(e.getMessage().isEmpty());
    }
    assertTrue(Thread.interrupted());
    store.put("objects/after", content(bytes("x")));
    assertTrue(keys("objects/").contains("objects/after"));
  }
}
