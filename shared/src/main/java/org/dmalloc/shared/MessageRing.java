/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.shared;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.dmalloc.api.MemoryException;
import org.dmalloc.api.MemoryRegion;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A bounded queue of messages between processes: any number of producers and consumers. Each
 * message goes to one consumer, in the order in which they were confirmed.
 *
 * <p><b>Deaths.</b> A message is there for consumers from one store on, which follows its last
 * byte; a producer that dies before has sent nothing, and one whose {@code offer} has returned true
 * has. A consumer takes messages off by one store as well: one that dies before leaves them to the
 * next, one that dies after had them. Neither holds up anybody: each side is under a robust lock.
 *
 * <p><b>Threads.</b> All methods may be called from any thread, of any process. A thread that waits
 * for room or for messages is the first of its side, and the others of that side wait behind it.
 *
 * <p><b>Failure.</b> All methods throw {@link IllegalStateException} if the region is closed, also
 * while they wait, and {@link MemoryException} if a page is gone or damaged; a message has a
 * checksum.
 *
 * <p><b>Durability.</b> That of the region: a ring in a named region is there after a restart, with
 * the messages that were not taken; after a power loss it may be damaged.
 */
@ProviderType
public interface MessageRing {
  /** What a message takes besides its bytes, rounded up to a multiple of it, in bytes. */
  int OVERHEAD = 8;

  /**
   * What a ring takes of its region for a capacity: both of its locks and a page of its own more.
   */
  static long byteSize(long capacity) {
    return Math.addExact(capacity, 3 * RobustLock.BYTES);
  }

  /** The region that it is in. */
  MemoryRegion region();

  /** Where in the region it begins, in bytes. */
  long offset();

  /** What all messages that wait may take, in bytes. */
  long capacity();

  /** What the messages that wait take, in bytes, at about this moment. */
  long used() throws MemoryException;

  /**
   * Sends a message if there is room.
   *
   * @return false if there is not, or if another producer is busy for longer than some
   *     milliseconds, for instance because it waits for room
   * @throws IllegalArgumentException if the message is larger than the ring
   */
  boolean offer(byte[] message) throws MemoryException;

  /**
   * Sends a message, waiting for room.
   *
   * @return false if the time is over; nothing was sent then
   * @throws InterruptedException if the thread is interrupted before; nothing was sent then
   */
  boolean offer(byte[] message, Duration timeout) throws InterruptedException, MemoryException;

  /**
   * Sends messages in order, waiting for room. All that fit are sent by one store.
   *
   * @return how many were sent: fewer than there are if the time is over
   * @throws InterruptedException if the thread is interrupted before the first was sent; later it
   *     stays interrupted, and the number that were sent is returned
   */
  int offerAll(List<byte[]> messages, Duration timeout)
      throws InterruptedException, MemoryException;

  /**
   * Takes a message if there is one.
   *
   * @return empty if there is none, or if another consumer is busy for longer than some
   *     milliseconds
   */
  Optional<byte[]> poll() throws MemoryException;

  /**
   * Takes a message, waiting for one.
   *
   * @return empty if the time is over
   * @throws InterruptedException if the thread is interrupted before; nothing was taken then
   */
  Optional<byte[]> poll(Duration timeout) throws InterruptedException, MemoryException;

  /**
   * Takes a message, waiting for one as long as it takes.
   *
   * @throws InterruptedException if the thread is interrupted before; nothing was taken then
   */
  byte[] take() throws InterruptedException, MemoryException;

  /**
   * Takes messages in order, waiting for the first. All are taken by one store.
   *
   * @param most how many at most, at least 1
   * @return empty if the time is over
   * @throws InterruptedException if the thread is interrupted before; nothing was taken then
   */
  List<byte[]> pollAll(int most, Duration timeout) throws InterruptedException, MemoryException;
}
