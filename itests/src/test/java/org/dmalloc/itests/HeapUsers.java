/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.itests;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.dmalloc.api.Access;
import org.dmalloc.api.MemoryException;
import org.dmalloc.heap.Heap;
import org.jspecify.annotations.Nullable;

/**
 * Threads that allocate, use, resize and free blocks of one heap. Each block is full of longs that
 * tell their block and place, and is compared before it is freed; some are freed by another thread
 * than has allocated them.
 */
final class HeapUsers {
  private static final int MOST_BLOCKS = 400;
  private static final int LARGEST = 40_000;
  private static final int HANDED_ON = 64;

  private final Heap heap;
  private final List<User> users = new ArrayList<>();
  private final Queue<Block> handedOn = new ConcurrentLinkedQueue<>();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private volatile boolean stopped;

  private record Block(long offset, long byteSize, long key) {}

  HeapUsers(Heap heap, int count, long seed) {
    this.heap = heap;
    for (int i = 0; i < count; i++) {
      users.add(new User(i, seed + i));
    }
    users.forEach(user -> user.thread.start());
  }

  private final class User implements Runnable {
    final List<Block> blocks = new ArrayList<>();
    final RandomGenerator random;
    final Thread thread;
    volatile long steps;
    private long nextKey;

    User(int number, long seed) {
      random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
      nextKey = (long) number << 56;
      Thread.Builder builder = number % 2 == 0 ? Thread.ofPlatform() : Thread.ofVirtual();
      thread = builder.name("heap user " + number).unstarted(this);
    }

    @Override
    public void run() {
      try {
        for (long taken = 1; !stopped; taken++) {
          step();
          steps = taken;
        }
      } catch (Throwable e) {
        failure.compareAndSet(null, e);
        stopped = true;
      }
    }

    private void step() throws MemoryException {
      int choice = random.nextInt(10);
      if (blocks.size() < MOST_BLOCKS && (choice < 5 || blocks.isEmpty())) {
        blocks.add(allocate(size()));
        return;
      }
      int index = random.nextInt(blocks.size());
      Block last = blocks.removeLast();
      Block block = index == blocks.size() ? last : blocks.set(index, last);
      check(block);
      if (choice == 9 && handedOn.size() < HANDED_ON) {
        handedOn.add(block);
        Block others = handedOn.poll();
        if (others != null) {
          check(others);
          heap.free(others.offset);
        }
      } else if (choice == 8) {
        long byteSize = size();
        long offset = heap.reallocate(block.offset, byteSize);
        check(new Block(offset, Math.min(block.byteSize, byteSize), block.key));
        blocks.add(filled(offset, byteSize));
      } else {
        heap.free(block.offset);
      }
    }

    /** Mostly small, sometimes one with pages of its own. */
    private long size() {
      return random.nextInt(20) == 0
          ? 65_536 + random.nextInt(LARGEST)
          : 8 + random.nextInt(1 << random.nextInt(4, 13));
    }

    private Block allocate(long byteSize) throws MemoryException {
      return filled(heap.allocate(byteSize), byteSize);
    }

    private Block filled(long offset, long byteSize) throws MemoryException {
      Block block = new Block(offset, byteSize, nextKey++);
      try (Access access = heap.region().acquire()) {
        MemorySegment segment = heap.segment(access, offset);
        for (long at = 0; at + 8 <= byteSize; at += 8) {
          segment.set(JAVA_LONG_UNALIGNED, at, block.key ^ at);
        }
      }
      return block;
    }
  }

  private void check(Block block) throws MemoryException {
    try (Access access = heap.region().acquire()) {
      MemorySegment segment = heap.segment(access, block.offset);
      for (long at = 0; at + 8 <= block.byteSize; at += 8) {
        long found = segment.get(JAVA_LONG_UNALIGNED, at);
        if (found != (block.key ^ at)) {
          assertEquals(block.key ^ at, found, "at " + at + " of " + block);
        }
      }
    }
  }

  private void throwFailure() {
    Throwable thrown = failure.get();
    if (thrown != null) {
      throw new AssertionError(thrown);
    }
  }

  /** Waits until each thread has taken some steps more. */
  void awaitProgress(long more) throws Exception {
    Map<User, Long> before = new HashMap<>();
    users.forEach(user -> before.put(user, user.steps));
    ConfiguredProviders.until(
        () -> "steps of all users of a heap",
        () -> {
          throwFailure();
          return users.stream().allMatch(user -> user.steps >= before.get(user) + more);
        });
  }

  /** Ends the threads; all that they have is compared. */
  void stop() throws Exception {
    stopped = true;
    for (User user : users) {
      user.thread.join();
    }
    throwFailure();
    checkAll();
  }

  /** Compares all blocks, also of another opening of the heap. */
  void checkAll() throws MemoryException {
    for (Block block : all()) {
      check(block);
    }
  }

  private List<Block> all() {
    List<Block> all = new ArrayList<>(handedOn);
    users.forEach(user -> all.addAll(user.blocks));
    return all;
  }

  long liveBlocks() {
    return all().size();
  }

  /** The offsets of all blocks, ascending. */
  List<Long> offsets() {
    return all().stream().map(Block::offset).sorted().toList();
  }
}
