/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backup.s3;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.dmalloc.api.MemoryException;
import org.dmalloc.backup.BackupStore;
import org.dmalloc.backup.StoreConflictException;
import org.dmalloc.backup.StoredObject;
import org.dmalloc.backup.TaggedObject;
import org.dmalloc.backup.archive.MemoryContent;
import org.dmalloc.backup.keeping.Seed;
import org.dmalloc.backup.s3.FaultProxy.Fault;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a store makes of a service that is away, slow, failing or lying. */
@Timeout(60)
class FaultsTest {
  private final SplittableRandom random = Seed.of(FaultsTest.class);
  private StoreRig rig;

  @BeforeEach
  void begin() throws Exception {
    rig = new StoreRig();
  }

  @AfterEach
  void end() throws Exception {
    rig.close();
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private byte[] content() {
    byte[] content = new byte[random.nextInt(1, 50_000)];
    random.nextBytes(content);
    return content;
  }

  private static byte[] read(BackupStore store, StoredObject object) throws MemoryException {
    ByteBuffer into = ByteBuffer.allocate((int) object.byteSize());
    store.read(object.key(), 0, into);
    return into.array();
  }

  /** Heads go on as a keeper has them go on: after a conflict it looks what is there. */
  private static String replace(BackupStore store, String key, String tag, String text)
      throws MemoryException {
    try {
      return store.replace(key, tag, bytes(text));
    } catch (StoreConflictException e) {
      TaggedObject found = store.get(key).orElseThrow();
      assertEquals(bytes(text), found.content(), "a conflict with nobody but itself");
      return found.tag();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"ERROR", "BUSY", "DROPPED", "ANSWER_LOST", "ANSWER_CUT"})
  void halfOfTheRequestsFailAndNothingIsLost(Fault fault) throws Exception {
    SplittableRandom choices = random.split();
    try (BackupStore store = rig.open(StoreRig.EAGER)) {
      store.delete("none");
      rig.proxy.faults =
          request -> {
            synchronized (choices) {
              return choices.nextBoolean() ? fault : Fault.NONE;
            }
          };
      Map<String, byte[]> expected = new TreeMap<>();
      String tag = null;
      for (int i = 0; i < 4; i++) {
        String key = "objects/" + i;
        byte[] content = content();
        store.put(key, new MemoryContent(content));
        expected.put(key, content);
        tag = replace(store, "heads/a", tag, "head " + i);
      }
      store.delete("objects/0");
      expected.remove("objects/0");
      Map<String, byte[]> found = new TreeMap<>();
      for (StoredObject object : store.list("objects/")) {
        found.put(object.key(), read(store, object));
      }
      assertEquals(expected.keySet(), found.keySet());
      expected.forEach((key, content) -> assertArrayEquals(content, found.get(key), key));
      assertEquals(tag, store.get("heads/a").orElseThrow().tag());
      assertEquals(bytes("head 3"), store.get("heads/a").orElseThrow().content());
      MemoryContent other = new MemoryContent(new byte[] {1});
      assertThrows(StoreConflictException.class, () -> store.put("objects/1", other));
    }
  }

  @Test
  void anAnswerThatEndsEarlyIsNeverTakenForWhole() throws Exception {
    try (BackupStore store = rig.open(StoreRig.IMPATIENT)) {
      store.put("objects/a", new MemoryContent(content()));
      String tag = store.replace("heads/a", null, bytes("the head of it, long enough to be cut"));
      assertNotEquals("", tag);
      StoredObject object = store.list("objects/").getFirst();
      rig.proxy.faults = request -> Fault.ANSWER_CUT;
      for (int i = 0; i < 3; i++) {
        assertThrows(MemoryException.class, () -> read(store, object));
        assertThrows(MemoryException.class, () -> store.get("heads/a"));
        assertThrows(MemoryException.class, () -> store.list(""));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"SILENCE", "DROPPED", "ERROR", "BUSY"})
  void everyCallEnds(Fault fault) throws Exception {
    Queue<MemoryException> failures = new ConcurrentLinkedQueue<>();
    try (BackupStore store = rig.open(StoreRig.IMPATIENT)) {
      store.put("objects/a", new MemoryContent(new byte[] {1}));
      String tag = store.replace("heads/a", null, bytes("head"));
      rig.proxy.faults = request -> fault;
      List<Executable> calls =
          List.of(
              () -> store.put("b", new MemoryContent(new byte[] {1})),
              () -> store.replace("heads/a", tag, bytes("other")),
              () -> store.get("heads/a"),
              () -> store.read("objects/a", 0, ByteBuffer.allocate(1)),
              () -> store.list(""),
              () -> store.delete("objects/a"));
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (Executable call : calls) {
          threads.submit(() -> failures.add(assertThrows(MemoryException.class, call)));
        }
      }
      assertEquals(calls.size(), failures.size());
      for (MemoryException failure : failures) {
        assertFalse(failure instanceof StoreConflictException, failure.getMessage());
        assertTrue(failure.getMessage().contains(rig.location()), failure.getMessage());
      }
      rig.proxy.faults = request -> Fault.NONE;
      assertEquals(2, store.list("").size());
    }
  }

  @Test
  void goesOnWhenAStoppedServiceIsBack() throws Exception {
    try (BackupStore store = rig.open(StoreRig.IMPATIENT)) {
      rig.proxy.stop();
      MemoryException refused = assertThrows(MemoryException.class, () -> store.list(""));
      assertTrue(refused.getMessage().contains("Connection refused"), refused.getMessage());
      rig.proxy.start();
      store.put("objects/a", new MemoryContent(new byte[] {1}));
      assertEquals(1, store.list("").size());
    }
  }

  @Test
  void aServiceThatLiesOnceIsFoundOutAndAskedAgain() throws Exception {
    try (BackupStore store = rig.open()) {
      store.put("first", new MemoryContent(new byte[] {1}));
      AtomicInteger lies = new AtomicInteger();
      rig.proxy.faults =
          request -> request.isWrite() && lies.incrementAndGet() % 2 == 1 ? Fault.LIE : Fault.NONE;
      store.put("objects/a", new MemoryContent(new byte[] {1, 2}));
      String tag = store.replace("heads/a", null, bytes("one"));
      String next = store.replace("heads/a", tag, bytes("two"));
      assertEquals(next, store.get("heads/a").orElseThrow().tag());
      assertEquals(bytes("two"), store.get("heads/a").orElseThrow().content());
      assertEquals(6, lies.get());
      assertArrayEquals(new byte[] {1, 2}, read(store, new StoredObject("objects/a", 2)));
    }
  }

  @Test
  void aServiceThatGoesOnLyingIsAFailure() throws Exception {
    try (BackupStore store = rig.open(StoreRig.IMPATIENT)) {
      String tag = store.replace("heads/a", null, bytes("one"));
      rig.proxy.faults = request -> request.isWrite() ? Fault.LIE : Fault.NONE;
      MemoryException put =
          assertThrows(
              MemoryException.class,
              () -> store.put("objects/a", new MemoryContent(new byte[] {1, 2})));
      assertInstanceOf(NotStoredException.class, put);
      assertEquals(
          "put 2 bytes of objects/a in "
              + rig.location()
              + ": the store said that it has it, and has another one, or none; do not trust this"
              + " store before that is explained",
          put.getMessage());
      assertInstanceOf(
          NotStoredException.class,
          assertThrows(MemoryException.class, () -> store.replace("heads/a", tag, bytes("two"))));
      assertInstanceOf(
          NotStoredException.class,
          assertThrows(MemoryException.class, () -> store.replace("heads/b", null, bytes("two"))));
      rig.proxy.faults = request -> Fault.NONE;
      assertEquals(bytes("one"), store.get("heads/a").orElseThrow().content());
    }
  }

  @Test
  void anInterruptEndsACallThatTriesAgain() throws Exception {
    try (BackupStore store = rig.open()) {
      rig.proxy.faults = request -> Fault.BUSY;
      AtomicReference<Throwable> ended = new AtomicReference<>();
      Thread thread =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      store.list("");
                    } catch (MemoryException e) {
                      ended.set(e);
                    }
                    assertTrue(Thread.currentThread().isInterrupted());
                  });
      int before = rig.proxy.requests();
      while (rig.proxy.requests() < before + 2) {
        LockSupport.parkNanos(1_000_000);
      }
      thread.interrupt();
      thread.join();
      assertTrue(String.valueOf(ended.get()).contains("cancelled by an interrupt"));
    }
  }

  @Test
  void closingEndsACallThatTriesAgain() throws Exception {
    BackupStore store = rig.open();
    rig.proxy.faults = request -> Fault.BUSY;
    int before = rig.proxy.requests();
    Thread closing =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (rig.proxy.requests() < before + 2) {
                    LockSupport.parkNanos(1_000_000);
                  }
                  store.close();
                });
    MemoryException closed = assertThrows(MemoryException.class, () -> store.list(""));
    assertTrue(closed.getMessage().contains("the store is closed"), closed.getMessage());
    closing.join();
  }
}
