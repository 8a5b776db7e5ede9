/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared.robust;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.dmalloc.linux.Futex;
import org.dmalloc.shared.MessageRing;
import org.dmalloc.shared.robust.LockCore.Side;

/**
 * Messages between two positions that only grow: consumers take at the head, producers add at the
 * tail. Each is written under the lock of its side, as the last store of what a side does. So a
 * dead owner of that lock has left nothing to repair: what lies behind the tail was never sent, and
 * what lies behind the head was not taken.
 *
 * <p>Who waits for the other side does so with the lock of its own, sleeping on the other's
 * position, and says by a mark that it is to be waked. A mark that a dead one left costs one
 * wake-up.
 */
final class RegionRing implements MessageRing {
  /** Where the pages of the ring are, from its offset, in bytes. */
  static final long CONSUMERS = SharedPage.BYTES;

  static final long POSITIONS = 2 * SharedPage.BYTES;
  private static final long MESSAGES = 3 * SharedPage.BYTES;

  // In the page of positions; each on a cache line pair of its own, which the other side's prefetch
  // does not touch.
  private static final long HEAD = 256;
  private static final long CONSUMER_SLEEPS = 384;
  private static final long TAIL = 512;
  private static final long PRODUCER_SLEEPS = 640;

  /** No position is negative. */
  private static final long CHANGED = -1;

  /** For how long a call that does not wait bears with another of its side. */
  private static final Duration BUSY = Duration.ofMillis(10);

  private final LockCore producers;
  private final LockCore consumers;
  private final SharedPage page;
  private final MessageBytes bytes;
  private final long capacity;
  private final AdaptiveSpin forRoom = new AdaptiveSpin();
  private final AdaptiveSpin forMessages = new AdaptiveSpin();

  RegionRing(LockCore producers, LockCore consumers, SharedPage page, long capacity) {
    this.producers = producers;
    this.consumers = consumers;
    this.page = page;
    this.capacity = capacity;
    this.bytes = new MessageBytes(page, producers.page().offset() + MESSAGES, capacity);
  }

  @Override
  public MemoryRegion region() {
    return page.region();
  }

  @Override
  public long offset() {
    return producers.page().offset();
  }

  @Override
  public long capacity() {
    return capacity;
  }

  @Override
  public long used() throws MemoryException {
    return producers.inSection(
        memory -> {
          page.require(memory);
          while (true) {
            long head = page.get(memory, HEAD);
            long tail = page.get(memory, TAIL);
            if (page.get(memory, HEAD) == head) {
              return tail - head; // of one moment
            }
          }
        });
  }

  // --- sending ---

  @Override
  public boolean offer(byte[] message) throws MemoryException {
    long size = sizeOf(message);
    if (capacity - used() < size) {
      return false;
    }
    return WithoutInterrupt.call(
        () -> {
          LockHold hold = producers.acquire(Side.EXCLUSIVE, Deadline.after(BUSY));
          if (hold == null) {
            return false;
          }
          try (hold) {
            begin(hold);
            return send(List.of(message), 0) == 1;
          }
        });
  }

  @Override
  public boolean offer(byte[] message, Duration timeout)
      throws InterruptedException, MemoryException {
    return offerAll(List.of(message), timeout) == 1;
  }

  @Override
  public int offerAll(List<byte[]> messages, Duration timeout)
      throws InterruptedException, MemoryException {
    messages.forEach(this::sizeOf);
    Deadline deadline = Deadline.after(timeout);
    LockHold hold = producers.acquire(Side.EXCLUSIVE, deadline);
    if (hold == null) {
      return 0;
    }
    try (hold) {
      begin(hold);
      return sendAll(messages, deadline);
    }
  }

  private int sendAll(List<byte[]> messages, Deadline deadline)
      throws InterruptedException, MemoryException {
    int sent = 0;
    while (true) {
      sent += send(messages, sent);
      if (sent == messages.size()) {
        return sent;
      }
      try {
        if (!awaitRoom(sizeOf(messages.get(sent)), deadline)) {
          return sent;
        }
      } catch (InterruptedException e) {
        if (sent == 0) {
          throw e;
        }
        Thread.currentThread().interrupt();
        return sent;
      }
    }
  }

  /** Sends from one of the messages on what there is room for, by one store; returns how many. */
  private int send(List<byte[]> messages, int from) throws MemoryException {
    return producers.inSection(
        memory -> {
          page.require(memory);
          long tail = page.get(memory, TAIL);
          long end = page.get(memory, HEAD) + capacity;
          requirePositions(end - capacity, tail);
          long at = tail;
          int sent = 0;
          for (int i = from; i < messages.size(); i++) {
            byte[] message = messages.get(i);
            if (end - at < MessageBytes.size(message.length)) {
              break;
            }
            bytes.write(memory, at, message);
            at += MessageBytes.size(message.length);
            sent++;
          }
          if (sent > 0) {
            publish(memory, TAIL, at, CONSUMER_SLEEPS);
          }
          return sent;
        });
  }

  /** Waits until there is room for a message; false if the deadline is over. */
  private boolean awaitRoom(long size, Deadline deadline)
      throws InterruptedException, MemoryException {
    long tail = producers.inSection(memory -> page.get(memory, TAIL));
    return awaitChange(
        producers,
        HEAD,
        PRODUCER_SLEEPS,
        head -> tail - head <= capacity - size,
        forRoom,
        deadline);
  }

  private long sizeOf(byte[] message) {
    long size = MessageBytes.size(message.length);
    if (size > capacity) {
      throw new IllegalArgumentException(
          "message of "
              + message.length
              + " bytes: the ring at "
              + page.target()
              + " takes "
              + (capacity - OVERHEAD)
              + "; make a larger ring, or send it in parts");
    }
    return size;
  }

  // --- taking ---

  @Override
  public Optional<byte[]> poll() throws MemoryException {
    if (used() == 0) {
      return Optional.empty();
    }
    return WithoutInterrupt.call(
        () -> {
          LockHold hold = consumers.acquire(Side.EXCLUSIVE, Deadline.after(BUSY));
          if (hold == null) {
            return Optional.empty();
          }
          try (hold) {
            begin(hold);
            return receive(1).stream().findFirst();
          }
        });
  }

  @Override
  public Optional<byte[]> poll(Duration timeout) throws InterruptedException, MemoryException {
    return pollAll(1, timeout).stream().findFirst();
  }

  @Override
  public byte[] take() throws InterruptedException, MemoryException {
    List<byte[]> taken = List.of();
    while (taken.isEmpty()) {
      taken = pollAll(1, Deadline.never());
    }
    return taken.getFirst();
  }

  @Override
  public List<byte[]> pollAll(int most, Duration timeout)
      throws InterruptedException, MemoryException {
    if (most < 1) {
      throw new IllegalArgumentException("poll " + most + " messages; give at least 1");
    }
    return pollAll(most, Deadline.after(timeout));
  }

  private List<byte[]> pollAll(int most, Deadline deadline)
      throws InterruptedException, MemoryException {
    LockHold hold = consumers.acquire(Side.EXCLUSIVE, deadline);
    if (hold == null) {
      return List.of();
    }
    try (hold) {
      begin(hold);
      while (true) {
        List<byte[]> taken = receive(most);
        if (!taken.isEmpty()) {
          return taken;
        }
        long head = consumers.inSection(memory -> page.get(memory, HEAD));
        if (!awaitChange(
            consumers, TAIL, CONSUMER_SLEEPS, tail -> tail != head, forMessages, deadline)) {
          return List.of();
        }
      }
    }
  }

  /** Takes up to so many messages off, by one store. */
  private List<byte[]> receive(int most) throws MemoryException {
    return consumers.inSection(
        memory -> {
          page.require(memory);
          long head = page.get(memory, HEAD);
          long tail = page.get(memory, TAIL);
          requirePositions(head, tail);
          List<byte[]> taken = new ArrayList<>();
          long at = head;
          while (at < tail && taken.size() < most) {
            byte[] message = bytes.read(memory, at, tail - at);
            taken.add(message);
            at += MessageBytes.size(message.length);
          }
          if (at > head) {
            publish(memory, HEAD, at, PRODUCER_SLEEPS);
          }
          return taken;
        });
  }

  // --- both sides ---

  /** A dead owner of a side's lock has left nothing to repair. */
  private static void begin(LockHold hold) throws MemoryException {
    if (hold.inconsistent()) {
      hold.markConsistent();
    }
  }

  private void requirePositions(long head, long tail) throws MemoryException {
    long used = tail - head;
    if (head < 0 || used < 0 || used > capacity || (head | tail) % OVERHEAD != 0) {
      throw page.damaged("its positions are " + head + " and " + tail);
    }
  }

  /** Moves a position, and wakes the other side if that sleeps. */
  private void publish(MemorySegment memory, long position, long value, long sleeps)
      throws MemoryException {
    page.set(memory, position, value);
    if (page.getInt(memory, sleeps) != 0) {
      page.setInt(memory, sleeps, 0);
      Futex.wake(page.word(memory, position), 1);
    }
  }

  /** What a wait is for. */
  @FunctionalInterface
  private interface Condition {
    boolean holds(long position);
  }

  /** Waits until the other side's position meets the condition; false if the deadline is over. */
  private boolean awaitChange(
      LockCore side,
      long position,
      long sleeps,
      Condition condition,
      AdaptiveSpin spin,
      Deadline deadline)
      throws InterruptedException, MemoryException {
    if (side.inSection(memory -> spin.until(() -> condition.holds(page.get(memory, position))))) {
      return true;
    }
    while (true) {
      long seen =
          side.inSection(
              memory -> {
                page.require(memory);
                page.setInt(memory, sleeps, 1);
                long now = page.get(memory, position);
                return condition.holds(now) ? CHANGED : now;
              });
      if (seen == CHANGED) {
        return true;
      }
      if (deadline.isOver()) {
        return false;
      }
      // Positions grow by less than 4 GiB while one sleeps, so their low halves differ.
      FutexSleep.sleep(page, position, (int) seen, deadline.remainingNanos());
      if (Thread.interrupted()) {
        throw new InterruptedException("while it waited for the other side of " + this);
      }
    }
  }

  @Override
  public String toString() {
    return "ring of " + capacity + " bytes at " + producers.page().target();
  }
}
