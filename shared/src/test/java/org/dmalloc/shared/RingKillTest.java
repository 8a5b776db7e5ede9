/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.dmalloc.api.Access;
import org.dmalloc.testkit.DoomedJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * JVMs that send to a ring, and JVMs that take from it, are killed at random moments, as {@code
 * kill -9} does. {@code -Ddmalloc.kills=100} makes more of it, {@code -Ddmalloc.seed=} the same
 * again.
 */
class RingKillTest {
  private static final int KILLS = Integer.getInteger("dmalloc.kills", 8);
  private static final long SEED = Long.getLong("dmalloc.seed", System.nanoTime());
  private static final int RUN_MILLIS = 200;
  private static final int SIDE = 2;

  @TempDir private Path directory;

  private final SharedMemoryService service = SharedMemoryService.load();
  private final List<DoomedJvm> children = new ArrayList<>();

  @Test
  void everyMessageArrivesWholeAndInOrderThoughProducersAreKilled() throws Exception {
    SplittableRandom random = new SplittableRandom(SEED);
    Map<Integer, Long> received = new HashMap<>();
    try (SharedTestRegion region = SharedTestRegion.ofFile(directory, RingKillMain.BYTES)) {
      MessageRing ring = service.createRing(region, 0, RingKillMain.CAPACITY);
      int producer = 0;
      for (; producer < SIDE; producer++) {
        children.add(start("produce", producer, random.nextLong()));
      }
      for (int kill = 0; kill < KILLS; kill++) {
        DoomedJvm oldest = children.getFirst();
        int number = producer - SIDE;
        oldest.await(
            "it sends",
            () -> {
              receive(ring, received, Duration.ofMillis(10));
              return received.getOrDefault(number, 0L) > 0;
            });
        Duration work = Duration.ofMillis(random.nextInt(RUN_MILLIS));
        receive(ring, received, work);
        oldest.close();
        children.removeFirst();
        children.add(start("produce", producer++, random.nextLong()));
      }
      children.forEach(DoomedJvm::close);
      receive(ring, received, Duration.ofMillis(100));
      assertEquals(0, ring.used());
      for (int each = 0; each < producer; each++) {
        long confirmed = confirmed(region, each);
        long got = received.getOrDefault(each, 0L);
        // What was sent last may have been confirmed to nobody any more: a batch of up to nine.
        assertTrue(
            got >= confirmed && got <= confirmed + 9,
            "producer " + each + ": " + got + " came, " + confirmed + " were confirmed");
      }
    } catch (Exception | AssertionError e) {
      throw new AssertionError("seed " + SEED, e);
    } finally {
      children.forEach(DoomedJvm::close);
    }
  }

  @Test
  void noMessageIsTakenTwiceOrLostToAnybodyButTheDeadThoughConsumersAreKilled() throws Exception {
    SplittableRandom random = new SplittableRandom(SEED);
    int consumers = 0;
    long sent = 0;
    try (SharedTestRegion region = SharedTestRegion.ofFile(directory, RingKillMain.BYTES)) {
      MessageRing ring = service.createRing(region, 0, RingKillMain.CAPACITY);
      for (; consumers < SIDE; consumers++) {
        children.add(start("consume", consumers, random.nextLong()));
      }
      for (int kill = 0; kill < KILLS; kill++) {
        DoomedJvm oldest = children.getFirst();
        Path notes = RingKillMain.notes(directory, consumers - SIDE);
        while (!Files.exists(notes) || Files.size(notes) == 0) {
          sent = send(ring, sent, random, Duration.ofMillis(10));
          oldest.await(1);
        }
        sent = send(ring, sent, random, Duration.ofMillis(random.nextInt(RUN_MILLIS)));
        oldest.close();
        children.removeFirst();
        children.add(start("consume", consumers++, random.nextLong()));
      }
      DoomedJvm last = children.getLast();
      last.await("the rest is taken", () -> ring.used() == 0);
      long awaited = sent - KILLS;
      int all = consumers;
      last.await("it is noted", () -> noted(all) >= awaited);
      children.forEach(DoomedJvm::close);
      requireEachOnce(consumers, sent);
    } catch (Exception | AssertionError e) {
      throw new AssertionError("seed " + SEED, e);
    } finally {
      children.forEach(DoomedJvm::close);
    }
  }

  private DoomedJvm start(String role, int number, long seed) throws Exception {
    return DoomedJvm.start(
        directory.resolve(role + number + ".txt"),
        RingKillMain.class,
        directory.toString(),
        role,
        Integer.toString(number),
        Long.toString(seed));
  }

  private static long confirmed(SharedTestRegion region, int producer) {
    try (Access access = region.acquire()) {
      return access.segment().get(JAVA_LONG, RingKillMain.CONFIRMED + producer * 8L);
    }
  }

  /** Takes what comes for some time, and until none is left. */
  private static void receive(MessageRing ring, Map<Integer, Long> received, Duration time)
      throws Exception {
    long start = System.nanoTime();
    while (System.nanoTime() - start < time.toNanos()) {
      Optional<byte[]> message = ring.poll(Duration.ofMillis(10));
      if (message.isPresent()) {
        ByteBuffer note = RingKillMain.verified(message.get());
        int producer = note.getInt();
        long number = note.getLong();
        assertEquals(received.getOrDefault(producer, 0L) + 1, number, "of producer " + producer);
        received.put(producer, number);
      }
    }
  }

  private static long send(MessageRing ring, long sent, SplittableRandom random, Duration time)
      throws Exception {
    long start = System.nanoTime();
    long number = sent;
    while (System.nanoTime() - start < time.toNanos()) {
      if (ring.offer(RingKillMain.message(0, number + 1, random), Duration.ofMillis(20))) {
        number++;
      }
    }
    return number;
  }

  private long noted(int consumers) throws Exception {
    long bytes = 0;
    for (int consumer = 0; consumer < consumers; consumer++) {
      Path notes = RingKillMain.notes(directory, consumer);
      bytes += Files.exists(notes) ? Files.size(notes) : 0;
    }
    return bytes / RingKillMain.NOTE;
  }

  private void requireEachOnce(int consumers, long sent) throws Exception {
    boolean[] noted = new boolean[(int) sent + 1];
    int count = 0;
    for (int consumer = 0; consumer < consumers; consumer++) {
      Path notes = RingKillMain.notes(directory, consumer);
      ByteBuffer all =
          ByteBuffer.wrap(Files.exists(notes) ? Files.readAllBytes(notes) : new byte[0]);
      long before = 0;
      while (all.remaining() >= RingKillMain.NOTE) {
        assertEquals(0, all.getInt());
        long number = all.getLong();
        assertTrue(number > before, "consumer " + consumer + ": " + number + " after " + before);
        assertTrue(!noted[(int) number], number + " was taken twice");
        noted[(int) number] = true;
        before = number;
        count++;
      }
    }
    assertTrue(count >= sent - KILLS, count + " of " + sent + " messages were noted");
  }
}
