/* SPDX-License-Identifier: Apache-2.0 */
package org.dmalloc.backend.filechannel;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.dmalloc.api.MemoryException;
import org.dmalloc.spi.region.Uninterrupted;
import org.dmalloc.spi.store.StoreFile;

/**
 * Brings scattered ranges of files into the page cache by positional reads on many threads, since
 * Java has no call that announces them.
 *
 * <p>Platform threads, because a read of a file holds on to the carrier of a virtual one. They are
 * made when there is something to read, and end when there was nothing for a while. They are not
 * interrupted while they read: an interrupt would close the file's channel, and with it drop the
 * file's lock. For the same reason the caller itself never reads.
 */
final class ConcurrentReads {
  /** What devices like; more threads than that only wait for each other. */
  static final int THREADS = 32;

  private static final long IDLE_MILLIS = 2_000;
  private static final long IDLE_AFTER_STOP_MILLIS = 1;

  /** The most that one read copies. */
  private static final int BUFFER_BYTES = 64 << 10;

  private final ThreadPoolExecutor threads;

  /** Reads on threads that are named by the provider. */
  ConcurrentReads(String name) {
    AtomicLong number = new AtomicLong();
    threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            IDLE_MILLIS,
            TimeUnit.MILLISECONDS,
            new LinkedBlockingQueue<>(),
            task ->
                Thread.ofPlatform()
                    .name("dmalloc-" + name + "-read-" + number.incrementAndGet())
                    .daemon(true)
                    .unstarted(task));
    threads.allowCoreThreadTimeOut(true);
  }

  /** From now on threads end as soon as there is nothing to read; regions may still be open. */
  void stop() {
    threads.setKeepAliveTime(IDLE_AFTER_STOP_MILLIS, TimeUnit.MILLISECONDS);
  }

  /**
   * Reads the pages that hold {@code length} bytes at each of the offsets, and returns when all are
   * in the page cache. An interrupt does not end it.
   *
   * @param length at least 1
   * @throws MemoryException if a read is refused; the others are read all the same
   */
  void read(StoreFile file, long[] offsets, long length) throws MemoryException {
    AtomicInteger next = new AtomicInteger();
    List<Future<?>> shares = new ArrayList<>();
    for (int share = 0; share < Math.min(THREADS, offsets.length); share++) {
      shares.add(
          threads.submit(
              () -> {
                readShare(file, offsets, length, next);
                return true;
              }));
    }
    List<MemoryException> failures = new ArrayList<>();
    for (Future<?> share : shares) {
      try {
        Uninterrupted.get(share);
      } catch (MemoryException failure) {
        failures.add(failure);
      }
    }
    if (!failures.isEmpty()) {
      MemoryException first = failures.getFirst();
      failures.stream().skip(1).forEach(first::addSuppressed);
      throw first;
    }
  }

  private static void readShare(StoreFile file, long[] offsets, long length, AtomicInteger next)
      throws MemoryException {
    ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(length, BUFFER_BYTES));
    for (int i = next.getAndIncrement(); i < offsets.length; i = next.getAndIncrement()) {
      long from = offsets[i];
      long to = from + length;
      if (ResidentPages.floor(from) == ResidentPages.floor(to - 1)) {
        to = from + 1; // one byte brings in the page, and copies next to nothing
      }
      while (from < to) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), to - from));
        from += file.data().read(buffer, from);
      }
    }
  }
}
