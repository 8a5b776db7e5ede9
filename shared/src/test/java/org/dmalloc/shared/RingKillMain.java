/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.dmalloc.api.Access;

/**
 * The JVMs that {@link RingKillTest} kills: {@code DIRECTORY produce NUMBER SEED} sends numbered
 * messages and notes what was confirmed; {@code DIRECTORY consume NUMBER SEED} appends what it
 * takes to a file.
 */
final class RingKillMain {
  static final long CAPACITY = 4 * RobustLock.BYTES;

  /** Where the confirmed numbers are, a long each, by the producer's number. */
  static final long CONFIRMED = MessageRing.byteSize(CAPACITY);

  static final long BYTES = CONFIRMED + 4 * RobustLock.BYTES;

  /** What a consumer notes of a message, in bytes. */
  static final int NOTE = 12;

  private static final int HEADER = 12;
  private static final Duration LONGEST = Duration.ofMinutes(2);

  private RingKillMain() {}

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[0]);
    int number = Integer.parseInt(args[2]);
    SharedTestRegion region = SharedTestRegion.ofFile(directory, BYTES);
    MessageRing ring = SharedMemoryService.load().openRing(region, 0);
    SplittableRandom random = new SplittableRandom(Long.parseLong(args[3]));
    if (args[1].equals("produce")) {
      produce(ring, region, number, random);
    } else {
      consume(ring, notes(directory, number), random);
    }
  }

  static Path notes(Path directory, int consumer) {
    return directory.resolve("notes" + consumer);
  }

  private static void produce(
      MessageRing ring, SharedTestRegion region, int producer, SplittableRandom random)
      throws IOException, InterruptedException {
    long sent = 0;
    while (true) {
      int batch = random.nextInt(4) == 0 ? 1 + random.nextInt(9) : 1;
      List<byte[]> messages = new ArrayList<>();
      for (int i = 1; i <= batch; i++) {
        messages.add(message(producer, sent + i, random));
      }
      int done = ring.offerAll(messages, LONGEST);
      if (done != batch) {
        throw new IllegalStateException("stuck for " + LONGEST + ": " + ring);
      }
      sent += done;
      try (Access access = region.acquire()) {
        access.segment().set(JAVA_LONG, CONFIRMED + producer * 8L, sent);
      }
    }
  }

  /** Producer, number, and bytes that follow from these. */
  static byte[] message(int producer, long number, SplittableRandom random) {
    ByteBuffer message = ByteBuffer.allocate(HEADER + random.nextInt(random.nextInt(2000) + 1));
    message.putInt(producer).putLong(number);
    while (message.hasRemaining()) {
      message.put(pattern(producer, number, message.position()));
    }
    return message.array();
  }

  private static byte pattern(int producer, long number, int position) {
    return (byte) (producer * 31L + number * 7 + position);
  }

  /** Checks that a message is whole. */
  static ByteBuffer verified(byte[] bytes) {
    ByteBuffer message = ByteBuffer.wrap(bytes);
    int producer = message.getInt();
    long number = message.getLong();
    while (message.hasRemaining()) {
      int position = message.position();
      if (message.get() != pattern(producer, number, position)) {
        throw new IllegalStateException("torn message " + number + " of producer " + producer);
      }
    }
    return ByteBuffer.wrap(bytes, 0, NOTE).slice();
  }

  private static void consume(MessageRing ring, Path notes, SplittableRandom random)
      throws IOException, InterruptedException {
    try (FileChannel file =
        FileChannel.open(notes, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      while (true) {
        // One at a time, so that a kill loses no more than one note.
        byte[] message = random.nextBoolean() ? ring.take() : ring.pollAll(1, LONGEST).getFirst();
        file.write(verified(message));
      }
    }
  }
}
