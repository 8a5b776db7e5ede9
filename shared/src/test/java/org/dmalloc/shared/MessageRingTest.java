/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.dmalloc.api.MemoryException;
import org.junit.jupiter.api.Test;

/** A ring among members that are all in this JVM. */
class MessageRingTest {
  private static final long CAPACITY = RobustLock.BYTES;
  private static final long SEED = Long.getLong("dmalloc.seed", System.nanoTime());
  private static final Duration SHORT = Duration.ofMillis(30);

  private final SharedMemoryService service = SharedMemoryService.load();
  private final Members members = new Members(MessageRing.byteSize(CAPACITY) + RobustLock.BYTES);
  private final SharedTestRegion one = members.join();
  private final SharedTestRegion two = members.join();
  private final TestThreads threads = new TestThreads();

  private static byte[] message(int length, int seed) {
    byte[] message = new byte[length];
    new SplittableRandom(seed).nextBytes(message);
    return message;
  }

  private static long taken(byte[] message) {
    return MessageRing.OVERHEAD + Math.ceilDiv(message.length, 8) * 8L;
  }

  @Test
  void isAQueueLikeAnyOther() throws Exception {
    MessageRing sends = service.createRing(one, RobustLock.BYTES, CAPACITY);
    MessageRing takes = service.openRing(two, RobustLock.BYTES);
    SplittableRandom random = new SplittableRandom(SEED);
    Queue<byte[]> model = new ArrayDeque<>();
    long used = 0;
    for (int step = 0; step < 20_000; step++) {
      if (random.nextBoolean()) {
        byte[] message = message(random.nextInt(random.nextInt(20) == 0 ? 3000 : 60), step);
        boolean fits = used + taken(message) <= CAPACITY;
        assertEquals(fits, sends.offer(message), "step " + step + " of seed " + SEED);
        if (fits) {
          model.add(message);
          used += taken(message);
        }
      } else {
        byte[] expected = model.poll();
        Optional<byte[]> message = takes.poll();
        assertEquals(expected != null, message.isPresent(), "step " + step + " of seed " + SEED);
        if (expected != null) {
          assertArrayEquals(expected, message.orElseThrow());
          used -= taken(expected);
        }
      }
      assertEquals(used, sends.used());
    }
  }

  @Test
  void noPageOfItIsMadeOverALock() throws Exception {
    for (long at = 0; at < MessageRing.byteSize(CAPACITY); at += RobustLock.BYTES) {
      service.createLock(one, at);
      assertThrows(IllegalStateException.class, () -> service.createRing(two, 0, CAPACITY));
      service.openLock(one, at);
      service.erase(one, at);
    }
    service.createRing(one, 0, CAPACITY);
  }

  @Test
  void batchesAreTakenInOrder() throws Exception {
    MessageRing ring = service.createRing(one, 0, CAPACITY);
    List<byte[]> messages = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      messages.add(message(i % 50, i));
    }
    int sent = ring.offerAll(messages, SHORT);
    assertTrue(sent > 50 && sent < 300, sent + " fit");
    threads.start(
        () ->
            assertEquals(
                300 - sent, ring.offerAll(messages.subList(sent, 300), TestThreads.DEADLINE)));
    List<byte[]> taken = new ArrayList<>();
    MessageRing other = service.openRing(two, 0);
    while (taken.size() < 300) {
      List<byte[]> some = other.pollAll(7, TestThreads.DEADLINE);
      assertTrue(!some.isEmpty() && some.size() <= 7);
      taken.addAll(some);
    }
    threads.end();
    for (int i = 0; i < 300; i++) {
      assertArrayEquals(messages.get(i), taken.get(i));
    }
    assertEquals(List.of(), other.pollAll(7, SHORT));
    assertThrows(IllegalArgumentException.class, () -> other.pollAll(0, SHORT));
  }

  @Test
  void severalProducersAndConsumersLoseAndDoubleNothing() throws Exception {
    service.createRing(one, 0, CAPACITY);
    int each = 3000;
    int producers = 3;
    AtomicLong sum = new AtomicLong();
    AtomicLong count = new AtomicLong();
    for (int producer = 0; producer < producers; producer++) {
      MessageRing ring = service.openRing(producer == 0 ? one : two, 0);
      threads.start(
          () -> {
            for (int i = 1; i <= each; i++) {
              byte[] message = ByteBuffer.allocate(8 + i % 40).putLong(i).array();
              assertTrue(ring.offer(message, TestThreads.DEADLINE));
            }
          });
    }
    for (SharedTestRegion region : List.of(one, two, members.join())) {
      MessageRing ring = service.openRing(region, 0);
      threads.start(
          () -> {
            while (count.get() < (long) producers * each) {
              Optional<byte[]> message = ring.poll(SHORT);
              if (message.isPresent()) {
                sum.addAndGet(ByteBuffer.wrap(message.get()).getLong());
                count.incrementAndGet();
              }
            }
          });
    }
    threads.end();
    assertEquals((long) producers * each * (each + 1) / 2, sum.get());
    assertEquals((long) producers * each, count.get());
  }

  @Test
  void aFullRingWaitsAndAnEmptyOneToo() throws Exception {
    MessageRing ring = service.createRing(one, 0, CAPACITY);
    MessageRing other = service.openRing(two, 0);
    assertTrue(ring.poll().isEmpty());
    assertTrue(ring.poll(SHORT).isEmpty());
    byte[] half = message((int) CAPACITY / 2 - MessageRing.OVERHEAD, 1);
    assertTrue(ring.offer(half));
    assertTrue(ring.offer(half));
    assertEquals(CAPACITY, ring.used());
    assertFalse(ring.offer(new byte[0]));
    assertFalse(ring.offer(new byte[0], SHORT));
    Thread waits = threads.start(() -> assertTrue(ring.offer(half, TestThreads.DEADLINE)));
    TestThreads.until(
        "it to wait", () -> service.locks(one, 0, RobustLock.BYTES).getFirst().owner() != null);
    assertArrayEquals(half, other.take());
    assertTrue(waits.join(TestThreads.DEADLINE));
    assertArrayEquals(half, other.take());
    assertArrayEquals(half, other.take());
    Thread takes = threads.start(() -> assertEquals(0, other.take().length));
    TestThreads.until(
        "it to wait",
        () -> service.locks(one, RobustLock.BYTES, RobustLock.BYTES).getFirst().owner() != null);
    assertTrue(ring.offer(new byte[0]));
    assertTrue(takes.join(TestThreads.DEADLINE));
    threads.end();
  }

  @Test
  void anInterruptAndACloseEndAWait() throws Exception {
    MessageRing ring = service.createRing(one, 0, CAPACITY);
    MessageRing other = service.openRing(two, 0);
    for (Thread.Builder builder : List.of(Thread.ofPlatform().daemon(), Thread.ofVirtual())) {
      Thread takes =
          threads.start(builder, () -> assertThrows(InterruptedException.class, other::take));
      TestThreads.until(
          "it to wait",
          () -> service.locks(one, RobustLock.BYTES, RobustLock.BYTES).getFirst().owner() != null);
      takes.interrupt();
      assertTrue(takes.join(TestThreads.DEADLINE));
    }
    Thread takes = threads.start(() -> assertThrows(IllegalStateException.class, other::take));
    TestThreads.until(
        "it to wait",
        () -> service.locks(one, RobustLock.BYTES, RobustLock.BYTES).getFirst().owner() != null);
    two.close();
    assertTrue(takes.join(TestThreads.DEADLINE));
    Thread.currentThread().interrupt();
    assertTrue(ring.offer(new byte[1]), "a call that does not wait leaves an interrupt alone");
    assertTrue(Thread.interrupted());
    threads.end();
  }

  @Test
  void whatSomebodyElseWroteIsNoMessage() throws Exception {
    MessageRing ring = service.createRing(one, 0, CAPACITY);
    long messages = MessageRing.byteSize(0);
    assertTrue(ring.offer(message(100, 1)));
    members.memory().set(JAVA_BYTE, messages + 50, (byte) ~message(100, 1)[42]);
    MemoryException e = assertThrows(MemoryException.class, ring::poll);
    assertTrue(e.getMessage().contains("checksum"), e.getMessage());
    members.memory().asSlice(messages, 8).fill((byte) 0x7f);
    MemoryException length = assertThrows(MemoryException.class, ring::take);
    assertTrue(length.getMessage().contains("a message of"), length.getMessage());
    members.memory().asSlice(2 * RobustLock.BYTES + 64, 2048).fill((byte) 0x11);
    MemoryException positions = assertThrows(MemoryException.class, ring::take);
    assertTrue(positions.getMessage().contains("positions"), positions.getMessage());
    service.erase(two, 0);
    assertThrows(MemoryException.class, () -> ring.offer(new byte[1]));
    assertThrows(MemoryException.class, () -> service.openRing(two, 0));
  }

  @Test
  void sizesAreChecked() throws Exception {
    for (long capacity : new long[] {0, -4096, 100, 2 * CAPACITY + RobustLock.BYTES}) {
      assertThrows(IllegalArgumentException.class, () -> service.createRing(one, 0, capacity));
    }
    MessageRing ring = service.createRing(one, 0, CAPACITY);
    assertEquals(CAPACITY, ring.capacity());
    byte[] most = message((int) CAPACITY - MessageRing.OVERHEAD, 1);
    assertTrue(ring.offer(most));
    assertArrayEquals(most, ring.take());
    byte[] more = Arrays.copyOf(most, most.length + 1);
    assertThrows(IllegalArgumentException.class, () -> ring.offer(more));
    assertThrows(IllegalArgumentException.class, () -> ring.offer(more, SHORT));
    assertThrows(IllegalStateException.class, () -> service.createRing(one, 0, CAPACITY));
    assertEquals(
        List.of(LockState.Kind.PRODUCERS, LockState.Kind.CONSUMERS),
        service.locks(one, 0, one.byteSize()).stream().map(LockState::kind).toList());
  }
}
